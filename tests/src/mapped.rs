//! Runs a bundle core by core: what each core does with its slice, and nothing else.
//!
//! The sums are taken tap by tap from the lowered network, each part over its own neurons and its own
//! fan-in elements; the neurons of each part are a simulator of their own, with their own state. So a
//! neuron that is missing, computed twice or fed from the wrong place shows.

use snnc_ir::graph::op::{Bias, Input, Op, Values as Range};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, Node, NodeId, Number};
use snnc_ir::neuron::{Emission, Model, Neuron, Reset, Spec};
use snnc_ir::sim::{Execution, Simulator, Values, taps};
use snnc_machine::manifest::{Manifest, Slice};

/// One connection into a population of the lowered network.
struct Projection {
    source: NodeId,
    delay: u32,
    connection: NodeId,
    source_shape: Shape,
}

/// A part of a population on its core.
struct Part {
    layer: NodeId,
    slice: Slice,
    graph: Graph,
}

/// Runs the mapped network for `steps` steps and gives the values of every output in each.
pub fn run(manifest: &Manifest, graph: &Graph, inputs: &[Vec<Values>], steps: usize) -> Vec<Vec<Vec<i32>>> {
    let parts: Vec<Part> = manifest
        .cores
        .iter()
        .flat_map(|c| &c.parts)
        .map(|p| {
            let layer = find(graph, &p.layer);
            Part { layer, slice: p.slice, graph: neurons(graph.node(layer), &p.slice) }
        })
        .collect();
    let mut cores: Vec<Simulator<'_>> =
        parts.iter().map(|p| Simulator::new(&p.graph, Execution::EventDriven)).collect();
    // What every population gave out, by step.
    let mut history: Vec<Vec<Option<Vec<i32>>>> = Vec::new();
    let mut out = Vec::new();
    for step in 0..steps {
        let mut now: Vec<Option<Vec<i32>>> = vec![None; graph.nodes.len()];
        for (k, id) in graph.inputs().into_iter().enumerate() {
            let zeros = vec![0; graph.node(id).shape.len()];
            now[id.index()] = Some(inputs.get(step).map_or(zeros, |v| integers(&v[k])));
        }
        for (part, core) in parts.iter().zip(&mut cores) {
            let sums = sums(graph, part, &history, step);
            core.step(&[Values::Integer(sums)]).expect("a part takes its own shape");
            let node = graph.node(part.layer);
            let own = integers(&core.value(part.graph.outputs()[0]));
            let whole = now[part.layer.index()].get_or_insert_with(|| vec![0; node.shape.len()]);
            for (value, at) in own.into_iter().zip(positions(node.shape, &part.slice)) {
                whole[at] = value;
            }
        }
        history.push(now);
        out.push(graph.outputs().into_iter().map(|id| output(graph, id, &history, step)).collect());
    }
    out
}

fn find(graph: &Graph, name: &str) -> NodeId {
    graph
        .ids()
        .find(|id| graph.node(*id).name == name)
        .expect("a layer of the manifest is a node of the network")
}

fn integers(values: &Values) -> Vec<i32> {
    match values {
        Values::Integer(v) => v.clone(),
        Values::Real(v) => v.iter().map(|v| *v as i32).collect(),
    }
}

/// Flat positions of a slice, ascending.
fn positions(shape: Shape, slice: &Slice) -> Vec<usize> {
    let range = |[lo, hi]: [u64; 2]| lo as usize..hi as usize;
    let mut out = Vec::new();
    for c in range(slice.channels) {
        for y in range(slice.rows) {
            for x in range(slice.cols) {
                out.push(shape.index(c, y, x));
            }
        }
    }
    out
}

/// What a population gave out `delay` steps ago.
fn past(history: &[Vec<Option<Vec<i32>>>], source: NodeId, step: usize, delay: u32, len: usize) -> Vec<i32> {
    let at = step.checked_sub(delay as usize);
    at.and_then(|at| history[at][source.index()].clone()).unwrap_or_else(|| vec![0; len])
}

fn output(graph: &Graph, id: NodeId, history: &[Vec<Option<Vec<i32>>>], step: usize) -> Vec<i32> {
    let (source, delay) = population(graph, graph.node(id).inputs[0]);
    past(history, source, step, delay, graph.node(id).shape.len())
}

/// The population behind delays and reshapes.
fn population(graph: &Graph, mut id: NodeId) -> (NodeId, u32) {
    let mut delay = 0;
    loop {
        let node = graph.node(id);
        match &node.op {
            Op::Delay(d) => delay += d.steps,
            Op::Reshape => {}
            _ => return (id, delay),
        }
        id = node.inputs[0];
    }
}

/// The connections of a population, in the order of its fan-in.
fn projections(graph: &Graph, layer: NodeId) -> Vec<Projection> {
    let through = |mut id: NodeId| {
        while matches!(graph.node(id).op, Op::Reshape) {
            id = graph.node(id).inputs[0];
        }
        id
    };
    let end = through(graph.node(layer).inputs[0]);
    let terms =
        if matches!(graph.node(end).op, Op::Add) { graph.node(end).inputs.clone() } else { vec![end] };
    let projection = |term: NodeId| {
        let connection = through(term);
        let read = graph.node(connection).inputs[0];
        let (source, delay) = population(graph, read);
        assert!(delay >= 1, "a spike takes a step on the chip");
        Projection { source, delay, connection, source_shape: graph.node(read).shape }
    };
    terms.into_iter().map(projection).collect()
}

/// The synaptic input of every neuron of a part.
fn sums(graph: &Graph, part: &Part, history: &[Vec<Option<Vec<i32>>>], step: usize) -> Vec<i32> {
    let shape = graph.node(part.layer).shape;
    let [from, to] = part.slice.fan_in.map(|v| v as usize);
    let places = positions(shape, &part.slice);
    let mut out = vec![0i64; places.len()];
    let mut first = 0;
    for projection in projections(graph, part.layer) {
        let node = graph.node(projection.connection);
        let weights = graph.weights(node.op.weights().expect("a connection has weights"));
        let values = past(history, projection.source, step, projection.delay, projection.source_shape.len());
        for (sum, at) in out.iter_mut().zip(&places) {
            let (c, y, x) = match &node.op {
                Op::Linear(_) => (*at, 0, 0),
                _ => (at / shape.plane(), at % shape.plane() / shape.w, at % shape.w),
            };
            taps(&node.op, projection.source_shape, (c, y, x), |tap| {
                if (from..to).contains(&(first + tap.element)) {
                    *sum += i64::from(weights.integer(tap.weight).unwrap()) * i64::from(values[tap.source]);
                }
            });
            if let Some(bias) = bias(&node.op) {
                *sum += i64::from(bias.at(*at, node.shape.plane()));
            }
        }
        first += weights.row();
    }
    out.into_iter().map(|v| i32::try_from(v).expect("small networks do not overflow")).collect()
}

fn bias(op: &Op) -> Option<&Param<i32>> {
    let bias = match op {
        Op::Conv2d(conv) => conv.bias.as_ref(),
        Op::Linear(linear) => linear.bias.as_ref(),
        _ => None,
    };
    match bias {
        Some(Bias::Integer(p)) => Some(p),
        _ => None,
    }
}

/// The neurons of a slice as a network of their own.
fn neurons(node: &Node, slice: &Slice) -> Graph {
    let size = |[lo, hi]: [u64; 2]| (hi - lo) as usize;
    let shape = Shape::new(size(slice.channels), size(slice.rows), size(slice.cols));
    let Op::Neuron(neuron) = &node.op else { unreachable!("a part has neurons") };
    let Neuron::Integer(spec, fixed) = neuron.as_ref() else { unreachable!("the network is integer") };
    let cut = |p: &Param<i32>| -> Param<i32> {
        match p {
            Param::Scalar(v) => Param::Scalar(*v),
            other => Param::PerNeuron(
                positions(node.shape, slice).into_iter().map(|at| other.at(at, node.shape.plane())).collect(),
            ),
        }
    };
    let spec = Spec { model: cut_model(&spec.model, &cut), start: spec.start };
    let mut graph = Graph::new("part", 1, Number::Integer);
    let push = |graph: &mut Graph, name: &str, op, inputs| {
        graph.push(Node { name: name.into(), op, inputs, shape, origin: Vec::new() })
    };
    let any = Input { values: Range::Integer { lo: i32::MIN, hi: i32::MAX } };
    let input = push(&mut graph, "in", Op::Input(any), Vec::new());
    let cells = push(&mut graph, "n", Op::Neuron(Box::new(Neuron::Integer(spec, *fixed))), vec![input]);
    push(&mut graph, "out", Op::Output, vec![cells]);
    graph
}

/// A model with every parameter cut.
fn cut_model(model: &Model<i32>, cut: &dyn Fn(&Param<i32>) -> Param<i32>) -> Model<i32> {
    let mut model = model.clone();
    let each = |p: &mut Param<i32>| *p = cut(p);
    let some = |p: &mut Option<Param<i32>>| *p = p.as_ref().map(cut);
    match &mut model {
        Model::Spiking(m) => {
            each(&mut m.threshold);
            for p in [&mut m.decay, &mut m.gain, &mut m.bias, &mut m.rest, &mut m.v_min, &mut m.initial] {
                some(p);
            }
            if let Some(current) = &mut m.current {
                each(&mut current.decay);
                some(&mut current.initial);
            }
            if let Reset::Value(_, p) = &mut m.reset {
                each(p);
            }
            match &mut m.emission {
                Emission::Binary => {}
                Emission::Count { max } => some(max),
                Emission::Scaled(p) => each(p),
            }
        }
        Model::SigmaDelta(m) => {
            each(&mut m.threshold);
            some(&mut m.bias);
        }
        Model::Delta(m) => each(&mut m.threshold),
        Model::Integrator(m) => {
            for p in [&mut m.decay, &mut m.gain, &mut m.rest, &mut m.initial] {
                some(p);
            }
        }
        Model::Activation(_) => {}
    }
    model
}
