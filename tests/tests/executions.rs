//! The fast execution against the reference, on random small networks: every value, state and count of every node,
//! bit for bit.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use snnc_ir::graph::Graph;
use snnc_ir::graph::op::{Bias, Input, Op, Values as Range};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::verify::verify;
use snnc_ir::sim::{Counts, Execution, Simulator, Values};
use snnc_ir::text;
use snnc_tests::arbitrary::{Config, graph_and_inputs};

/// What can be seen of a node after a step; the bits of real numbers, all that are none as one.
#[derive(Debug, PartialEq)]
struct Seen {
    name: String,
    value: Vec<u32>,
    membrane: Option<Vec<u32>>,
    current: Option<Vec<u32>>,
    counts: Counts,
    events: Vec<usize>,
}

fn bits(values: &Values) -> Vec<u32> {
    match values {
        Values::Real(v) => v.iter().map(|v| if v.is_nan() { f32::NAN } else { *v }.to_bits()).collect(),
        Values::Integer(v) => v.iter().map(|v| v.cast_unsigned()).collect(),
    }
}

fn look(sim: &Simulator<'_>, graph: &Graph) -> Vec<Seen> {
    let each = |id| {
        let mut events = Vec::new();
        sim.each_event(id, |at| events.push(at));
        events.sort_unstable();
        Seen {
            name: graph.node(id).name.clone(),
            value: bits(&sim.value(id)),
            membrane: sim.membrane(id).as_ref().map(bits),
            current: sim.current(id).as_ref().map(bits),
            counts: sim.counts(id),
            events,
        }
    };
    graph.ids().map(each).collect()
}

/// Runs both, a copy that was made on the way, and both again after a reset.
fn same(graph: &Graph, inputs: &[Vec<Values>]) -> Result<(), TestCaseError> {
    prop_assert_eq!(verify(graph), Ok(()));
    let mut fast = Simulator::new(graph, Execution::EventDriven);
    let mut plain = Simulator::new(graph, Execution::Dense);
    prop_assert_eq!(look(&fast, graph), look(&plain, graph), "before the first step");
    let mut seen = Vec::new();
    // Steps without input lie between those with: what falls silent is a case of its own.
    let silent: Vec<Values> = inputs.first().map_or(Vec::new(), |step| step.iter().map(zeros).collect());
    let steps: Vec<&Vec<Values>> = inputs.iter().flat_map(|step| [step, &silent, &silent]).collect();
    for (k, step) in steps.iter().enumerate() {
        fast.step(step).unwrap();
        plain.step(step).unwrap();
        let (fast, plain) = (look(&fast, graph), look(&plain, graph));
        for (fast, plain) in fast.iter().zip(&plain) {
            prop_assert_eq!(fast, plain, "step {}\n{}", k, text::print(graph));
        }
        seen.push(plain);
    }
    let mut forks = [fast.fork(), plain.fork()];
    fast.reset();
    plain.reset();
    for (step, seen) in steps.iter().zip(&seen) {
        for sim in forks.iter_mut().chain([&mut fast, &mut plain]) {
            sim.step(step).unwrap();
            prop_assert_eq!(&look(sim, graph), seen, "again");
        }
    }
    Ok(())
}

fn zeros(values: &Values) -> Values {
    match values {
        Values::Real(v) => Values::Real(vec![-0.0; v.len()]),
        Values::Integer(v) => Values::Integer(vec![0; v.len()]),
    }
}

/// Inputs times a power of two, as far as they fit; the graph then promises any integer.
fn louder(mut graph: Graph, inputs: Vec<Vec<Values>>, shift: u32) -> (Graph, Vec<Vec<Values>>) {
    for node in &mut graph.nodes {
        if let Op::Input(Input { values }) = &mut node.op {
            *values = Range::Integer { lo: i32::MIN, hi: i32::MAX };
        }
    }
    let each = |values: Values| match values {
        Values::Integer(v) => Values::Integer(v.iter().map(|v| v.saturating_mul(1 << shift)).collect()),
        real => real,
    };
    let inputs = inputs.into_iter().map(|step| step.into_iter().map(each).collect()).collect();
    (graph, inputs)
}

const WIDE_WEIGHTS: Config = Config { weight_bits: 31, ..Config::INTEGER };
const LARGE: Config = Config { channels: 20, size: 12, layers: 4, ..Config::INTEGER };
const LARGE_REAL: Config = Config { channels: 20, size: 12, layers: 4, ..Config::REAL };

/// The same with a bias of its own for every output of a convolution.
fn by_neuron(mut graph: Graph) -> Graph {
    for node in &mut graph.nodes {
        let shape = node.shape;
        if let Op::Conv2d(conv) = &mut node.op {
            let values = (0..shape.len()).map(|k| (k % 7) as i32 - 3).collect();
            conv.bias = Some(Bias::Integer(Param::PerNeuron(values)));
        }
    }
    graph
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, ..ProptestConfig::default() })]

    #[test]
    fn integer((graph, inputs) in graph_and_inputs(Config::INTEGER)) {
        same(&graph, &inputs)?;
    }

    #[test]
    fn real((graph, inputs) in graph_and_inputs(Config::REAL)) {
        same(&graph, &inputs)?;
    }

    #[test]
    fn wide_weights((graph, inputs) in graph_and_inputs(WIDE_WEIGHTS)) {
        same(&graph, &inputs)?;
    }

    #[test]
    fn wide_inputs((graph, inputs) in graph_and_inputs(WIDE_WEIGHTS), shift in 0u32..31) {
        let (graph, inputs) = louder(graph, inputs, shift);
        same(&graph, &inputs)?;
    }

    #[test]
    fn biases_by_neuron((graph, inputs) in graph_and_inputs(Config::INTEGER)) {
        same(&by_neuron(graph), &inputs)?;
    }

    #[test]
    fn large_layers((graph, inputs) in graph_and_inputs(LARGE)) {
        same(&graph, &inputs)?;
    }

    #[test]
    fn large_real_layers((graph, inputs) in graph_and_inputs(LARGE_REAL)) {
        same(&graph, &inputs)?;
    }
}
