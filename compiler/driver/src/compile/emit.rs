//! The manifest and the files beside it.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Graph;
use snnc_ir::text;
use snnc_machine::chip::{ChipFile, Constant, Kind, Side};
use snnc_machine::manifest::{
    ActivitySource, ActivitySummary, Assumption, Bounds, Core, CoreMemory, Inputs, Layer, LayerBound,
    LayerInput, Manifest, MeasuredSummary, ModelInput, NetworkFiles, Options as ManifestOptions, Part, Role,
    SCHEMA, Slice, Warning,
};
use snnc_machine::network::{self, Network};
use snnc_machine::target::Memory;
use snnc_place::mesh::Site;

use super::choice;
use super::extract::Extracted;
use super::job::Job;
use super::place::{Mapping, Placed};
use crate::model::Model;
use crate::report::Report;
use snnc_eqsat::extract::Objective;

/// The files of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// `manifest.json`.
    pub manifest: String,
    /// `network.snn`.
    pub network: String,
    /// `weights.bin`.
    pub weights: Vec<u8>,
    /// Files that were asked for, by name.
    pub reports: Vec<(&'static str, String)>,
}

pub(super) fn emit(
    model: &Model,
    job: &Job<'_>,
    mapping: &Mapping,
    extracted: &Extracted,
    bounds: Bounds,
    lowered: &Graph,
    warnings: &[Diagnostic],
) -> (Manifest, Bundle) {
    let (network, weights) = text::print_with_blob(lowered);
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex().to_string();
    let manifest = Manifest {
        schema: SCHEMA.into(),
        generator: format!("snnc {}", env!("CARGO_PKG_VERSION")),
        inputs: inputs(model, job),
        network: NetworkFiles { snn_blake3: hash(network.as_bytes()), weights_blake3: hash(&weights) },
        layers: (0..job.network.layers.len()).map(|k| layer(job, mapping, extracted, k)).collect(),
        cores: cores(job.network, mapping),
        bounds,
        pareto: choice::pareto(extracted),
        assumptions: assumptions(job),
        diagnostics: warnings.iter().map(warning).collect(),
        verification: None,
    };
    let report = |r: &Report| (r.file(), r.render(&manifest, job.options.against.as_ref()));
    let reports = job.options.reports.iter().map(report).collect();
    let mut bundle = Bundle { manifest: String::new(), network, weights, reports };
    bundle.set_manifest(&manifest);
    (manifest, bundle)
}

impl Bundle {
    /// Writes the text of the manifest anew.
    pub(super) fn set_manifest(&mut self, manifest: &Manifest) {
        // Serialising these types cannot fail; an empty text would show at once in every test.
        self.manifest = manifest.to_json().unwrap_or_default();
    }
}

fn inputs(model: &Model, job: &Job<'_>) -> Inputs {
    let options = job.options;
    let source = match (job.recorded, &options.activity) {
        (Some(_), _) => "measured",
        (None, Some(_)) => "stated",
        (None, None) => "none",
    };
    Inputs {
        model: ModelInput {
            name: model.file.clone(),
            blake3: model.hash.clone(),
            opset: model.opset.clone(),
        },
        activity: ActivitySource {
            source: source.into(),
            stated: options.activity.clone(),
            blake3: job.recorded.map(|r| r.source.samples_blake3.clone()),
            samples: job.recorded.map(|r| r.samples as u64),
            steps: job.recorded.map(|r| r.steps as u64),
        },
        target: options.target.clone(),
        chip_blake3: job.target.chip().hash.clone(),
        options: ManifestOptions {
            steps: job.network.steps,
            objective: match options.objective {
                Objective::Time => "time".into(),
                Objective::Cores => "cores".into(),
            },
            chips: options.chips,
            max_cores: options.max_cores,
            period_ps: options.period_ps,
            slack_thousandths: super::SLACK,
            effort: options.effort,
            mapping_blake3: options.mapping.as_ref().map(|m| m.blake3.clone()),
            like_blake3: options.like.as_ref().map(|l| l.blake3.clone()),
        },
        seed: options.seed,
    }
}

fn layer(job: &Job<'_>, mapping: &Mapping, extracted: &Extracted, index: usize) -> Layer {
    let front = extracted.fronts.iter().position(|f| f.layer == index);
    let layer = &job.network.layers[index];
    let rate = job.profile.layers[index].mean();
    let choice = mapping.choices[index].as_ref();
    let bits = |p: &network::Projection| u64::from(p.bits);
    Layer {
        name: layer.name.clone(),
        op: layer.neuron().map_or("input", |n| n.mnemonic()).into(),
        onnx_nodes: layer.origin.clone(),
        inputs: layer
            .projections
            .iter()
            .map(|p| LayerInput {
                layer: job.network.layers[p.source].name.clone(),
                delay: p.delay,
                fan_in: p.fan_in() as u64,
            })
            .collect(),
        shape: [layer.shape.c as u64, layer.shape.h as u64, layer.shape.w as u64],
        neurons: layer.shape.len() as u64,
        synapses: layer.projections.iter().map(|p| p.synapses(layer.shape)).sum(),
        nonzero_weights: layer.projections.iter().map(|p| p.weights.statistics().nonzero).sum(),
        weight_bits: layer.projections.iter().map(bits).max().unwrap_or(0),
        encoding: choice.map_or_else(String::new, |c| c.how.encoding.to_owned()),
        tile: choice.map_or_else(String::new, |c| c.tile.clone()),
        activity: ActivitySummary {
            lower_ppm: rate.lower,
            nominal_ppm: rate.nominal,
            upper_ppm: rate.upper,
            measured: measured(job, &layer.name),
        },
        bound: choice.map(|_| {
            let bound = mapping.layer_bound(index);
            LayerBound {
                lower_ps: bound.lower_ps,
                upper_ps: bound.upper_ps,
                nominal_ps: bound.nominal_ps,
                state: bound.nominal_binding.0.state(),
                binding: bound.nominal_binding.0,
            }
        }),
        rewrites: front.map_or_else(Vec::new, |k| extracted.chains[k].clone()),
        choice: front.map(|k| choice::of(extracted, k)),
    }
}

fn measured(job: &Job<'_>, name: &str) -> Option<MeasuredSummary> {
    let density = job.recorded?.layers.iter().find(|l| l.name == name)?.density();
    Some(MeasuredSummary {
        median_step_ppm: density.median,
        p95_step_ppm: density.p95,
        max_step_ppm: density.max,
        busiest_channel_ppm: density.busiest_channel,
        silent_neurons: density.silent,
    })
}

fn cores(network: &Network, mapping: &Mapping) -> Vec<Core> {
    let used = |m: &Memory| (m.resource.to_owned(), CoreMemory { used: m.used, cap: m.cap });
    let bare = |(k, (site, memory)): (usize, (&Site, &Vec<Memory>))| Core {
        id: k as u32,
        chip: site.chip,
        x: site.x,
        y: site.y,
        memory: memory.iter().map(used).collect(),
        parts: Vec::new(),
    };
    let mut out: Vec<Core> = mapping.sites.iter().zip(&mapping.memory).enumerate().map(bare).collect();
    for Placed { core, layer, part } in &mapping.parts {
        out[*core].parts.push(Part {
            layer: network.layers[*layer].name.clone(),
            role: Role::Compute,
            slice: Slice::from(&part.block),
            load: part.load,
        });
    }
    out
}

fn warning(d: &Diagnostic) -> Warning {
    Warning {
        code: d.code.as_str().into(),
        node: d.at.as_ref().map(|at| at.node.clone()),
        message: match &d.label {
            Some(label) => format!("{}; {label}", d.message),
            None => d.message.clone(),
        },
    }
}

/// Every constant of the chip file that is derived, inferred or assumed, and the back end's rules.
fn assumptions(job: &Job<'_>) -> Vec<Assumption> {
    let mut out = of_chip(job.target.chip());
    out.extend(job.target.assumptions());
    out.sort();
    out
}

fn of_chip(chip: &ChipFile) -> Vec<Assumption> {
    let mut out = Vec::new();
    for (name, constant) in &chip.constants {
        if constant.exact().is_some() {
            out.extend(constant.lo.as_ref().and_then(|side| assumption(name, "value", constant, side)));
            continue;
        }
        for (label, side) in [("lo", &constant.lo), ("nominal", &constant.nominal), ("hi", &constant.hi)] {
            out.extend(side.as_ref().and_then(|side| assumption(name, label, constant, side)));
        }
    }
    out
}

fn assumption(name: &str, label: &str, constant: &Constant, side: &Side) -> Option<Assumption> {
    matches!(side.kind, Kind::Derived | Kind::Inferred | Kind::Assumed).then(|| Assumption {
        name: name.to_owned(),
        side: label.into(),
        value: format!("{} {}", side.shown, constant.unit),
        kind: side.kind.to_string(),
        source: side.source.clone(),
    })
}
