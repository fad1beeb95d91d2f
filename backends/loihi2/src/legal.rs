//! What the chip can run at all.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::op::Op;
use snnc_machine::network::Network;

use crate::fixed;
use crate::rules::Rules;

/// Widest weight that a synapse stores.
const MAX_BITS: u32 = 8;

/// Every rule that a layer breaks whatever its tile.
pub fn check(network: &Network, index: usize, rules: &Rules) -> Vec<Diagnostic> {
    let layer = &network.layers[index];
    let (caps, max_delay) = (&rules.caps, rules.max_delay);
    let mut out = Vec::new();
    let at = || Location::node(&layer.name).with_line(layer.line());
    for projection in &layer.projections {
        let source = &network.layers[projection.source].name;
        if projection.delay > max_delay {
            out.push(
                Diagnostic::new(
                    Code::DelayTooLong,
                    format!("spikes of '{source}' reach '{}' too late", layer.name),
                )
                .at(at())
                .label(format!("a spike of '{source}' waits {} steps on its way here", projection.delay))
                .rule("delay of a projection in steps", max_delay, projection.delay)
                .remedy("shorten the delay of the network, or make the branches that meet here more alike in depth"),
            );
        }
        if let Op::Linear(linear) = &projection.op
            && linear.inputs as u64 > caps.axon_in
        {
            out.push(
                Diagnostic::new(
                    Code::LayerTooLarge,
                    format!("'{}' has more inputs than a core has axons", layer.name),
                )
                .at(at())
                .label(format!("every one of its neurons reads all {} neurons of '{source}'", linear.inputs))
                .rule("input axons per core", caps.axon_in, linear.inputs)
                .remedy(
                    "reduce the input of the linear layer, for example by pooling or a stride in front of it",
                ),
            );
        }
    }
    for projection in layer.projections.iter().filter(|p| p.bits > MAX_BITS) {
        out.push(
            Diagnostic::new(
                Code::UnsupportedLayer,
                format!("weights into '{}' do not fit a synapse", layer.name),
            )
            .at(at())
            .label("connections that follow each other were merged into one")
            .rule("bits per weight", MAX_BITS, projection.bits)
            .remedy("put neurons between the connections, or use smaller weights"),
        );
    }
    if rules.payload_bits == 0 {
        out.extend(fixed::graded(network, index));
    }
    if let Some(form) = &rules.fixed {
        out.extend(fixed::check(layer, form));
    }
    out
}
