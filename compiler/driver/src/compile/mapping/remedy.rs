//! What would fit in place of a part that does not.

use snnc_machine::target::{Implementation, Tile};

use crate::compile::job::Job;

/// The tile with the fewest parts that the chip can hold, in words.
pub(super) fn finer(job: &Job<'_>, layer: usize, hows: &[Implementation]) -> String {
    let cores = job.cores().unwrap_or(1);
    let all = hows.iter().flat_map(|how| legal(job, layer, *how, cores));
    match all.min_by_key(|(_, tile)| (tile.cores(), *tile)) {
        Some((how, tile)) => format!(
            "the fewest parts that fit are {}: give the tile {tile} with the encoding {}",
            tile.cores(),
            how.encoding
        ),
        None => format!(
            "no tile with at most {cores} parts fits: make the layer smaller (fewer channels or inputs), or allow more \
             cores with --chips or --max-cores"
        ),
    }
}

/// The fewest cores of a layer that is searched; one when no tile fits.
pub(super) fn fewest(job: &Job<'_>, layer: usize) -> u64 {
    let cores = job.cores_of_chips().unwrap_or(1);
    let hows = job.target.implementations(job.network, layer).unwrap_or_default();
    let all = hows.into_iter().flat_map(|how| legal(job, layer, how, cores));
    all.map(|(_, tile)| tile.cores()).min().unwrap_or(1)
}

/// The tiles that the chip can hold.
fn legal(job: &Job<'_>, layer: usize, how: Implementation, cores: u64) -> Vec<(Implementation, Tile)> {
    let tiles = job.target.tiles(job.network, layer, how, cores);
    let prices = job.target.prices(job.network, layer, how, &tiles, job.profile);
    tiles.into_iter().zip(prices).filter(|(_, price)| price.is_ok()).map(|(tile, _)| (how, tile)).collect()
}
