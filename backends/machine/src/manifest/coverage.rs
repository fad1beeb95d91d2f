//! Every neuron and fan-in element exactly once.

use std::collections::BTreeMap;

use super::{Manifest, Role, Slice};

/// Checks that every (neuron, fan-in element) of every population lies in exactly one compute or partial
/// part, and that every neuron is updated in exactly one compute part.
///
/// # Errors
/// The first population that breaks this, with what is wrong.
pub fn check_coverage(manifest: &Manifest) -> Result<(), String> {
    let mut parts: BTreeMap<&str, Vec<(Role, Slice)>> = BTreeMap::new();
    for core in &manifest.cores {
        for part in core.parts.iter().filter(|p| p.role != Role::Relay) {
            parts.entry(&part.layer).or_default().push((part.role, part.slice));
        }
    }
    for layer in &manifest.layers {
        let own = parts.remove(layer.name.as_str()).unwrap_or_default();
        if layer.op == "input" {
            if !own.is_empty() {
                return Err(format!("input '{}' is computed on a core", layer.name));
            }
            continue;
        }
        let fan_in: u64 = layer.inputs.iter().map(|i| i.fan_in).sum();
        let [c, h, w] = layer.shape;
        let whole = [c, h, w, fan_in];
        let slices: Vec<Slice> = own.iter().map(|(_, s)| *s).collect();
        exactly_once(&slices, whole, 4).map_err(|e| format!("layer '{}': {e}", layer.name))?;
        let updated: Vec<Slice> = own.iter().filter(|(r, _)| *r == Role::Compute).map(|(_, s)| *s).collect();
        exactly_once(&updated, whole, 3).map_err(|e| format!("updates of layer '{}': {e}", layer.name))?;
    }
    match parts.into_keys().next() {
        Some(name) => Err(format!("a part belongs to '{name}', which is no layer")),
        None => Ok(()),
    }
}

/// Boxes inside `whole` that do not meet and have its volume cover it exactly once. Only the first
/// `axes` axes count.
fn exactly_once(slices: &[Slice], whole: [u64; 4], axes: usize) -> Result<(), String> {
    let mut volume = 0u128;
    for (k, slice) in slices.iter().enumerate() {
        let ranges = slice.ranges();
        if (0..axes).any(|a| ranges[a][0] >= ranges[a][1] || ranges[a][1] > whole[a]) {
            return Err(format!("slice {ranges:?} is empty or reaches outside {whole:?}"));
        }
        volume += (0..axes).map(|a| u128::from(ranges[a][1] - ranges[a][0])).product::<u128>();
        for other in &slices[..k] {
            let o = other.ranges();
            if (0..axes).all(|a| ranges[a][0] < o[a][1] && o[a][0] < ranges[a][1]) {
                return Err(format!("slices {ranges:?} and {o:?} meet"));
            }
        }
    }
    let want: u128 = whole[..axes].iter().map(|n| u128::from(*n)).product();
    if volume == want { Ok(()) } else { Err(format!("{volume} of {want} elements are covered")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(rows: [u64; 2], fan_in: [u64; 2]) -> Slice {
        Slice { channels: [0, 2], rows, cols: [0, 3], fan_in }
    }

    #[test]
    fn gaps_overlaps_and_outliers_are_found() {
        let whole = [2, 4, 3, 9];
        let ok = [slice([0, 1], [0, 9]), slice([1, 4], [0, 9])];
        assert_eq!(exactly_once(&ok, whole, 4), Ok(()));
        assert!(exactly_once(&ok[..1], whole, 4).unwrap_err().contains("covered"));
        let overlap = [slice([0, 2], [0, 9]), slice([1, 4], [0, 9])];
        assert!(exactly_once(&overlap, whole, 4).unwrap_err().contains("meet"));
        assert!(exactly_once(&[slice([0, 5], [0, 9])], whole, 4).unwrap_err().contains("outside"));
        // Fan-in shares of the same neurons may not both update them.
        let shares = [slice([0, 4], [0, 4]), slice([0, 4], [4, 9])];
        assert_eq!(exactly_once(&shares, whole, 4), Ok(()));
        assert!(exactly_once(&shares, whole, 3).is_err());
    }
}
