//! The floorline plot: nominal time per step over the synaptic operations of the busiest core, with a point for each
//! layer and one for the whole network.
//!
//! No nominal time of the network is below one of three lines: the *slope* is the time of the synaptic operations
//! alone, the *floor* that of the neuron updates of the fullest core, which sparser activity does not shorten, and
//! the *barrier* ends every step. What is above all of them is bound by messages.
//!
//! `plot` is what is shown, `draw` shows it: `frame` axes and lines, `marks` what stands where, `labels` where there is
//! room for a name, `legend` what stands below, `svg` the elements. All lengths are in tenths of a pixel.

mod draw;
mod frame;
mod labels;
mod legend;
mod marks;
mod plot;
mod svg;

use snnc_machine::manifest::Manifest;

/// The plot of a mapping as SVG, beside that of another when there is one.
pub(super) fn svg(manifest: &Manifest, against: Option<&Manifest>) -> String {
    draw::draw(&plot::Plot::of(manifest), against.map(plot::Plot::of).as_ref())
}
