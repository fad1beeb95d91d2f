//! Neurons and spikes of a fixed form, Loihi 1's: what they cannot be.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::{Input, Values};
use snnc_ir::neuron::{Compare, Emission, Model, Neuron, Reset, Spec, Spiking};
use snnc_machine::network::{Layer, LayerKind, Network};

use crate::rules::FixedForm;

/// Events that carry a value, where spikes carry none: those of a layer, and those of inputs that it reads.
pub fn graded(network: &Network, index: usize) -> Vec<Diagnostic> {
    let layer = &network.layers[index];
    let mut out = Vec::new();
    for projection in &layer.projections {
        let source = &network.layers[projection.source];
        if let LayerKind::Input(Input {
            values: Values::Integer { lo, hi } | Values::Quantised { lo, hi, .. },
        }) = &source.kind
            && (*lo < 0 || *hi > 1)
        {
            out.push(
                refuse(source, format!("events of input '{}' carry values", source.name))
                    .label(format!("read by '{}'; a spike of this chip is 0 or 1", layer.name))
                    .rule("value of an event", "0..1", format!("{lo}..{hi}"))
                    .remedy(
                        "encode the input in binary spikes, or compile for loihi2, whose spikes carry values",
                    ),
            );
        }
    }
    let read = network.layers.iter().any(|l| l.projections.iter().any(|p| p.source == index));
    let what = match model(layer) {
        Some(Model::Spiking(Spiking { emission: Emission::Count { .. }, .. })) => "counts of spikes",
        Some(Model::Spiking(Spiking { emission: Emission::Scaled(_), .. })) => "spikes with a value",
        Some(Model::SigmaDelta(_) | Model::Delta(_)) => "graded events",
        Some(Model::Integrator(_)) if read => "its membrane",
        Some(Model::Activation(_)) => "the levels of an activation",
        _ => return out,
    };
    out.push(
        refuse(layer, format!("'{}' gives out {what}", layer.name))
            .label("a spike of this chip is 0 or 1 and carries no value")
            .remedy("use neurons with binary spikes, or compile for loihi2, whose spikes carry values"),
    );
    out
}

/// What of a layer's neurons is not of the chip's form.
pub fn check(layer: &Layer, form: &FixedForm) -> Vec<Diagnostic> {
    let Some(Model::Spiking(spiking)) = model(layer) else { return Vec::new() };
    let mut out = Vec::new();
    let mut broken = |what: &str, remedy: &str| {
        out.push(
            refuse(layer, format!("'{}' {what}", layer.name))
                .label("neurons of this chip have a fixed form")
                .remedy(remedy),
        );
    };
    let reset = "reset to zero or by subtraction, or compile for loihi2, whose neurons are programmed";
    match &spiking.reset {
        Reset::None => broken("is not reset by its spikes", reset),
        Reset::Value(_, value) if value.values().iter().any(|v| *v != 0) => {
            broken("is reset to another value than zero", reset);
        }
        _ => {}
    }
    if spiking.rest.as_ref().is_some_and(|p| p.values().iter().any(|v| *v != 0)) {
        broken("decays towards another value than zero", "write the resting value as a bias of the neuron");
    }
    let floor = |v: &i32| *v <= 0 && (1 - i64::from(*v)).unsigned_abs().is_power_of_two();
    if spiking.v_min.as_ref().is_some_and(|p| !p.values().iter().all(floor)) {
        broken(
            "has a least membrane that the chip cannot hold",
            "clamp at zero or not at all: the chip holds 1 - 2^k, in its own units",
        );
    }
    out.extend(threshold(layer, spiking, form));
    out
}

/// A threshold that is no mantissa shifted left, or that is to be reached and not passed.
fn threshold(layer: &Layer, spiking: &Spiking<i32>, form: &FixedForm) -> Option<Diagnostic> {
    let most = form.threshold_max << form.threshold_shift;
    let storable = |v: &i32| *v > 0 && *v % (1 << form.threshold_shift) == 0 && i64::from(*v) <= most;
    let bad = spiking.threshold.values().iter().find(|v| !storable(v));
    let at_or_above = spiking.compare == Compare::GreaterOrEqual;
    if bad.is_none() && !at_or_above {
        return None;
    }
    let found = match (bad, at_or_above) {
        (Some(v), false) => format!("v > {v}"),
        (Some(v), true) => format!("v >= {v}"),
        (None, _) => "v >= threshold".into(),
    };
    Some(
        refuse(layer, format!("'{}' spikes by a comparison that the chip does not have", layer.name))
            .label("an integer network is kept bit for bit")
            .rule("comparison", format!("v > k * {}, k in 1..{}", 1 << form.threshold_shift, form.threshold_max), found)
            .remedy("compare with `>` and a threshold of that form; in a network of real numbers snnc rounds the threshold to it"),
    )
}

fn model(layer: &Layer) -> Option<&Model<i32>> {
    match layer.neuron() {
        Some(Neuron::Integer(Spec { model, .. }, _)) => Some(model),
        _ => None,
    }
}

fn refuse(layer: &Layer, message: String) -> Diagnostic {
    Diagnostic::new(Code::UnsupportedLayer, message).at(Location::node(&layer.name).with_line(layer.line()))
}
