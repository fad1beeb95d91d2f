//! Random networks, reduced for something that they have.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};
use snnc_driver::reduce::graph::{KINDS, Network};
use snnc_driver::reduce::search::{Subject, reduce};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::{Graph, Node, NodeId};
use snnc_ir::neuron::{Model, Neuron};
use snnc_tests::arbitrary::{Config, graph};

fn refractory(op: &Op) -> bool {
    let Op::Neuron(neuron) = op else { return false };
    match &**neuron {
        Neuron::Real(spec) => matches!(&spec.model, Model::Spiking(s) if s.refractory > 0),
        Neuron::Integer(spec, _) => matches!(&spec.model, Model::Spiking(s) if s.refractory > 0),
    }
}

/// The nodes that an output needs; every move drops the others.
fn needed(graph: &Graph) -> Vec<&Node> {
    let mut found: BTreeSet<NodeId> = BTreeSet::new();
    let mut open = graph.outputs();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(&graph.node(id).inputs);
        }
    }
    found.into_iter().map(|id| graph.node(id)).collect()
}

/// A maximum pool and a neuron with a refractory period.
fn has_both(graph: &Graph) -> bool {
    let nodes = needed(graph);
    nodes.iter().any(|n| matches!(n.op, Op::MaxPool(_))) && nodes.iter().any(|n| refractory(&n.op))
}

/// Something that the weights and the shapes decide: a connection with several channels of fan-in.
fn has_wide_fan_in(graph: &Graph) -> bool {
    let wide = |n: &&Node| n.op.weights().is_some_and(|w| graph.weights(w).shape[1] > 1);
    needed(graph).iter().any(wide)
}

/// `nodes` is generous: a loop through a delay can hold more than the property needs where only two moves at
/// once would make it smaller.
fn check(config: Config, property: fn(&Graph) -> bool, nodes: usize) {
    let mut runner = TestRunner::new_with_rng(
        Runs { cases: 400, failure_persistence: None, ..Runs::default() },
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let held = std::cell::Cell::new(0);
    runner
        .run(&graph(config), |start| {
            if !property(&start) {
                return Ok(());
            }
            held.set(held.get() + 1);
            let mut fails = |n: &Network| property(&n.0);
            let done = reduce(Network(start.clone()), KINDS, 100_000, &mut fails);
            let small = &done.subject;
            let text = snnc_ir::text::print(&small.0);
            prop_assert!(verify(&small.0).is_ok(), "{text}");
            prop_assert!(property(&small.0) && done.minimal, "{text}");
            prop_assert!(small.0.nodes.len() <= nodes, "{text}");
            // No single move that makes it smaller leaves the property.
            for kind in KINDS {
                for change in (kind.moves)(small) {
                    if let Some(next) = change(small)
                        && next.measure() < small.measure()
                    {
                        prop_assert!(verify(&next.0).is_ok(), "{}: {text}", kind.name);
                        prop_assert!(!property(&next.0), "{}: {text}", kind.name);
                    }
                }
            }
            let mut fails = |n: &Network| property(&n.0);
            let again = reduce(Network(start), KINDS, 100_000, &mut fails);
            prop_assert_eq!(&again.subject.0, &small.0);
            prop_assert_eq!(again.tries, done.tries);
            Ok(())
        })
        .unwrap();
    assert!(held.get() >= 5, "only {} networks have the property", held.get());
}

#[test]
fn real_networks_are_reduced_to_what_they_have() {
    check(Config::REAL, has_both, 8);
}

#[test]
fn integer_networks_are_reduced_to_what_they_have() {
    check(Config::INTEGER, has_both, 8);
}

#[test]
fn shapes_and_weights_are_reduced_together() {
    check(Config::INTEGER, has_wide_fan_in, 4);
}

/// Every move on every network gives a sound network or none: on a verified graph no move panics.
#[test]
fn moves_are_sound_on_any_network() {
    for config in [Config::REAL, Config::INTEGER, Config::LOIHI2, Config::AKD1000] {
        let mut runner = TestRunner::new_with_rng(
            Runs { cases: 60, failure_persistence: None, ..Runs::default() },
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        runner
            .run(&graph(config), |start| {
                let start = Network(start);
                for kind in KINDS {
                    for change in (kind.moves)(&start) {
                        if let Some(next) = change(&start) {
                            let text = snnc_ir::text::print(&next.0);
                            prop_assert!(verify(&next.0).is_ok(), "{}: {text}", kind.name);
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
    }
}
