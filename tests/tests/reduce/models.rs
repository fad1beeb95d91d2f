//! Model files that others made: what is refused of the corpus is reduced, and what compiles.

use std::path::Path;

use snnc_driver::compile::Options;
use snnc_driver::reduce::property::Property;
use snnc_ir::diag::Code;
use snnc_tests::corpus::shared_models;

use super::reduced;

/// A refused file of the corpus, its code, and the most nodes that may be left of how many.
const REFUSED: &[(&str, Code, u64, u64)] = &[
    ("onnx/convention/lif_function.qdq_pre.onnx", Code::UnrecognisedNeuron, 3, 40),
    ("onnx/quant/snntorch_leaky_step.dynamo.qdq_nopre.onnx", Code::UnrecognisedNeuron, 3, 40),
    ("onnx/snn/norse_lifcell_seq_first.dynamo.onnx", Code::HiddenState, 3, 10),
    ("onnx/quant/snntorch_leaky_unroll.dynamo.qdq_s8s8_pc.onnx", Code::UnlikeSteps, 8, 150),
    ("speck/bad15_channel_shift_concat.snn_customop_legacy.onnx", Code::UnsupportedOperator, 1, 100),
];

#[test]
fn what_is_refused_of_the_corpus_is_reduced() {
    let Some(models) = shared_models() else {
        println!("skipped: the shared models are not there");
        return;
    };
    for (name, code, most, least_before) in REFUSED {
        let done = reduced(&models.join(name), Property::Code(*code), None).unwrap();
        let text = done.candidate.text();
        println!("{name}: {:?} -> {:?}, {} tries\n{text}", done.before, done.after, done.tries);
        assert!(
            done.minimal && done.after.nodes <= *most && done.before.nodes >= *least_before,
            "{name}\n{text}"
        );
        assert!(done.after.bytes * 10 < done.before.bytes, "{name}: {:?}\n{text}", done.after);
        assert!(done.failure.starts_with(code.as_str()), "{name}: {}", done.failure);
    }
}

/// The example, on fewer cores than it needs where layers do not share them: three layers are left, one for each core.
#[test]
fn the_example_is_reduced_to_three_layers_for_two_cores() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits/digits.onnx");
    let compile = Options { max_cores: Some(2), ..Options::new("loihi1") };
    let done = reduced(&path, Property::Code(Code::ChipFull), Some(compile)).unwrap();
    let text = done.candidate.text();
    assert!(done.minimal && done.after.nodes <= 5 && done.after.weights <= 1, "{text}");
    assert_eq!(done.after.neurons, Some(3), "{text}");
}
