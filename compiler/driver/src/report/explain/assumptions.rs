//! Which assumptions are behind the figures of a layer.

use snnc_machine::chip::names;
use snnc_machine::manifest::{Assumption, Layer, Manifest};

use super::TermTime;

/// What chip files and back ends call what they say of an encoding: its name, then this.
const OF_ENCODING: &str = "_memory";

/// Assumptions that touch a layer: all but times of what the layer does not do, or that are of the step and not of
/// a layer, and what is said of an encoding that it does not have.
pub(super) fn of(manifest: &Manifest, layer: &Layer, terms: &[TermTime]) -> Vec<Assumption> {
    let unused = |name: &str| {
        let term = terms.iter().find(|t| t.constant == name);
        let of_step = [names::T_LINK, names::T_HOP, names::T_BARRIER].contains(&name);
        of_step || term.is_some_and(|t| t.load.upper == 0)
    };
    let encodings: Vec<&str> =
        manifest.assumptions.iter().filter_map(|a| a.name.strip_suffix(OF_ENCODING)).collect();
    let known = encodings.contains(&layer.encoding.as_str());
    let other_encoding = |name: &str| {
        let first = name.split('_').next().unwrap_or_default();
        known && first != layer.encoding && encodings.contains(&first)
    };
    let touches = |a: &&Assumption| !unused(&a.name) && !other_encoding(&a.name);
    manifest.assumptions.iter().filter(touches).cloned().collect()
}
