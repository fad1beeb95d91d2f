//! The form, its errors, and texts that want to do harm.

use super::*;
use crate::graph::weights::{Scale, Storage, Weights};
use crate::graph::{Number, param::Param};
use crate::neuron::{Model, Neuron};
use proptest::prelude::*;

/// The example of the documentation.
fn example() -> &'static str {
    let text = include_str!("../../../docs/text-form.md");
    let start = text.split_once("```snn\n").expect("the documentation has an example").1;
    start.split_once("```").expect("the example ends").0
}

/// Every attribute at something else than what it is without it.
const FULL: &str = r#"network "a \"b\"\\\n\u{200b}é" steps 3 integer {
  @0 = weights i32 [2, 1, 1, 2] [-2147483648, 2147483647, 0, 1]
  @1 = weights sparse [1, 2, 1, 1] at [1] values [-3]
  %0 = input "x" : 2x4x6 {values -3..=7} from ["a", "b\t"]
  %1 = conv2d "c" (%0, @0) : 2x3x1 {kernel [2, 1, 1, 3], stride [2, 3], pad [1, 0, 2, 0], dilation [1, 2], groups 2, bias neuron [1, 2, 3, 4, 5, 6]} from []
  %2 = linear "l" (%1, @9) : 3x1x1 {size [3, 6], bias real 0.5}
  %3 = max_pool "m" (%0) : 2x2x3 {kernel [2, 2], stride [2, 2], pad [0, 1, 0, 1]}
  %4 = slice "s" (%0) : 1x2x2 {channels 0..1, rows 1..3, cols 2..4}
  %5 = concat "k" (%4, %99) : 2x2x2
  %6 = reshape "r" (%0) : 48x1x1
  %7 = cuba "n" (%0) : 2x4x6 {decay channel [1, 2], order after_input, current_decay 3, current_order after_input, gain 4, bias 5, rest 6, threshold 7, compare gt, reset value next, reset_value 8, emit count, max_count 9, v_min -10, refractory 11, levels [1, 2], initial 12, current_initial 13, start 14, shift 15, rounding nearest, v_bits 16, v_overflow wrap, i_bits 17, i_overflow saturate}
  %8 = lif "n2" (%0) : 2x4x6 {real, decay -0.0, threshold 1e-45, compare ge, reset none, emit scaled, spike_value inf}
  %9 = sigma_delta "d" (%0) : 2x4x6 {activation identity, threshold 1, compare ge, bias 2, unit 64, shift 3}
  %10 = delta "e" (%0) : 2x4x6 {threshold 1, compare gt, unit 1}
  %11 = integrator "i" (%0) : 2x4x6 {decay 1, gain 2, rest 3, initial 4, shift 12}
  %12 = activation "q" (%0) : 2x4x6 {scale 1, zero_point -3, range -8..=7, relu}
}
"#;

#[test]
fn the_example_of_the_documentation_is_canonical_and_sound() {
    let graph = parse(example()).unwrap();
    assert_eq!(print(&graph), example());
    assert_eq!(crate::graph::verify::verify(&graph), Ok(()));
}

#[test]
fn every_attribute_is_kept() {
    let graph = parse(FULL).unwrap();
    assert_eq!(graph.name, "a \"b\"\\\n\u{200b}é");
    assert_eq!(print(&graph), FULL);
}

#[test]
fn comments_blanks_and_order_do_not_matter() {
    let text = "// a\nnetwork\"n\"steps 1 real{;b\n%0=input\"x\":1x1x1{values real}from[]\r\n\
                %1=lif\"l\"(%0):1x1x1{reset zero same,compare ge,threshold 1,decay .5e0}}// end";
    let graph = parse(text).unwrap();
    assert_eq!(
        print(&graph),
        "network \"n\" steps 1 real {\n  %0 = input \"x\" : 1x1x1 {values real} from []\n  \
         %1 = lif \"l\" (%0) : 1x1x1 {decay 0.5, threshold 1.0, compare ge, reset zero same}\n}\n"
    );
}

#[test]
fn long_lists_are_in_the_blob() {
    let mut graph = Graph::new("n", 1, Number::Real);
    let shape = [65, 1, 1, 1];
    let scale = Some(Scale::PerChannel((0..65).map(|k| k as f32 / 3.0).collect()));
    graph.push_weights(Weights { shape, storage: Storage::I8((0..65).collect()), scale });
    graph.push_weights(Weights { shape, storage: Storage::F32(vec![-0.0; 65].into()), scale: None });
    let positions = (0..65).map(|k| k << 40).collect();
    graph.push_weights(Weights {
        shape,
        storage: Storage::Sparse { positions, values: vec![-1; 65].into() },
        scale: None,
    });
    let (text, blob) = print_with_blob(&graph);
    assert_eq!(
        text,
        "network \"n\" steps 1 real {\n  @0 = weights i8 [65, 1, 1, 1] scale channel blob 0..260 blob 264..329\n  \
         @1 = weights f32 [65, 1, 1, 1] blob 336..596\n  \
         @2 = weights sparse [65, 1, 1, 1] at blob 600..1120 values blob 1120..1380\n}\n"
    );
    assert_eq!(blob.len(), 1380);
    let back = parse_with_blob(&text, &blob).unwrap();
    assert_eq!(back, graph);
    assert_eq!(print_with_blob(&back), (text.clone(), blob.clone()));
    assert!(matches!(&back.weights[1].storage, Storage::F32(v) if v.iter().all(|v| v.is_sign_negative())));
    assert!(refers_to_blob(&text) && !refers_to_blob(FULL));
    assert!(parse(&text).unwrap_err().message.contains("there is none"));
}

#[test]
fn a_node_for_people_is_one_short_line() {
    let mut graph = parse(example()).unwrap();
    let node = &mut graph.nodes[8];
    node.origin = (0..1000).map(|k| format!("n\n{k}")).collect();
    if let crate::graph::op::Op::Neuron(n) = &mut node.op
        && let Neuron::Real(spec) = n.as_mut()
        && let Model::Integrator(m) = &mut spec.model
    {
        m.decay = Some(Param::PerNeuron(vec![0.5; 4096]));
    }
    assert_eq!(
        print_node(&graph, NodeId(8)),
        "%8 = integrator \"readout\" (%7) : 2x1x1 {decay neuron [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, … 4096 values]} \
         from [\"n\\n0\", \"n\\n1\", \"n\\n2\", \"n\\n3\", … 1000 names]"
    );
    assert_eq!(print_node(&graph, NodeId(77)), "%77");
}

/// What is wrong with a text whose first line is `network "n" steps 1 real {`.
fn error(body: &str) -> String {
    parse_with_blob(&format!("network \"n\" steps 1 real {{\n{body}\n}}"), &[0; 8]).unwrap_err().to_string()
}

#[test]
fn errors_say_where_and_what() {
    let x = "%0 = input \"x\" : 1x1x1";
    for (body, message) in [
        ("$", "line 2, column 1: unexpected character '$'".to_owned()),
        ("  é", "line 2, column 3: unexpected character 'é'".into()),
        ("%1 = ", "line 2, column 1: expected '%0', found '%1'".into()),
        ("@3 = ", "line 2, column 1: expected '@0', found '@3'".into()),
        ("node", "line 2, column 1: expected a node '%…', weights '@…' or '}'".into()),
        ("%0 = input \"x", "line 2, column 12: a quoted name ends on its line with '\"'".into()),
        (
            "%0 = input \"é\\q\"",
            "line 2, column 14: this escape is none of \\\" \\\\ \\n \\t \\r \\u{…}".into(),
        ),
        (
            "%0 = input \"\\u{110000}\"",
            "line 2, column 13: this escape is none of \\\" \\\\ \\n \\t \\r \\u{…}".into(),
        ),
        ("%0 = pool \"x\" : 1x1x1", "line 2, column 6: there is no operator 'pool'".into()),
        ("%0 = add \"x\" (@0) : 1x1x1", "line 2, column 6: add reads no weights".into()),
        ("%0 = linear \"x\" (%0) : 1x1x1", "line 2, column 6: linear reads weights, its last operand".into()),
        ("%0 = add \"x\" : 1x1", "line 2, column 16: '1x1' is not a shape such as 8x4x4".into()),
        (
            "%0 = add \"x\" : 1x1x99999999999999999999",
            "line 2, column 16: '1x1x99999999999999999999' is not a shape such as 8x4x4".into(),
        ),
        (x, "line 2, column 6: input needs 'values'".into()),
        (&format!("{x} {{values maybe}}"), "line 2, column 32: 'maybe' is not an integer of 32 bits".into()),
        (&format!("{x} {{values 0..1}}"), "line 2, column 33: expected '..=', found '..'".into()),
        (&format!("{x} {{values real 1}}"), "line 2, column 37: expected nothing more, found '1'".into()),
        (&format!("{x} {{values real, values real}}"), "line 2, column 38: 'values' is given twice".into()),
        (
            &format!("{x} {{values real, colour [1, 2]}}"),
            "line 2, column 38: input has no attribute 'colour' here".into(),
        ),
        (&format!("{x} {{values real"), "line 3, column 2: expected a node '%…', weights '@…' or '}'".into()),
        (
            "%0 = if \"x\" : 1x1x1 {decay 1, threshold 1, compare gt, reset none}",
            "line 2, column 22: if has no attribute 'decay' here".into(),
        ),
        (
            "%0 = if \"x\" : 1x1x1 {threshold 1, compare lt, reset none}",
            "line 2, column 43: 'lt' is none of gt, ge".into(),
        ),
        (
            "%0 = if \"x\" : 1x1x1 {threshold 1, compare gt, reset zero}",
            "line 2, column 57: expected one of same, next, refund, found the end".into(),
        ),
        (
            "@0 = weights i4 [1, 1, 1, 1] [1]",
            "line 2, column 14: 'i4' is none of f32, i8, i32, sparse, seeded".into(),
        ),
        ("@0 = weights i8 [1, 1, 1] [1]", "line 2, column 17: 4 numbers are needed, not 3".into()),
        ("@0 = weights i8 [1, 1, 1, 1] [128]", "line 2, column 31: '128' is not an integer of 8 bits".into()),
        (
            "@0 = weights i8 [1, 1, 1, 2] [1]",
            "line 2, column 30: weights of shape [1, 1, 1, 2] do not have 1 values".into(),
        ),
        (
            "@0 = weights i8 [1, 1, 1, 9] blob 0..8",
            "line 2, column 30: weights of shape [1, 1, 1, 9] do not have 8 values".into(),
        ),
        (
            "@0 = weights i8 [1, 1, 1, 9] blob 0..9",
            "line 2, column 30: bytes 0..9 are needed and the blob has 8".into(),
        ),
        (
            "@0 = weights i8 [1, 1, 1, 9] blob 5..4",
            "line 2, column 30: bytes 5..4 are needed and the blob has 8".into(),
        ),
        (
            "@0 = weights f32 [1, 1, 1, 1] blob 1..7",
            "line 2, column 31: 6 bytes are no whole number of 4-byte values".into(),
        ),
        (
            "@0 = weights f32 [1, 1, 1, 2] blob 0..8 @1 = weights i8 [1, 1, 1, 1] blob 0..1",
            "line 2, column 70: the blob is referred to more than once".into(),
        ),
        (
            "@0 = weights sparse [1, 1, 1, 1] at [0] values []",
            "line 2, column 48: 1 positions have 0 values".into(),
        ),
        ("@4294967296 = ", "line 2, column 2: '4294967296' is not a count".into()),
        ("} x", "line 2, column 3: expected nothing more, found 'x'".into()),
    ] {
        assert_eq!(error(body), message, "{body}");
    }
    assert_eq!(parse("").unwrap_err().to_string(), "line 1, column 1: expected 'network', found the end");
    assert_eq!(
        parse("network \"n\" steps 1 real {").unwrap_err().to_string(),
        "line 1, column 27: expected a node '%…', weights '@…' or '}'"
    );
}

#[test]
fn deep_and_long_texts_end_in_errors() {
    for unit in ["[", "{", "(", "%0 = add \"x\" (", "{a [", "\"", "\\", "..", "@0 = weights f32 [", "// \n"] {
        assert!(parse(&unit.repeat(100_000)).is_err());
        assert!(parse(&format!("network \"n\" steps 1 real {{{}", unit.repeat(100_000))).is_err());
        let inside =
            format!("network \"n\" steps 1 real {{ %0 = add \"x\" : 1x1x1 {{a {}", unit.repeat(100_000));
        assert!(parse(&inside).is_err());
    }
    let sizes = usize::MAX;
    let text = format!("@0 = weights f32 [{sizes}, {sizes}, {sizes}, {sizes}] [1.0]");
    assert!(error(&text).contains("do not have 1 values"));
}

proptest! {
    #[test]
    fn any_name_is_kept(name in any::<String>(), origin in any::<Vec<String>>()) {
        let mut graph = parse(example()).unwrap();
        graph.name.clone_from(&name);
        graph.nodes[0].name = name;
        graph.nodes[1].origin = origin;
        prop_assert_eq!(parse(&print(&graph)), Ok(graph.clone()));
        prop_assert_eq!(print_node(&graph, NodeId(0)).lines().count(), 1);
    }

    #[test]
    fn every_finite_real_is_kept_bit_for_bit(bits in prop::collection::vec(any::<u32>(), 1..80)) {
        let values: Vec<f32> = bits.into_iter().map(f32::from_bits).filter(|v| !v.is_nan()).collect();
        let mut graph = Graph::new("n", 1, Number::Real);
        let shape = [values.len(), 1, 1, 1];
        graph.push_weights(Weights { shape, storage: Storage::F32(values.clone().into()), scale: None });
        let (text, blob) = print_with_blob(&graph);
        let back = parse_with_blob(&text, &blob).unwrap();
        let Storage::F32(read) = &back.weights[0].storage else { panic!("{back:?}") };
        let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(read), bits(&values));
    }

    #[test]
    fn any_text_gives_a_graph_or_an_error(text in any::<String>(), blob in any::<Vec<u8>>()) {
        let _ = parse_with_blob(&text, &blob);
        let _ = refers_to_blob(&text);
    }

    #[test]
    fn any_damage_gives_a_graph_or_an_error(
        at in 0usize..3000,
        cut in 0usize..12,
        put in r#"[\[\]{}()%@=:,.\" 0-9a-z\n-]{0,6}"#,
        full in any::<bool>(),
    ) {
        let text: Vec<char> = if full { FULL } else { example() }.chars().collect();
        let at = at % text.len();
        let after = text.iter().skip(at + cut);
        let damaged: String = text.iter().take(at).copied().chain(put.chars()).chain(after.copied()).collect();
        if let Ok(graph) = parse(&damaged) {
            // Whatever was understood is kept, and the verifier has an opinion on it.
            prop_assert_eq!(print(&parse(&print(&graph)).unwrap()), print(&graph));
            let _ = crate::graph::verify::verify(&graph);
        }
    }
}
