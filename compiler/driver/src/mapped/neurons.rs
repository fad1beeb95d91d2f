//! The neurons of a block as a network of their own.

use snnc_ir::graph::op::{Input, Op, Values as Range};
use snnc_ir::graph::param::Param;
use snnc_ir::graph::shape::Shape;
use snnc_ir::graph::{Graph, Node, NodeId, Number};
use snnc_ir::neuron::{Emission, FixedPoint, Model, Reset, Spec};

/// The layer of neurons of a network that [`network`] made.
pub(super) const CELLS: NodeId = NodeId(1);

/// The neurons at these flat positions of a layer with `plane` neurons per channel; their input is the sum
/// of what arrives.
pub(super) fn network(spec: &Spec<i32>, fixed: FixedPoint, places: &[u32], plane: usize) -> Graph {
    let shape = Shape::flat(places.len());
    let cut = |p: &Param<i32>| -> Param<i32> {
        match p {
            Param::Scalar(v) => Param::Scalar(*v),
            other => Param::PerNeuron(places.iter().map(|at| other.at(*at as usize, plane)).collect()),
        }
    };
    let spec = Spec { model: model(&spec.model, &cut), start: spec.start };
    let mut graph = Graph::new("part", 1, Number::Integer);
    let push = |graph: &mut Graph, name: &str, op, inputs| {
        graph.push(Node { name: name.into(), op, inputs, shape, origin: Vec::new() })
    };
    let any = Input { values: Range::Integer { lo: i32::MIN, hi: i32::MAX } };
    let input = push(&mut graph, "in", Op::Input(any), Vec::new());
    let neuron = snnc_ir::neuron::Neuron::Integer(spec, fixed);
    let cells = push(&mut graph, "cells", Op::Neuron(Box::new(neuron)), vec![input]);
    push(&mut graph, "out", Op::Output, vec![cells]);
    graph
}

/// The model with every parameter cut.
fn model(model: &Model<i32>, cut: &dyn Fn(&Param<i32>) -> Param<i32>) -> Model<i32> {
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
