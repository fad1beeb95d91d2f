//! Both sides of a law as one graph, for tests: what a term was, and what a rule says it is equal to.

use std::collections::BTreeMap;

use egg::{Id, Language};
use snnc_ir::graph::op::{Bias, Delay, Linear, MaxPool, Op, SumPool};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::weights::{Storage, Weights};
use snnc_ir::graph::{Graph, Node, NodeId};

use super::Rule;
use crate::language::{EGraph, Snn, build, shape_of};
use crate::saturate::{Limits, saturate};

/// A graph with nodes that must have equal values in every step.
pub struct Sides {
    /// The graph, the rewritten terms behind its own nodes.
    pub graph: Graph,
    /// A node as it was, and as it is rewritten.
    pub pairs: Vec<(NodeId, NodeId)>,
    /// The rules that found something new, by name.
    pub applied: Vec<String>,
}

/// Runs rules on a graph and writes every term that they have found out beside the node that it is equal to.
pub fn sides(graph: &Graph, rules: &[Rule], rounds: usize) -> Sides {
    let built = build(graph);
    let own: BTreeMap<NodeId, Vec<Snn>> =
        graph.ids().map(|id| (id, built.egraph[built.terms[id.index()]].nodes.clone())).collect();
    let rules: Vec<_> = rules.iter().map(|r| r.for_egg()).collect();
    let (egraph, saturation) = saturate(built.egraph, &rules, Limits { nodes: 10_000, rounds });
    let mut writer = Writer { egraph: &egraph, out: graph.clone(), node_of: BTreeMap::new() };
    for id in graph.ids().filter(|id| !matches!(graph.node(*id).op, Op::Output)) {
        let class = egraph.find(built.terms[id.index()]);
        writer.node_of.entry(class).or_insert(id);
        for class in egraph.classes() {
            let is_loop = |t: &Snn| matches!(t, Snn::Loop(of) if *of == id.0);
            if class.nodes.iter().any(is_loop) {
                writer.node_of.entry(class.id).or_insert(id);
            }
        }
    }
    let mut pairs = Vec::new();
    let originals: Vec<(Id, NodeId)> = writer.node_of.iter().map(|(class, id)| (*class, *id)).collect();
    for (class, id) in originals {
        let known: Vec<Snn> =
            own[&id].iter().map(|term| term.clone().map_children(|c| egraph.find(c))).collect();
        for term in egraph[class].nodes.clone() {
            let old = known.contains(&term);
            if !old && let Some(made) = writer.term(&term, 16) {
                pairs.push((id, made));
            }
        }
    }
    let applied = saturation.applied.into_iter().map(|(name, _)| name).collect();
    Sides { graph: writer.out, pairs, applied }
}

struct Writer<'a> {
    egraph: &'a EGraph,
    out: Graph,
    node_of: BTreeMap<Id, NodeId>,
}

impl Writer<'_> {
    fn class(&mut self, class: Id, depth: usize) -> Option<NodeId> {
        let class = self.egraph.find(class);
        if let Some(known) = self.node_of.get(&class) {
            return Some(*known);
        }
        let depth = depth.checked_sub(1)?;
        let made = self.egraph[class].nodes.clone().iter().find_map(|term| self.term(term, depth))?;
        self.node_of.insert(class, made);
        Some(made)
    }

    fn term(&mut self, term: &Snn, depth: usize) -> Option<NodeId> {
        let inputs: Option<Vec<NodeId>> = term.children().iter().map(|c| self.class(*c, depth)).collect();
        let mut inputs = inputs?;
        let store = &self.egraph.analysis.store;
        let of = |k: usize| term.children().get(k).map(|c| shape_of(&self.egraph[*c].data));
        Some(match term {
            Snn::Constant(k) => {
                let (value, shape) = store.constant_of(*k).clone();
                self.constant(&value, shape)?
            }
            Snn::Weigh(k, _) => {
                let kernel = store.get(*k).clone();
                if matches!(kernel.op, Op::Conv2d(_)) && of(0)? != kernel.source {
                    inputs = vec![self.push(Op::Reshape, inputs, kernel.source)];
                }
                let weights = self.out.push_weights(kernel.weights.clone());
                match kernel.op {
                    Op::Linear(linear) => {
                        let flat = Shape::flat(linear.outputs);
                        let made = self.push(Op::Linear(Linear { weights, ..linear }), inputs, flat);
                        self.push(Op::Reshape, vec![made], kernel.shape)
                    }
                    Op::Conv2d(conv) => {
                        let op = Op::Conv2d(snnc_ir::graph::op::Conv2d { weights, ..conv });
                        self.push(op, inputs, kernel.shape)
                    }
                    _ => return None,
                }
            }
            Snn::Reshape(shape, _) => self.push(Op::Reshape, inputs, *shape),
            Snn::Slice(key, _) => {
                let slice = key.slice();
                let shape = slice.output_shape(of(0)?).ok()?;
                self.push(Op::Slice(slice), inputs, shape)
            }
            Snn::Delay(steps, _) => self.push(Op::Delay(Delay { steps: *steps }), inputs, of(0)?),
            Snn::SumPool(key, _) => {
                let window = key.window();
                let shape = window.output_shape(of(0)?).ok()?;
                self.push(Op::SumPool(SumPool { window, divisor: 1 }), inputs, shape)
            }
            Snn::MaxPool(key, _) => {
                let window = key.window();
                let shape = window.output_shape(of(0)?).ok()?;
                self.push(Op::MaxPool(MaxPool { window }), inputs, shape)
            }
            Snn::Add(_) if inputs.len() == 1 => inputs[0],
            Snn::Add(_) => self.push(Op::Add, inputs, of(0)?),
            Snn::Concat(xs) => {
                let shapes: Vec<Shape> = (0..xs.len()).filter_map(of).collect();
                let shape = snnc_ir::graph::op::concat_shape(&shapes).ok()?;
                self.push(Op::Concat, inputs, shape)
            }
            Snn::Neuron(k, _) => {
                let neuron = store.neuron_of(*k).clone();
                self.push(Op::Neuron(Box::new(neuron)), inputs, of(0)?)
            }
            Snn::Input(_) | Snn::Loop(_) | Snn::Pop(..) | Snn::Tile(_) | Snn::Encoding(_) => return None,
        })
    }

    /// A connection without weights from the first input, with the constant as its bias.
    fn constant(&mut self, value: &Param<i32>, shape: Shape) -> Option<NodeId> {
        let input = self.out.inputs().first().copied()?;
        let inputs = self.out.node(input).shape.len();
        let storage = Storage::Sparse { positions: [].into(), values: [].into() };
        let weights =
            self.out.push_weights(Weights { shape: [shape.len(), inputs, 1, 1], storage, scale: None });
        let values = (0..shape.len()).map(|k| value.at(k, shape.plane())).collect();
        let bias = Some(Bias::Integer(Param::PerNeuron(values)));
        let linear = Linear { weights, bias, inputs, outputs: shape.len() };
        let made = self.push(Op::Linear(linear), vec![input], Shape::flat(shape.len()));
        Some(self.push(Op::Reshape, vec![made], shape))
    }

    fn push(&mut self, op: Op, inputs: Vec<NodeId>, shape: Shape) -> NodeId {
        let name = format!("rewritten{}", self.out.nodes.len());
        self.out.push(Node { name: name.clone(), op, inputs, shape, origin: vec![name] })
    }
}
