//! The choices of a layer that are worth having.

use std::collections::{BTreeMap, BTreeSet};

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_machine::activity::Profile;
use snnc_machine::network::Network;
use snnc_machine::target::{Choice, Implementation, Part, Price, Refusal, Target, Tile};

use super::Ranking;
use crate::space::Space;

/// A choice with what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which form of the population.
    pub form: usize,
    /// Encoding and tile.
    pub choice: Choice,
    /// Ranked time of its busiest core per step, in femtoseconds.
    pub time: u64,
    /// Nominal time of its busiest core, messages sent left out, in femtoseconds.
    pub nominal: u64,
    /// Cores.
    pub cores: u64,
    /// Nominal messages that arrive at its cores per step, in thousandths.
    pub messages: u64,
}

/// The choices of a layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// The layer.
    pub layer: usize,
    /// Those that no other beats, by time, then nominal time, cores, messages, tile.
    pub candidates: Vec<Candidate>,
    /// The fastest candidate on one core with its part, where the chip lets layers share one.
    pub whole: Option<(usize, Part)>,
    /// How many were priced.
    pub considered: u64,
    /// How many of them the chip can hold.
    pub legal: u64,
}

/// What is asked of the chip for each layer.
pub struct Pricing<'a> {
    /// The chip.
    pub target: &'a dyn Target,
    /// Events of the layers.
    pub profile: &'a Profile,
    /// How loads are ranked.
    pub ranking: Ranking,
    /// Cores that one layer may have at most.
    pub max_cores: u64,
    /// Only these tiles, by a function of the counts; for a search that shall be quick.
    pub coarse: bool,
}

/// A layer in all its forms, each in a network of its own.
pub struct Forms<'a> {
    /// The layer.
    pub layer: usize,
    plain: &'a Network,
    others: Vec<Network>,
}

impl<'a> Forms<'a> {
    /// The forms of a layer of a space.
    pub fn of(space: &'a Space, layer: usize) -> Self {
        let others = (1..space.populations[layer].forms.len()).map(|form| space.with_form(layer, form));
        Self { layer, plain: &space.network, others: others.collect() }
    }

    /// One network per form, the plainest first.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        std::iter::once(self.plain).chain(&self.others)
    }
}

impl Candidate {
    fn beats(&self, other: &Self) -> bool {
        self.time <= other.time
            && self.nominal <= other.nominal
            && self.cores <= other.cores
            && self.messages <= other.messages
    }

    /// Its times are never better than the floor.
    #[must_use]
    pub fn at_least(self, floor: u64) -> Self {
        Self { time: self.time.max(floor), nominal: self.nominal.max(floor), ..self }
    }

    /// Order among those that are worth as much.
    pub fn key(&self) -> (u64, u64, u64, u64, usize, &'static str, Tile) {
        let how = self.choice.implementation.encoding;
        (self.time, self.nominal, self.cores, self.messages, self.form, how, self.choice.tile)
    }
}

impl Pricing<'_> {
    /// The choices of a layer over all its forms.
    ///
    /// # Errors
    /// Why the chip can run no form of the layer, or the rule that even the best tile breaks.
    pub fn front(&self, layer: &Forms<'_>) -> Result<Front, Vec<Diagnostic>> {
        let mut front = Front { layer: layer.layer, ..Front::default() };
        let mut nearest: Option<Refusal> = None;
        let mut refused: Option<Vec<Diagnostic>> = None;
        for (form, network) in layer.networks().enumerate() {
            match self.target.implementations(network, front.layer) {
                Ok(ways) => {
                    for how in ways {
                        self.price(network, form, how, &mut front, &mut nearest);
                    }
                }
                // The plainest form comes first; the last is the most like the file.
                Err(list) => refused = Some(list),
            }
        }
        if front.candidates.is_empty() {
            return Err(match (nearest, refused) {
                (None, Some(list)) => list,
                (nearest, _) => vec![too_large(layer.plain, front.layer, self.max_cores, nearest)],
            });
        }
        let floor = self.ranking.floor();
        front.candidates = undominated(std::mem::take(&mut front.candidates), floor);
        front.whole = self.whole(layer, &front);
        Ok(front)
    }

    /// The front of a layer for which everything is given.
    pub fn fixed(&self, layer: usize, choice: Choice, price: &Price) -> Front {
        let candidates = vec![self.candidate(0, choice, price)];
        Front { layer, candidates, whole: None, considered: 1, legal: 1 }
    }

    /// A choice of a layer in its plainest form with its price; none when the chip cannot hold it.
    pub fn one(&self, network: &Network, layer: usize, choice: Choice) -> Option<Candidate> {
        let Choice { implementation, tile } = choice;
        let prices = self.target.prices(network, layer, implementation, &[tile], self.profile);
        Some(self.candidate(0, choice, &prices.into_iter().next()?.ok()?))
    }

    fn price(
        &self,
        network: &Network,
        form: usize,
        how: Implementation,
        front: &mut Front,
        nearest: &mut Option<Refusal>,
    ) {
        let mut tiles = self.target.tiles(network, front.layer, how, self.max_cores);
        if self.coarse {
            let plain = |n: u32| n.is_power_of_two();
            tiles.retain(|t| plain(t.channels) && plain(t.rows) && plain(t.cols) && plain(t.fan_in));
        }
        front.considered += tiles.len() as u64;
        let prices = self.target.prices(network, front.layer, how, &tiles, self.profile);
        for (tile, price) in tiles.into_iter().zip(prices) {
            let choice = Choice { implementation: how, tile };
            match price {
                Ok(price) => {
                    front.legal += 1;
                    front.candidates.push(self.candidate(form, choice, &price));
                }
                Err(refusal) => *nearest = Some(nearer(nearest.take(), refusal)),
            }
        }
    }

    fn whole(&self, layer: &Forms<'_>, front: &Front) -> Option<(usize, Part)> {
        if !self.target.shares_cores() {
            return None;
        }
        let (k, candidate) = front.candidates.iter().enumerate().find(|(_, c)| c.cores == 1)?;
        let network = layer.networks().nth(candidate.form)?;
        let parts = self.target.loads(network, front.layer, candidate.choice, self.profile).ok()?;
        Some((k, parts.into_iter().next()?))
    }

    fn candidate(&self, form: usize, choice: Choice, price: &Price) -> Candidate {
        Candidate {
            form,
            choice,
            time: self.ranking.time(&price.peak),
            nominal: self.ranking.nominal(&price.peak),
            cores: price.cores,
            messages: price.messages,
        }
    }
}

/// Those that no other beats when times below the floor count as the floor; of equals the first.
fn undominated(mut all: Vec<Candidate>, floor: u64) -> Vec<Candidate> {
    all.sort_by_key(|c| (c.at_least(floor).key(), c.key()));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in all {
        if !kept.iter().any(|k| k.at_least(floor).beats(&candidate.at_least(floor))) {
            kept.push(candidate);
        }
    }
    kept
}

/// Encodings with their tiles, per form, of the candidates of a front.
pub(super) fn tiles_of(front: &Front) -> BTreeMap<usize, BTreeMap<&'static str, BTreeSet<Tile>>> {
    let mut out: BTreeMap<usize, BTreeMap<&'static str, BTreeSet<Tile>>> = BTreeMap::new();
    for c in &front.candidates {
        let tiles = out.entry(c.form).or_default().entry(c.choice.implementation.encoding).or_default();
        tiles.insert(c.choice.tile);
    }
    out
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
