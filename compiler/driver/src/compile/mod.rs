//! A compilation: the phases in order.

mod activity;
mod bounds;
mod choice;
mod emit;
mod extract;
mod job;
mod mapping;
mod place;
mod refine;
mod settle;
mod trace;

pub use emit::Bundle;
pub use mapping::{Earlier, GivenMapping};
pub use place::{Chosen, Mapping, Placed};

use std::path::PathBuf;
use std::time::{Duration, Instant};

use snnc_eqsat::extract::Objective;
use snnc_eqsat::space::{Space, normalise};
use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::Graph;
use snnc_ir::graph::verify::verify;
use snnc_ir::text;
use snnc_machine::activity::Profile;
use snnc_machine::manifest::Manifest;
use snnc_machine::target::Target;

use crate::activity::Stated;
use crate::model::Model;
use crate::pass::{fold, retime};
use crate::phase::Phase;
use crate::profile::ActivityProfile;
use crate::report::Report;
use crate::sample;
use crate::verify::{Note, Stimulus, Verifier};
use crate::{Observer, registry};

/// How much slower than the least time a mapping with fewer messages may be, in thousandths.
pub const SLACK: u64 = 50;

/// What a user can ask of a compilation.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the target.
    pub target: String,
    /// Text of a chip file in place of the built-in one.
    pub chip: Option<String>,
    /// Stated activity, as given.
    pub activity: Option<String>,
    /// Where activity is measured; takes the place of what is stated.
    pub measured: Option<MeasuredFrom>,
    /// What to minimise.
    pub objective: Objective,
    /// Use at most this many cores.
    pub max_cores: Option<u64>,
    /// Number of chips.
    pub chips: u32,
    /// How hard the search tries, 0 to 3.
    pub effort: u32,
    /// Give the front of time and cores.
    pub pareto: bool,
    /// Deadline of a step in picoseconds.
    pub period_ps: Option<u64>,
    /// The mapping, or what of it is given.
    pub mapping: Option<GivenMapping>,
    /// A mapping that this one is to be like where nothing speaks against it.
    pub like: Option<Earlier>,
    /// Recorded in the manifest.
    pub seed: u64,
    /// Stop after this phase.
    pub stop_after: Option<Phase>,
    /// Files for people beside the bundle.
    pub reports: Vec<Report>,
    /// The mapping that the floorline shows beside this one.
    pub against: Option<Manifest>,
    /// Run the network before and after each phase.
    pub verify: bool,
}

impl Options {
    /// A target with everything else at its default.
    pub fn new(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            chip: None,
            activity: None,
            measured: None,
            objective: Objective::Time,
            max_cores: None,
            chips: 1,
            effort: 1,
            pareto: false,
            period_ps: None,
            mapping: None,
            like: None,
            seed: 0,
            stop_after: None,
            reports: Vec::new(),
            against: None,
            verify: false,
        }
    }
}

/// Where measured activity comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasuredFrom {
    /// Samples that are run.
    Samples {
        /// The file.
        path: PathBuf,
        /// How it is read.
        reading: sample::Options,
        /// Threads that run samples side by side; 0 takes as many as the computer has.
        threads: usize,
    },
    /// A profile that was measured before.
    Profile(PathBuf),
}

/// What came of a compilation.
#[derive(Debug)]
pub struct Compilation {
    /// The manifest, when the run went to its end.
    pub manifest: Option<Manifest>,
    /// The files of the bundle, when the run went to its end.
    pub bundle: Option<Bundle>,
    /// Warnings, in the order of the phases.
    pub warnings: Vec<Diagnostic>,
    /// What each phase made, as text, in order.
    pub dumps: Vec<(Phase, String)>,
}

/// State of a run.
struct Run<'o> {
    observer: &'o mut dyn Observer,
    stop_after: Option<Phase>,
    dumps: Vec<(Phase, String)>,
    warnings: Vec<Diagnostic>,
    started: Instant,
    /// How long reading the model took; part of the import.
    read: Duration,
    verifier: Option<Verifier<'o>>,
}

impl<'o> Run<'o> {
    fn new(
        model: &Model,
        stop_after: Option<Phase>,
        observer: &'o mut dyn Observer,
        verifier: Option<Verifier<'o>>,
    ) -> Self {
        Self {
            observer,
            stop_after,
            dumps: Vec::new(),
            warnings: model.warnings.clone(),
            started: Instant::now(),
            read: model.time,
            verifier,
        }
    }

    /// Ends a phase; `true` when the run is to stop.
    fn end(&mut self, phase: Phase, dump: impl FnOnce() -> String, notes: &[String]) -> bool {
        let read = if phase == Phase::Import { self.read } else { Duration::ZERO };
        self.observer.ended(phase, read + self.started.elapsed(), notes);
        if self.observer.wants_dumps() || self.stop_after == Some(phase) {
            self.dumps.push((phase, dump()));
        }
        self.started = Instant::now();
        self.stop_after == Some(phase)
    }

    /// Verifies what a phase made, where that is asked for; its time is not the phase's.
    fn verify(
        &mut self,
        phase: Phase,
        check: impl FnOnce(&mut Verifier<'_>, &mut Vec<Diagnostic>) -> Result<Note, Diagnostic>,
    ) -> Result<(), Vec<Diagnostic>> {
        let Some(verifier) = &mut self.verifier else { return Ok(()) };
        let started = Instant::now();
        let note = check(verifier, &mut self.warnings).map_err(|d| vec![d])?;
        let time = started.elapsed();
        self.observer.verified(phase, time, &note);
        self.started += time;
        Ok(())
    }

    fn done(self, manifest: Option<Manifest>, bundle: Option<Bundle>) -> Compilation {
        Compilation { manifest, bundle, warnings: self.warnings, dumps: self.dumps }
    }
}

/// A network as populations, with everything that it can be.
struct Lowered {
    space: Space,
    /// The network of the plainest forms as a graph, so that it can be run.
    graph: Graph,
    latency_steps: u32,
}

/// Compiles a network.
///
/// # Errors
/// All diagnostics of the first phase that refuses something.
pub fn compile(
    model: &Model,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<Compilation, Vec<Diagnostic>> {
    let target = registry::target(&options.target, options.chip.as_deref()).map_err(|d| vec![d])?;
    if let Some(like) = &options.like {
        like.check(&options.target).map_err(|d| vec![d])?;
    }
    let stated = options.activity.as_deref().map(Stated::parse).transpose().map_err(|d| vec![d])?;
    let samples = activity::verified_on(model, options)?;
    let stimulus = samples.as_ref().map(|s| s as &dyn Stimulus);
    let verifier = options.verify.then(|| Verifier::new(stimulus, options.seed));
    let mut run = Run::new(model, options.stop_after, observer, verifier);
    let Some(mut lowered) = lower(&mut run, model, target.as_ref())? else {
        return Ok(run.done(None, None));
    };
    let recorded = activity::recorded(&mut run, model, options, &lowered.graph)?;
    let profile = match &recorded {
        Some(recorded) => {
            // An inference has as many steps as a sample.
            lowered.graph.steps = u32::try_from(recorded.steps).unwrap_or(u32::MAX);
            lowered.space.network.steps = lowered.graph.steps;
            recorded.profile(&lowered.space.network).map_err(|d| vec![d])?
        }
        None => activity::stated(&lowered.space.network, stated.as_ref(), &mut run.warnings)?,
    };
    map_and_emit(run, model, target.as_ref(), lowered, (&profile, recorded.as_ref()), options)
}

/// Measures the activity of a network in the form in which it would be mapped, and gives the warnings of the
/// phases up to there.
///
/// # Errors
/// All diagnostics of the first phase that refuses something, and of samples that do not fit.
pub fn measure(
    model: &Model,
    options: &Options,
    observer: &mut dyn Observer,
) -> Result<(Option<ActivityProfile>, Vec<Diagnostic>), Vec<Diagnostic>> {
    let target = registry::target(&options.target, options.chip.as_deref()).map_err(|d| vec![d])?;
    let mut run = Run::new(model, None, observer, None);
    let Some(lowered) = lower(&mut run, model, target.as_ref())? else { return Ok((None, run.warnings)) };
    let recorded = activity::recorded(&mut run, model, options, &lowered.graph)?;
    Ok((recorded, run.warnings))
}

/// The phases up to the network as it is mapped; `None` when the run is to stop before.
fn lower(run: &mut Run<'_>, model: &Model, target: &dyn Target) -> Result<Option<Lowered>, Vec<Diagnostic>> {
    check(&model.graph)?;
    needs_neurons(&model.graph)?;
    if run.end(Phase::Import, || text::print(&model.graph), &[]) {
        return Ok(None);
    }
    let folded = fold::fold_for(&model.graph, target.averages());
    check(&folded)?;
    run.verify(Phase::Fold, |v, _| v.fold(&model.graph, &folded))?;
    if run.end(Phase::Fold, || text::print(&folded), &[]) {
        return Ok(None);
    }
    let quantised = target.quantise(&folded)?;
    check(&quantised.graph)?;
    run.warnings.extend(quantised.warnings);
    run.verify(Phase::Quantise, |v, _| v.quantise(&folded, &quantised.graph))?;
    if run.end(Phase::Quantise, || text::print(&quantised.graph), &quantised.notes) {
        return Ok(None);
    }
    let retimed = retime::retime(&quantised.graph, target.edge_delay())?;
    check(&retimed.graph)?;
    let latency = retimed.latency_steps;
    run.verify(Phase::Retime, |v, warnings| v.retime(&quantised.graph, &retimed.graph, latency, warnings))?;
    let note = format!("outputs come {} step(s) after their inputs", retimed.latency_steps);
    if run.end(Phase::Retime, || text::print(&retimed.graph), &[note]) {
        return Ok(None);
    }
    let space = normalise(&retimed.graph)?;
    let graph = space.network.to_graph();
    check(&graph)?;
    run.verify(Phase::Normalise, |v, _| v.normalise(&retimed.graph, &graph))?;
    if run.end(Phase::Normalise, || text::print(&graph), &[]) {
        return Ok(None);
    }
    Ok(Some(Lowered { space, graph, latency_steps: retimed.latency_steps }))
}

/// The phases from extraction on.
fn map_and_emit(
    mut run: Run<'_>,
    model: &Model,
    target: &dyn Target,
    lowered: Lowered,
    (profile, recorded): (&Profile, Option<&ActivityProfile>),
    options: &Options,
) -> Result<Compilation, Vec<Diagnostic>> {
    let Lowered { mut space, graph, latency_steps } = lowered;
    let lowered = space.network.clone();
    space.prefer(&|network, layer| target.implementations(network, layer).is_ok());
    let plain = space.network.clone();
    let nothing = mapping::Pins::default();
    let job =
        job::Job { target, chip_target: target, pins: &nothing, network: &plain, profile, recorded, options };
    let pins = options.mapping.as_ref().map(|given| mapping::resolve(&job, given)).transpose()?;
    let pins = pins.unwrap_or_default();
    let pinned = mapping::PinnedTarget::new(target, &pins);
    let job = if pins.is_empty() { job } else { job::Job { target: &pinned, pins: &pins, ..job } };
    let extracted = mapping::extract(&job, &mut space)?;
    // From here on the network is in the chosen forms.
    let job = job::Job { network: &extracted.network, ..job };
    let graph = if *job.network == lowered {
        graph
    } else {
        let chosen = job.network.to_graph();
        check(&chosen)?;
        run.verify(Phase::Extract, |v, _| v.normalise(&graph, &chosen))?;
        chosen
    };
    if run.end(Phase::Extract, || extracted.dump(&job), &extracted.notes(&job)) {
        return Ok(run.done(None, None));
    }
    let assigned = job.assign(&extracted)?;
    if run.end(Phase::Assign, || assigned.dump(&job), &[]) {
        return Ok(run.done(None, None));
    }
    let mapping = job.place(&extracted, assigned)?;
    run.warnings.extend(mapping.kept.as_ref().and_then(mapping::Kept::warning));
    let notes = mapping.kept.as_ref().map_or(&[][..], |kept| &kept.notes);
    if run.end(Phase::Place, || mapping.dump(), notes) {
        return Ok(run.done(None, None));
    }
    let bounds = job.bounds(&mapping, &extracted, latency_steps)?;
    if run.end(Phase::Bounds, || format!("{bounds:#?}\n"), &[]) {
        return Ok(run.done(None, None));
    }
    let (mut manifest, mut bundle) =
        emit::emit(model, &job, &mapping, &extracted, bounds, &graph, &run.warnings);
    run.verify(Phase::Emit, |v, _| v.mapped(&manifest, &graph))?;
    if let Some(verifier) = run.verifier.take() {
        manifest.verification = Some(verifier.finish());
        bundle.set_manifest(&manifest);
    }
    run.end(Phase::Emit, || bundle.manifest.clone(), &[]);
    Ok(run.done(Some(manifest), Some(bundle)))
}

/// A graph that a phase made must be verified; anything else is a bug of that phase, told as such.
fn check(graph: &Graph) -> Result<(), Vec<Diagnostic>> {
    verify(graph).map_err(|errors| {
        let tell = |e: snnc_ir::graph::verify::VerifyError| {
            Diagnostic::new(Code::Unverified, e.problem).at(Location::node(e.node)).remedy(
                "if the model comes from another tool, check it there; otherwise report this with the model",
            )
        };
        errors.into_iter().map(tell).collect()
    })
}

/// A network for a neuromorphic chip has neurons, or quantised activations.
fn needs_neurons(graph: &Graph) -> Result<(), Vec<Diagnostic>> {
    if graph.nodes.iter().any(|n| matches!(n.op, snnc_ir::graph::op::Op::Neuron(_))) {
        return Ok(());
    }
    Err(vec![
        Diagnostic::new(
            Code::NoSpikingNeuron,
            "the network has neither a spiking neuron nor a quantised activation",
        )
        .remedy(
            "train it with spiking neurons and export them as ai.snnc operators (docs/ai.snnc.md), or quantise its \
             activations in the QDQ format",
        ),
    ])
}

/// The target of a job, for the sub-modules.
fn rates(target: &dyn Target) -> Result<snnc_machine::floorline::Rates, Vec<Diagnostic>> {
    snnc_machine::floorline::Rates::of(target.chip()).map_err(|d| vec![d])
}
