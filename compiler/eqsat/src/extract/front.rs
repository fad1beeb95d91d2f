//! The choices of one layer that are worth having.

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_machine::activity::Profile;
use snnc_machine::load::Load;
use snnc_machine::network::Network;
use snnc_machine::target::{Choice, Refusal, Target};

/// A choice with what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Implementation and tile.
    pub choice: Choice,
    /// Greatest nominal time of one of its cores per step, in femtoseconds.
    pub time: u64,
    /// Cores.
    pub cores: u64,
    /// Nominal messages that arrive at its cores per step, in thousandths.
    pub messages: u64,
}

impl Candidate {
    fn beats(&self, other: &Self) -> bool {
        self.time <= other.time && self.cores <= other.cores && self.messages <= other.messages
    }
}

/// The choices of a layer with at most `max_cores` cores, without those that another one beats, by
/// ascending time.
///
/// # Errors
/// Why the chip cannot run the layer, or the rule that even the best tile breaks.
pub fn front(
    target: &dyn Target,
    network: &Network,
    layer: usize,
    profile: &Profile,
    max_cores: u64,
    time: &dyn Fn(&Load) -> u64,
) -> Result<Vec<Candidate>, Vec<Diagnostic>> {
    let mut all: Vec<Candidate> = Vec::new();
    let mut nearest: Option<Refusal> = None;
    for implementation in target.implementations(network, layer)? {
        for tile in target.tiles(network, layer, implementation, max_cores) {
            let choice = Choice { implementation, tile };
            match target.loads(network, layer, choice, profile) {
                Ok(parts) => all.push(Candidate {
                    choice,
                    time: parts.iter().map(|p| time(&p.load)).max().unwrap_or(0),
                    cores: parts.len() as u64,
                    messages: parts
                        .iter()
                        .fold(0u64, |sum, p| sum.saturating_add(p.load.messages_in.nominal)),
                }),
                Err(refusal) => nearest = Some(nearer(nearest, refusal)),
            }
        }
    }
    if all.is_empty() {
        return Err(vec![too_large(network, layer, max_cores, nearest)]);
    }
    Ok(undominated(all))
}

/// Sorted by time, then cores, then messages, then tile; of equals the first.
fn undominated(mut all: Vec<Candidate>) -> Vec<Candidate> {
    all.sort_by_key(|c| (c.time, c.cores, c.messages, c.choice.tile));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in all {
        if !kept.iter().any(|k| k.beats(&candidate)) {
            kept.push(candidate);
        }
    }
    kept
}

/// The refusal that comes closer to its limit.
fn nearer(old: Option<Refusal>, new: Refusal) -> Refusal {
    match old {
        Some(old) if excess(&old, &new) => old,
        _ => new,
    }
}

/// Whether `a` exceeds its limit by no greater factor than `b`.
fn excess(a: &Refusal, b: &Refusal) -> bool {
    u128::from(a.found) * u128::from(b.limit) <= u128::from(b.found) * u128::from(a.limit)
}

fn too_large(network: &Network, layer: usize, max_cores: u64, nearest: Option<Refusal>) -> Diagnostic {
    let layer = &network.layers[layer];
    let diagnostic = Diagnostic::new(
        Code::LayerTooLarge,
        format!("no tile of layer '{}' fits the cores of the chip", layer.name),
    )
    .at(Location::node(&layer.name).with_line(layer.line()))
    .label(format!("{} neurons, {} fan-in elements each", layer.shape.len(), layer.fan_in()));
    match nearest {
        Some(r) => {
            // A finer tile exists only where some axis can still be cut.
            let shape = layer.shape;
            let cut = (shape.len() as u64) <= max_cores;
            let remedy = if cut {
                format!(
                    "even one neuron per core breaks this rule: reduce the {} inputs of its neurons",
                    layer.fan_in()
                )
            } else {
                format!(
                    "this is the best of all tiles with at most {max_cores} cores: make the layer smaller (fewer \
                     channels or inputs), or allow more cores with --chips or --max-cores"
                )
            };
            diagnostic.rule(r.rule, r.limit, r.found).remedy(remedy)
        }
        None => diagnostic.remedy("allow more cores with --max-cores or --chips"),
    }
}
