//! A step as an ONNX graph of layers and neurons, which the importer reads like any other.
//!
//! What lies between layers becomes neurons, sums and scales. Values of earlier steps that are no states
//! become delays. Only what an output needs is written.

mod layer;
mod refuse;
mod write;

use super::super::file::Model;
use super::super::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, ValueInfoProto,
    attribute_proto::AttributeType,
};
use super::super::refusal::Refusal;
use super::algebra::{Algebra, Atom, AtomId, Poly};
use super::arena::{Id, Op};
use super::elementwise::{Elementwise, int};
use super::forms::{self, Found, Slot};
use super::names;
use super::steps::{Input, Kind, Readout, Ref, StepGraph};
use snnc_ir::diag::Location;
use std::collections::{BTreeMap, BTreeSet};
use write::ints;

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
        // A step between levels belongs to the rounding, not to a layer behind it.
        let rounded = poly
            .single()
            .is_some_and(|(atom, _)| matches!(self.algebra.atom(atom), Atom::Rounded(_) | Atom::Floored(_)));
        if !rounded && self.is_sum(&poly, k) {
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

/// States of a neuron with the graph inputs and outputs that hold them.
pub(super) fn held<'m>(graph: &StepGraph<'m>, found: &Found) -> Vec<(&'m str, &'m str, Slot)> {
    let of = |(node, slot): &(usize, Slot)| {
        graph.pairs.iter().find(|p| p.value.node == *node).map(|p| (p.input, p.output, *slot))
    };
    found.states.iter().filter_map(of).collect()
}
