//! Random legal mappings of random networks.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use snnc_driver::Silent;
use snnc_driver::compile::{Options, compile};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::Graph;
use snnc_machine::manifest::{Layer, Manifest, Part};
use snnc_machine::mapping::{LayerMapping, MappingFile, PartMapping};
use snnc_machine::network::partition::counts;
use snnc_tests::arbitrary::{Config, graph, of_fixed_form};

use crate::{file, given, holds, layers, manifest, model, options, ours};

/// Numbers that decide one thing each, over and over.
struct Choices(Vec<u32>, usize);

impl Choices {
    fn below(&mut self, most: usize) -> usize {
        self.1 += 1;
        let number = self.0[self.1 % self.0.len()];
        number as usize % most.max(1)
    }
}

/// Cuts a box where a number says, again and again: blocks that mostly are no grid.
fn cut(c: &mut Choices, whole: [[u64; 2]; 3]) -> Vec<[[u64; 2]; 3]> {
    let mut out = vec![whole];
    for _ in 0..c.below(5) {
        let at = c.below(out.len());
        let axis = c.below(3);
        let [lo, hi] = out[at][axis];
        if hi - lo < 2 {
            continue;
        }
        let middle = lo + 1 + c.below((hi - lo - 1) as usize) as u64;
        let mut upper = out[at];
        (out[at][axis][1], upper[axis][0]) = (middle, middle);
        out.push(upper);
    }
    out
}

/// A mapping that the network can have: of each layer nothing, an encoding, a tile, or parts, some of them on cores
/// with numbers, which layers share where the target allows it.
fn random(c: &mut Choices, ours: &Manifest) -> MappingFile {
    let shares = ours.inputs.target == "loihi2" && c.below(2) == 0;
    let mut free: Vec<u32> = (0..120).collect();
    let mut out = Vec::new();
    for layer in layers(ours) {
        if shares {
            free = (0..8).collect();
        }
        let mut one = LayerMapping { layer: layer.name.clone(), ..LayerMapping::default() };
        if c.below(2) == 0 {
            one.encoding = Some(layer.encoding.clone());
        }
        match c.below(5) {
            0 => continue,
            1 => one.encoding = Some(layer.encoding.clone()),
            2 => {
                let mut count = |n: u64| 1 + c.below(n.min(4) as usize);
                let [channels, rows, cols] = layer.shape.map(&mut count);
                one.tile = Some(format!("c{channels}y{rows}x{cols}"));
            }
            _ => {
                let whole = layer.shape.map(|n| [0, n]);
                let mut part = |[channels, rows, cols]: [[u64; 2]; 3]| PartMapping {
                    core: (c.below(3) > 0).then(|| free.swap_remove(c.below(free.len()))),
                    channels: Some(channels),
                    rows: Some(rows),
                    cols: Some(cols),
                    fan_in: None,
                };
                let blocks = cut(&mut Choices(vec![seed(layer), 7, 3, 11, 2, 5], 0), whole);
                one.parts = Some(blocks.into_iter().map(&mut part).collect());
            }
        }
        out.push(one);
    }
    file(out)
}

fn seed(layer: &Layer) -> u32 {
    layer.neurons as u32 ^ layer.synapses as u32
}

/// A mapping of tiles that the search tries too.
fn of_menu(c: &mut Choices, ours: &Manifest) -> MappingFile {
    let tile = |layer: &Layer| {
        let [channels, rows, cols] = layer.shape.map(|n| {
            let menu = counts(n as usize);
            menu[c.below(menu.len())]
        });
        LayerMapping {
            layer: layer.name.clone(),
            tile: Some(format!("c{channels}y{rows}x{cols}")),
            ..LayerMapping::default()
        }
    };
    file(layers(ours).map(tile).collect())
}

/// What may be wrong with a random mapping: more parts than the cores or axons of the chip allow.
fn may_be_refused(list: &[Diagnostic]) -> bool {
    list.iter().all(|d| {
        matches!(d.code, Code::PinsTooTight | Code::MappingMemory | Code::MappingCores | Code::MappingShare)
    })
}

fn numbers() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(any::<u32>(), 8..40)
}

/// Networks that the chip refuses without a mapping are not tried.
fn is_taken(graph: &Graph, numbers: Vec<u32>, target: &str, taken: &Cell<usize>) -> TestCaseResult {
    let Some(ours) = ours(graph, target) else { return Ok(()) };
    let file = random(&mut Choices(numbers, 0), &ours);
    let mapping = given(&file);
    let hash = mapping.blake3.clone();
    // It is run core by core, too.
    let options = Options { mapping: Some(mapping), verify: true, ..options(target) };
    let done = match compile(&model(graph), &options, &mut Silent) {
        Ok(done) => manifest(done),
        Err(list) => {
            prop_assert!(may_be_refused(&list), "{list:?}\n{file:?}");
            return Ok(());
        }
    };
    taken.set(taken.get() + 1);
    holds(&done, target)?;
    prop_assert_eq!(done.inputs.options.mapping_blake3.as_ref(), Some(&hash));
    // It is compared with the same best as ours.
    let (own, best) = (&done.bounds.optimality, &ours.bounds.optimality);
    prop_assert_eq!(own.egraph_optimal_ps, best.egraph_optimal_ps);
    prop_assert_eq!(own.independent_lower_ps, best.independent_lower_ps);
    // What was given is what was taken.
    for layer in &file.layers {
        let taken = done.layers.iter().find(|l| l.name == layer.layer).unwrap();
        if let Some(encoding) = &layer.encoding {
            prop_assert_eq!(encoding, &taken.encoding);
        }
        if let Some(tile) = &layer.tile {
            prop_assert_eq!(tile, &taken.tile);
        }
        for part in layer.parts.iter().flatten() {
            let on = done.cores.iter().filter(|c| {
                let is = |p: &Part| {
                    p.layer == layer.layer
                        && [Some(p.slice.channels), Some(p.slice.rows), Some(p.slice.cols)]
                            == [part.channels, part.rows, part.cols]
                };
                c.parts.iter().any(is)
            });
            let on: Vec<u32> = on.map(|c| c.id).collect();
            prop_assert_eq!(on.len(), 1);
            // A number below the count stays.
            if let Some(core) = part.core.filter(|core| (*core as usize) < done.cores.len()) {
                prop_assert_eq!(on[0], core);
            }
        }
    }
    Ok(())
}

/// Tries random mappings of random networks; some must be taken for the test to say anything.
fn are_taken(networks: impl Strategy<Value = Graph>, target: &str) {
    let taken = Cell::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 256, ..ProptestConfig::default() });
    let tried =
        runner.run(&(networks, numbers()), |(graph, numbers)| is_taken(&graph, numbers, target, &taken));
    tried.unwrap_or_else(|e| panic!("{e}"));
    assert!(taken.get() >= 32, "{} mappings were taken", taken.get());
}

#[test]
fn random_mappings_are_taken_run_and_bounded() {
    are_taken(graph(Config::LOIHI2), "loihi2");
}

#[test]
fn random_mappings_are_taken_on_loihi1_too() {
    are_taken(graph(Config::LOIHI1).prop_map(of_fixed_form), "loihi1");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_tile_of_the_menu_is_not_better_than_the_best(graph in graph(Config::LOIHI2), numbers in numbers()) {
        let Some(ours) = ours(&graph, "loihi2") else { return Ok(()) };
        let mapping = Some(given(&of_menu(&mut Choices(numbers, 0), &ours)));
        let Ok(theirs) = compile(&model(&graph), &Options { mapping, ..options("loihi2") }, &mut Silent) else {
            return Ok(());
        };
        let theirs = manifest(theirs);
        holds(&theirs, "loihi2")?;
        prop_assert!(ours.bounds.optimality.egraph_optimal_ps.unwrap() <= theirs.bounds.optimality.achieved_ps);
    }

    /// Times below the barrier are all alike: no search goes there for nothing.
    #[test]
    fn ours_is_never_slower_than_tiles_of_the_menu(graph in graph(Config::LOIHI2), numbers in numbers()) {
        let Some(ours) = ours(&graph, "loihi2") else { return Ok(()) };
        let mapping = Some(given(&of_menu(&mut Choices(numbers, 0), &ours)));
        let Ok(theirs) = compile(&model(&graph), &Options { mapping, ..options("loihi2") }, &mut Silent) else {
            return Ok(());
        };
        let theirs = manifest(theirs);
        prop_assert!(ours.bounds.optimality.achieved_ps <= theirs.bounds.optimality.achieved_ps);
        let barrier = ours.bounds.constants["t_barrier"].nominal_fs.unwrap() / 1000;
        let lower = |m: &Manifest| m.bounds.period_ps.unwrap().lower.max(barrier);
        prop_assert!(lower(&ours) <= lower(&theirs));
    }
}
