//! From a decoded model to a network.

use super::budget::Budget;
use super::call::Call;
use super::constant::{self, Constant};
use super::feedback::{self, Waiting};
use super::file::{Model, fingerprint};
use super::imported::{HeldState, Imported};
use super::lift::{self, Lifted, Outcome};
use super::names::Names;
use super::proto::tensor_proto::DataType;
use super::proto::{GraphProto, TensorProto};
use super::refusal::{Refusal, Refusals, refuse, refuse_with};
use super::shared::Shared;
use super::states::States;
use super::steps::Steps;
use super::value::{Layer, Value};
use super::{
    ai_snnc, broadcast, common_factor, consistency, dims, expand, inputs, notes, ops, order, outputs, tensor,
};
use snnc_ir::diag::{Code, Diagnostics};
use snnc_ir::graph::op::Op;
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, Node, NodeId, Number};
use std::collections::{BTreeMap, BTreeSet};

/// What the user says beside the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Steps per inference (`--steps`).
    pub steps: Option<u32>,
    /// Shapes of inputs with their batch and time dimensions (`--shape NAME=...`).
    pub shapes: BTreeMap<String, Vec<u64>>,
}

/// Makes a network of a model.
///
/// # Errors
/// Every refusal, grouped: unsupported operators (`E01xx`), neurons, states and steps (`E02xx`).
pub fn import(model: &Model, options: &Options) -> Result<Imported, Diagnostics> {
    let expanded = expand::expand(model).map_err(|r| vec![*r])?;
    let original = model;
    let model = expanded.as_ref().unwrap_or(model);
    let Some(source) = model.graph() else {
        return Err(vec![*refuse(Code::BadGraph, "the model has no graph")]);
    };
    Budget::nodes(source.node.len()).map_err(|r| vec![*r])?;
    let mut lifted = match lift::lift(model, options) {
        Outcome::Plain => None,
        Outcome::Lifted(lifted) => Some(lifted),
        Outcome::Refused(refusal, at) => {
            let mut refusals = Refusals::default();
            match at.node.is_empty() {
                true => refusals.model(refusal),
                false => refusals.node(refusal, at),
            }
            return Err(refusals.into_diagnostics());
        }
    };
    let Ran { graph, states, neurons } = match &lifted {
        None => match run(model, source, options, None) {
            Ok(ran) => ran,
            Err(refusals) => {
                // Neurons beside those that say what they are, or in the body of a function.
                let Some(found) = lift::retry(model, options) else { return Err(refusals) };
                let written = found.model.graph().unwrap_or(source);
                let ran = run(&found.model, written, options, Some(&found))?;
                lifted = Some(found);
                ran
            }
        },
        Some(lifted) => {
            let written = lifted.model.graph().unwrap_or(source);
            match run(&lifted.model, written, options, Some(lifted)) {
                // Where no neuron was found, the nodes of the file say more.
                Err(_) if lifted.neurons.is_empty() => run(model, source, options, None)?,
                result => result?,
            }
        }
    };
    let opset = original.proto().opset_import.iter();
    let opset = opset.map(|o| (domain(&o.domain).to_owned(), o.version)).collect();
    let mut imported = Imported {
        graph,
        opset,
        fingerprint: fingerprint(original),
        states,
        neurons,
        readouts: BTreeMap::new(),
        notes: notes::of(original, options),
        warnings: Vec::new(),
    };
    if let Some(lifted) = lifted {
        imported.describe(*lifted);
    }
    Ok(imported)
}

fn run(
    model: &Model,
    source: &GraphProto,
    options: &Options,
    lifted: Option<&Lifted>,
) -> Result<Ran, Diagnostics> {
    let mut importer = Importer::new(model, source, options, lifted).map_err(|r| vec![*r])?;
    importer.run();
    let states = std::mem::take(&mut importer.held);
    let neurons = std::mem::take(&mut importer.recognised);
    let (graph, refusals) = importer.finish();
    if refusals.is_empty() { Ok(Ran { graph, states, neurons }) } else { Err(refusals.into_diagnostics()) }
}

/// What the importer made of a graph.
struct Ran {
    graph: Graph,
    states: Vec<HeldState>,
    neurons: Vec<(NodeId, &'static str)>,
}

/// A domain by its full name.
pub(crate) fn domain(name: &str) -> &str {
    if name.is_empty() { "ai.onnx" } else { name }
}

/// What an operator makes of the dimensions of its first input.
pub(crate) enum Features {
    /// The same dimensions.
    Same,
    /// Batch and time as before, then channels, rows and, where the input has them, columns.
    Map,
    /// Batch and time as before, then one dimension.
    Flat,
}

/// The state of one import.
pub(crate) struct Importer<'m> {
    pub model: &'m Model,
    pub source: &'m GraphProto,
    pub options: &'m Options,
    pub graph: Graph,
    pub steps: Steps,
    pub states: States<'m>,
    pub names: Names,
    pub refusals: Refusals,
    pub budget: Budget,
    /// Weights that were pushed, by initialiser and layout.
    pub shared: Shared<'m>,
    /// Whether a node was seen that is, or was meant to be, a neuron.
    pub neurons: bool,
    /// Neurons that were found in the graph, when this is the graph that was written for them.
    pub lifted: Option<&'m Lifted>,
    /// Delays whose source comes later, with its name.
    pub delays: Vec<Waiting<'m>>,
    /// States that are graph inputs and outputs of the file.
    pub held: Vec<HeldState>,
    /// Neurons that were recognised, with the name of their form.
    pub recognised: Vec<(NodeId, &'static str)>,
    /// Operators of `ai.snnc` whose bodies were checked.
    pub checked: BTreeSet<String>,
    /// How many more names are compared with every legal one.
    pub suggestions: usize,
    values: BTreeMap<&'m str, Value<'m>>,
    readers: BTreeMap<&'m str, Vec<usize>>,
    results: BTreeSet<&'m str>,
}

impl<'m> Importer<'m> {
    fn new(
        model: &'m Model,
        source: &'m GraphProto,
        options: &'m Options,
        lifted: Option<&'m Lifted>,
    ) -> Result<Self, Refusal> {
        let integer = source.node.iter().any(ai_snnc::is_integer);
        let number = if integer { Number::Integer } else { Number::Real };
        let name = if source.name.is_empty() { "network" } else { &source.name };
        let mut readers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (k, node) in source.node.iter().enumerate() {
            for input in &node.input {
                readers.entry(input).or_default().push(k);
            }
        }
        Ok(Self {
            model,
            source,
            options,
            graph: Graph::new(name, 1, number),
            steps: Steps::new(model, source, options)?,
            states: States::new(model, source)?,
            names: Names::default(),
            refusals: Refusals::default(),
            budget: Budget::new(model.external.size()),
            shared: Shared::default(),
            neurons: false,
            lifted,
            delays: Vec::new(),
            held: Vec::new(),
            recognised: Vec::new(),
            checked: BTreeSet::new(),
            suggestions: 16,
            values: BTreeMap::new(),
            readers,
            results: source.output.iter().map(|o| o.name.as_str()).collect(),
        })
    }

    fn run(&mut self) {
        for stored in &self.source.initializer {
            self.values.insert(&stored.name, Value::Stored(stored));
        }
        if let Some(sparse) = self.source.sparse_initializer.first() {
            let name = sparse.values.as_ref().map_or("", |v| v.name.as_str());
            let message = format!("the sparse initialiser '{name}' is not supported");
            self.refusals.model(refuse(Code::UnsupportedType, message));
        }
        consistency::check_domains(self);
        consistency::check_version(self);
        consistency::check_names(self);
        inputs::import(self);
        let (sorted, stuck) = order::order(&self.source.node);
        consistency::check_cycle(self, &stuck);
        for k in sorted {
            if let Some(node) = self.source.node.get(k) {
                self.node(&Call::new(node, k));
            }
        }
        outputs::import(self);
        feedback::close(self);
    }

    fn finish(mut self) -> (Graph, Refusals) {
        common_factor::divide(&mut self);
        consistency::check_result(&mut self);
        (self.graph, self.refusals)
    }

    fn node(&mut self, call: &Call<'m>) {
        let missing = call.node.input.iter().find(|name| !name.is_empty() && self.get(name).is_none());
        let refused = call.node.input.iter().any(|name| matches!(self.get(name), Some(Value::Refused)));
        self.neurons |= ops::is_neuron(call.node);
        let result = match missing {
            // An operator that is not known says more than a name that is not defined.
            _ if !ops::is_supported(call) => Err(call.unsupported()),
            Some(name) => {
                let message = format!("'{name}' is read and nothing in the graph gives it");
                Err(refuse(Code::BadGraph, message))
            }
            None if refused => Err(refuse(Code::BadGraph, "")),
            None => self.call(call),
        };
        if let Err(refusal) = result {
            if !refused || refusal.code == Code::UnsupportedOperator {
                self.refusals.node(refusal, call.location());
            }
            for output in &call.node.output {
                self.values.insert(output, Value::Refused);
            }
        }
    }

    fn call(&mut self, call: &Call<'m>) -> Result<(), Refusal> {
        if let Some(twice) = call.node.output.iter().find(|o| !o.is_empty() && self.get(o).is_some()) {
            return Err(refuse(Code::BadGraph, format!("'{twice}' is given more than once")));
        }
        let import = ops::find(call.node).ok_or_else(|| call.unsupported())?;
        import(self, call)?;
        call.attributes.all_read()?;
        // What an operator did not define cannot be read.
        for output in call.node.output.iter().filter(|o| !o.is_empty()) {
            self.values.entry(output).or_insert(Value::Unreadable("an output that is not supported"));
        }
        Ok(())
    }

    /// What a name stands for.
    pub(crate) fn get(&self, name: &str) -> Option<&Value<'m>> {
        self.values.get(name)
    }

    /// Says what a name stands for.
    pub(crate) fn define(&mut self, name: Option<&'m str>, value: Value<'m>) {
        if let Some(name) = name {
            self.values.insert(name, value);
        }
    }

    /// Whether a name is a constant.
    pub(crate) fn is_constant(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Stored(_) | Value::Constant(_)))
    }

    /// The constant that a name stands for.
    pub(crate) fn constant(&mut self, name: &'m str) -> Result<Constant, Refusal> {
        match self.values.get(name) {
            Some(Value::Constant(constant)) => Ok(constant.clone()),
            Some(Value::Stored(stored)) => {
                let stored: &'m TensorProto = stored;
                let constant = self.decode(stored)?;
                // What one node reads is not kept beside what the node makes of it.
                if self.readers(name).len() > 1 {
                    self.values.insert(name, Value::Constant(constant.clone()));
                }
                Ok(constant)
            }
            _ => Err(refuse_with(
                Code::NotConstant,
                format!("'{name}' must be a constant and is computed from the input"),
                "export with constant weights and parameters (an initialiser or a Constant node)",
            )),
        }
    }

    /// The constant matrix that a name stands for, with rows and columns exchanged.
    pub(crate) fn flipped(&mut self, name: &'m str) -> Result<Constant, Refusal> {
        let constant = match self.values.get(name) {
            Some(Value::Stored(stored)) if stored.dims.len() == 2 && self.readers(name).len() == 1 => {
                tensor::decode_flipped(stored, &self.model.external)?
            }
            _ => self.constant(name)?.transposed(&[1, 0])?,
        };
        self.budget.take(constant.len())?;
        Ok(constant)
    }

    /// Decodes a tensor within the budget.
    pub(crate) fn decode(&mut self, stored: &TensorProto) -> Result<Constant, Refusal> {
        let constant = tensor::decode(stored, &self.model.external)?;
        self.budget.take(constant.len())?;
        Ok(constant)
    }

    /// Takes a folded constant into the budget and gives it the node's first output.
    pub(crate) fn fold(&mut self, call: &Call<'m>, constant: Constant) -> Result<(), Refusal> {
        self.budget.take(constant.len())?;
        self.define(call.output(0), Value::Constant(constant));
        Ok(())
    }

    /// The layer that a name stands for.
    pub(crate) fn layer(&self, name: &str) -> Result<Layer, Refusal> {
        match self.get(name) {
            Some(Value::Layer(layer)) => Ok(layer.clone()),
            Some(Value::Stored(_) | Value::Constant(_)) => Err(refuse(
                Code::UnsupportedAttribute,
                format!("'{name}' is a constant where the output of a layer is needed"),
            )),
            Some(Value::Quantised(_)) => Err(refuse_with(
                Code::UnsupportedAttribute,
                format!("the integers '{name}' of a QuantizeLinear are read without DequantizeLinear"),
                "quantise in the QDQ format (QuantFormat.QDQ in ONNX Runtime)",
            )),
            Some(Value::StateIn | Value::StateOut) => Err(refuse_with(
                Code::StateNotPaired,
                format!("the state '{name}' is read by a node that is no neuron"),
                "read a membrane through an ai.snnc LI neuron; see docs/ai.snnc.md",
            )),
            Some(Value::Part(..)) => Err(refuse_with(
                Code::UnsupportedAttribute,
                format!("'{name}' is the sign or the magnitude of a layer, not multiplied by the other"),
                "if this is part of a neuron, export the neuron as one ai.snnc node; see docs/ai.snnc.md",
            )),
            Some(Value::Padded(..)) => Err(refuse_with(
                Code::UnsupportedAttribute,
                format!(
                    "the zeros that Pad puts around '{name}' are read by another node than a convolution"
                ),
                "pad in the convolution or the pool itself",
            )),
            Some(Value::Unreadable(what)) => {
                Err(refuse(Code::UnsupportedAttribute, format!("'{name}' is read: {what}")))
            }
            _ => Err(refuse(Code::BadGraph, format!("'{name}' is no layer"))),
        }
    }

    /// Whether exactly one node and no graph output reads a name.
    pub(crate) fn read_once(&self, name: &str) -> bool {
        self.readers.get(name).is_some_and(|r| r.len() == 1) && !self.results.contains(name)
    }

    /// Whether a name is an output of the graph.
    pub(crate) fn is_result(&self, name: &str) -> bool {
        self.results.contains(name)
    }

    /// Indices of the nodes that read a name, once per place.
    pub(crate) fn readers(&self, name: &str) -> &[usize] {
        self.readers.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Appends a layer that is the first output of a node.
    pub(crate) fn emit(
        &mut self,
        call: &Call<'m>,
        op: Op,
        sources: &[&Layer],
        features: Features,
        ty: DataType,
    ) -> Result<Layer, Refusal> {
        let first = sources.first().ok_or_else(|| call.form("it has no input"))?;
        let shapes = sources.iter().map(|s| dims::shape(s.features())).collect::<Result<Vec<_>, _>>()?;
        let declared = shapes.first().copied().unwrap_or(Shape::flat(1));
        let shape = op.output_shape(&shapes, declared).map_err(|e| call.shape(e))?;
        let mut dims = first.leading().to_vec();
        match features {
            Features::Same => dims.clone_from(&first.dims),
            Features::Map if first.features().len() == 2 => dims.extend([shape.c, shape.h]),
            Features::Map => dims.extend([shape.c, shape.h, shape.w]),
            Features::Flat => dims.push(shape.len()),
        }
        let layer = Layer { dims, lead: first.lead, ty, ..(*first).clone() };
        self.append(call, op, sources, shape, layer)
    }

    /// Appends a layer of a given shape that is the first output of a node.
    pub(crate) fn append(
        &mut self,
        call: &Call<'m>,
        op: Op,
        sources: &[&Layer],
        shape: Shape,
        mut layer: Layer,
    ) -> Result<Layer, Refusal> {
        let name = self.names.unique(&call.name);
        let inputs = sources.iter().map(|s| s.node).collect();
        let origin = vec![call.name.clone()];
        layer.node = self.graph.push(Node { name, op, inputs, shape, origin });
        self.define(call.output(0), Value::Layer(layer.clone()));
        Ok(layer)
    }

    /// A node that changes nothing but the dimensions: its output is its input.
    pub(crate) fn alias(&mut self, call: &Call<'m>, layer: Layer) {
        self.absorb(&layer, &call.name);
        self.define(call.output(0), Value::Layer(layer));
    }

    /// Adds an ONNX node to those that a layer stands for.
    pub(crate) fn absorb(&mut self, layer: &Layer, name: &str) {
        if let Some(node) = self.graph.nodes.get_mut(layer.node.index()) {
            node.origin.push(name.to_owned());
        }
    }

    /// A real parameter spread over features.
    pub(crate) fn real_param(&mut self, name: &'m str, features: &[usize]) -> Result<Param<f32>, Refusal> {
        let constant = self.constant(name)?;
        let values = constant.reals()?;
        constant::finite(name, &constant.dims, &values)?;
        self.spread_cost(&constant, features)?;
        broadcast::param(name, &constant, values, features)
    }

    /// An integer parameter spread over features.
    pub(crate) fn integer_param(&mut self, name: &'m str, features: &[usize]) -> Result<Param<i32>, Refusal> {
        let constant = self.constant(name)?;
        self.spread_cost(&constant, features)?;
        let values = constant.whole(name)?.iter().map(|v| i32::try_from(*v)).collect::<Result<Vec<_>, _>>();
        let values = values.map_err(|_| {
            refuse(Code::UnsupportedType, format!("'{name}' has values of more than 32 bits"))
        })?;
        broadcast::param(name, &constant, values, features)
    }

    fn spread_cost(&mut self, constant: &Constant, features: &[usize]) -> Result<(), Refusal> {
        self.budget.take(if constant.len() > 1 { dims::product(features) } else { 1 })
    }
}
