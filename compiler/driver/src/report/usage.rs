//! What each layer takes of the cores.

use std::collections::BTreeMap;

use snnc_machine::load::Load;
use snnc_machine::manifest::{Core, CoreMemory, Manifest};

/// What a layer takes of a core.
#[derive(Clone, Copy, Debug)]
pub struct Share<'m> {
    /// The core.
    pub core: &'m Core,
    /// The sum over its parts of the layer.
    pub load: Load,
    /// Whether parts of other layers are on the core too.
    pub shared: bool,
}

/// The shares of every layer, by its name.
#[derive(Clone, Debug, Default)]
pub struct Usage<'m>(BTreeMap<&'m str, Vec<Share<'m>>>);

impl<'m> Usage<'m> {
    /// The shares of a manifest's layers, in the order of its cores.
    pub fn of(manifest: &'m Manifest) -> Self {
        let mut shares: BTreeMap<&str, Vec<Share<'_>>> = BTreeMap::new();
        for core in &manifest.cores {
            let mut loads: BTreeMap<&str, Load> = BTreeMap::new();
            for part in &core.parts {
                let load = loads.entry(&part.layer).or_default();
                *load = load.plus(part.load);
            }
            let shared = loads.len() > 1;
            for (layer, load) in loads {
                shares.entry(layer).or_default().push(Share { core, load, shared });
            }
        }
        Self(shares)
    }

    /// The cores of a layer, each once.
    pub fn shares(&self, layer: &str) -> &[Share<'m>] {
        self.0.get(layer).map_or(&[], Vec::as_slice)
    }

    /// How many of its cores a layer shares with others.
    pub fn shared(&self, layer: &str) -> usize {
        self.shares(layer).iter().filter(|s| s.shared).count()
    }

    /// The greatest of each load over the cores of a layer; they need not be of one core.
    pub fn peak(&self, layer: &str) -> Load {
        self.shares(layer).iter().fold(Load::default(), |peak, share| peak.max(share.load))
    }

    /// Each resource where it is nearest to its cap on the cores of a layer, by its name.
    pub fn memory(&self, layer: &str) -> BTreeMap<&'m str, (&'m Core, CoreMemory)> {
        let mut fullest: BTreeMap<&str, (&Core, CoreMemory)> = BTreeMap::new();
        for share in self.shares(layer) {
            for (name, use_) in &share.core.memory {
                let found = fullest.entry(name).or_insert((share.core, *use_));
                if filled_ppm(*use_) > filled_ppm(found.1) {
                    *found = (share.core, *use_);
                }
            }
        }
        fullest
    }

    /// The resource that is nearest to its cap on any core of a layer, of equals the first by name.
    pub fn fullest(&self, layer: &str) -> Option<(&'m str, CoreMemory)> {
        let resources = self.memory(layer).into_iter();
        // One of a few says nothing of how full a core is.
        let told = resources.filter(|(_, (_, m))| m.cap > 0 && m.used > 1);
        told.max_by_key(|(name, (_, m))| (filled_ppm(*m), std::cmp::Reverse(*name)))
            .map(|(name, (_, m))| (name, m))
    }
}

/// Used of the cap, in millionths.
pub fn filled_ppm(memory: CoreMemory) -> u64 {
    let exact = u128::from(memory.used) * 1_000_000 / u128::from(memory.cap.max(1));
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// Nominal messages that arrive at all cores together per step, in thousandths.
pub fn messages(manifest: &Manifest) -> u64 {
    let parts = manifest.cores.iter().flat_map(|c| &c.parts);
    parts.fold(0, |sum, part| sum.saturating_add(part.load.messages_in.nominal))
}
