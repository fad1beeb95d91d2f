//! Running a network before and after each phase, side by side.
//!
//! A [`Verifier`] goes along with a compilation. Phases that change nothing are held to it by the
//! interpreter, the mapped network is run core by core, and what quantisation loses is measured. A
//! difference is a bug of snnc, told as [`Code::PhaseDiffers`]. See `docs/verify.md`.

mod aim;
mod exact;
mod generate;
mod loss;
mod rounded;
mod stimulus;

pub use exact::{Equal, exact};
pub use generate::Generated;
pub use loss::loss;
pub use rounded::{Near, Rounded, TOLERANCE, rounded};
pub use stimulus::Stimulus;
pub(crate) use stimulus::misfit;

use std::fmt::Display;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::{Graph, NodeId, Number};
use snnc_ir::text::print_node;
use snnc_machine::manifest::{EqualPhase, Manifest, QuantisationLoss, Verification};

use crate::mapped::{self, MappedNetwork};
use crate::phase::Phase;

/// What a check found, as a line for the log.
pub type Note = String;

/// Runs the network of a compilation before and after each phase.
pub struct Verifier<'s> {
    samples: Option<&'s dyn Stimulus>,
    seed: u64,
    /// Samples made for the integer network, once there is one.
    generated: Generated,
    equal: Vec<EqualPhase>,
    silent: Vec<String>,
    quantisation: Option<QuantisationLoss>,
}

impl<'s> Verifier<'s> {
    /// Verifies on these samples, or on generated ones.
    pub fn new(samples: Option<&'s dyn Stimulus>, seed: u64) -> Self {
        Self {
            samples,
            seed,
            generated: Generated::default(),
            equal: Vec::new(),
            silent: Vec::new(),
            quantisation: None,
        }
    }

    /// After folding: real networks give the same but for rounding ([`rounded`]).
    ///
    /// # Errors
    /// [`Code::PhaseDiffers`], [`Code::BadSample`].
    pub fn fold(&mut self, before: &Graph, after: &Graph) -> Result<Note, Diagnostic> {
        if before == after {
            return Ok("nothing was changed".into());
        }
        let generated;
        let stimulus = match self.samples {
            Some(samples) => samples,
            None => {
                generated = Generated::for_graph(before, self.seed)?;
                &generated
            }
        };
        let found = rounded(Phase::Fold, before, after, stimulus)?;
        self.found(Phase::Fold, found.layers);
        let [steps, all] = found.steps;
        Ok(match found.nearest {
            None => format!("{} layers give the same in {steps} steps", found.layers),
            Some(near) => format!(
                "{} layers give the same in {steps} of {all} steps, until rounding decided for a neuron of '{}' at \
                 {:.1e} of its threshold, and others nearer",
                found.layers, near.layer, near.distance
            ),
        })
    }

    /// After quantisation: the loss of a real network; a network in integers must give the same.
    ///
    /// # Errors
    /// As [`fold`](Self::fold).
    pub fn quantise(&mut self, before: &Graph, after: &Graph) -> Result<Note, Diagnostic> {
        if self.samples.is_none() {
            self.generated = Generated::for_graph(after, self.seed)?;
        }
        let stimulus = self.stimulus();
        if before.number == Number::Integer {
            if before == after {
                return Ok("nothing was changed".into());
            }
            let found = exact(Phase::Quantise, before, after, 0, stimulus)?;
            self.found(Phase::Quantise, found.layers);
            return Ok(self.equal_note(found.layers));
        }
        let found = loss(before, after, stimulus)?;
        let note = format!(
            "the same class in {} of {} samples{}",
            found.same_class,
            stimulus.samples(),
            found.outputs.first().map_or_else(String::new, |o| format!(
                "; '{}' differs by {} ppm of its range on average, {} at most",
                o.output, o.mean_ppm, o.max_ppm
            ))
        );
        self.quantisation = Some(found);
        Ok(note)
    }

    /// After retiming: layers give the same, each later by its lag. Warns of layers that no sample reached.
    ///
    /// # Errors
    /// As [`fold`](Self::fold).
    pub fn retime(
        &mut self,
        before: &Graph,
        after: &Graph,
        latency: u32,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Note, Diagnostic> {
        let found = exact(Phase::Retime, before, after, latency, self.stimulus())?;
        self.found(Phase::Retime, found.layers);
        if !found.silent.is_empty() {
            warnings.push(not_reached(&found.silent, self.samples.is_some()));
        }
        self.silent = found.silent;
        Ok(self.equal_note(found.layers))
    }

    /// After lowering to populations: layers give the same in the same step.
    ///
    /// # Errors
    /// As [`fold`](Self::fold).
    pub fn normalise(&mut self, before: &Graph, after: &Graph) -> Result<Note, Diagnostic> {
        let found = exact(Phase::Normalise, before, after, 0, self.stimulus())?;
        self.found(Phase::Normalise, found.layers);
        Ok(self.equal_note(found.layers))
    }

    /// After emission: every population of the mapped network gives the same.
    ///
    /// # Errors
    /// As [`fold`](Self::fold); [`Code::BadMapping`] when the manifest does not map the network.
    pub fn mapped(&mut self, manifest: &Manifest, lowered: &Graph) -> Result<Note, Diagnostic> {
        let network = MappedNetwork::new(manifest, lowered)?;
        let latency = manifest.bounds.latency_steps;
        let found = mapped::compare(&network, lowered, self.stimulus(), latency, &mut |_| {})?;
        if let Some(d) = found.difference {
            return Err(bug(Phase::Emit, &d.layer, d.line.clone(), d.label()));
        }
        let layers = network.populations().count() + lowered.outputs().len();
        self.found(Phase::Emit, layers);
        Ok(format!("{} on {} cores, with {} messages", self.equal_note(layers), found.cores, found.messages))
    }

    /// All results, for the manifest.
    pub fn finish(self) -> Verification {
        let stimulus = self.stimulus();
        Verification {
            source: if self.samples.is_some() { "samples" } else { "generated" }.into(),
            samples: stimulus.samples() as u64,
            steps: stimulus.steps() as u64,
            equal: self.equal,
            silent: self.silent,
            quantisation: self.quantisation,
        }
    }

    fn found(&mut self, phase: Phase, layers: usize) {
        self.equal.push(EqualPhase { phase: phase.name().into(), layers: layers as u64 });
    }

    fn stimulus(&self) -> &dyn Stimulus {
        self.samples.unwrap_or(&self.generated)
    }

    fn equal_note(&self, layers: usize) -> Note {
        let stimulus = self.stimulus();
        format!(
            "{layers} layers give the same in {} samples of {} steps",
            stimulus.samples(),
            stimulus.steps()
        )
    }
}

/// Where a value differs.
struct Place<'g> {
    /// The network after the phase.
    graph: &'g Graph,
    node: NodeId,
    /// Flat position.
    at: usize,
    sample: usize,
    step: usize,
    /// Steps by which the layer is later than before the phase.
    lag: usize,
}

fn differs(phase: Phase, place: &Place<'_>, was: impl Display, is: impl Display) -> Diagnostic {
    let node = place.graph.node(place.node);
    let rest = place.at % node.shape.plane();
    let [c, y, x] = [place.at / node.shape.plane(), rest / node.shape.w, rest % node.shape.w];
    let before = match place.lag {
        0 => String::new(),
        lag => format!(", which was step {} before the phase", place.step.saturating_sub(lag)),
    };
    let label = format!(
        "neuron (channel {c}, row {y}, column {x}) gave {was} before and gives {is} after, in step {}{before} of \
         sample {}",
        place.step, place.sample
    );
    bug(phase, &node.name, print_node(place.graph, place.node), label)
}

/// Every output must be there after the phase, with as many elements.
fn outputs_kept(phase: Phase, before: &Graph, kept: impl Fn(NodeId) -> bool) -> Result<(), Diagnostic> {
    before.outputs().into_iter().find(|id| !kept(*id)).map_or(Ok(()), |id| {
        let label = "this output is gone, or has another size".to_owned();
        Err(bug(phase, &before.node(id).name, print_node(before, id), label))
    })
}

fn bug(phase: Phase, layer: &str, line: String, label: String) -> Diagnostic {
    let what = match phase {
        Phase::Emit => "the mapped network does not compute what the network computes".to_owned(),
        _ => format!("phase '{phase}' changed what the network computes"),
    };
    Diagnostic::new(Code::PhaseDiffers, what)
        .at(Location::node(layer).with_line(line))
        .label(label)
        .remedy(
            "this is a bug of snnc, not of the model: please report it with the model and this command line; the mapping \
             cannot be relied on",
        )
}

fn not_reached(silent: &[String], own: bool) -> Diagnostic {
    let names: Vec<String> = silent.iter().map(|name| format!("'{name}'")).collect();
    let remedy = if own {
        "give samples that make these layers fire"
    } else {
        "give samples of your own that make these layers fire, and look whether they can: snnc simulate tells each \
         layer's events"
    };
    Diagnostic::new(
        Code::NotReached,
        format!("no sample of the verification made {} give out an event", names.join(", ")),
    )
    .label("what these layers compute was not verified")
    .remedy(remedy)
}
