//! Who is on which core: numbers that exist, one part of a layer on each, what can share one, and not too many.

use std::collections::{BTreeMap, BTreeSet};

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_machine::chip::names;
use snnc_machine::load::Load;
use snnc_machine::network::Network;
use snnc_machine::target::{Part, Price, Refusal};
use snnc_place::keep::Seat;
use snnc_place::mesh::{Mesh, Site};

use super::GivenMapping;
use super::pins::{Pin, Pins};
use crate::compile::job::Job;

/// Refusals that are told one by one.
const MOST_TOLD: usize = 16;

/// Checks the cores of the parts and counts them, and prices what shares one.
///
/// # Errors
/// Everything that is refused.
pub(super) fn check(job: &Job<'_>, given: &GivenMapping, pins: &mut Pins) -> Result<(), Vec<Diagnostic>> {
    let mut refused = Vec::new();
    let cores = on_cores(job, pins, &mut refused);
    pins.seats = seats(job, given, cores.keys().copied(), &mut refused)?;
    for (number, parts) in cores.iter().filter(|(_, parts)| parts.len() > 1) {
        let all: Vec<&Part> =
            parts.iter().filter_map(|(layer, at)| pins.fixed(*layer)?.parts.get(*at)).collect();
        let counts = parts.iter().filter_map(|(layer, _)| Some(pins.fixed(*layer)?.parts.len()));
        if let Err(refusal) = whole(counts).and_then(|()| job.target.share(&all).map(|_| ())) {
            let layers: Vec<usize> = parts.iter().map(|(layer, _)| *layer).collect();
            refused
                .push(cannot_share(job.network, &layers, refusal).label(format!("they name core {number}")));
        }
    }
    if !refused.is_empty() {
        refused.truncate(MOST_TOLD);
        return Err(refused);
    }
    reprice(pins, &cores);
    count(job, pins)
}

/// A core is shared by whole layers only: what is said of the best possible counts on it. `counts` are the parts of the
/// layers on one core.
///
/// # Errors
/// The layer with the most parts.
pub(in crate::compile) fn whole(counts: impl Iterator<Item = usize>) -> Result<(), Refusal> {
    match counts.max() {
        Some(found) if found > 1 => {
            Err(Refusal { rule: "parts of a layer that shares a core".into(), limit: 1, found: found as u64 })
        }
        _ => Ok(()),
    }
}

/// Per number of a core its parts, as layers and positions.
type OnCores = BTreeMap<u32, Vec<(usize, usize)>>;

fn on_cores(job: &Job<'_>, pins: &Pins, refused: &mut Vec<Diagnostic>) -> OnCores {
    let mut out = OnCores::new();
    for (layer, fixed) in pins.layers.keys().filter_map(|layer| Some((*layer, pins.fixed(*layer)?))) {
        let numbered = fixed.numbers.iter().enumerate().filter_map(|(at, number)| Some((at, (*number)?)));
        for (at, number) in numbered {
            let here = out.entry(number).or_default();
            if let Some((_, other)) = here.iter().find(|(l, _)| *l == layer) {
                let name = &job.network.layers[layer].name;
                refused.push(
                    wrong(format!("parts {other} and {at} of layer '{name}' are on one core"))
                        .at(Location::node(name))
                        .rule("parts of a layer per core", 1, 2)
                        .remedy(format!(
                            "give them cores of their own, or make one part of them; both name core {number}"
                        )),
                );
                continue;
            }
            here.push((layer, at));
        }
    }
    out
}

/// Where the numbered cores are.
fn seats(
    job: &Job<'_>,
    given: &GivenMapping,
    numbers: impl Iterator<Item = u32>,
    refused: &mut Vec<Diagnostic>,
) -> Result<BTreeMap<u32, Seat>, Vec<Diagnostic>> {
    let (mesh, all) = (job.mesh()?, job.cores_of_chips()?);
    let mut out = BTreeMap::new();
    let mut taken: BTreeMap<Site, u64> = BTreeMap::new();
    for id in numbers {
        match given.seats.as_ref().and_then(|seats| seats.get(&id)) {
            Some(seat) => {
                let here = taken.entry(seat.site).or_default();
                *here += 1;
                refused.extend(no_room(mesh, job.options.chips, *seat, *here));
                out.insert(id, *seat);
            }
            None if u64::from(id) < all => drop(out.insert(id, Seat { id, site: mesh.site(id.into()) })),
            None => refused.push(
                wrong(format!("there is no core {id}"))
                    .rule("number of a core", format!("0 to {}", all.saturating_sub(1)), id)
                    .remedy(format!(
                        "give a lower number, or more chips with {}",
                        chips_for(job, u64::from(id) + 1)
                    )),
            ),
        }
    }
    Ok(out)
}

/// A site that the chips have not, or that has more cores of the mapping than of the chip.
fn no_room(mesh: Mesh, chips: u32, seat: Seat, here: u64) -> Option<Diagnostic> {
    let Seat { id, site: Site { chip, x, y } } = seat;
    let room = mesh.cores_at(seat.site);
    let room = if chip < chips { room.end - room.start } else { 0 };
    (here > room).then(|| {
        wrong(format!("core {id} is at chip {chip}, x {x}, y {y}, where there is no core for it"))
            .rule("cores at this place", room, here)
            .remedy(format!("compile for at least {} chips of the target that the manifest was written for, or give parts other places", u64::from(chip) + 1))
    })
}

/// Parts of these layers cannot be on one core.
pub(in crate::compile) fn cannot_share(network: &Network, layers: &[usize], refusal: Refusal) -> Diagnostic {
    let names: Vec<String> = layers.iter().map(|l| format!("'{}'", network.layers[*l].name)).collect();
    let at = layers.first().map(|l| &network.layers[*l]);
    let at = at.map_or_else(|| Location::node(""), |l| Location::node(&l.name).with_line(l.line()));
    Diagnostic::new(Code::MappingShare, format!("parts of {} cannot share a core", names.join(" and ")))
        .at(at)
        .rule(refusal.rule, refusal.limit, refusal.found)
        .remedy("give each part a core of its own")
}

/// Counts a shared core for its first layer only, and its load for all.
fn reprice(pins: &mut Pins, cores: &OnCores) {
    let load = |pins: &Pins, layer: usize, at: usize| {
        pins.fixed(layer).and_then(|f| f.parts.get(at)).map_or_else(Load::default, |p| p.load)
    };
    let total: BTreeMap<u32, Load> = cores
        .iter()
        .map(|(number, parts)| {
            (
                *number,
                parts.iter().fold(Load::default(), |sum, (layer, at)| sum.plus(load(pins, *layer, *at))),
            )
        })
        .collect();
    let mut counted: BTreeSet<u32> = BTreeSet::new();
    for pin in pins.layers.values_mut() {
        let Pin::Parts(fixed) = pin else { continue };
        let mut price = Price { cores: 0, peak: Load::default(), messages: fixed.price.messages };
        for (part, number) in fixed.parts.iter().zip(&fixed.numbers) {
            let load = number.and_then(|n| total.get(&n)).copied().unwrap_or(part.load);
            price.peak = price.peak.max(load);
            price.cores += u64::from(number.is_none_or(|n| counted.insert(n)));
        }
        fixed.price = price;
    }
}

/// Not more cores than there are, with one at least for every layer that is searched.
fn count(job: &Job<'_>, pins: &Pins) -> Result<(), Vec<Diagnostic>> {
    let given: u64 = pins
        .layers
        .values()
        .map(|pin| match pin {
            Pin::Parts(fixed) => fixed.price.cores,
            Pin::Tile(tile, _) => tile.cores(),
            Pin::Encoding(_) => 1,
        })
        .fold(0, u64::saturating_add);
    let layers = (0..job.network.layers.len()).filter(|k| !job.network.layers[*k].is_input());
    let searched: Vec<usize> = layers.filter(|k| !pins.layers.contains_key(k)).collect();
    let cores = job.cores()?;
    if given.saturating_add(searched.len() as u64) <= cores {
        return Ok(());
    }
    let searched =
        searched.into_iter().map(|layer| super::remedy::fewest(job, layer)).fold(0, u64::saturating_add);
    let need = given.saturating_add(searched);
    let more = if job.options.max_cores.is_some_and(|max| max == cores) {
        format!("--max-cores {need}")
    } else {
        chips_for(job, need)
    };
    Err(vec![
        wrong(format!(
            "the mapping needs more cores than there are: {given} for what is given, and at least {searched} for the other \
             layers"
        ))
        .rule("cores", cores, need)
            .remedy(format!("give fewer parts, or allow more cores with {more}")),
    ])
}

/// The option that gives so many cores.
fn chips_for(job: &Job<'_>, cores: u64) -> String {
    let per_chip = job.target.chip().count(names::CORES_PER_CHIP).unwrap_or(1).max(1);
    format!("--chips {}", cores.div_ceil(per_chip))
}

fn wrong(message: String) -> Diagnostic {
    Diagnostic::new(Code::MappingCores, message)
}
