//! The search within what is pinned, beside that of everything.

use snnc_eqsat::space::Space;
use snnc_ir::diag::{Code, Diagnostic};

use super::Pins;
use crate::compile::extract::Extracted;
use crate::compile::job::Job;

/// The search of a job. Where something is pinned, the optimum that the result is compared with is that of all
/// mappings, pinned or not.
///
/// # Errors
/// As the search; [`Code::PinsTooTight`] when only what is pinned leaves no mapping.
pub(in crate::compile) fn extract(job: &Job<'_>, space: &mut Space) -> Result<Extracted, Vec<Diagnostic>> {
    if job.pins.is_empty() {
        return job.extract(space);
    }
    let nothing = Pins::default();
    let free = Job { target: job.chip_target, pins: &nothing, ..*job }.extract(space);
    match (job.extract(space), free) {
        (Ok(mut pinned), free) => {
            pinned.certificate.optimum = free.ok().and_then(|free| free.certificate.optimum);
            Ok(pinned)
        }
        (Err(list), Ok(_)) => Err(list.into_iter().map(|d| too_tight(job, d)).collect()),
        // The network does not fit in any case.
        (Err(_), Err(list)) => Err(list),
    }
}

fn too_tight(job: &Job<'_>, inner: Diagnostic) -> Diagnostic {
    let layers = job.network.layers.iter().filter(|l| !l.is_input()).count();
    let (what, own) = if job.pins.layers.len() == layers {
        let cut =
            "cut the layer that is named here into more parts, or those that read it into fewer".to_owned();
        ("the layers of the mapping do not go together", Some(cut))
    } else {
        ("what the mapping pins leaves no mapping of the rest", inner.remedy)
    };
    let mut remedy = "leave layers out of the mapping, first those that are named here or read by them: without --mapping \
                      the network fits"
        .to_owned();
    if let Some(own) = own {
        remedy.push_str(&format!("; or {own}"));
    }
    let message = format!("{what}: {}", inner.message);
    Diagnostic { code: Code::PinsTooTight, message, remedy: Some(remedy), ..inner }
}
