//! The activity that a mapping is made for.

use snnc_ir::diag::{Code, Diagnostic, Severity};
use snnc_ir::graph::Graph;
use snnc_machine::activity::Profile;
use snnc_machine::network::Network;

use super::{MeasuredFrom, Options, Run};
use crate::activity::Stated;
use crate::model::Model;
use crate::profile::{self, ActivityProfile, Source};
use crate::sample::{self, SampleFile, Samples, Source as _};

/// Samples that phases are verified on at most.
const MOST_VERIFIED: usize = 256;

/// The activity that the samples of a file cause, or that a profile holds.
pub(super) fn recorded(
    run: &mut Run<'_>,
    model: &Model,
    options: &Options,
    lowered: &Graph,
) -> Result<Option<ActivityProfile>, Vec<Diagnostic>> {
    let Some(from) = &options.measured else { return Ok(None) };
    let recorded = read(run, model, options, from, lowered).map_err(|d| vec![d])?;
    if recorded.steps != lowered.steps as usize {
        run.warnings.push(
            Diagnostic::new(
                Code::OtherSteps,
                format!("the samples have {} steps, the model says {}", recorded.steps, lowered.steps),
            )
            .remedy(format!(
                "bounds are for inferences of {} steps; give --steps {} when that is meant",
                recorded.steps, recorded.steps
            )),
        );
    }
    Ok(Some(recorded))
}

fn read(
    run: &mut Run<'_>,
    model: &Model,
    options: &Options,
    from: &MeasuredFrom,
    lowered: &Graph,
) -> Result<ActivityProfile, Diagnostic> {
    Ok(match from {
        MeasuredFrom::Samples { path, reading, threads } => {
            let samples = SampleFile::open(path, lowered, reading)?;
            let source = Source {
                model: model.file.clone(),
                samples_blake3: sample::hash(path)?,
                target: options.target.clone(),
                ..Source::default()
            };
            let steps = samples.steps() + profile::latency(lowered);
            let progress = run.observer.samples(samples.count(), steps);
            let done = profile::measure(lowered, &samples, *threads, source, &*progress);
            drop(progress);
            let (recorded, warnings) = done?;
            run.warnings.extend(warnings);
            recorded
        }
        MeasuredFrom::Profile(path) => {
            let recorded = profile::read(path)?;
            if recorded.source.network_blake3 != profile::hash(lowered) {
                run.warnings.push(
                    Diagnostic::new(
                        Code::OtherProfile,
                        format!("the profile was measured on another network ('{}')", recorded.source.model),
                    )
                    .remedy("measure it again with `snnc profile` when weights or neurons have changed"),
                );
            }
            recorded
        }
    })
}

/// The samples that phases are verified on; `None` stands for generated ones.
pub(super) fn verified_on(model: &Model, options: &Options) -> Result<Option<Samples>, Vec<Diagnostic>> {
    let Some(MeasuredFrom::Samples { path, reading, .. }) =
        options.measured.as_ref().filter(|_| options.verify)
    else {
        return Ok(None);
    };
    let limit = Some(reading.limit.map_or(MOST_VERIFIED, |l| l.min(MOST_VERIFIED)));
    let reading = sample::Options { limit, ..reading.clone() };
    let load = || SampleFile::open(path, &model.graph, &reading)?.load(&model.graph);
    load().map(Some).map_err(|d| vec![d])
}

/// Activity as it was stated; what was not runs from silent to all-firing.
pub(super) fn stated(
    network: &Network,
    stated: Option<&Stated>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Profile, Vec<Diagnostic>> {
    let none = Stated::default();
    let profile = stated.unwrap_or(&none).profile(network).map_err(|d| vec![d])?;
    let unknown: Vec<&str> = network
        .layers
        .iter()
        .zip(&profile.layers)
        .filter(|(_, activity)| activity.is_unknown())
        .map(|(l, _)| l.name.as_str())
        .collect();
    if !unknown.is_empty() {
        let of = if unknown.len() == network.layers.len() {
            String::new()
        } else {
            format!(" for {}", unknown.join(", "))
        };
        warnings.push(
            Diagnostic::new(
                Code::NoActivity,
                format!("no activity was given{of}: bounds run from silent to all-firing, the search takes all-firing"),
            )
            .remedy("state it with --activity, e.g. --activity 0.1 for one event per ten neurons and step"),
        );
    }
    debug_assert!(warnings.iter().all(|w| w.severity() == Severity::Warning));
    Ok(profile)
}
