//! Profiles as files: a `.npz` archive that numpy reads.
//!
//! | array | type and shape | what |
//! |---|---|---|
//! | `profile` | int32 | characters of JSON: format, source, samples, steps, names and shapes of the layers |
//! | `counts/NAME` | int32 `[C, H, W]` | events per neuron over all samples and steps |
//! | `histogram/NAME` | int32 `[K, 2]` | events of a step, steps with as many |
//! | `ends/NAME` | int32 `[traced · T]` | where the events of each traced step end |
//! | `events/NAME` | int32 `[E]` | flat positions of the events, step after step |

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::shape::Shape;
use snnc_ir::sim::Values;

use super::{ActivityProfile, LayerProfile, Source, Trace};
use crate::sample::{Array, Recorder, Shaped, read_archive};

/// Name and version of the format.
const FORMAT: &str = "snnc-profile/1";

/// Writes a profile; the same profile gives the same bytes.
///
/// # Errors
/// [`Code::FileUnwritable`].
pub fn write(path: &Path, profile: &ActivityProfile) -> Result<(), Diagnostic> {
    let source = &profile.source;
    let header = json!({
        "format": FORMAT,
        "generator": format!("snnc {}", env!("CARGO_PKG_VERSION")),
        "model": source.model,
        "samples_blake3": source.samples_blake3,
        "target": source.target,
        "network_blake3": source.network_blake3,
        "samples": profile.samples,
        "steps": profile.steps,
        "traced": profile.traced,
        "layers": profile.layers.iter().map(|l| json!({"name": l.name, "shape": shape(l)})).collect::<Vec<_>>(),
    });
    let header: Vec<i32> = header.to_string().bytes().map(i32::from).collect();
    let mut arrays = vec![("profile".to_owned(), vec![header.len()], Values::Integer(header))];
    for layer in &profile.layers {
        let name = &layer.name;
        let pairs: Vec<u64> = layer.histogram.iter().flat_map(|(events, steps)| [*events, *steps]).collect();
        let ends: Vec<u64> = layer.trace.ends.iter().map(|n| *n as u64).collect();
        let positions: Vec<u64> = layer.trace.positions.iter().map(|p| u64::from(*p)).collect();
        arrays.push((format!("counts/{name}"), shape(layer).to_vec(), integers(&layer.counts)));
        arrays.push((format!("histogram/{name}"), vec![layer.histogram.len(), 2], integers(&pairs)));
        arrays.push((format!("ends/{name}"), vec![ends.len()], integers(&ends)));
        arrays.push((format!("events/{name}"), vec![positions.len()], integers(&positions)));
    }
    let (shaped, values): (Vec<Shaped>, Vec<Values>) = arrays
        .into_iter()
        .map(|(name, shape, values)| (Shaped { name, shape, integer: true }, values))
        .unzip();
    let mut recorder = Recorder::new(path, shaped)?;
    for (k, values) in values.iter().enumerate() {
        recorder.add(k, values)?;
    }
    recorder.finish()
}

fn shape(layer: &LayerProfile) -> [usize; 3] {
    [layer.shape.c, layer.shape.h, layer.shape.w]
}

/// Counts beyond 31 bits stay at their greatest; no run gets there.
fn integers(values: &[u64]) -> Values {
    Values::Integer(values.iter().map(|v| i32::try_from(*v).unwrap_or(i32::MAX)).collect())
}

/// Reads a profile and checks that it is whole.
///
/// # Errors
/// [`Code::FileUnreadable`], [`Code::BadProfile`].
pub fn read(path: &Path) -> Result<ActivityProfile, Diagnostic> {
    let mut arrays: BTreeMap<String, Array> = read_archive(path)
        .map_err(|d| if d.code == Code::BadSample { bad(d.message) } else { d })?
        .into_iter()
        .collect();
    let header = arrays.remove("profile").ok_or_else(|| bad("it has no array 'profile'"))?;
    let text: Vec<u8> = header.integers().into_iter().map(|b| u8::try_from(b).unwrap_or(0)).collect();
    let header: Value = serde_json::from_slice(&text).map_err(|e| bad(format!("its header: {e}")))?;
    let string = |key: &str| header[key].as_str().unwrap_or_default().to_owned();
    if string("format") != FORMAT {
        return Err(bad(format!("its format is '{}', not '{FORMAT}'", string("format"))));
    }
    let number = |value: &Value, what: &str| {
        let number = value.as_u64().and_then(|n| usize::try_from(n).ok());
        number.filter(|n| *n < 1 << 31).ok_or_else(|| bad(format!("'{what}' is not a count")))
    };
    let count = |key: &str| number(&header[key], key);
    let mut profile = ActivityProfile {
        source: Source {
            model: string("model"),
            samples_blake3: string("samples_blake3"),
            target: string("target"),
            network_blake3: string("network_blake3"),
        },
        samples: count("samples")?,
        steps: count("steps")?,
        traced: count("traced")?,
        layers: Vec::new(),
    };
    if profile.samples == 0 || profile.steps == 0 || profile.traced > profile.samples {
        return Err(bad("it has no steps"));
    }
    for layer in header["layers"].as_array().into_iter().flatten() {
        let name = layer["name"].as_str().unwrap_or_default();
        let dims: Vec<usize> = layer["shape"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|d| number(d, "shape"))
            .collect::<Result<_, _>>()?;
        let [c, h, w] = dims[..] else { return Err(bad(format!("layer '{name}' has no shape"))) };
        let mut take = |what: &str| {
            let key = format!("{what}/{name}");
            arrays.remove(&key).map(|a| a.integers()).ok_or_else(|| bad(format!("it has no array '{key}'")))
        };
        let parts = [take("counts")?, take("histogram")?, take("ends")?, take("events")?];
        let layer = whole(name, [c, h, w], parts, &profile)
            .ok_or_else(|| bad(format!("the arrays of layer '{name}' do not fit each other")))?;
        profile.layers.push(layer);
    }
    Ok(profile)
}

/// A layer of its arrays; `None` when they contradict each other.
fn whole(
    name: &str,
    [c, h, w]: [usize; 3],
    [counts, pairs, ends, events]: [Vec<i64>; 4],
    profile: &ActivityProfile,
) -> Option<LayerProfile> {
    let len = c.checked_mul(h)?.checked_mul(w)?;
    let unsigned = |v: &[i64]| -> Option<Vec<u64>> { v.iter().map(|n| u64::try_from(*n).ok()).collect() };
    let steps = (profile.samples as u64).checked_mul(profile.steps as u64)?;
    let counts = unsigned(&counts)?;
    let histogram: Vec<(u64, u64)> = unsigned(&pairs)?.chunks_exact(2).map(|p| (p[0], p[1])).collect();
    let sums = histogram.iter().try_fold((0u64, 0u64), |(events, all), (n, times)| {
        Some((events.checked_add(n.checked_mul(*times)?)?, all.checked_add(*times)?))
    })?;
    let ends: Vec<usize> = ends.iter().map(|n| usize::try_from(*n).ok()).collect::<Option<_>>()?;
    let positions: Vec<u32> = events.iter().map(|n| u32::try_from(*n).ok()).collect::<Option<_>>()?;
    let fits = counts.len() == len
        && counts.iter().all(|n| *n <= steps)
        && sums == (counts.iter().sum(), steps)
        && histogram.windows(2).all(|w| w[0].0 < w[1].0)
        && ends.len() as u64 == (profile.traced as u64).checked_mul(profile.steps as u64)?
        && ends.windows(2).all(|w| w[0] <= w[1])
        && ends.last().copied().unwrap_or(0) == positions.len()
        && positions.iter().all(|p| (*p as usize) < len);
    let trace = Trace { ends, positions };
    let ascending = |step| trace.step(step).windows(2).all(|w| w[0] < w[1]);
    if !fits || !(0..trace.steps()).all(ascending) {
        return None;
    }
    Some(LayerProfile { name: name.to_owned(), shape: Shape::new(c, h, w), counts, histogram, trace })
}

fn bad(what: impl AsRef<str>) -> Diagnostic {
    Diagnostic::new(Code::BadProfile, format!("the profile cannot be used: {}", what.as_ref()))
        .remedy("write it again with `snnc profile`, or give the samples themselves with --input")
}
