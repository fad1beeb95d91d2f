//! Faults that are put in by the test, as snnc has none to find: a wrong pass, a panic.

use std::cell::Cell;

use snnc_driver::model::ModelOptions;
use snnc_driver::reduce::property::Property;
use snnc_driver::reduce::trial::Trial;
use snnc_driver::reduce::{self, Attempt, Candidate, Outcome, Request, caught};
use snnc_frontends::text;
use snnc_ir::graph::Graph;
use snnc_ir::graph::op::Op;
use snnc_ir::sim::{Execution, Simulator, Values};

const NETWORK: &str = "network \"n\" steps 8 integer {
  @0 = weights seeded [8, 4, 3, 3] seed 1 range -8..=7 density_ppm 500000
  @1 = weights seeded [10, 392, 1, 1] seed 2 range -8..=7 density_ppm 500000
  %0 = input \"x\" : 4x16x16 {values binary}
  %1 = conv2d \"c\" (%0, @0) : 8x14x14
  %2 = if \"n1\" (%1) : 8x14x14 {threshold 20, compare ge, reset subtract same}
  %3 = max_pool \"p\" (%2) : 8x7x7 {kernel [2, 2], stride [2, 2]}
  %4 = linear \"fc\" (%3, @1) : 10x1x1
  %5 = if \"n2\" (%4) : 10x1x1 {threshold 20, compare ge, reset zero same}
  %6 = output \"o\" (%5) : 10x1x1
}
";

fn run(property: Property, judge: &dyn Fn(&Graph) -> Trial) -> (Outcome, u64) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.snn");
    std::fs::write(&path, NETWORK).unwrap();
    let request = Request {
        property,
        loose: false,
        tries: 20_000,
        model: ModelOptions::default(),
        output: Some(folder.path().join("out")),
    };
    let tries = Cell::new(0);
    let mut attempt = |attempt: Attempt<'_>| {
        tries.set(tries.get() + 1);
        Ok(judge(&text::read(attempt.path).unwrap()))
    };
    let done = reduce::run(&path, &request, folder.path(), &mut attempt, &mut |_, _, _| {}).unwrap();
    let Candidate::Network(network) = &done.candidate else { panic!("a network stays one") };
    // What was written is what was found.
    assert_eq!(&text::read(done.written.as_ref().unwrap()).unwrap(), network);
    (done, tries.get())
}

/// A "pass" that gets the windows of maximum pooling wrong: the pool gives out the sum.
fn wrong(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    for node in &mut graph.nodes {
        if let Op::MaxPool(pool) = &node.op {
            node.op = Op::SumPool(snnc_ir::graph::op::SumPool { window: pool.window, divisor: 1 });
        }
    }
    graph
}

#[test]
fn a_wrong_pass_is_reduced_to_the_operator_that_it_gets_wrong() {
    let judge = |graph: &Graph| {
        let other = wrong(graph);
        let mut one = Simulator::new(graph, Execution::Dense);
        let mut two = Simulator::new(&other, Execution::EventDriven);
        let ones: Vec<Values> =
            graph.inputs().iter().map(|id| Values::Integer(vec![1; graph.node(*id).shape.len()])).collect();
        for step in 0..graph.steps {
            one.step(&ones).unwrap();
            two.step(&ones).unwrap();
            if graph.outputs().iter().zip(other.outputs()).any(|(a, b)| one.value(*a) != two.value(b)) {
                let difference = Some(("pool".to_owned(), format!("step {step}")));
                return Trial { imported: true, difference, ..Trial::default() };
            }
        }
        Trial { imported: true, ..Trial::default() }
    };
    let (done, _) = run(Property::Difference, &judge);
    let Candidate::Network(network) = &done.candidate else { unreachable!() };
    let mnemonics: Vec<&str> = network.nodes.iter().map(|n| n.op.mnemonic()).collect();
    assert_eq!(mnemonics, ["input", "max_pool", "output"], "{}", done.candidate.text());
    let Op::MaxPool(pool) = &network.nodes[1].op else { unreachable!() };
    assert_eq!(
        (pool.window.kernel[0] * pool.window.kernel[1], network.steps),
        (2, 1),
        "{}",
        done.candidate.text()
    );
    assert!(done.minimal && done.tries < 300, "{} tries", done.tries);
}

#[test]
fn a_panic_is_kept_where_it_is() {
    let judge = |graph: &Graph| {
        let result = caught(|| {
            let fc = graph.nodes.iter().find_map(|n| match &n.op {
                Op::Linear(op) => Some(op),
                _ => None,
            });
            // The fault looked for; the other is what a reducer could slip to.
            assert!(fc.is_none_or(|fc| fc.outputs < 3 || fc.inputs < 2), "the fault");
            assert!(graph.nodes.len() > 2, "another fault");
        });
        Trial { imported: true, panic: result.err(), ..Trial::default() }
    };
    let (done, tried) = run(Property::Panic, &judge);
    let Candidate::Network(network) = &done.candidate else { unreachable!() };
    assert!(done.failure.contains("the fault"), "{}", done.failure);
    assert_eq!(network.nodes.len(), 3, "{}", done.candidate.text());
    assert_eq!(done.after.weights, 6, "{}", done.candidate.text());
    // The first look, the first candidate and the last look are no candidates of the search.
    assert_eq!(tried, done.tries + 3);
}

#[test]
fn a_limit_on_tries_is_kept_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.snn");
    std::fs::write(&path, NETWORK).unwrap();
    let request = Request {
        property: Property::Panic,
        loose: true,
        tries: 3,
        model: ModelOptions::default(),
        output: None,
    };
    let mut attempt =
        |_: Attempt<'_>| Ok(Trial { imported: true, panic: Some("always".into()), ..Trial::default() });
    let done = reduce::run(&path, &request, folder.path(), &mut attempt, &mut |_, _, _| {}).unwrap();
    assert!(!done.minimal && done.tries == 3);
}
