//! Parts on cores, cores on the mesh.

use std::collections::BTreeMap;

use snnc_eqsat::extract::Candidate;
use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::floorline::{CoreLoad, Mesh as MeshLoad, Rates, StepBound, step_bound};
use snnc_machine::load::Load;
use snnc_machine::target::{Choice, Implementation, Memory, Part, Refusal};
use snnc_place::keep::{Seat, keep};
use snnc_place::links::{self, LinkLoads};
use snnc_place::mesh::Site;
use snnc_place::traffic::{self, Traffic};

use super::extract::Extracted;
use super::job::Job;
use super::mapping::{self, Kept};

/// A part of a layer on its core.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Index of the core.
    pub core: usize,
    /// Index of the layer.
    pub layer: usize,
    /// The part.
    pub part: Part,
}

/// How a layer was implemented, in the manifest's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The encoding.
    pub how: Implementation,
    /// Parts per axis, or `custom` for blocks that are no grid.
    pub tile: String,
}

/// What was decided: parts on cores, in the order of the cores.
pub(super) struct Assigned {
    pub(super) parts: Vec<Placed>,
    /// Per core what its parts take of it together.
    pub(super) memory: Vec<Vec<Memory>>,
    /// Per layer of the network; none for an input.
    pub(super) choices: Vec<Option<Chosen>>,
    /// Per core: the seat that it has in the user's mapping.
    pub(super) seats: Vec<Option<Seat>>,
}

/// A placed mapping.
pub struct Mapping {
    /// In the order of the cores; loads have their messages out.
    pub parts: Vec<Placed>,
    /// Per core: its site.
    pub sites: Vec<Site>,
    /// Per core what its parts take of it together.
    pub memory: Vec<Vec<Memory>>,
    /// Per layer of the network: how it was implemented, none for an input.
    pub choices: Vec<Option<Chosen>>,
    /// What was kept of the mapping that this one is to be like.
    pub(super) kept: Option<Kept>,
    pub(super) traffic: Traffic,
    pub(super) links: LinkLoads,
    pub(super) rates: Rates,
}

/// Parts in the order of their cores, and per core the seat that the user's mapping gives it.
type OnCores = (Vec<Placed>, Vec<Option<Seat>>);

impl Job<'_> {
    pub(super) fn assign(&self, extracted: &Extracted) -> Result<Assigned, Vec<Diagnostic>> {
        let mut choices = vec![None; self.network.layers.len()];
        for (layer, Candidate { choice, .. }) in extracted.chosen() {
            let custom = self.pins.fixed(layer).is_some_and(|fixed| !fixed.is_grid);
            let tile = if custom { "custom".to_owned() } else { choice.tile.to_string() };
            choices[layer] = Some(Chosen { how: choice.implementation, tile });
        }
        // Layers that share a core, by the first of them.
        let mut leaders: BTreeMap<usize, usize> = BTreeMap::new();
        for group in &extracted.found.shared {
            let layers: Vec<usize> = group.iter().map(|k| extracted.fronts[*k].layer).collect();
            let first = layers.iter().copied().min().unwrap_or_default();
            leaders.extend(layers.into_iter().map(|layer| (layer, first)));
        }
        let (parts, seats) = self.parts(extracted.chosen().map(|(layer, c)| (layer, c.choice)), &leaders)?;
        let memory = self.shared(&parts, seats.len())?;
        Ok(Assigned { parts, memory, choices, seats })
    }

    /// The parts of these choices on cores, with what they take that depends on the parts of other layers. `leaders` says
    /// of layers that share a core which is the first of them.
    ///
    /// # Errors
    /// When the target refuses them.
    pub(super) fn parts(
        &self,
        choices: impl Iterator<Item = (usize, Choice)>,
        leaders: &BTreeMap<usize, usize>,
    ) -> Result<OnCores, Vec<Diagnostic>> {
        // Of what was found these are the questions that it was found by; a refusal would be a bug of the back end.
        let refused = |r: Refusal| {
            vec![
                Diagnostic::new(Code::LayerTooLarge, "a chosen tile was refused")
                    .rule(r.rule, r.limit, r.found),
            ]
        };
        let mut parts = Vec::new();
        let mut cores = Vec::new();
        let mut seats = Vec::new();
        let mut numbered: BTreeMap<u32, usize> = BTreeMap::new();
        let mut led: BTreeMap<usize, usize> = BTreeMap::new();
        for (layer, choice) in choices {
            let own = self.target.loads(self.network, layer, choice, self.profile).map_err(refused)?;
            for (at, part) in own.into_iter().enumerate() {
                parts.push((layer, part));
                let number = self.pins.number(layer, at);
                let core = match (number, leaders.get(&layer)) {
                    (Some(number), _) => *numbered.entry(number).or_insert(seats.len()),
                    (None, Some(first)) => *led.entry(*first).or_insert(seats.len()),
                    (None, None) => seats.len(),
                };
                if core == seats.len() {
                    seats.push(number.and_then(|number| self.pins.seats.get(&number).copied()));
                }
                cores.push(core);
            }
        }
        self.target.assign(self.network, &mut parts).map_err(|(_, r)| refused(r))?;
        let place = |(core, (layer, part))| Placed { core, layer, part };
        let mut placed: Vec<Placed> = cores.into_iter().zip(parts).map(place).collect();
        placed.sort_by_key(|p| p.core);
        Ok((placed, seats))
    }

    /// What the parts of each core take of it.
    fn shared(&self, parts: &[Placed], cores: usize) -> Result<Vec<Vec<Memory>>, Vec<Diagnostic>> {
        let mut refused = Vec::new();
        let mut memory = vec![Vec::new(); cores];
        for here in parts.chunk_by(|a, b| a.core == b.core) {
            let own: Vec<&Part> = here.iter().map(|p| &p.part).collect();
            let of = |layer: usize| parts.iter().filter(|p| p.layer == layer).count();
            let counts = here.iter().map(|p| if here.len() > 1 { of(p.layer) } else { 1 });
            match mapping::whole(counts).and_then(|()| self.target.share(&own)) {
                Ok(used) => memory[here[0].core] = used,
                Err(refusal) => {
                    let layers: Vec<usize> = here.iter().map(|p| p.layer).collect();
                    refused.push(mapping::cannot_share(self.network, &layers, refusal));
                }
            }
        }
        if refused.is_empty() { Ok(memory) } else { Err(refused) }
    }

    pub(super) fn place(
        &self,
        extracted: &Extracted,
        assigned: Assigned,
    ) -> Result<Mapping, Vec<Diagnostic>> {
        let Assigned { mut parts, memory: by_core, choices, mut seats } = assigned;
        let like = self.options.like.as_ref();
        let mut first: Vec<usize> = (0..seats.len()).collect();
        // What the user's mapping says comes before what was there earlier.
        first.sort_by_key(|core| seats[*core].is_none());
        if let Some(like) = like {
            like.seats(self.network, &parts, &mut seats);
        }
        let given = keep(&seats, &first, self.mesh()?, self.options.chips);
        let kept = like.map(|like| like.told(self.network, &parts, &seats, &given));
        let mut sites = given.sites.clone();
        let mut memory = vec![Vec::new(); by_core.len()];
        for (core, used) in by_core.into_iter().enumerate() {
            sites[given.ids[core]] = given.sites[core];
            memory[given.ids[core]] = used;
        }
        parts.iter_mut().for_each(|placed| placed.core = given.ids[placed.core]);
        parts.sort_by_key(|placed| placed.core);
        let traffic = traffic::traffic(self.network, &blocks(&parts), self.profile);
        let links = links::route(&traffic.flows, &sites);
        for (placed, sent) in parts.iter_mut().zip(&traffic.sent) {
            placed.part.load.messages_out = *sent;
        }
        let rates = extracted.ranking.rates;
        Ok(Mapping { parts, sites, memory, choices, kept, traffic, links, rates })
    }
}

/// The parts as senders and receivers of messages.
pub(super) fn blocks(parts: &[Placed]) -> Vec<traffic::Part> {
    let part = |p: &Placed| traffic::Part { core: p.core, layer: p.layer, block: p.part.block.clone() };
    parts.iter().map(part).collect()
}

/// The loads of the cores from those of the parts; a core that several layers share counts as the one whose part
/// takes it longest.
pub(super) fn core_loads(rates: &Rates, parts: &[Placed], loads: &[Load], cores: usize) -> Vec<CoreLoad> {
    let mut out = vec![CoreLoad { layer: 0, load: Load::default() }; cores];
    let mut longest = vec![None; cores];
    for (placed, load) in parts.iter().zip(loads) {
        let core = &mut out[placed.core];
        core.load = core.load.plus(*load);
        let time = Some(rates.nominal(load));
        if time > longest[placed.core] {
            (longest[placed.core], core.layer) = (time, placed.layer);
        }
    }
    out
}

impl Mapping {
    /// The loads of all cores, in order.
    pub(super) fn core_loads(&self) -> Vec<CoreLoad> {
        let loads: Vec<Load> = self.parts.iter().map(|p| p.part.load).collect();
        core_loads(&self.rates, &self.parts, &loads, self.sites.len())
    }

    /// Bounds on the parts of one layer alone.
    pub(super) fn layer_bound(&self, layer: usize) -> StepBound {
        let own = self.parts.iter().filter(|p| p.layer == layer);
        let own: Vec<CoreLoad> = own.map(|p| CoreLoad { layer, load: p.part.load }).collect();
        let alone = Rates { barrier: snnc_machine::chip::Bound::default(), ..self.rates };
        step_bound(&alone, &own, MeshLoad::default())
    }

    pub(super) fn dump(&self) -> String {
        let mut out = String::new();
        for Placed { core, layer, part } in &self.parts {
            let site = self.sites[*core];
            out.push_str(&format!(
                "core {core}: chip {} x {} y {}: layer {layer} {:?}\n",
                site.chip, site.x, site.y, part.block
            ));
        }
        out
    }
}

impl Assigned {
    pub(super) fn dump(&self, job: &Job<'_>) -> String {
        let line = |Placed { core, layer, part }: &Placed| {
            format!("core {core}: {} {:?}\n", job.network.layers[*layer].name, part.memory)
        };
        self.parts.iter().map(line).collect()
    }
}
