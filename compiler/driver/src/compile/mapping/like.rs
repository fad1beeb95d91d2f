//! The bundle of `--like`: its choices, and the seats of its parts.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::manifest::{self, Slice};
use snnc_machine::network::{Block, Network};
use snnc_machine::target::Tile;
use snnc_place::keep::{Seat, Seats};
use snnc_place::mesh::Site;

use super::recorded::{RecordedManifest, manifest_of, schema_of, text_of};
use crate::bundle::MANIFEST;
use crate::compile::place::Placed;

/// An earlier mapping, of this network or of one that has layers of the same names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Name of its target.
    pub target: String,
    /// Encoding of each layer, and its tile where its parts were a grid.
    layers: BTreeMap<String, (String, Option<Tile>)>,
    seats: Vec<Seat>,
    /// Per layer its parts, each with the position of its seat.
    parts: BTreeMap<String, Vec<(usize, Slice)>>,
    /// blake3 of the manifest, in hex.
    pub blake3: String,
}

impl Earlier {
    /// Reads the manifest of a bundle; the other files of the folder are not needed.
    ///
    /// # Errors
    /// [`Code::FileUnreadable`], or [`Code::BadText`] when it is no manifest.
    pub fn read(folder: &Path) -> Result<Self, Diagnostic> {
        let path = if folder.is_dir() { folder.join(MANIFEST) } else { folder.to_owned() };
        Self::parse(&text_of(&path, "--like", Code::BadText)?)
    }

    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// [`Code::BadText`].
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let bad = |what: String| {
            let what = super::shortened(&what, 240);
            Diagnostic::new(Code::BadText, format!("the earlier bundle cannot be read: '{MANIFEST}': {what}"))
                .remedy("name the folder that `snnc compile -o` wrote")
        };
        match schema_of(text).map_err(bad)? {
            schema if schema == manifest::SCHEMA => {}
            schema => return Err(bad(format!("its schema is '{schema}', not '{}'", manifest::SCHEMA))),
        }
        let RecordedManifest { inputs, layers, cores } = manifest_of(text).map_err(bad)?;
        let layer = |l: super::recorded::RecordedLayer| (l.name, (l.encoding, l.tile.parse().ok()));
        let mut parts: BTreeMap<String, Vec<(usize, Slice)>> = BTreeMap::new();
        let mut seats = Vec::with_capacity(cores.len());
        for core in cores {
            let at = seats.len();
            seats.push(Seat { id: core.id, site: Site { chip: core.chip, x: core.x, y: core.y } });
            for part in core.parts {
                parts.entry(part.layer).or_default().push((at, part.slice));
            }
        }
        let layers = layers.into_iter().map(layer).collect();
        let blake3 = blake3::hash(text.as_bytes()).to_hex().to_string();
        Ok(Self { target: inputs.target, layers, seats, parts, blake3 })
    }

    /// Refuses the bundle of another target.
    ///
    /// # Errors
    /// [`Code::OtherBundle`].
    pub(in crate::compile) fn check(&self, target: &str) -> Result<(), Diagnostic> {
        if self.target == target {
            return Ok(());
        }
        let own = super::shown(&self.target);
        Err(Diagnostic::new(
            Code::OtherBundle,
            "the bundle given with --like was compiled for another target",
        )
        .rule("target", target, own)
        .remedy(format!(
            "leave --like out, name a bundle of this target, or compile for {}",
            super::shown(&self.target)
        )))
    }

    /// The encoding and the tile of a layer; none for parts that were no grid.
    pub(super) fn choice(&self, layer: &str) -> Option<(&str, Tile)> {
        let (encoding, tile) = self.layers.get(layer)?;
        Some((encoding, (*tile)?))
    }

    /// For every core without a seat the one that its parts had: first where the slice is the same, then where the
    /// most neurons are.
    pub(in crate::compile) fn seats(&self, network: &Network, parts: &[Placed], seats: &mut [Option<Seat>]) {
        let mut taken = vec![false; self.seats.len()];
        for seat in seats.iter().flatten() {
            if let Some(at) = self.seats.iter().position(|s| s == seat) {
                taken[at] = true;
            }
        }
        for exact in [true, false] {
            for placed in parts {
                if seats[placed.core].is_some() {
                    continue;
                }
                let Some(own) = self.parts.get(&network.layers[placed.layer].name) else { continue };
                let free = own.iter().filter(|(at, _)| !taken[*at]);
                let at = if exact {
                    let slice = Slice::from(&placed.part.block);
                    free.map(|(at, own)| (*at, *own)).find(|(_, own)| same(own, &slice)).map(|(at, _)| at)
                } else {
                    let shared =
                        free.map(|(at, own)| (common(own, &placed.part.block), std::cmp::Reverse(*at)));
                    shared.filter(|(n, _)| *n > 0).max().map(|(_, at)| at.0)
                };
                if let Some(at) = at {
                    taken[at] = true;
                    seats[placed.core] = Some(self.seats[at]);
                }
            }
        }
    }

    /// How many parts are where they were, and why the others are not: one line for all and one for each layer with
    /// parts that moved. `wanted` are the seats that were asked for, `given` those that there are.
    pub(in crate::compile) fn told(
        &self,
        network: &Network,
        parts: &[Placed],
        wanted: &[Option<Seat>],
        given: &Seats,
    ) -> Kept {
        let mut out = Kept { stayed: 0, parts: parts.len(), notes: Vec::new() };
        let mut moved: BTreeMap<(usize, &str), usize> = BTreeMap::new();
        let mut renumbered = 0;
        for placed in parts {
            let own = self.parts.get(&network.layers[placed.layer].name);
            let site = given.sites[placed.core];
            let was = |seat: &Seat| {
                seat.site == site
                    && own.is_some_and(|own| {
                        own.iter().any(|(at, slice)| {
                            self.seats[*at] == *seat && common(slice, &placed.part.block) > 0
                        })
                    })
            };
            let why = match &wanted[placed.core] {
                Some(seat) if was(seat) => {
                    out.stayed += 1;
                    renumbered += usize::from(seat.id as usize != given.ids[placed.core]);
                    continue;
                }
                _ if own.is_none() => "no such layer was there",
                Some(seat) if seat.site != site => "their places are not free on these chips",
                Some(_) => "they share cores with others",
                None => "the layer has more parts",
            };
            *moved.entry((placed.layer, why)).or_default() += 1;
        }
        out.notes.push(format!("{} of {} parts stayed on their cores", out.stayed, out.parts));
        if renumbered > 0 {
            out.notes.push(format!("{renumbered} of them have another number, as there are fewer cores"));
        }
        for ((layer, why), count) in moved {
            out.notes.push(format!("{}: {count} part(s) are elsewhere: {why}", network.layers[layer].name));
        }
        out
    }
}

/// What was kept of an earlier mapping.
pub(in crate::compile) struct Kept {
    pub(in crate::compile) stayed: usize,
    pub(in crate::compile) parts: usize,
    /// For the log.
    pub(in crate::compile) notes: Vec<String>,
}

impl Kept {
    /// When nothing was.
    pub(in crate::compile) fn warning(&self) -> Option<Diagnostic> {
        (self.stayed == 0 && self.parts > 0).then(|| {
            Diagnostic::new(
                Code::NothingKept,
                "no part is on the core that it has in the bundle given with --like",
            )
            .label(self.notes[1..].join("; "))
            .remedy("name a bundle of this model: layers are known by their names")
        })
    }
}

/// The same neurons; the fan-in may have changed.
fn same(a: &Slice, b: &Slice) -> bool {
    a.ranges()[..3] == b.ranges()[..3]
}

/// Neurons that both have.
fn common(slice: &Slice, block: &Block) -> u64 {
    let along =
        |[lo, hi]: [u64; 2], r: &Range<usize>| hi.min(r.end as u64).saturating_sub(lo.max(r.start as u64));
    let axes = [
        along(slice.channels, &block.channels),
        along(slice.rows, &block.rows),
        along(slice.cols, &block.cols),
    ];
    axes.into_iter().fold(1, u64::saturating_mul)
}
