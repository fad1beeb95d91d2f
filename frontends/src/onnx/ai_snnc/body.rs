//! Whether the body of an operator calculates what its name says.
//!
//! A file gives each operator twice: by name, and as a function that other tools run. The body is evaluated on
//! made-up inputs beside the neuron that the name stands for; where they part, the file means two things.

use super::super::constant::Constant;
use super::super::describe::described;
use super::super::file::{ExternalData, Model};
use super::super::fold;
use super::super::importer::{Importer, Options, import};
use super::super::proto::tensor_proto::DataType;
use super::super::proto::{
    FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, ValueInfoProto,
};
use super::super::refusal::{Refusal, refuse_with};
use super::super::tensor;
use super::{Call, state_slots};
use snnc_ir::diag::Code;
use snnc_ir::graph::Number;
use snnc_ir::sim::{Execution, Simulator, Values};
use std::collections::BTreeMap;

/// Neurons that are evaluated.
const WIDTH: usize = 8;

/// Steps that are evaluated.
const STEPS: usize = 24;

/// Greatest number of nodes of a body that is evaluated.
const MAX_NODES: usize = 512;

/// Checks the body of the operator of a node, where the model has one; each operator once.
pub(super) fn check<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let same = |f: &&FunctionProto| {
        f.domain == call.node.domain && f.name == call.node.op_type && f.overload == call.node.overload
    };
    let Some(function) = im.model.proto().functions.iter().find(same) else { return Ok(()) };
    if !im.checked.insert(format!("{} {}", function.name, function.overload)) {
        return Ok(());
    }
    let Some(sample) = Sample::new(im, call) else { return Ok(()) };
    let (Some(named), Some(calculated)) = (sample.by_name(call.node), sample.by_body(call.node, function))
    else {
        return Ok(());
    };
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-4 * b.abs().max(1.0);
    let parts = named.iter().zip(&calculated).position(|(a, b)| !a.iter().zip(b).all(near));
    match parts {
        None => Ok(()),
        Some(step) => Err(refuse_with(
            Code::NeuronMismatch,
            format!(
                "the body of '{}' calculates something else than its name says (from step {step} on)",
                function.name
            ),
            "export the model again; to trust the body, give the function another name and domain",
        )),
    }
}

/// What an operator is evaluated on: its parameters, each by its first element, and made-up inputs.
struct Sample {
    number: Number,
    ty: DataType,
    /// Constants by input of the operator; the first input and the states have none.
    constants: BTreeMap<usize, Constant>,
    inputs: Vec<Vec<f64>>,
}

impl Sample {
    fn new<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Option<Self> {
        let states: Vec<usize> = state_slots(call.node).iter().map(|s| s.input).collect();
        let mut constants = BTreeMap::new();
        let mut largest = 1.0f64;
        for k in (1..call.node.input.len()).filter(|k| !states.contains(k)) {
            let constant = im.constant(call.input(k)?).ok()?;
            let first = Constant { dims: Vec::new(), data: constant.data.gather(0..1), ..constant };
            let value = match first.reals() {
                Ok(values) => f64::from(*values.first()?),
                Err(_) => *first.integers().ok()?.first()? as f64,
            };
            largest = largest.max(value.abs().min(1e6));
            constants.insert(k, first);
        }
        let number = im.graph.number;
        let value = |t: usize, k: usize| ((t * 61 + k * 37 + t * k * 7) % 101) as f64 / 40.0 - 0.9;
        let scale = if number == Number::Real { largest.min(4.0) } else { largest };
        let scaled = |t, k| {
            let v = value(t, k) * scale;
            if number == Number::Real { f64::from(v as f32) } else { v.trunc() }
        };
        let inputs = (0..STEPS).map(|t| (0..WIDTH).map(|k| scaled(t, k)).collect()).collect();
        let ty = if number == Number::Real { DataType::Float } else { DataType::Int32 };
        Some(Self { number, ty, constants, inputs })
    }

    /// What the neuron gives that the name stands for.
    fn by_name(&self, node: &NodeProto) -> Option<Vec<Vec<f64>>> {
        let sequence = super::is_sequence(node);
        let slots = state_slots(node);
        let mut graph = GraphProto { name: "body".into(), ..GraphProto::default() };
        let mut own = NodeProto { name: "body".into(), ..node.clone() };
        // Of what is behind the operator its body says nothing.
        own.attribute.retain(|a| a.name != super::UNIT);
        let shape = if sequence { vec![STEPS, 1, WIDTH] } else { vec![1, WIDTH] };
        for (k, input) in own.input.iter_mut().enumerate() {
            *input = format!("i{k}");
            if k == 0 {
                graph.input.push(described(input, self.ty, &shape));
            } else if slots.iter().any(|s| s.input == k) {
                graph.input.push(described(input, self.ty, &[1, WIDTH]));
            } else {
                let stored = fold::encode(self.constants.get(&k)?).ok()?;
                graph.initializer.push(TensorProto { name: input.clone(), ..stored });
            }
        }
        for (k, output) in own.output.iter_mut().enumerate() {
            *output = format!("o{k}");
            graph.output.push(ValueInfoProto { name: output.clone(), ..ValueInfoProto::default() });
        }
        graph.node.push(own);
        let set = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
        let steps = StringStringEntryProto { key: "snnc.steps".into(), value: STEPS.to_string() };
        let proto = ModelProto {
            ir_version: 10,
            opset_import: vec![set("", 21), set(super::DOMAIN, super::VERSION)],
            graph: Some(graph),
            metadata_props: vec![steps],
            ..ModelProto::default()
        };
        let model = Model { proto, external: ExternalData::default() };
        let imported = import(&model, &Options::default()).ok()?;
        let output = imported.graph.outputs().first().copied()?;
        let mut sim = Simulator::new(&imported.graph, Execution::Dense);
        let mut out = Vec::new();
        for x in &self.inputs {
            let values = match self.number {
                Number::Real => Values::Real(x.iter().map(|v| *v as f32).collect()),
                Number::Integer => Values::Integer(x.iter().map(|v| *v as i32).collect()),
            };
            sim.step(&[values]).ok()?;
            out.push(sim.value(output).to_f64());
        }
        Some(out)
    }

    /// What the body gives; of a sequence, the body of its Scan.
    fn by_body(&self, node: &NodeProto, function: &FunctionProto) -> Option<Vec<Vec<f64>>> {
        let mut known: BTreeMap<String, Constant> = BTreeMap::new();
        for (k, name) in function.input.iter().enumerate() {
            if let Some(constant) = self.constants.get(&k) {
                known.insert(name.clone(), constant.clone());
            }
        }
        let states = state_slots(node).len();
        let scan = function.node.iter().find(|n| n.op_type == "Scan");
        let scan =
            scan.and_then(|n| n.attribute.iter().find(|a| a.name == "body")).and_then(|a| a.g.as_ref());
        // Names of the states, of the input, of the next states and of what is given out.
        let (nodes, from, x, to, y) = match scan {
            None => {
                let from: Vec<&str> = function.input.get(1..=states)?.iter().map(String::as_str).collect();
                let to: Vec<&str> = function.output.get(1..=states)?.iter().map(String::as_str).collect();
                (
                    &function.node,
                    from,
                    function.input.first()?.as_str(),
                    to,
                    function.output.first()?.as_str(),
                )
            }
            Some(body) => {
                let names =
                    |list: &'_ [ValueInfoProto]| list.iter().map(|i| i.name.clone()).collect::<Vec<_>>();
                let (inputs, outputs) = (names(&body.input), names(&body.output));
                let carried = inputs.len().checked_sub(1)?;
                return self.run(
                    &body.node,
                    known,
                    &inputs.get(..carried)?.iter().map(String::as_str).collect::<Vec<_>>(),
                    inputs.last()?,
                    &outputs.get(..carried)?.iter().map(String::as_str).collect::<Vec<_>>(),
                    outputs.get(carried)?,
                );
            }
        };
        self.run(nodes, known, &from, x, &to, y)
    }

    fn run(
        &self,
        nodes: &[NodeProto],
        known: BTreeMap<String, Constant>,
        from: &[&str],
        x: &str,
        to: &[&str],
        y: &str,
    ) -> Option<Vec<Vec<f64>>> {
        if nodes.len() > MAX_NODES {
            return None;
        }
        let mut known = known;
        for state in from {
            known.insert((*state).to_owned(), self.constant(&[0.0; WIDTH])?);
        }
        let mut out = Vec::new();
        for values in &self.inputs {
            known.insert(x.to_owned(), self.constant(values)?);
            for node in nodes {
                let inputs: Vec<Option<&Constant>> = node.input.iter().map(|i| known.get(i)).collect();
                let results = fold::fold(node, 21, &inputs)?.ok()?;
                for (name, value) in node.output.iter().zip(results) {
                    known.insert(name.clone(), value);
                }
            }
            let given = known.get(y)?;
            out.push(match given.reals() {
                Ok(values) => values.iter().map(|v| f64::from(*v)).collect(),
                Err(_) => given.integers().ok()?.iter().map(|v| *v as f64).collect(),
            });
            for (state, next) in from.iter().zip(to) {
                let value = known.get(*next)?.clone();
                known.insert((*state).to_owned(), value);
            }
        }
        Some(out)
    }

    fn constant(&self, values: &[f64]) -> Option<Constant> {
        let raw = match self.number {
            Number::Real => values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect::<Vec<u8>>(),
            Number::Integer => values.iter().flat_map(|v| (*v as i32).to_le_bytes()).collect(),
        };
        let stored = TensorProto {
            dims: vec![1, values.len() as i64],
            data_type: self.ty as i32,
            raw_data: raw.into(),
            ..TensorProto::default()
        };
        tensor::decode(&stored, &ExternalData::default()).ok()
    }
}
