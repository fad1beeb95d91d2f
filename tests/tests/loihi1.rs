//! Loihi 1, a chip file of the back end of Loihi 2: where its rules differ.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_driver::Silent;
use snnc_driver::compile::{GivenMapping, compile};
use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::pass::fold;
use snnc_driver::registry;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::op::{Input, Op, Values};
use snnc_ir::neuron::{Compare, Model as NeuronModel, Neuron, Spec};
use snnc_machine::manifest::{Core, Manifest};
use snnc_tests::golden::{Case, LOIHI1, LOIHI2};

fn case(name: &str) -> &'static Case {
    LOIHI1.iter().find(|c| c.name == name).unwrap()
}

fn part_of<'m>(manifest: &'m Manifest, layer: &str) -> Vec<&'m Core> {
    manifest.cores.iter().filter(|c| c.parts[0].layer == layer).collect()
}

fn used(core: &Core, resource: &str) -> u64 {
    core.memory.get(resource).unwrap().used
}

/// A network in the text form on a target, from a folder that goes away.
fn compiled(text: &str, target: &'static str) -> Result<Manifest, Vec<Diagnostic>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.snn");
    std::fs::write(&path, text).unwrap();
    let model = Model::read(&path, &ModelOptions::default()).unwrap();
    let options = snnc_driver::compile::Options { target: target.into(), ..case("wide").options() };
    compile(&model, &options, &mut Silent).map(|done| done.manifest.unwrap())
}

#[test]
fn what_loihi1_cannot_run_is_refused_by_name() {
    for (name, says) in [
        ("chain", &["'lif2' spikes by a comparison"][..]),
        ("loop", &["'cells' spikes by a comparison"]),
        (
            "two_inputs",
            &["input 'right' carry values", "'if1' gives out counts of spikes", "'if1' spikes by"],
        ),
    ] {
        let case = LOIHI2.iter().find(|c| c.name == name).unwrap();
        let options = snnc_driver::compile::Options { target: "loihi1".into(), ..case.options() };
        let refused = compile(&case.model(), &options, &mut Silent).unwrap_err();
        let messages: Vec<&str> = refused.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(refused.len(), says.len(), "{name}: {messages:?}");
        for (diagnostic, part) in refused.iter().zip(says) {
            assert_eq!(diagnostic.code, Code::UnsupportedLayer);
            assert!(diagnostic.message.contains(part), "{name}: {}", diagnostic.message);
            assert!(diagnostic.remedy.is_some());
        }
    }
}

/// A network of one layer with these fields of its neuron.
fn one_layer(neuron: &str) -> String {
    format!(
        "network \"n\" steps 2 integer {{\n  @0 = weights seeded [4, 6, 1, 1] seed 1 range -8..=7 density_ppm 900000\n  \
         %0 = input \"x\" : 6x1x1 {{values binary}}\n  %1 = linear \"fc\" (%0, @0) : 4x1x1\n  \
         %2 = {neuron}\n  %3 = output \"o\" (%2) : 4x1x1\n}}\n"
    )
}

#[test]
fn neurons_of_another_form_are_refused() {
    let lif = |fields: &str| format!("lif \"n\" (%1) : 4x1x1 {{decay 3584, gain 64, {fields}, shift 12}}");
    for (fields, says) in [
        ("threshold 128, compare gt, reset zero same", None),
        ("threshold 128, compare gt, reset subtract next, v_min 0", None),
        ("threshold 128, compare gt, reset zero same, v_min -127", None),
        ("threshold 100, compare gt, reset zero same", Some("comparison")),
        ("threshold 128, compare ge, reset zero same", Some("comparison")),
        ("threshold 8388608, compare gt, reset zero same", Some("comparison")),
        ("threshold 128, compare gt, reset none", Some("not reset")),
        ("threshold 128, compare gt, reset value same, reset_value 5", Some("another value than zero")),
        ("rest 3, threshold 128, compare gt, reset zero same", Some("decays towards")),
        ("threshold 128, compare gt, reset zero same, v_min -100", Some("least membrane")),
        (
            "threshold 128, compare gt, reset zero same, emit scaled, spike_value 2",
            Some("spikes with a value"),
        ),
    ] {
        let network = one_layer(&lif(fields));
        compiled(&network, "loihi2").unwrap_or_else(|list| panic!("{fields}: {list:?}"));
        match (compiled(&network, "loihi1"), says) {
            (Ok(_), None) => {}
            (Err(list), Some(says)) => {
                assert_eq!(list.len(), 1, "{fields}: {list:?}");
                assert!(list[0].message.contains(says), "{fields}: {}", list[0].message);
            }
            (other, _) => panic!("{fields}: {:?}", other.map(|_| ())),
        }
    }
}

#[test]
fn a_reset_by_subtraction_takes_two_compartments() {
    let of = |reset: &str| {
        let lif = format!(
            "lif \"n\" (%1) : 4x1x1 {{decay 3584, gain 64, threshold 128, compare gt, reset {reset} same, shift 12}}"
        );
        let manifest = compiled(&one_layer(&lif), "loihi1").unwrap();
        let cores = part_of(&manifest, "n");
        let updates: u64 = cores.iter().map(|c| c.parts[0].load.updates.upper).sum();
        (cores.iter().map(|c| used(c, "Neurons")).sum::<u64>(), updates)
    };
    assert_eq!(of("zero"), (4, 4000));
    assert_eq!(of("subtract"), (8, 8000));
}

#[test]
fn output_axons_are_one_for_each_core_that_reads() {
    for name in ["fan_out", "fan_out_fewest_cores"] {
        let (manifest, _) = case(name).compile();
        let readers = part_of(&manifest, "lif2").len() as u64;
        for core in part_of(&manifest, "lif1") {
            let slice = &core.parts[0].slice;
            let neurons = slice.channels[1] - slice.channels[0];
            assert_eq!(used(core, "AxonOut"), neurons * readers, "{name}");
        }
        // Its outputs go to the host.
        for core in part_of(&manifest, "lif2") {
            let slice = &core.parts[0].slice;
            assert_eq!(used(core, "AxonOut"), slice.channels[1] - slice.channels[0]);
        }
    }
    // In lists of all weights the second layer takes nine cores, so that one core for the first would need 9000.
    let options =
        snnc_driver::compile::Options { mapping: Some(dense()), ..case("fan_out_fewest_cores").options() };
    let manifest = compile(&case("fan_out").model(), &options, &mut Silent).unwrap().manifest.unwrap();
    assert_eq!(part_of(&manifest, "lif2").len(), 9);
    assert!(part_of(&manifest, "lif1").len() >= 3);
}

/// The second layer of "fan_out" with all of its weights listed.
fn dense() -> GivenMapping {
    GivenMapping::parse(
        "mapping.json",
        r#"{"schema": "snnc-mapping/1", "layers": [{"layer": "lif2", "encoding": "dense"}]}"#,
    )
    .unwrap()
}

/// In "branches" the second layer reads the first by a 3x3 kernel with padding 1: a position is read by a
/// core when one of the core's positions is no further than 1 from it.
#[test]
fn a_convolution_reads_positions_with_two_axons_each() {
    let (manifest, _) = case("branches").compile();
    let readers = part_of(&manifest, "lif2");
    for core in part_of(&manifest, "lif1") {
        let own = &core.parts[0].slice;
        let mut axons = 0;
        for reader in &readers {
            let other = &reader.parts[0].slice;
            for y in own.rows[0]..own.rows[1] {
                for x in own.cols[0]..own.cols[1] {
                    let near = |at: u64, range: [u64; 2]| at + 1 >= range[0] && at < range[1] + 1;
                    axons += if near(y, other.rows) && near(x, other.cols) { 2 } else { 0 };
                }
            }
        }
        let size = |r: [u64; 2]| r[1] - r[0];
        // The first layer is an output as well.
        let host = size(own.channels) * size(own.rows) * size(own.cols);
        assert_eq!(used(core, "AxonOut"), axons + host);
    }
}

#[test]
fn caps_are_those_of_the_chip_file() {
    for case in LOIHI1 {
        let (manifest, _) = case.compile();
        for core in &manifest.cores {
            let caps: Vec<(&str, u64)> = core.memory.iter().map(|(name, m)| (name.as_str(), m.cap)).collect();
            assert_eq!(
                caps,
                [("AxonIn", 4096), ("AxonOut", 4096), ("Neurons", 1024), ("Synapses", 16_384)],
                "{}",
                case.name
            );
        }
        assert!(manifest.bounds.period_ps.unwrap().upper.is_none(), "no time of a message is public");
    }
    let wide = "network \"n\" steps 2 integer {\n  @0 = weights seeded [4, 5000, 1, 1] seed 1 range -8..=7 density_ppm 900000\n  \
                %0 = input \"x\" : 5000x1x1 {values binary}\n  %1 = linear \"fc\" (%0, @0) : 4x1x1\n  \
                %2 = lif \"n\" (%1) : 4x1x1 {decay 3584, gain 64, threshold 128, compare gt, reset zero same, shift 12}\n  \
                %3 = output \"o\" (%2) : 4x1x1\n}\n";
    let refused = compiled(wide, "loihi1").unwrap_err();
    let rule = refused[0].rule.as_ref().unwrap();
    assert_eq!(
        (refused[0].code, rule.limit.as_str(), rule.found.as_str()),
        (Code::LayerTooLarge, "4096", "5000")
    );
    assert!(compiled(wide, "loihi2").is_ok());
}

#[test]
fn a_cut_of_few_cores_that_reaches_too_far_is_refused() {
    let model = case("fan_out").model();
    let options = |max_cores| snnc_driver::compile::Options {
        max_cores: Some(max_cores),
        mapping: Some(dense()),
        ..case("fan_out_fewest_cores").options()
    };
    // Nine cores for the synapses of the second layer, three for the axons of the first.
    assert!(compile(&model, &options(12), &mut Silent).is_ok());
    let refused = compile(&model, &options(11), &mut Silent).unwrap_err();
    let rule = refused[0].rule.as_ref().unwrap();
    assert!(refused[0].message.contains("'lif1' reaches more cores"), "{refused:?}");
    assert_eq!((rule.name.as_str(), rule.limit.as_str()), ("AxonOut per core", "4096"));
}

#[test]
fn thresholds_of_real_networks_take_the_form_of_the_chip() {
    let quantised = |compare: &str, threshold: &str| {
        let text = format!(
            "network \"n\" steps 2 real {{\n  @0 = weights f32 [1, 2, 1, 1] [1.0, 127.0]\n  \
             %0 = input \"x\" : 2x1x1 {{values real}}\n  %1 = linear \"fc\" (%0, @0) : 1x1x1\n  \
             %2 = if \"n\" (%1) : 1x1x1 {{threshold {threshold}, compare {compare}, reset zero same}}\n  \
             %3 = output \"o\" (%2) : 1x1x1\n}}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.snn");
        std::fs::write(&path, text).unwrap();
        let model = Model::read(&path, &ModelOptions::default()).unwrap();
        let target = registry::target("loihi1", None).unwrap();
        let done = target.quantise(&fold::fold(&model.graph)).unwrap();
        assert_eq!(done.graph.nodes[0].op, Op::Input(Input { values: Values::Binary }));
        let neuron = done.graph.nodes.iter().find_map(|n| match &n.op {
            Op::Neuron(n) => Some(n.as_ref().clone()),
            _ => None,
        });
        let Some(Neuron::Integer(Spec { model: NeuronModel::Spiking(spiking), .. }, _)) = neuron else {
            panic!("no integer neuron")
        };
        assert_eq!(spiking.compare, Compare::Greater);
        (spiking.threshold.values()[0], done.warnings.len())
    };
    assert_eq!(quantised("gt", "3.0"), (192, 0));
    // `>=` is `>` of one less, which no mantissa has: rounded, and said.
    assert_eq!(quantised("ge", "3.0"), (192, 1));
    assert_eq!(quantised("gt", "3.4"), (192, 1));
    assert_eq!(quantised("gt", "3.6"), (256, 1));
}

/// The shipped network's accuracy holds on Loihi 1, as its integers are those of Loihi 2.
#[test]
fn the_shipped_network_has_the_same_integers_as_on_loihi2() {
    let folded = fold::fold(&case("digits").model().graph);
    let on = |target| registry::target(target, None).unwrap().quantise(&folded).unwrap();
    let (mut first, mut second) = (on("loihi1"), on("loihi2"));
    assert!(first.warnings.is_empty() && second.warnings.is_empty());
    for graph in [&mut first.graph, &mut second.graph] {
        let Op::Input(input) = &mut graph.nodes[0].op else { panic!("no input") };
        input.values = Values::Binary;
    }
    assert_eq!(first.graph, second.graph);
}
