//! The operators of a graph that `lift` wrote: neurons and delays.

use super::call::Call;
use super::feedback::{self, Earlier};
use super::imported::{HeldState, StatePart};
use super::importer::{Features, Importer};
use super::lift::Slot;
use super::ops::Import;
use super::proto::tensor_proto::DataType;
use super::refusal::Refusal;
use snnc_ir::graph::op::Op;
use snnc_ir::neuron::{Neuron, Spec};

/// How an operator is read.
pub(crate) fn find(op_type: &str) -> Option<Import> {
    match op_type {
        "Neuron" => Some(neuron),
        "Delay" => Some(delay),
        _ => None,
    }
}

fn neuron<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let index = usize::try_from(call.attributes.int("index", 0)?).unwrap_or(usize::MAX);
    let found = im.lifted.and_then(|l| l.neurons.get(index)).ok_or_else(|| call.unsupported())?;
    let x = im.layer(call.required(0)?)?;
    let neuron = Neuron::Real(Spec { model: found.model.clone(), start: 0 });
    let layer = im.emit(call, Op::Neuron(Box::new(neuron)), &[&x], Features::Same, x.ty)?;
    for name in &found.origin {
        im.absorb(&layer, name);
    }
    im.recognised.push((layer.node, found.form));
    for (input, output, slot) in &found.states {
        let part = match slot {
            Slot::Membrane => StatePart::Membrane,
            Slot::Current => StatePart::Current,
            Slot::Reference => StatePart::Reference,
        };
        im.held.push(HeldState { input: input.clone(), output: output.clone(), layer: layer.node, part });
    }
    Ok(())
}

fn delay<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let steps = u32::try_from(call.attributes.int("steps", 1)?).unwrap_or(u32::MAX);
    let source = call.attributes.string("source")?.unwrap_or_default();
    let sizes = call.attributes.ints("dims")?.unwrap_or_default();
    let sizes: Vec<usize> = sizes.iter().filter_map(|d| usize::try_from(*d).ok()).collect();
    let earlier = Earlier { name: call.name.clone(), source, steps, dims: sizes, ty: DataType::Float };
    feedback::open(im, call.output(0), earlier)
}
