//! From a mapping as it was read to what it pins of a network.

use std::collections::{BTreeMap, BTreeSet};

use snnc_ir::diag::{Code, Diagnostic, Location, closest};
use snnc_machine::mapping::{LayerMapping, PartMapping};
use snnc_machine::network::field::Grid;
use snnc_machine::network::{Block, Layer};
use snnc_machine::target::{Choice, Implementation, Part, Price, Refusal, Tile};

use super::blocks::{blocks, ranges};
use super::pins::{Fixed, Pin, Pins};
use super::{GivenMapping, shown};
use crate::compile::job::Job;

/// Refusals of one kind that are told one by one.
const MOST_TOLD: usize = 16;

/// Checks a mapping and prices its parts. The target of the job is the chip itself.
///
/// # Errors
/// Everything that is refused: names and cuts of all layers, and where none is, who is on which core.
pub(in crate::compile) fn resolve(job: &Job<'_>, given: &GivenMapping) -> Result<Pins, Vec<Diagnostic>> {
    let names: BTreeMap<&str, usize> =
        job.network.layers.iter().enumerate().map(|(k, l)| (l.name.as_str(), k)).collect();
    let mut pins = Pins::default();
    let mut refused: Vec<Diagnostic> = Vec::new();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    for layer in &given.layers {
        // Looking for the name that was meant takes a while; a file of wrong names ends here.
        if refused.len() >= MOST_TOLD {
            break;
        }
        let pin = named(job, &names, layer, &mut seen).map_err(|d| vec![d]).and_then(|index| {
            let pin = pin(job, index, layer)?;
            Ok((index, pin))
        });
        match pin {
            Ok((index, pin)) => drop(pins.layers.insert(index, pin)),
            Err(list) => refused.extend(list),
        }
    }
    if refused.is_empty() {
        super::cores::check(job, given, &mut pins)?;
        return Ok(pins);
    }
    Err(refused)
}

/// The layer of that name, each asked for once.
fn named(
    job: &Job<'_>,
    names: &BTreeMap<&str, usize>,
    layer: &LayerMapping,
    seen: &mut BTreeSet<usize>,
) -> Result<usize, Diagnostic> {
    let is_input = |k: &usize| job.network.layers[*k].is_input();
    let name = shown(&layer.layer);
    let wrong = |message| Diagnostic::new(Code::MappingLayer, message);
    let Some(index) = names.get(layer.layer.as_str()).copied() else {
        let own = names.iter().filter(|(_, k)| !is_input(k)).map(|(name, _)| *name);
        let remedy = match closest(&layer.layer, own) {
            Some(near) => {
                format!("the closest name is '{near}'; without --mapping `--stop-after extract` lists all")
            }
            None => "without --mapping `--stop-after extract` lists the layers".into(),
        };
        return Err(wrong(format!("the network has no layer '{name}'")).remedy(remedy));
    };
    let at = Location::node(&job.network.layers[index].name).with_line(job.network.layers[index].line());
    if is_input(&index) {
        return Err(wrong(format!("'{name}' is an input, which is on no core"))
            .at(at)
            .remedy("leave it out"));
    }
    if !seen.insert(index) {
        return Err(wrong(format!("layer '{name}' is given twice")).at(at).remedy("leave one of them out"));
    }
    Ok(index)
}

/// What is given of a layer.
fn pin(job: &Job<'_>, index: usize, given: &LayerMapping) -> Result<Pin, Vec<Diagnostic>> {
    let layer = &job.network.layers[index];
    let hows = encodings(job, index, given)?;
    let one = |d: Diagnostic| vec![d];
    match (&given.tile, &given.parts) {
        (Some(_), Some(_)) => {
            Err(one(wrong(layer, format!("layer '{}' has both a tile and parts", layer.name))
                .remedy("give one of them")))
        }
        (Some(text), None) => {
            let tile = tile(job, index, text).map_err(one)?;
            fits(job, index, &hows, tile).map_err(one)?;
            Ok(Pin::Tile(tile, given.encoding.is_some().then(|| hows[0])))
        }
        (None, Some(parts)) => Ok(Pin::Parts(fixed(job, index, &hows, parts)?)),
        (None, None) if given.encoding.is_some() => Ok(Pin::Encoding(hows[0])),
        (None, None) => Err(one(wrong(layer, format!("nothing is said of layer '{}'", layer.name))
            .remedy("give its `encoding`, `tile` or `parts`, or leave it out and it is searched"))),
    }
}

/// The encoding that is named, or all that the chip offers; at least one.
fn encodings(
    job: &Job<'_>,
    index: usize,
    given: &LayerMapping,
) -> Result<Vec<Implementation>, Vec<Diagnostic>> {
    let all = job.target.implementations(job.network, index)?;
    let Some(name) = &given.encoding else { return Ok(all) };
    if let Some(how) = all.iter().find(|how| how.encoding == name) {
        return Ok(vec![*how]);
    }
    let layer = &job.network.layers[index];
    let offered: Vec<&str> = all.iter().map(|how| how.encoding).collect();
    Err(vec![
        wrong(layer, format!("layer '{}' cannot be stored as '{}'", layer.name, shown(name)))
            .label(format!("the chip offers {}", offered.join(", ")))
            .remedy(format!("give the encoding {}, or leave it out", offered.join(" or "))),
    ])
}

fn tile(job: &Job<'_>, index: usize, text: &str) -> Result<Tile, Diagnostic> {
    let layer = &job.network.layers[index];
    let of = || format!("the tile '{}' of layer '{}'", shown(text), layer.name);
    let tile: Tile = text.parse().map_err(|why: String| {
        wrong(layer, format!("{} cannot be read", of()))
            .label(why)
            .remedy("write counts for the axes that are cut, e.g. c2y1x4")
    })?;
    let axes = [
        ("channels", 'c', tile.channels, layer.shape.c),
        ("rows", 'y', tile.rows, layer.shape.h),
        ("columns", 'x', tile.cols, layer.shape.w),
    ];
    for (what, letter, parts, size) in axes {
        if parts as usize > size {
            return Err(wrong(layer, format!("{} has more parts than {what}", of()))
                .rule(what, size, parts)
                .remedy(format!("give at most {letter}{size}")));
        }
    }
    if tile.fan_in > 1 {
        return Err(wrong(layer, format!("{} cuts the fan-in", of()))
            .label("a core cannot hand partial sums to another")
            .remedy("cut channels, rows or columns"));
    }
    Ok(tile)
}

/// Whether some of these encodings can be cut so.
fn fits(job: &Job<'_>, index: usize, hows: &[Implementation], tile: Tile) -> Result<(), Diagnostic> {
    let cores = job.cores_of_chips().map_err(|mut list| list.remove(0))?;
    let layer = &job.network.layers[index];
    if tile.cores() > cores {
        return Err(too_many(layer, tile.cores(), cores));
    }
    let price = |how: &Implementation| {
        job.target.prices(job.network, index, *how, &[tile], job.profile).into_iter().next()
    };
    let mut first: Option<Refusal> = None;
    for price in hows.iter().filter_map(price) {
        match price {
            Ok(_) => return Ok(()),
            Err(refusal) => first = first.or(Some(refusal)),
        }
    }
    let Some(refusal) = first else { return Ok(()) };
    let message = format!("a part of layer '{}', cut as {tile}, does not fit a core", layer.name);
    Err(over(job, index, hows, message, refusal))
}

/// The parts with their loads, in the encoding in which they take the least time.
fn fixed(
    job: &Job<'_>,
    index: usize,
    hows: &[Implementation],
    given: &[PartMapping],
) -> Result<Fixed, Vec<Diagnostic>> {
    let layer = &job.network.layers[index];
    let cores = job.cores_of_chips()?;
    if given.len() as u64 > cores {
        return Err(vec![too_many(layer, given.len() as u64, cores)]);
    }
    let blocks = blocks(layer, given)?;
    let rates = crate::compile::rates(job.target)?;
    let mut best: Option<(u64, Implementation, Vec<Part>)> = None;
    let mut fewest: Option<Vec<(Block, Refusal)>> = None;
    for how in hows {
        let mut parts = Vec::with_capacity(blocks.len());
        let mut refused = Vec::new();
        for block in &blocks {
            match job.target.part(job.network, index, *how, block, job.profile) {
                Ok(part) => parts.push(part),
                Err(refusal) => refused.push((block.clone(), refusal)),
            }
        }
        if refused.is_empty() {
            let time = parts.iter().map(|p| rates.nominal(&p.load)).max().unwrap_or(0);
            if best.as_ref().is_none_or(|(least, ..)| time < *least) {
                best = Some((time, *how, parts));
            }
        } else if fewest.as_ref().is_none_or(|f| refused.len() < f.len()) {
            fewest = Some(refused);
        }
    }
    let Some((_, how, parts)) = best else {
        let told = fewest.unwrap_or_default().into_iter().take(MOST_TOLD);
        let tell = |(block, refusal): (Block, Refusal)| {
            let message = format!("a part of layer '{}' does not fit a core: {}", layer.name, ranges(&block));
            over(job, index, hows, message, refusal)
        };
        return Err(told.map(tell).collect());
    };
    let (tile, is_grid) = shape(&blocks, layer);
    Ok(Fixed {
        choice: Choice { implementation: how, tile },
        is_grid,
        price: Price::of(&parts),
        parts,
        numbers: given.iter().map(|p| p.core).collect(),
    })
}

/// The tile that blocks are, and whether they are a grid.
fn shape(blocks: &[Block], layer: &Layer) -> (Tile, bool) {
    let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let grid = Grid::spanned(blocks);
    let key = |b: &Block| (b.channels.start, b.rows.start, b.cols.start);
    let mut sorted = blocks.to_vec();
    sorted.sort_unstable_by_key(key);
    let [channels, rows, cols] = [&grid.channels, &grid.rows, &grid.cols].map(Vec::len);
    // A grid of as many blocks that cover the layer; more ranges along the axes than blocks are none.
    if channels.saturating_mul(rows).saturating_mul(cols) == blocks.len()
        && grid.blocks(layer.fan_in()) == sorted
    {
        return (Tile { channels: small(channels), rows: small(rows), cols: small(cols), fan_in: 1 }, true);
    }
    (Tile { channels: small(blocks.len()), rows: 1, cols: 1, fan_in: 1 }, false)
}

/// A part breaks a rule of the chip.
fn over(
    job: &Job<'_>,
    index: usize,
    hows: &[Implementation],
    message: String,
    refusal: Refusal,
) -> Diagnostic {
    let layer = &job.network.layers[index];
    Diagnostic::new(Code::MappingMemory, message)
        .at(Location::node(&layer.name).with_line(layer.line()))
        .label(format!("{} neurons, {} fan-in elements each", layer.shape.len(), layer.fan_in()))
        .rule(refusal.rule, refusal.limit, refusal.found)
        .remedy(super::remedy::finer(job, index, hows))
}

fn too_many(layer: &Layer, parts: u64, cores: u64) -> Diagnostic {
    Diagnostic::new(Code::MappingCores, format!("layer '{}' has more parts than there are cores", layer.name))
        .at(Location::node(&layer.name).with_line(layer.line()))
        .rule("cores", cores, parts)
        .remedy("give fewer parts, or more chips with --chips")
}

fn wrong(layer: &Layer, message: String) -> Diagnostic {
    Diagnostic::new(Code::MappingTile, message).at(Location::node(&layer.name).with_line(layer.line()))
}
