//! Manifests made by hand: parts with their loads on cores, the bounds that follow from them, and anything else
//! changed afterwards.

use std::collections::BTreeMap;

use snnc_machine::chip::Bound;
use snnc_machine::floorline::{CoreLoad, Mesh, Rates, StepBound, step_bound};
use snnc_machine::load::{Interval, Load};
use snnc_machine::manifest::{
    ActivitySource, ActivitySummary, Assumption, Binding, Bounds, Constant, Core, CoreMemory, Inputs, Io,
    Layer, LayerBound, LayerChoice, LayerInput, LosesBy, Manifest, ModelInput, NetworkFiles, Nominal,
    Optimality, Options, Part, PeriodOf, Range, Role, RunnerUp, SCHEMA, Slice,
};

/// A part of a layer on a core, by their numbers, with its load.
pub type Placed = (usize, usize, Load);

/// Whole operations per step; of synaptic operations nine of ten are on weights that are not zero.
pub fn load(synops: u64, updates: u64, messages: u64) -> Load {
    let exact = |n: u64| Interval::exact(n.saturating_mul(1000));
    let synops = Interval { lower: synops.saturating_mul(900), ..exact(synops) };
    Load { synops, updates: exact(updates), messages_in: exact(messages), ..Load::default() }
}

/// Times of a chip: a synaptic operation 0.7 ns, an update 2.65 to 4.2 ns, a message 16 ns if that, a barrier 200 ns.
pub fn rates() -> Rates {
    let bound = |lo: u64, nominal: u64, hi: u64| Bound {
        lo: (lo > 0).then_some(lo),
        nominal: (nominal > 0).then_some(nominal),
        hi: (hi > 0).then_some(hi),
    };
    Rates {
        synop: bound(700_000, 700_000, 1_670_000),
        read: bound(0, 0, 12_600_000),
        update: bound(2_650_000, 4_200_000, 48_300_000),
        message_in: bound(0, 16_000_000, 87_100_000),
        message_out: bound(0, 3_000_000, 49_100_000),
        link: Bound::default(),
        hop: bound(0, 4_100_000, 6_500_000),
        barrier: bound(0, 200_000_000, 200_000_000),
    }
}

/// A mapping of an input `x` and a chain of layers with these names.
pub fn mapping(names: &[&str], parts: &[Placed]) -> Manifest {
    let cores: Vec<Core> =
        (0..parts.iter().map(|p| p.0 + 1).max().unwrap_or(0)).map(|c| core(c, names, parts)).collect();
    let sum = |c: &Core| c.parts.iter().fold(Load::default(), |sum, p| sum.plus(p.load));
    let loads: Vec<CoreLoad> = cores.iter().map(|c| CoreLoad { layer: 0, load: sum(c) }).collect();
    let step = step_bound(&rates(), &loads, Mesh { chips: 1, ..Mesh::default() });
    let chain = |k: usize| layer(k, names[k], if k == 0 { "x" } else { names[k - 1] }, parts);
    let input = Layer { op: "input".into(), bound: None, inputs: Vec::new(), ..plain("x") };
    Manifest {
        schema: SCHEMA.into(),
        generator: "snnc 0".into(),
        inputs: inputs(),
        network: NetworkFiles { snn_blake3: String::new(), weights_blake3: String::new() },
        layers: std::iter::once(input).chain((0..names.len()).map(chain)).collect(),
        bounds: bounds(step, &cores),
        cores,
        pareto: Vec::new(),
        assumptions: assumptions(),
        diagnostics: Vec::new(),
        verification: None,
    }
}

/// What the search could have said of a layer.
pub fn choice() -> LayerChoice {
    let runner_up = RunnerUp {
        encoding: "dense".into(),
        tile: "c2y1x1".into(),
        cores: 2,
        time_ps: 700_000,
        nominal_ps: 840_000,
        messages: 41_500,
        loses_by: LosesBy::Time,
    };
    LayerChoice {
        considered: 812,
        legal: 640,
        time_ps: 630_000,
        slack_ps: 70_000,
        runner_up: Some(runner_up),
    }
}

fn core(id: usize, names: &[&str], parts: &[Placed]) -> Core {
    let own = parts.iter().filter(|p| p.0 == id);
    let part = |(_, layer, load): &Placed| Part {
        layer: names[*layer].into(),
        role: Role::Compute,
        slice: Slice { channels: [0, 1], rows: [0, 1], cols: [0, 1], fan_in: [0, 1] },
        load: *load,
    };
    let neurons = own.clone().fold(0u64, |sum, p| sum.saturating_add(p.2.updates.nominal / 1000));
    Core {
        id: id as u32,
        chip: 0,
        x: id as u32,
        y: 0,
        memory: BTreeMap::from([("Neurons".into(), CoreMemory { used: neurons, cap: 4096 })]),
        parts: own.map(part).collect(),
    }
}

fn plain(name: &str) -> Layer {
    Layer {
        name: name.into(),
        op: "lif".into(),
        onnx_nodes: vec![name.into()],
        inputs: Vec::new(),
        shape: [8, 4, 2],
        neurons: 64,
        synapses: 0,
        nonzero_weights: 0,
        weight_bits: 0,
        encoding: String::new(),
        tile: String::new(),
        activity: ActivitySummary {
            lower_ppm: 100_000,
            nominal_ppm: 100_000,
            upper_ppm: 100_000,
            measured: None,
        },
        bound: None,
        rewrites: Vec::new(),
        choice: None,
    }
}

fn layer(index: usize, name: &str, source: &str, parts: &[Placed]) -> Layer {
    let own: Vec<CoreLoad> =
        parts.iter().filter(|p| p.1 == index).map(|p| CoreLoad { layer: index, load: p.2 }).collect();
    let alone = Rates { barrier: Bound::default(), ..rates() };
    let bound = step_bound(&alone, &own, Mesh::default());
    Layer {
        onnx_nodes: vec![format!("{name}.conv"), format!("{name}.lif")],
        inputs: vec![LayerInput { layer: source.into(), delay: 1, fan_in: 9 }],
        synapses: 5760,
        nonzero_weights: 648,
        weight_bits: 8,
        encoding: "conv".into(),
        tile: format!("c{}y1x1", own.len()),
        bound: Some(LayerBound {
            lower_ps: bound.lower_ps,
            upper_ps: bound.upper_ps,
            nominal_ps: bound.nominal_ps,
            state: bound.nominal_binding.0.state(),
            binding: bound.nominal_binding.0,
        }),
        ..plain(name)
    }
}

fn bounds(step: StepBound, cores: &[Core]) -> Bounds {
    let binding = |(resource, core): (_, Option<usize>)| Binding {
        core: core.map(|c| c as u32),
        layer: core.map(|c| cores[c].parts[0].layer.clone()),
        resource,
    };
    let period = Range { lower: step.lower_ps, upper: step.upper_ps };
    let times = |n: u64| Range {
        lower: period.lower.saturating_mul(n),
        upper: period.upper.map(|u| u.saturating_mul(n)),
    };
    Bounds {
        period_of: PeriodOf::Step,
        period_ps: Some(period),
        latency_ps: Some(times(10)),
        inference_time_ps: Some(times(8)),
        latency_steps: 2,
        energy_fj: None,
        state: step.lower_binding.0.state(),
        binding: binding(step.lower_binding),
        nominal: Nominal {
            period_ps: step.nominal_ps,
            state: step.nominal_binding.0.state(),
            binding: binding(step.nominal_binding),
        },
        optimality: Optimality {
            achieved_ps: step.lower_ps,
            egraph_optimal_ps: Some(step.lower_ps),
            independent_lower_ps: step.lower_ps.max(1),
            egraph_gap_ppm: Some(0),
            gap_ppm: 0,
            reasons: Vec::new(),
            covers: String::new(),
        },
        trace: None,
        deadline: None,
        links: Vec::new(),
        io: Io { events_in: Interval::exact(0), events_out: Interval::exact(0), cores: 0 },
        constants: Constant::all(&rates()),
    }
}

fn inputs() -> Inputs {
    Inputs {
        model: ModelInput { name: "net.onnx".into(), blake3: String::new(), opset: BTreeMap::new() },
        activity: ActivitySource {
            source: "stated".into(),
            stated: Some("0.1".into()),
            blake3: None,
            samples: None,
            steps: None,
        },
        target: "loihi2".into(),
        chip_blake3: String::new(),
        options: Options {
            steps: 8,
            objective: "time".into(),
            chips: 1,
            max_cores: None,
            period_ps: None,
            slack_thousandths: 50,
            effort: 1,
            mapping_blake3: None,
            like_blake3: None,
        },
        seed: 0,
    }
}

fn assumptions() -> Vec<Assumption> {
    let all = [
        ("conv_memory", "rule", "inferred"),
        ("dense_memory", "rule", "inferred"),
        ("stored_zeros", "rule", "assumed"),
        ("t_hop", "nominal", "assumed"),
        ("t_message_out", "nominal", "derived"),
        ("t_synop", "hi", "derived"),
        ("t_synop", "lo", "derived"),
    ];
    let one = |(name, side, kind): (&str, &str, &str)| Assumption {
        name: name.into(),
        side: side.into(),
        value: String::new(),
        kind: kind.into(),
        source: "a test".into(),
    };
    all.map(one).into()
}

/// A mapping with numbers and names that nobody would write: each at its greatest, and texts with control
/// characters, of many columns, or empty.
pub fn hostile() -> Manifest {
    let long = "層".repeat(5000);
    let names = ["<b>&\"'", "a\nb\u{1b}[31m\u{202e}", &long, ""];
    let most = Interval { lower: u64::MAX, nominal: u64::MAX, upper: u64::MAX };
    let load = Load { synops: most, reads: most, updates: most, messages_in: most, messages_out: most };
    let parts: Vec<Placed> = (0..names.len()).flat_map(|k| [(0, k, load), (k, k, load)]).collect();
    let mut manifest = mapping(&names, &parts);
    let text = names.concat();
    manifest.inputs.model.name.clone_from(&text);
    manifest.inputs.target.clone_from(&text);
    for layer in &mut manifest.layers {
        layer.onnx_nodes = vec![text.clone(); 100];
        layer.rewrites = vec![text.clone(); 3];
        layer.shape = [u64::MAX; 3];
        (layer.neurons, layer.synapses, layer.nonzero_weights) = (u64::MAX, u64::MAX, u64::MAX);
        (layer.encoding, layer.tile) = (text.clone(), text.clone());
        let runner_up = RunnerUp {
            encoding: text.clone(),
            tile: text.clone(),
            cores: u64::MAX,
            time_ps: u64::MAX,
            nominal_ps: u64::MAX,
            messages: u64::MAX,
            loses_by: LosesBy::NominalTime,
        };
        layer.choice = Some(LayerChoice {
            considered: u64::MAX,
            legal: u64::MAX,
            time_ps: u64::MAX,
            slack_ps: u64::MAX,
            runner_up: Some(runner_up),
        });
    }
    for core in &mut manifest.cores {
        (core.id, core.chip) = (u32::MAX, u32::MAX);
        core.memory = BTreeMap::from([
            (text.clone(), CoreMemory { used: u64::MAX, cap: 1 }),
            ("none".into(), CoreMemory { used: u64::MAX, cap: 0 }),
        ]);
    }
    let constant = Constant { lo_fs: Some(u64::MAX), nominal_fs: Some(u64::MAX), hi_fs: Some(u64::MAX) };
    manifest.bounds.constants.values_mut().for_each(|c| *c = constant);
    manifest.bounds.optimality.gap_ppm = u64::MAX;
    manifest.bounds.optimality.egraph_gap_ppm = Some(u64::MAX);
    for a in &mut manifest.assumptions {
        (a.name, a.side, a.kind) = (text.clone(), text.clone(), text.clone());
    }
    manifest
}
