//! A step as an ONNX graph of layers and neurons, which the importer reads like any other.
//!
//! What lies between layers becomes neurons, sums and scales. Values of earlier steps that are no states
//! become delays. Only what an output needs is written.

use super::super::file::Model;
use super::super::fold;
use super::super::proto::tensor_proto::DataType;
use super::super::proto::tensor_shape_proto::{Dimension, dimension};
use super::super::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
    TypeProto, ValueInfoProto, attribute_proto::AttributeType, type_proto,
};
use super::super::refusal::{Refusal, refuse_with};
use super::algebra::{Algebra, Atom, AtomId, Coef, Poly};
use super::arena::{Arena, Id, Op, Stored};
use super::elementwise::{Elementwise, int};
use super::forms::{self, Found, Slot};
use super::steps::{Input, Kind, Readout, Ref, StepGraph};
use super::{names, print};
use snnc_ir::diag::{Code, Location};
use std::collections::{BTreeMap, BTreeSet};

/// Domain of the operators that only this graph has.
pub(in super::super) const DOMAIN: &str = "snnc.lift";

/// A neuron of the graph.
#[derive(Clone, Debug)]
pub(super) struct Neuron {
    pub found: Found,
    /// ONNX nodes that it was read from.
    pub origin: Vec<String>,
}

/// The written graph.
pub(super) struct Emitted {
    pub model: Model,
    pub neurons: Vec<Neuron>,
    /// Outputs that are no outputs of the network, and why.
    pub left_out: Vec<String>,
    /// How the file reads its outputs over time.
    pub readouts: Vec<(String, Readout)>,
}

/// Why a step cannot be written.
pub(super) type Stuck = (Refusal, Location);

struct Emitter<'a, 'm> {
    algebra: &'a Algebra<'a, 'm>,
    inputs: &'a [(&'m str, Id)],
    graph: GraphProto,
    neurons: Vec<Neuron>,
    /// Names of values.
    done: BTreeMap<Ref, String>,
    sums: BTreeMap<String, String>,
    constants: BTreeMap<Id, String>,
    states: BTreeSet<usize>,
    names: names::Names,
    depth: usize,
}

/// How far values may depend on one another.
const MAX_DEPTH: usize = 4_000;

/// Writes a step.
pub(super) fn emit<'m>(
    model: &Model,
    algebra: &Algebra<'_, 'm>,
    inputs: &[(&'m str, Id)],
) -> Result<Emitted, Stuck> {
    let source = model.graph().map(|g| g.name.clone()).unwrap_or_default();
    let mut emitter = Emitter {
        algebra,
        inputs,
        graph: GraphProto { name: source, ..GraphProto::default() },
        neurons: Vec::new(),
        done: BTreeMap::new(),
        sums: BTreeMap::new(),
        constants: BTreeMap::new(),
        states: BTreeSet::new(),
        names: names::Names::new(model),
        depth: 0,
    };
    let mut left_out = emitter.outputs()?;
    let unread = algebra.graph.unread.iter();
    left_out.extend(unread.map(|name| format!("output '{name}' is a state after the last step")));
    let readouts = algebra.graph.outputs.iter().map(|o| (o.name.to_owned(), o.readout)).collect();
    let steps = algebra.graph.steps;
    let graph = emitter.graph;
    let mut proto = ModelProto {
        ir_version: model.proto().ir_version,
        opset_import: opsets(),
        metadata_props: model.proto().metadata_props.clone(),
        graph: Some(graph),
        ..ModelProto::default()
    };
    proto.metadata_props.retain(|p| p.key != "snnc.states");
    if let Some(steps) = steps {
        proto.metadata_props.retain(|p| p.key != "snnc.steps");
        proto.metadata_props.push(super::super::proto::StringStringEntryProto {
            key: "snnc.steps".into(),
            value: steps.to_string(),
        });
    }
    Ok(Emitted {
        model: Model { proto, external: model.external.clone() },
        neurons: emitter.neurons,
        left_out,
        readouts,
    })
}

fn opsets() -> Vec<OperatorSetIdProto> {
    let set = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    vec![set("", 21), set("com.microsoft", 1), set(DOMAIN, 1)]
}

impl<'m> Emitter<'_, 'm> {
    /// Writes every output that is no state of a neuron; gives the names of the others.
    fn outputs(&mut self) -> Result<Vec<String>, Stuck> {
        let algebra = self.algebra;
        let graph: &StepGraph<'m> = algebra.graph;
        let spikes = |k: usize| {
            let of = algebra.poly(core(graph, k)).and_then(Poly::single);
            of.is_some_and(|(a, _)| matches!(algebra.atom(a), Atom::Above { .. } | Atom::Counted(_)))
        };
        let paired = |name: &str| graph.pairs.iter().any(|p| p.output == name);
        let mut order: Vec<usize> = (0..graph.outputs.len()).collect();
        // Neurons first: then it is known which other outputs are their states.
        order.sort_by_key(|k| {
            let output = &graph.outputs[*k];
            (!spikes(output.value.node), paired(output.name))
        });
        let mut names = vec![None; graph.outputs.len()];
        let mut dropped = Vec::new();
        for k in order {
            let output = &graph.outputs[k];
            let core = core(graph, output.value.node);
            let poly = algebra.poly(core);
            let same = |s: &usize| *s == core || (poly.is_some() && algebra.poly(*s) == poly);
            let state = self.states.iter().any(same);
            let spike = spikes(output.value.node);
            if (state || paired(output.name)) && !spike {
                if !paired(output.name) {
                    dropped.push(format!("output '{}' is the state of a neuron", output.name));
                    continue;
                }
                // A state that no neuron has: an integrator whose membrane is read.
                if state {
                    continue;
                }
            }
            names[k] = Some(self.value(output.value)?);
        }
        for (k, name) in names.into_iter().enumerate() {
            let Some(name) = name else { continue };
            let own = graph.outputs[k].name.to_owned();
            self.graph.node.push(NodeProto {
                op_type: "Identity".into(),
                name: format!("output {own}"),
                input: vec![name],
                output: vec![own.clone()],
                ..NodeProto::default()
            });
            self.graph.output.push(ValueInfoProto { name: own, ..ValueInfoProto::default() });
        }
        Ok(dropped)
    }

    fn stuck(&self, node: usize, message: String, remedy: &str) -> Stuck {
        let example = self.algebra.graph.nodes[node].example;
        let at = Location::node(self.algebra.arena.origin_of(example));
        (refuse_with(Code::UnrecognisedNeuron, message, remedy), at)
    }

    /// The name of a value, written if it was not.
    fn value(&mut self, r: Ref) -> Result<String, Stuck> {
        if let Some(name) = self.done.get(&r) {
            return Ok(name.clone());
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.stuck(r.node, "the network is too deep".into(), "make it shallower"));
        }
        let name = if r.lag > 0 { self.delayed(r)? } else { self.now(r.node)? };
        self.depth -= 1;
        self.done.insert(r, name.clone());
        Ok(name)
    }

    /// A value of an earlier step.
    fn delayed(&mut self, r: Ref) -> Result<String, Stuck> {
        let now = Ref { node: r.node, lag: 0 };
        let dims = without_time(&self.algebra.graph.nodes[r.node].dims).to_vec();
        let name = self.fresh(r.node, "delay");
        // A loop: the value may read its own delay.
        self.done.insert(r, name.clone());
        let source = self.value(now)?;
        let attributes = vec![
            int("steps", r.lag as i64),
            ints("dims", &dims.iter().map(|d| *d as i64).collect::<Vec<_>>()),
            AttributeProto {
                name: "source".into(),
                s: source.into_bytes(),
                r#type: AttributeType::String as i32,
                ..AttributeProto::default()
            },
        ];
        self.push(r.node, "Delay", DOMAIN, attributes, Vec::new(), &name);
        Ok(name)
    }

    fn now(&mut self, k: usize) -> Result<String, Stuck> {
        let node = &self.algebra.graph.nodes[k];
        match &node.kind {
            Kind::Input { input, time } => Ok(self.input(k, *input, *time)),
            Kind::Op(Op::Elementwise(e)) => self.between(k, *e),
            Kind::Op(op) => self.layer(k, op),
        }
    }

    fn input(&mut self, k: usize, input: usize, time: Option<usize>) -> String {
        let node = &self.algebra.graph.nodes[k];
        let name = self.inputs.get(input).map_or("x", |(name, _)| name).to_owned();
        let mut dims = node.dims.clone();
        let axis = time.filter(|a| dims.get(*a) == Some(&1) && matches!(dims.len(), 3 | 5));
        if let Some(axis) = axis {
            dims.remove(axis);
        }
        self.graph.input.push(described(&name, &dims, node.ty));
        if axis.is_none() {
            return name;
        }
        let full = self.fresh(k, "step");
        let to = node.dims.clone();
        self.reshape(k, &name, &to, &full);
        full
    }

    fn reshape(&mut self, k: usize, from: &str, to: &[usize], name: &str) {
        let to = without_time(to);
        let sizes: Vec<i64> = to.iter().map(|d| *d as i64).collect();
        let shape = self.integers(&sizes);
        self.push(k, "Reshape", "", vec![int("allowzero", 1)], vec![from.to_owned(), shape], name);
    }

    fn layer(&mut self, k: usize, op: &Op) -> Result<String, Stuck> {
        let node = &self.algebra.graph.nodes[k];
        let inputs = node.inputs.clone();
        let mut names = Vec::with_capacity(inputs.len());
        for input in &inputs {
            names.push(match input {
                Input::Constant(id) => self.constant(*id, k)?,
                Input::Value(r) => self.value(*r)?,
            });
        }
        let name = self.fresh(k, "value");
        let dims = without_time(&node.dims).to_vec();
        match op {
            Op::Reshape => self.reshape(k, &names.swap_remove(0), &dims, &name),
            Op::Transpose(perm) => {
                let perm: Vec<i64> = perm.iter().map(|p| *p as i64).collect();
                self.push(k, "Transpose", "", vec![ints("perm", &perm)], names, &name);
            }
            Op::Concat(axis) => self.push(k, "Concat", "", vec![int("axis", *axis as i64)], names, &name),
            Op::Expand => {
                let to = self.integers(&dims.iter().map(|d| *d as i64).collect::<Vec<_>>());
                names.push(to);
                self.push(k, "Expand", "", Vec::new(), names, &name);
            }
            Op::Slice { axis, start } => {
                let end = start + dims.get(*axis).copied().unwrap_or(0);
                for value in [*start, end, *axis] {
                    let list = self.integers(&[value as i64]);
                    names.push(list);
                }
                self.push(k, "Slice", "", Vec::new(), names, &name);
            }
            Op::Layer(template) => {
                let template = self.algebra.arena.templates[*template as usize].clone();
                let domain = if template.domain == "ai.onnx" { String::new() } else { template.domain };
                self.push(k, &template.op_type, &domain, template.attributes, names, &name);
            }
            Op::Input(_) | Op::Constant(_) | Op::Elementwise(_) => {}
        }
        Ok(name)
    }

    /// A value between layers: a sum of values that are known, or a neuron.
    fn between(&mut self, k: usize, e: Elementwise) -> Result<String, Stuck> {
        let Some(poly) = self.algebra.poly(k).cloned() else { return self.as_is(k, e) };
        if let Some((atom, factor)) = poly.single()
            && factor.uniform() == Some(1.0)
            && let Some(home) = self.algebra.home(atom).filter(|h| *h != k)
            && !matches!(self.algebra.atom(atom), Atom::Value(Ref { lag: 1.., .. }))
        {
            return self.value(Ref { node: home, lag: 0 });
        }
        if self.is_sum(&poly, k) {
            return self.sum(&poly, k);
        }
        if let Some(found) = forms::find(self.algebra, k) {
            return self.neuron(k, found);
        }
        if self.is_stateful(&poly) || !self.names_alone(e) {
            return Err(self.unknown(k, &poly));
        }
        self.as_is(k, e)
    }

    /// Whether a polynomial is a sum of values with known names.
    fn is_sum(&self, poly: &Poly, k: usize) -> bool {
        poly.terms.keys().any(|atoms| !atoms.is_empty())
            && poly.terms.keys().all(|atoms| match atoms[..] {
                [] => true,
                [atom] => match self.algebra.atom(atom) {
                    Atom::Value(Ref { node, lag }) => {
                        *node != k
                            && (*lag == 0 || !self.algebra.is_elementwise(*node) || self.is_output(*node))
                    }
                    _ => self.algebra.home(atom).is_some_and(|h| h != k),
                },
                _ => false,
            })
    }

    /// Whether a node is a spike: its earlier values can be taken through a delay.
    fn is_output(&self, node: usize) -> bool {
        let of = self.algebra.poly(node).and_then(Poly::single);
        of.is_some_and(|(a, _)| !matches!(self.algebra.atom(a), Atom::Value(_)))
    }

    /// Whether an operator can be written without knowing what it is part of.
    fn names_alone(&self, e: Elementwise) -> bool {
        matches!(
            e,
            Elementwise::Named(
                "Relu"
                    | "Sigmoid"
                    | "Tanh"
                    | "Abs"
                    | "Sign"
                    | "Mul"
                    | "Div"
                    | "Exp"
                    | "Max"
                    | "Min"
                    | "Floor"
                    | "Round"
                    | "Add"
                    | "Sub"
            )
        )
    }

    /// Whether a polynomial reads an earlier step, or compares.
    fn is_stateful(&self, poly: &Poly) -> bool {
        poly.atoms().iter().any(|a| {
            matches!(
                self.algebra.atom(*a),
                Atom::Above { .. } | Atom::Counted(_) | Atom::Value(Ref { lag: 1.., .. })
            )
        })
    }

    /// A node between QuantizeLinear and DequantizeLinear that a value reads.
    fn requantised(&self, poly: &Poly) -> Option<usize> {
        poly.atoms().into_iter().find_map(|a| match self.algebra.atom(a) {
            Atom::Value(r) => {
                let node = &self.algebra.graph.nodes[r.node];
                (self.algebra.arena.operator(node.example) == "DequantizeLinear").then_some(r.node)
            }
            Atom::Above { of, .. } | Atom::Counted(of) | Atom::Magnitude(of) => self.requantised(of),
            _ => None,
        })
    }

    /// Whether a value is made with shifts of bits, as lava-dl's integer decays are.
    fn shifts(&self, poly: &Poly) -> bool {
        poly.atoms().into_iter().any(|a| match self.algebra.atom(a) {
            Atom::Other(name, of) => name.starts_with("Bit") || of.iter().any(|p| self.shifts(p)),
            Atom::Above { of, .. } | Atom::Truncated(of) => self.shifts(of),
            _ => false,
        })
    }

    fn unknown(&self, k: usize, poly: &Poly) -> Stuck {
        if let Some(quantised) = self.requantised(poly) {
            let message = format!(
                "the membrane of a neuron is quantised on the way through its own operators: {}",
                print::value(self.algebra, k)
            );
            let remedy = "quantise the layers only (op_types_to_quantize=['Conv', 'Gemm', 'MatMul']), or export \
                          the neurons as ai.snnc operators, which a quantiser leaves whole";
            return self.stuck(quantised, message, remedy);
        }
        let stateless = match poly.single() {
            Some((atom, _)) => match self.algebra.atom(atom) {
                Atom::Above { of, .. } => !print::reads_states(self.algebra, of),
                _ => false,
            },
            None => false,
        };
        if stateless {
            return (
                refuse_with(
                    Code::HiddenState,
                    format!(
                        "a comparison without a state that a step could hand to the next: {}",
                        print::value(self.algebra, k)
                    ),
                    "export with the state as an input and an output (init_hidden=False in snnTorch), or all \
                     steps of an inference",
                ),
                Location::node(self.algebra.arena.origin_of(self.algebra.graph.nodes[k].example)),
            );
        }
        if self.shifts(poly) {
            let message =
                format!("a neuron in integers with shifted decays: {}", print::value(self.algebra, k));
            let remedy =
                "lava-dl's CUBA is not read from its ONNX export yet; write it as CUBAInt (docs/ai.snnc.md)";
            return self.stuck(k, message, remedy);
        }
        let message = format!("this is no form of neuron that is known: {}", print::value(self.algebra, k));
        self.stuck(k, message, "`snnc explain E0207` lists the forms; an ai.snnc operator is always read")
    }

    /// An operator written as it is; a lower and an upper bound as one Clip.
    fn as_is(&mut self, k: usize, e: Elementwise) -> Result<String, Stuck> {
        let inputs = self.algebra.graph.nodes[k].inputs.clone();
        if let (Elementwise::Named("Max" | "Min"), [Input::Value(x), Input::Constant(bound)]) =
            (e, &inputs[..])
        {
            return self.clip(k, e, *x, *bound);
        }
        let mut names = Vec::new();
        for input in &inputs {
            names.push(match input {
                Input::Constant(id) => self.constant(*id, k)?,
                Input::Value(r) => self.value(*r)?,
            });
        }
        let name = self.fresh(k, "value");
        let attributes = match e {
            Elementwise::Cast(to) => vec![int("to", i64::from(to))],
            _ => Vec::new(),
        };
        self.push(k, e.name(), "", attributes, names, &name);
        Ok(name)
    }

    fn clip(&mut self, k: usize, e: Elementwise, x: Ref, bound: Id) -> Result<String, Stuck> {
        let mut x = x;
        let mut bounds = [None, None];
        bounds[usize::from(e == Elementwise::Named("Min"))] = Some(bound);
        let inner = &self.algebra.graph.nodes[x.node];
        if let (Kind::Op(Op::Elementwise(Elementwise::Named("Max"))), [Input::Value(r), Input::Constant(low)]) =
            (&inner.kind, &inner.inputs[..])
            && e == Elementwise::Named("Min")
            && x.lag == 0
        {
            bounds[0] = Some(*low);
            x = *r;
        }
        let mut names = vec![self.value(x)?];
        for bound in bounds {
            names.push(match bound {
                Some(bound) => self.constant(bound, k)?,
                None => String::new(),
            });
        }
        let name = self.fresh(k, "value");
        self.push(k, "Clip", "", Vec::new(), names, &name);
        Ok(name)
    }

    fn neuron(&mut self, k: usize, found: Found) -> Result<String, Stuck> {
        self.states.extend(found.states.iter().map(|(node, _)| *node));
        let name = self.fresh(k, "spikes");
        self.done.insert(Ref { node: k, lag: 0 }, name.clone());
        let input = match found.through {
            Some(node) => self.value(Ref { node, lag: 0 })?,
            None => self.sum(&found.input, k)?,
        };
        let index = self.neurons.len() as i64;
        let origin = self.origin(k, &found);
        self.neurons.push(Neuron { found, origin });
        self.push(k, "Neuron", DOMAIN, vec![int("index", index)], vec![input], &name);
        Ok(name)
    }

    /// ONNX nodes between the layers before a neuron and its output.
    fn origin(&self, k: usize, found: &Found) -> Vec<String> {
        let graph = self.algebra.graph;
        let mut open: Vec<usize> = found.states.iter().map(|(node, _)| *node).chain([k]).collect();
        let mut seen = BTreeSet::new();
        while let Some(k) = open.pop() {
            let between = matches!(graph.nodes[k].kind, Kind::Op(Op::Elementwise(_)));
            if !between || !seen.insert(k) {
                continue;
            }
            // A neuron before this one has its own nodes.
            open.extend(graph.nodes[k].inputs.iter().filter_map(|i| match i {
                Input::Value(Ref { node, lag: 0 })
                    if !self.done.contains_key(&Ref { node: *node, lag: 0 }) =>
                {
                    Some(*node)
                }
                _ => None,
            }));
        }
        let names = seen.into_iter().map(|k| self.algebra.arena.origin_of(graph.nodes[k].first).to_owned());
        let mut out: Vec<String> = names.collect();
        out.sort();
        out.dedup();
        out
    }

    /// The name of what an atom stands for.
    fn atom(&mut self, atom: AtomId, k: usize) -> Result<String, Stuck> {
        match self.algebra.atom(atom) {
            Atom::Value(r) => {
                let r = *r;
                self.value(r)
            }
            _ => match self.algebra.home(atom) {
                Some(home) => self.value(Ref { node: home, lag: 0 }),
                None => {
                    let poly = Poly::atom(atom);
                    Err(self.unknown(k, &poly))
                }
            },
        }
    }

    /// A sum of values times constants.
    fn sum(&mut self, poly: &Poly, k: usize) -> Result<String, Stuck> {
        let key = format!("{:?}", poly.terms);
        if let Some(name) = self.sums.get(&key) {
            return Ok(name.clone());
        }
        let mut total: Option<String> = None;
        for (atoms, factor) in &poly.terms {
            let term = match atoms[..] {
                [] => continue,
                [atom] => self.atom(atom, k)?,
                _ => return Err(self.unknown(k, poly)),
            };
            let term = match factor.is_one() {
                true => term,
                false => self.binary(k, "Mul", term, factor)?,
            };
            total = Some(match total {
                None => term,
                Some(sum) => {
                    let name = self.fresh(k, "sum");
                    self.push(k, "Add", "", Vec::new(), vec![sum, term], &name);
                    name
                }
            });
        }
        let Some(total) = total else {
            let message = "nothing but a constant enters these neurons".to_owned();
            return Err(self.stuck(k, message, "export a network whose neurons read the input"));
        };
        let offset = poly.offset();
        let name = if offset.is_zero() { total } else { self.binary(k, "Add", total, &offset)? };
        self.sums.insert(key, name.clone());
        Ok(name)
    }

    fn binary(&mut self, k: usize, op: &str, x: String, coef: &Coef) -> Result<String, Stuck> {
        let values: Vec<f32> = coef.values.iter().map(|v| *v as f32).collect();
        let dims: Vec<i64> = coef.dims.iter().map(|d| *d as i64).collect();
        let constant = self.names.unique("constant");
        self.graph.initializer.push(TensorProto {
            name: constant.clone(),
            dims,
            data_type: DataType::Float as i32,
            float_data: values,
            ..TensorProto::default()
        });
        let name = self.fresh(k, "value");
        self.push(k, op, "", Vec::new(), vec![x, constant], &name);
        Ok(name)
    }

    fn fresh(&mut self, k: usize, what: &str) -> String {
        self.names.unique(&format!("{what} {k}"))
    }

    fn push(
        &mut self,
        k: usize,
        op_type: &str,
        domain: &str,
        attribute: Vec<AttributeProto>,
        input: Vec<String>,
        output: &str,
    ) {
        let example = self.algebra.graph.nodes[k].first;
        let name = match op_type {
            "Neuron" => self.names.scope(self.algebra.arena.origin_of(example)),
            _ => self.algebra.arena.origin_of(example).to_owned(),
        };
        self.graph.node.push(NodeProto {
            op_type: op_type.into(),
            domain: domain.into(),
            name,
            attribute,
            input,
            output: vec![output.to_owned()],
            ..NodeProto::default()
        });
    }

    fn integers(&mut self, values: &[i64]) -> String {
        let name = self.names.unique("shape");
        self.graph.initializer.push(TensorProto {
            name: name.clone(),
            dims: vec![values.len() as i64],
            data_type: DataType::Int64 as i32,
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
        name
    }

    fn constant(&mut self, id: Id, k: usize) -> Result<String, Stuck> {
        if let Some(name) = self.constants.get(&id) {
            return Ok(name.clone());
        }
        let tensor = tensor(self.algebra.arena, id)
            .ok_or_else(|| self.stuck(k, "a constant cannot be read".into(), "export the model again"))?;
        let wanted = if tensor.name.is_empty() { "constant" } else { &tensor.name };
        let name = self.names.unique(wanted);
        self.graph.initializer.push(TensorProto { name: name.clone(), ..tensor });
        self.constants.insert(id, name.clone());
        Ok(name)
    }
}

/// A value without the reshapes around it.
fn core(graph: &StepGraph<'_>, k: usize) -> usize {
    let mut k = k;
    for _ in 0..MAX_DEPTH {
        let node = &graph.nodes[k];
        match (&node.kind, &node.inputs[..]) {
            (Kind::Op(Op::Reshape), [Input::Value(Ref { node, lag: 0 })]) => k = *node,
            _ => break,
        }
    }
    k
}

/// The dimensions of a value of one step, without the place of time.
pub(super) fn without_time(dims: &[usize]) -> &[usize] {
    match dims {
        [1, rest @ ..] if matches!(dims.len(), 3 | 5) && rest.first() == Some(&1) => rest,
        _ => dims,
    }
}

/// A constant as a tensor; one of the file shares its bytes.
fn tensor(arena: &Arena<'_>, id: Id) -> Option<TensorProto> {
    match arena.source(id)? {
        Stored::File(stored) => Some((*stored).clone()),
        Stored::Computed(constant) => fold::encode(constant).ok(),
    }
}

fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        ints: values.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..AttributeProto::default()
    }
}

fn described(name: &str, dims: &[usize], ty: DataType) -> ValueInfoProto {
    let size =
        |d: &usize| Dimension { value: Some(dimension::Value::DimValue(*d as i64)), ..Dimension::default() };
    let tensor = type_proto::Tensor {
        elem_type: ty as i32,
        shape: Some(TensorShapeProto { dim: dims.iter().map(size).collect() }),
    };
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

/// States of a neuron with the graph inputs and outputs that hold them.
pub(super) fn held<'m>(graph: &StepGraph<'m>, found: &Found) -> Vec<(&'m str, &'m str, Slot)> {
    let of = |(node, slot): &(usize, Slot)| {
        graph.pairs.iter().find(|p| p.value.node == *node).map(|p| (p.input, p.output, *slot))
    };
    found.states.iter().filter_map(of).collect()
}
