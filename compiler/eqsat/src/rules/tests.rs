//! Every rule on its example: it fires, and both sides have equal values in every step.

use proptest::prelude::*;
use snnc_ir::graph::op::{Op, Values as Range};
use snnc_ir::graph::verify::verify;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::sim::{Execution, Simulator, Values};
use snnc_ir::text;

use super::sides::{Sides, sides};
use super::{EVALUATION, Rule, VALUES, law};

fn all() -> impl Iterator<Item = Rule> {
    VALUES.iter().chain(EVALUATION).copied()
}

fn example(rule: &Rule) -> Graph {
    text::parse(rule.example).unwrap_or_else(|e| panic!("{}: {e:?}", rule.name))
}

/// The rule alone, or, where it builds on others, with all of them.
fn sides_of(rule: &Rule) -> Sides {
    let alone = sides(&example(rule), &[*rule], 3);
    if alone.pairs.is_empty() { sides(&example(rule), VALUES, 6) } else { alone }
}

/// Values of the inputs of a graph for a step, from a stream of numbers.
fn inputs(graph: &Graph, numbers: &mut impl Iterator<Item = u32>) -> Vec<Values> {
    let of = |id: &NodeId| {
        let node = graph.node(*id);
        let Op::Input(input) = &node.op else { return Values::Integer(Vec::new()) };
        let (lo, hi) = match input.values {
            Range::Integer { lo, hi } | Range::Quantised { lo, hi, .. } => (i64::from(lo), i64::from(hi)),
            _ => (0, 1),
        };
        let mut next = || i64::from(numbers.next().unwrap_or(0));
        let one = || (lo + next() % (hi - lo + 1)) as i32;
        Values::Integer(std::iter::repeat_with(one).take(node.shape.len()).collect())
    };
    graph.inputs().iter().map(of).collect()
}

#[test]
fn rules_have_names_laws_and_examples() {
    let mut names: Vec<&str> = all().map(|r| r.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().count(), "a name twice");
    for rule in all() {
        assert_eq!(law(rule.name), Some(rule.law));
        assert_eq!(verify(&example(&rule)), Ok(()), "{}", rule.name);
    }
    let readme = include_str!("README.md");
    for (name, text) in all().map(|r| (r.name, r.law)).chain(super::mapping::LAWS.iter().copied()) {
        assert!(
            readme.contains(&format!("| `{name}` | {} |", text.replace('|', "\\|"))),
            "README.md lacks {name}: {text}"
        );
    }
}

#[test]
fn every_rule_finds_something_in_its_example() {
    for rule in all() {
        let sides = sides_of(&rule);
        let fires = sides.applied.iter().any(|name| name == rule.name) || rule.name == EVALUATION[0].name;
        assert!(fires && !sides.pairs.is_empty(), "{} finds nothing", rule.name);
        assert_eq!(verify(&sides.graph), Ok(()), "{}\n{}", rule.name, text::print(&sides.graph));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_sides_of_every_law_are_equal(numbers in prop::collection::vec(any::<u32>(), 64)) {
        for rule in all() {
            let sides = sides_of(&rule);
            let mut sim = Simulator::new(&sides.graph, Execution::Dense);
            let mut numbers = numbers.iter().copied().cycle();
            for step in 0..8 {
                prop_assert!(sim.step(&inputs(&sides.graph, &mut numbers)).is_ok());
                for (was, is) in &sides.pairs {
                    prop_assert_eq!(
                        sim.value(*was), sim.value(*is),
                        "{} in step {}, {} and {}\n{}", rule.name, step, was.0, is.0, text::print(&sides.graph)
                    );
                }
            }
        }
    }
}
