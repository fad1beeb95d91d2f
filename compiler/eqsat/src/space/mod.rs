//! A network as its populations, each with the forms that the rules have found for it.
//!
//! The rules on values run to saturation; then the *normal form* is taken: of all ways to cover the outputs with
//! populations the one with the fewest neurons, then the fewest stored weights. What is measured, verified and named is
//! the network of the plainest forms; which form of each population goes on the chip is for extraction to say.

mod anchor;
mod cover;
mod origin;
mod refuse;

use std::collections::BTreeMap;

use egg::{Id, Rewrite};
use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::op::{Input, Op};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, NodeId};
use snnc_ir::neuron::Neuron;
use snnc_machine::network::{Layer, LayerKind, Network, Output, Projection};

use crate::analysis::Analysis;
use crate::language::{self, EGraph, Form, FormId, Snn, build, source};
use crate::rules::{EVALUATION, VALUES};
use crate::saturate::{Limits, Saturation, saturate};

/// Limits on the rules on values.
const LIMITS: Limits = Limits { nodes: 200_000, rounds: 60 };

/// A population with its forms.
#[derive(Clone, Debug)]
pub struct Population {
    /// Its class.
    pub class: Id,
    /// The node of the graph that it was, for explanations; none for one that a rule has made.
    pub node: Option<NodeId>,
    /// Its forms, the plainest first, each with the positions of the populations that it reads; none for an input.
    pub forms: Vec<(FormId, Vec<usize>)>,
}

/// Everything that a network can be, before a chip is looked at.
pub struct Space {
    /// The saturated e-graph.
    pub egraph: EGraph,
    /// Per node of the graph its term.
    pub terms: Vec<Id>,
    /// Populations, in the order of the network's layers.
    pub populations: Vec<Population>,
    /// The network of the plainest forms.
    pub network: Network,
    /// How saturation went.
    pub saturation: Saturation,
}

/// The space of a verified, retimed integer graph.
///
/// # Errors
/// Every population that has no form: what enters it is no weighted sum, or is too large to be made one.
pub fn normalise(graph: &Graph) -> Result<Space, Vec<Diagnostic>> {
    let built = build(graph);
    let rules: Vec<Rewrite<Snn, Analysis>> = VALUES.iter().map(|r| r.for_egg()).collect();
    let (mut egraph, mut saturation) = saturate(built.egraph, &rules, LIMITS);
    let populations = || graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Neuron(_)));
    let lacking = |egraph: &EGraph, id: &NodeId| language::forms(egraph, built.terms[id.index()]).is_empty();
    if populations().any(|id| lacking(&egraph, &id)) {
        let all: Vec<Rewrite<Snn, Analysis>> = VALUES.iter().chain(EVALUATION).map(|r| r.for_egg()).collect();
        let (next, more) = saturate(egraph, &all, LIMITS);
        egraph = next;
        saturation = more;
    }
    anchor::anchor(graph, &mut egraph, &built.terms);
    debug_assert_eq!(egraph.analysis.conflict, None, "a rule joined values of different shapes");
    let outputs = refuse::outputs(graph)?;
    let read: Vec<NodeId> = outputs.iter().map(|o| o.population).collect();
    let (order, chosen) = cover::cover(graph, &egraph, &built.terms, &read)?;
    let mut space = Space {
        egraph,
        terms: built.terms,
        populations: Vec::with_capacity(order.len()),
        network: Network {
            name: graph.name.clone(),
            steps: graph.steps,
            layers: Vec::new(),
            outputs: Vec::new(),
        },
        saturation,
    };
    space.fill(graph, &order, &chosen);
    let place: BTreeMap<Id, usize> = order.iter().enumerate().map(|(k, class)| (*class, k)).collect();
    for output in outputs {
        let class = space.egraph.find(space.terms[output.population.index()]);
        let node = graph.node(output.node);
        let layer = place.get(&class).copied().unwrap_or_default();
        space.network.outputs.push(Output {
            name: node.name.clone(),
            layer,
            delay: output.delay,
            shape: node.shape,
        });
    }
    Ok(space)
}

impl Space {
    /// Populations in their order with their forms, and the network of the plainest.
    fn fill(&mut self, graph: &Graph, order: &[Id], chosen: &BTreeMap<Id, (Form, Vec<Id>)>) {
        let place: BTreeMap<Id, usize> = order.iter().enumerate().map(|(k, class)| (*class, k)).collect();
        let loops = cover::loops(&self.egraph, &self.terms);
        let at = |class: &Id, egraph: &EGraph| {
            let class = egraph.find(*class);
            place.get(loops.get(&class).unwrap_or(&class)).copied()
        };
        let mut origins = origin::Origins::new(graph, &self.egraph, &self.terms, order);
        for class in order {
            // The forms that read populations of the normal form; the chosen one is the plainest of them.
            let mut forms: Vec<(Form, Vec<usize>)> = Vec::new();
            let all = language::forms(&self.egraph, *class);
            for (form, sources) in chosen.get(class).into_iter().chain(&all) {
                let sources: Option<Vec<usize>> = sources.iter().map(|s| at(s, &self.egraph)).collect();
                if let Some(sources) = sources
                    && !forms.iter().any(|(known, _)| known == form)
                {
                    forms.push((form.clone(), sources));
                }
            }
            let forms: Vec<(FormId, Vec<usize>)> = forms
                .into_iter()
                .map(|(form, sources)| (self.egraph.analysis.store.form(form), sources))
                .collect();
            let (name, node) = origins.name(*class);
            self.populations.push(Population { class: *class, node, forms });
            let kind = node.map(|id| &graph.node(id).op);
            let shape = self.egraph[*class].data.shape.unwrap_or(Shape::flat(0));
            let bare = Layer {
                name,
                origin: origins.of(*class),
                shape,
                kind: match kind {
                    Some(Op::Input(input)) => LayerKind::Input(*input),
                    _ => LayerKind::Input(Input { values: snnc_ir::graph::op::Values::Binary }),
                },
                projections: Vec::new(),
                bias: None,
            };
            self.network.layers.push(bare);
        }
        for k in 0..self.populations.len() {
            if !self.populations[k].forms.is_empty() {
                self.network.layers[k] = self.layer(k, 0);
            }
        }
    }

    /// A population in one of its forms.
    pub fn layer(&self, population: usize, form: usize) -> Layer {
        let (id, sources) = &self.populations[population].forms[form];
        let store = &self.egraph.analysis.store;
        let form = store.form_of(*id);
        let neuron: Neuron = store.neuron_of(form.neuron).clone();
        let terms = form.terms.iter().zip(sources);
        let projections = terms.map(|(term, source)| {
            let (op, weights, shape) = match term.kernel {
                Some(k) => {
                    let kernel = store.get(k);
                    (kernel.op.clone(), kernel.weights.clone(), kernel.source)
                }
                None => origin::identity(form.shape),
            };
            Projection::new(*source, term.delay, shape, op, weights)
        });
        let mut constant = vec![0i64; form.shape.len()];
        for c in &form.constants {
            let (value, shape) = store.constant_of(*c);
            constant
                .iter_mut()
                .enumerate()
                .for_each(|(at, sum)| *sum += i64::from(value.at(at, shape.plane().max(1))));
        }
        let clip = |v: i64| v.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        let bias: Option<Param<i32>> =
            language::compress(constant.into_iter().map(clip).collect(), form.shape.plane());
        let Layer { name, origin, .. } = &self.network.layers[population];
        Layer {
            name: name.clone(),
            origin: origin.clone(),
            shape: form.shape,
            kind: LayerKind::Neurons(Box::new(neuron)),
            projections: projections.collect(),
            bias,
        }
    }

    /// Moves forms that are not taken behind those that are, so that the plain network is one that a chip can run where
    /// each population has such a form. `takes` is asked about a population of a network.
    pub fn prefer(&mut self, takes: &dyn Fn(&Network, usize) -> bool) {
        for k in 0..self.populations.len() {
            if self.populations[k].forms.len() < 2 || takes(&self.network, k) {
                continue;
            }
            let other = (1..self.populations[k].forms.len()).find(|form| takes(&self.with_form(k, *form), k));
            if let Some(form) = other {
                self.populations[k].forms[..=form].rotate_right(1);
                self.network.layers[k] = self.layer(k, 0);
            }
        }
    }

    /// The network of the plainest forms but for one population.
    pub fn with_form(&self, population: usize, form: usize) -> Network {
        let mut network = self.network.clone();
        network.layers[population] = self.layer(population, form);
        network
    }

    /// The network in which each population has the form given, by position; an input has none and takes any number.
    pub fn network_of(&self, forms: &[usize]) -> Network {
        let mut network = self.network.clone();
        for (k, form) in forms.iter().enumerate() {
            if *form > 0 && *form < self.populations[k].forms.len() {
                network.layers[k] = self.layer(k, *form);
            }
        }
        network
    }
}

/// The population of a class, through delays and shapes.
pub(crate) fn population_of(egraph: &EGraph, class: Id) -> Option<Id> {
    source(egraph, class).map(|s| s.population)
}
