//! The operators of domain `ai.snnc`: one node, one layer of neurons.

mod attributes;
mod body;
mod cuba_int;
mod dialect;
mod iaf;
mod integrator;
mod name;
mod nearest;
mod sigma_delta;
mod spiking;

use super::call::Call;
use super::imported::{HeldState, StatePart};
use super::importer::{Features, Importer};
use super::proto::NodeProto;
use super::proto::tensor_proto::DataType;
use super::refusal::{Refusal, refuse_with};
use super::states::Slot;
use super::value::Layer;
use name::{Family, Signature};
use snnc_ir::diag::Code;
use snnc_ir::graph::Number;
use snnc_ir::graph::op::Op;
use snnc_ir::neuron::{FixedPoint, Model, Neuron, Spec};

/// The domain of the neurons.
pub(crate) const DOMAIN: &str = "ai.snnc";

/// Attribute of a delta or sigma-delta neuron that stands for a Floor behind it; no file has it.
pub(crate) const UNIT: &str = "snnc.unit";

/// The version of the operator set that is read.
pub(crate) const VERSION: i64 = 1;

/// What kind of neuron a node is, in either dialect.
enum Kind {
    Standard(Signature),
    Older(dialect::Older),
    Iaf,
}

fn kind(node: &NodeProto) -> Option<Kind> {
    if node.domain != DOMAIN {
        return None;
    }
    if let Some(signature) = name::parse(&node.op_type) {
        return Some(Kind::Standard(signature));
    }
    if node.op_type == iaf::NAME {
        return Some(Kind::Iaf);
    }
    dialect::parse(&node.op_type).map(Kind::Older)
}

/// Whether a node is an operator of the set, in either dialect.
pub(crate) fn is_known(node: &NodeProto) -> bool {
    kind(node).is_some()
}

/// Whether a node makes the network one of integers.
pub(crate) fn is_integer(node: &NodeProto) -> bool {
    matches!(kind(node), Some(Kind::Standard(Signature { family: Family::CubaInt { .. }, .. })))
}

/// Whether a node gives out changes.
pub(crate) fn gives_changes(node: &NodeProto) -> bool {
    let changes = |s: &Signature| matches!(s.family, Family::SigmaDelta { .. } | Family::Delta { .. });
    matches!(kind(node), Some(Kind::Standard(signature)) if changes(&signature))
}

/// Whether a node takes whole sequences.
pub(crate) fn is_sequence(node: &NodeProto) -> bool {
    match kind(node) {
        Some(Kind::Standard(signature)) => signature.sequence,
        Some(Kind::Older(older)) => older.sequence,
        Some(Kind::Iaf) => true,
        None => false,
    }
}

/// Where the states of a node are.
pub(crate) fn state_slots(node: &NodeProto) -> Vec<Slot> {
    let slots = |count: usize| (1..=count).map(|k| Slot { input: k, output: k }).collect();
    let known = match kind(node) {
        Some(Kind::Standard(signature)) => slots(states(&signature)),
        Some(Kind::Older(older)) => slots(older.states()),
        Some(Kind::Iaf) | None => Vec::new(),
    };
    known.into_iter().filter(|s: &Slot| node.input.len() > s.input).collect()
}

/// Number of states of a family.
fn states(signature: &Signature) -> usize {
    match signature.family {
        Family::Lif(_) | Family::Li { .. } | Family::Delta { .. } => 1,
        Family::Cuba { .. } | Family::CubaInt { .. } | Family::SigmaDelta { .. } => 2,
    }
}

/// Makes a layer of neurons of a node.
pub(crate) fn import<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    import_named(im, call)?;
    body::check(im, call)
}

fn import_named<'m>(im: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    match kind(call.node) {
        Some(Kind::Standard(signature)) => {
            attributes::check(call, &signature)?;
            let states = states(&signature);
            let x = source(im, call, signature.sequence)?;
            let neuron = match signature.family {
                Family::Lif(spike) => spiking::lif(im, call, &x, &spike)?,
                Family::Cuba { spike, iafter } => spiking::cuba(im, call, &x, &spike, iafter)?,
                Family::CubaInt { reset, compare, bias } => {
                    cuba_int::import(im, call, &x, reset, compare, bias)?
                }
                Family::SigmaDelta { activation, compare, bias } => {
                    sigma_delta::sigma_delta(im, call, &x, activation, compare, bias)?
                }
                Family::Delta { compare } => sigma_delta::delta(im, call, &x, compare)?,
                Family::Li { gain, rest } => integrator::import(im, call, &x, gain, rest)?,
            };
            if call.node.output.len() > states + 1 {
                return Err(call.form(format!("it has more than {} outputs", states + 1)));
            }
            finish(im, call, &x, neuron)
        }
        Some(Kind::Older(older)) => dialect::import(im, call, &older),
        Some(Kind::Iaf) => iaf::import(im, call),
        None => Err(unknown(im, call)),
    }
}

fn unknown(im: &mut Importer<'_>, call: &Call<'_>) -> Refusal {
    let message = format!("'{}' is no operator of ai.snnc", call.node.op_type);
    // Looking for the nearest of some thousand names takes a while.
    let near = match im.suggestions.checked_sub(1) {
        Some(left) => {
            im.suggestions = left;
            nearest::nearest(&call.node.op_type)
        }
        None => None,
    };
    match near {
        Some(name) => refuse_with(Code::UnknownNeuron, message, format!("the nearest legal name is {name}")),
        None => refuse_with(Code::UnknownNeuron, message, "docs/ai.snnc.md lists the legal names"),
    }
}

/// The layer that a neuron reads.
fn source<'m>(im: &mut Importer<'m>, call: &Call<'m>, sequence: bool) -> Result<Layer, Refusal> {
    let x = im.layer(call.required(0)?)?;
    if sequence != im.steps.sequence {
        return Err(call.form("a model holds either whole sequences (Seq) or one step, not both"));
    }
    let integer = call.node.op_type.starts_with("CUBAInt");
    if integer && x.ty == DataType::Float {
        let message = "its input is of type FLOAT and must be INT32";
        return Err(refuse_with(Code::UnsupportedType, message, "cast it to INT32 before the neuron"));
    }
    if im.graph.number == Number::Real && x.ty != DataType::Float {
        let message = format!("its input is of type {} and must be FLOAT", x.ty.as_str_name());
        return Err(refuse_with(Code::UnsupportedType, message, "cast it to FLOAT before the neuron"));
    }
    Ok(x)
}

/// Checks the number of inputs.
fn arity(call: &Call<'_>, count: usize) -> Result<(), Refusal> {
    if call.node.input.len() == count && (0..count).all(|k| call.input(k).is_some()) {
        return Ok(());
    }
    Err(call.form(format!("it has {} inputs, its name asks for {count}", call.node.input.len())))
}

/// A real neuron that starts in the first step.
fn real(model: Model<f32>) -> Neuron {
    Neuron::Real(Spec { model, start: 0 })
}

/// An integer neuron with Lava's arithmetic.
fn fixed(model: Model<i32>) -> Neuron {
    Neuron::Integer(Spec { model, start: 0 }, FixedPoint::LAVA)
}

fn finish<'m>(im: &mut Importer<'m>, call: &Call<'m>, x: &Layer, neuron: Neuron) -> Result<(), Refusal> {
    if matches!(neuron, Neuron::Real(_)) && im.graph.number == Number::Integer {
        return Err(call.form("real and integer neurons cannot be in one network"));
    }
    let parts = parts(&neuron);
    let layer = im.emit(call, Op::Neuron(Box::new(neuron)), &[x], Features::Same, x.ty)?;
    // What became a part of the neuron.
    for name in call.node.attribute.iter().filter(|a| a.name == UNIT).flat_map(|a| &a.strings) {
        if let Some(name) = std::str::from_utf8(name).ok().filter(|n| !n.is_empty()) {
            im.absorb(&layer, name);
        }
    }
    for (slot, part) in state_slots(call.node).into_iter().zip(parts) {
        if let (Some(input), Some(output)) = (call.input(slot.input), call.output(slot.output))
            && im.states.is_input(input)
        {
            let (input, output) = (input.to_owned(), output.to_owned());
            im.held.push(HeldState { input, output, layer: layer.node, part: *part });
        }
    }
    Ok(())
}

/// What the states of a neuron are, in the order of the inputs of its operator.
fn parts(neuron: &Neuron) -> &'static [StatePart] {
    fn of<S>(model: &Model<S>) -> &'static [StatePart] {
        match model {
            Model::Spiking(_) => &[StatePart::Membrane, StatePart::Current],
            Model::SigmaDelta(_) => &[StatePart::Membrane, StatePart::Reference],
            Model::Delta(_) => &[StatePart::Reference],
            Model::Integrator(_) => &[StatePart::Membrane],
            Model::Activation(_) => &[],
        }
    }
    match neuron {
        Neuron::Real(spec) => of(&spec.model),
        Neuron::Integer(spec, _) => of(&spec.model),
    }
}
