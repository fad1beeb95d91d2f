//! Networks whose neurons are written as training libraries write them: subtractions, comparisons and
//! casts, as one step, as copies of a step, or in a Scan.

use prost::Message;
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::proto::{GraphProto, ModelProto, NodeProto, TensorProto};
use std::collections::BTreeMap;

use crate::onnx_builder::{Builder, info, int, ints, node, subgraph};

/// A neuron as a library writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// snnTorch `Leaky`, reset by subtraction.
    LeakySubtract,
    /// snnTorch `Leaky`, reset to zero.
    LeakyZero,
    /// snnTorch `Leaky` without reset.
    LeakyNone,
    /// snnTorch `Leaky(reset_delay=False)`.
    LeakyRefund,
    /// snnTorch `Synaptic`.
    Synaptic,
    /// snnTorch `RLeaky` with one weight for each neuron.
    Recurrent,
    /// SpikingJelly `LIFNode(v_reset=None)`.
    JellySoft,
    /// SpikingJelly `LIFNode(v_reset=-0.25)`.
    JellyHard,
    /// SpikingJelly `LIFNode(decay_input=False)` with v_reset 0.
    JellyNoDecay,
    /// sinabs `IAF`, single spikes.
    SinabsSingle,
    /// sinabs `LIF`, several spikes.
    SinabsMulti,
    /// sinabs `IAF` with `MaxSpike(2)` and a least membrane.
    SinabsMax,
    /// sinabs `IAF` with a reset to zero.
    SinabsReset,
    /// Norse `LIFCell`.
    NorseLif,
    /// Norse `LIFBoxCell`.
    NorseBox,
    /// A leaky integrator.
    Integrator,
    /// A sigma-delta unit.
    SigmaDelta,
    /// A delta encoder.
    Delta,
}

impl Cell {
    /// Every form.
    pub const ALL: &[Self] = &[
        Self::LeakySubtract,
        Self::LeakyZero,
        Self::LeakyNone,
        Self::LeakyRefund,
        Self::Synaptic,
        Self::Recurrent,
        Self::JellySoft,
        Self::JellyHard,
        Self::JellyNoDecay,
        Self::SinabsSingle,
        Self::SinabsMulti,
        Self::SinabsMax,
        Self::SinabsReset,
        Self::NorseLif,
        Self::NorseBox,
        Self::Integrator,
        Self::SigmaDelta,
        Self::Delta,
    ];

    /// Number of states.
    pub fn states(self) -> usize {
        match self {
            Self::Synaptic | Self::NorseLif | Self::SigmaDelta | Self::Recurrent => 2,
            _ => 1,
        }
    }
}

/// How time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// One step; states are inputs and outputs.
    Step,
    /// So many copies; states start at zero constants.
    Unrolled(usize),
    /// A Scan over so many steps.
    Scan(usize),
}

/// Nodes under construction.
#[derive(Default)]
struct Nodes {
    nodes: Vec<NodeProto>,
    constants: BTreeMap<String, Vec<f32>>,
}

impl Nodes {
    fn op(&mut self, op: &str, inputs: &[&str]) -> String {
        self.with(op, inputs, Vec::new())
    }

    fn with(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<snnc_frontends::onnx::proto::AttributeProto>,
    ) -> String {
        let name = format!("{op}_{}", self.nodes.len());
        let mut made = node(op, inputs, &[&name], attributes);
        made.name = format!("n{}", self.nodes.len());
        self.nodes.push(made);
        name
    }

    fn scalar(&mut self, value: f32) -> String {
        let name = format!("c{value}");
        self.constants.insert(name.clone(), vec![value]);
        name
    }

    fn above(&mut self, a: &str, threshold: &str, compare: &str) -> String {
        // Half of the exporters subtract first and compare with zero.
        let flag = if self.nodes.len().is_multiple_of(2) {
            let zero = self.scalar(0.0);
            let difference = self.op("Sub", &[a, threshold]);
            self.op(compare, &[&difference, &zero])
        } else {
            self.op(compare, &[a, threshold])
        };
        self.with("Cast", &[&flag], vec![int("to", 1)])
    }

    /// Writes one step of a cell; gives its output and its next states.
    fn cell(&mut self, cell: Cell, i: &str, states: &[String]) -> (String, Vec<String>) {
        let v = states[0].as_str();
        let (beta, th, one) = (self.scalar(0.75), self.scalar(1.0), self.scalar(1.0));
        let half = self.scalar(0.5);
        match cell {
            Cell::LeakySubtract | Cell::LeakyNone | Cell::LeakyRefund => {
                let r = self.above(v, &th, "Greater");
                let decayed = self.op("Mul", &[&beta, v]);
                let mut u = self.op("Add", &[&decayed, i]);
                if cell != Cell::LeakyNone {
                    let back = self.op("Mul", &[&r, &th]);
                    u = self.op("Sub", &[&u, &back]);
                }
                let s = self.above(&u, &th, "Greater");
                if cell == Cell::LeakyRefund {
                    let more = self.op("Sub", &[&s, &r]);
                    let back = self.op("Mul", &[&more, &th]);
                    u = self.op("Sub", &[&u, &back]);
                }
                (s, vec![u])
            }
            Cell::LeakyZero => {
                let r = self.above(v, &th, "Greater");
                let kept = self.op("Sub", &[&one, &r]);
                let old = self.op("Mul", &[&kept, v]);
                let decayed = self.op("Mul", &[&beta, &old]);
                let u = self.op("Add", &[&decayed, i]);
                (self.above(&u, &th, "Greater"), vec![u])
            }
            Cell::Synaptic => {
                let r = self.above(v, &th, "Greater");
                let kept = self.op("Mul", &[&half, &states[1]]);
                let current = self.op("Add", &[&kept, i]);
                let decayed = self.op("Mul", &[&beta, v]);
                let sum = self.op("Add", &[&decayed, &current]);
                let u = self.op("Sub", &[&sum, &r]);
                (self.above(&u, &th, "Greater"), vec![u, current])
            }
            Cell::Recurrent => {
                let r = self.above(v, &th, "Greater");
                let weight = self.scalar(0.5);
                let own = self.op("Mul", &[&weight, &states[1]]);
                let sum = self.op("Add", &[i, &own]);
                let decayed = self.op("Mul", &[&beta, v]);
                let sum = self.op("Add", &[&decayed, &sum]);
                let u = self.op("Sub", &[&sum, &r]);
                let s = self.above(&u, &th, "Greater");
                (s.clone(), vec![u, s])
            }
            Cell::JellySoft | Cell::JellyHard | Cell::JellyNoDecay => {
                let tau = self.scalar(2.0);
                let rest = self.scalar(if cell == Cell::JellyHard { -0.25 } else { 0.0 });
                let u = if cell == Cell::JellyNoDecay {
                    let part = self.op("Div", &[v, &tau]);
                    let left = self.op("Sub", &[v, &part]);
                    self.op("Add", &[&left, i])
                } else {
                    let above = self.op("Sub", &[v, &rest]);
                    let difference = self.op("Sub", &[i, &above]);
                    let part = self.op("Div", &[&difference, &tau]);
                    self.op("Add", &[v, &part])
                };
                let s = self.above(&u, &half, "GreaterOrEqual");
                if cell == Cell::JellySoft {
                    let back = self.op("Mul", &[&s, &half]);
                    return (s, vec![self.op("Sub", &[&u, &back])]);
                }
                let set = self.op("Mul", &[&s, &rest]);
                let minus = self.op("Neg", &[&s]);
                let kept = self.op("Add", &[&minus, &one]);
                let old = self.op("Mul", &[&kept, &u]);
                (s, vec![self.op("Add", &[&set, &old])])
            }
            Cell::SinabsSingle | Cell::SinabsReset => {
                let u = self.op("Add", &[v, i]);
                let s = self.above(&u, &th, "GreaterOrEqual");
                let zero = self.scalar(0.0);
                let next = if cell == Cell::SinabsReset {
                    let silent = self.op("Equal", &[&s, &zero]);
                    let silent = self.with("Cast", &[&silent], vec![int("to", 1)]);
                    self.op("Mul", &[&u, &silent])
                } else {
                    let back = self.op("Mul", &[&s, &th]);
                    self.op("Sub", &[&u, &back])
                };
                (s, vec![next])
            }
            Cell::SinabsMulti | Cell::SinabsMax => {
                let zero = self.scalar(0.0);
                let u = if cell == Cell::SinabsMulti {
                    let gain = self.scalar(0.25);
                    let decayed = self.op("Mul", &[&beta, v]);
                    let scaled = self.op("Mul", &[&gain, i]);
                    self.op("Add", &[&decayed, &scaled])
                } else {
                    self.op("Add", &[v, i])
                };
                let positive = self.op("Greater", &[&u, &zero]);
                let positive = self.with("Cast", &[&positive], vec![int("to", 1)]);
                let ratio = self.op("Div", &[&u, &half]);
                let count = if cell == Cell::SinabsMulti {
                    let whole = self.with("Cast", &[&ratio], vec![int("to", 7)]);
                    self.with("Cast", &[&whole], vec![int("to", 1)])
                } else {
                    let magnitude = self.op("Abs", &[&ratio]);
                    let whole = self.op("Floor", &[&magnitude]);
                    let sign = self.op("Sign", &[&ratio]);
                    self.op("Mul", &[&whole, &sign])
                };
                let mut s = self.op("Mul", &[&positive, &count]);
                if cell == Cell::SinabsMax {
                    let most = self.scalar(2.0);
                    s = self.op("Min", &[&s, &most]);
                }
                let back = self.op("Mul", &[&s, &half]);
                let mut next = self.op("Sub", &[&u, &back]);
                if cell == Cell::SinabsMax {
                    let least = self.scalar(-0.5);
                    let above = self.op("Sub", &[&next, &least]);
                    let above = self.op("Relu", &[&above]);
                    next = self.op("Add", &[&above, &least]);
                }
                (s, vec![next])
            }
            Cell::NorseLif | Cell::NorseBox => {
                let (zero, quarter, minus) = (self.scalar(0.0), self.scalar(0.25), self.scalar(-0.5));
                let jump = match cell {
                    Cell::NorseLif => self.op("Add", &[&states[1], i]),
                    _ => i.to_owned(),
                };
                let leak = self.op("Sub", &[&zero, v]);
                let drive = self.op("Add", &[&leak, &jump]);
                let part = self.op("Mul", &[&quarter, &drive]);
                let u = self.op("Add", &[v, &part]);
                let s = self.above(&u, &half, "Greater");
                let kept = self.op("Sub", &[&one, &s]);
                let old = self.op("Mul", &[&kept, &u]);
                let set = self.op("Mul", &[&s, &zero]);
                let next = self.op("Add", &[&old, &set]);
                if cell == Cell::NorseBox {
                    return (s, vec![next]);
                }
                let lost = self.op("Mul", &[&minus, &jump]);
                (s, vec![next, self.op("Add", &[&jump, &lost])])
            }
            Cell::Integrator => {
                let decayed = self.op("Mul", &[&beta, v]);
                let next = self.op("Add", &[&decayed, i]);
                (next.clone(), vec![next])
            }
            Cell::SigmaDelta | Cell::Delta => {
                let zero = self.scalar(0.0);
                let (value, mut next) = match cell {
                    Cell::SigmaDelta => {
                        let sum = self.op("Add", &[&states[1], i]);
                        (self.op("Relu", &[&sum]), vec![sum])
                    }
                    _ => (i.to_owned(), Vec::new()),
                };
                let difference = self.op("Sub", &[&value, v]);
                let magnitude = self.op("Abs", &[&difference]);
                let passes = self.op("GreaterOrEqual", &[&magnitude, &half]);
                let sent = self.op("Where", &[&passes, &difference, &zero]);
                next.insert(0, self.op("Add", &[v, &sent]));
                (sent, next)
            }
        }
    }

    /// Writes one step of the network: two connections, each with a layer of neurons behind it.
    fn network(&mut self, cell: Cell, x: &str, states: &[String]) -> (String, Vec<String>) {
        let (own, rest) = states.split_at(cell.states());
        let i = self.with("Gemm", &[x, "w1", "b1"], vec![int("transB", 1)]);
        let (s, mut next) = self.cell(cell, &i, own);
        let i = self.with("Gemm", &[&s, "w2", "b2"], vec![int("transB", 1)]);
        let (y, more) = self.cell(cell, &i, rest);
        next.extend(more);
        (y, next)
    }
}

/// Inputs, neurons of the first and of the second layer.
pub const SIZES: [usize; 3] = [4, 3, 2];

fn width(state: usize, cell: Cell) -> i64 {
    SIZES[1 + state / cell.states()] as i64
}

/// Values that sums of a few of are exact.
fn weights(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * 37 + seed * 11) % 17) as f32 / 8.0 - 0.75).collect()
}

fn finished(nodes: &Nodes, mut builder: Builder) -> ModelProto {
    let [a, b, c] = SIZES;
    builder = builder
        .floats("w1", &[b as i64, a as i64], &weights(a * b, 1))
        .floats("b1", &[b as i64], &weights(b, 2))
        .floats("w2", &[c as i64, b as i64], &weights(b * c, 3))
        .floats("b2", &[c as i64], &weights(c, 4));
    for (name, values) in &nodes.constants {
        builder = builder.floats(name, &[], values);
    }
    builder.build()
}

/// A network of two layers of cells.
pub fn model(cell: Cell, time: Time) -> ModelProto {
    let mut nodes = Nodes::default();
    let count = 2 * cell.states();
    let mut builder = Builder::default();
    match time {
        Time::Step => {
            let states: Vec<String> = (0..count).map(|k| format!("state{k}_in")).collect();
            let (y, next) = nodes.network(cell, "x", &states);
            builder = builder.input("x", &[1, SIZES[0] as i64]).output("y");
            builder.graph.node = nodes.nodes.clone();
            builder.graph.node.push(node("Identity", &[&y], &["y"], Vec::new()));
            for (k, (state, value)) in states.iter().zip(&next).enumerate() {
                builder = builder.input(state, &[1, width(k, cell)]).output(&format!("state{k}_out"));
                builder.graph.node.push(node("Identity", &[value], &[&format!("state{k}_out")], Vec::new()));
            }
        }
        Time::Unrolled(steps) => {
            let mut states: Vec<String> = (0..count).map(|k| format!("zero{k}")).collect();
            let mut outputs = Vec::new();
            for t in 0..steps {
                let x = nodes.with("Gather", &["x", &format!("at{t}")], vec![int("axis", 0)]);
                let (y, next) = nodes.network(cell, &x, &states);
                let wide = nodes.op("Unsqueeze", &[&y, "axis0"]);
                outputs.push(wide);
                states = next;
                builder = builder.raw(&format!("at{t}"), DataType::Int64, &[], &(t as i64).to_le_bytes());
            }
            let all: Vec<&str> = outputs.iter().map(String::as_str).collect();
            let y = nodes.with("Concat", &all, vec![int("axis", 0)]);
            builder =
                builder.input("x", &[steps as i64, 1, SIZES[0] as i64]).output("y").shape("axis0", &[0]);
            builder.graph.node = nodes.nodes.clone();
            builder.graph.node.push(node("Identity", &[&y], &["y"], Vec::new()));
            // What is left after the last step, as users return it.
            builder.graph.node.push(node("Identity", &[&states[0]], &["v_last"], Vec::new()));
            builder = zeros(builder.output("v_last"), cell, count);
        }
        Time::Scan(steps) => {
            let states: Vec<String> = (0..count).map(|k| format!("s{k}")).collect();
            let (y, next) = nodes.network(cell, "x_t", &states);
            let mut body =
                GraphProto { name: "body".into(), node: nodes.nodes.clone(), ..GraphProto::default() };
            let named = |name: &str, dims: &[i64]| info(name, DataType::Float, dims);
            body.input = (0..count).map(|k| named(&states[k], &[1, width(k, cell)])).collect();
            body.input.push(named("x_t", &[1, SIZES[0] as i64]));
            for value in next.iter().chain([&y]) {
                // An output may be given twice.
                let name = format!("out{}", body.output.len());
                body.node.push(node("Identity", &[value], &[&name], Vec::new()));
                body.output.push(named(&name, &[]));
            }
            let initial: Vec<String> = (0..count).map(|k| format!("zero{k}")).collect();
            let inputs: Vec<&str> = initial.iter().map(String::as_str).chain(["x"]).collect();
            let last: Vec<String> = (0..count).map(|k| format!("last{k}")).collect();
            let outputs: Vec<&str> = last.iter().map(String::as_str).chain(["y"]).collect();
            let attributes =
                vec![int("num_scan_inputs", 1), ints("scan_input_axes", &[0]), subgraph("body", body)];
            builder = builder.input("x", &[steps as i64, 1, SIZES[0] as i64]).output("y");
            builder.graph.node.push(node("Scan", &inputs, &outputs, attributes));
            builder = zeros(builder, cell, count);
        }
    }
    finished(&nodes, builder)
}

fn zeros(mut builder: Builder, cell: Cell, count: usize) -> Builder {
    for k in 0..count {
        let n = width(k, cell);
        builder = builder.floats(&format!("zero{k}"), &[1, n], &vec![0.0; n as usize]);
    }
    builder
}

/// What the step of a network gives for a sequence, one operator after the other.
pub fn reference(cell: Cell, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let step = model(cell, Time::Step);
    let graph = step.graph.unwrap_or_default();
    let mut known: BTreeMap<String, TensorProto> =
        graph.initializer.iter().map(|t| (t.name.clone(), t.clone())).collect();
    let count = 2 * cell.states();
    for k in 0..count {
        let n = width(k, cell);
        known.insert(format!("state{k}_in"), tensor(&vec![0.0; n as usize]));
    }
    let mut out = Vec::new();
    for x in inputs {
        known.insert("x".into(), tensor(x));
        for node in &graph.node {
            let values: Vec<Option<TensorProto>> = node.input.iter().map(|i| known.get(i).cloned()).collect();
            let Some(Ok(results)) = snnc_frontends::onnx::evaluate(node, 21, &values) else { return out };
            for (name, value) in node.output.iter().zip(results) {
                known.insert(name.clone(), value);
            }
        }
        out.push(floats(&known["y"]));
        for k in 0..count {
            let next = known[&format!("state{k}_out")].clone();
            known.insert(format!("state{k}_in"), next);
        }
    }
    out
}

fn tensor(values: &[f32]) -> TensorProto {
    TensorProto {
        dims: vec![1, values.len() as i64],
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

fn floats(tensor: &TensorProto) -> Vec<f32> {
    crate::pb::tensor(&tensor.encode_to_vec()).map(|t| t.values).unwrap_or_default()
}
