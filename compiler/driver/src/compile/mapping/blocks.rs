//! Parts of a layer as blocks: inside it, and every neuron in exactly one.

use std::ops::Range;

use snnc_ir::diag::{Code, Diagnostic, Location};
use snnc_ir::graph::shape::Shape;
use snnc_machine::mapping::PartMapping;
use snnc_machine::network::{Block, Layer};

/// Refusals of one layer that are told one by one.
const MOST_TOLD: usize = 8;

/// The blocks of the parts, in their order.
///
/// # Errors
/// [`Code::MappingParts`]: ranges that are empty or reach outside, a share of the fan-in, or the first neurons
/// that lie in two parts or in none.
pub(super) fn blocks(layer: &Layer, parts: &[PartMapping]) -> Result<Vec<Block>, Vec<Diagnostic>> {
    let mut out = Vec::with_capacity(parts.len());
    let mut refused = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match block(layer, at, part) {
            Ok(block) => out.push(block),
            Err(diagnostic) => refused.push(diagnostic),
        }
    }
    if !refused.is_empty() {
        refused.truncate(MOST_TOLD);
        return Err(refused);
    }
    cover(layer, &out).map_err(|d| vec![d])?;
    Ok(out)
}

fn block(layer: &Layer, at: usize, part: &PartMapping) -> Result<Block, Diagnostic> {
    let shape = layer.shape;
    let range = |what: &str, given: Option<[u64; 2]>, size: usize| -> Result<Range<usize>, Diagnostic> {
        let [lo, hi] = given.unwrap_or([0, size as u64]);
        let reach = lo < hi && hi <= size as u64;
        let inside = |n: u64| usize::try_from(n).ok().filter(|_| reach);
        inside(lo).zip(inside(hi)).map(|(lo, hi)| lo..hi).ok_or_else(|| {
            let why = if lo >= hi { "are empty" } else { "reach outside the layer" };
            refusal(layer, format!("part {at} of layer '{}': its {what} {why}", layer.name))
                .rule(format!("{what} of the layer"), format!("[0, {size}]"), format!("[{lo}, {hi}]"))
                .remedy(format!(
                    "give {what} as [first, one after the last] with 0 <= first < last <= {size}"
                ))
        })
    };
    let channels = range("channels", part.channels, shape.c)?;
    let rows = range("rows", part.rows, shape.h)?;
    let cols = range("cols", part.cols, shape.w)?;
    let fan_in = layer.fan_in();
    match part.fan_in {
        Some([lo, hi]) if [lo, hi] != [0, fan_in as u64] => {
            Err(refusal(layer, format!("part {at} of layer '{}' has a share of the fan-in", layer.name))
                .label("a core cannot hand partial sums to another")
                .rule("fan_in", format!("[0, {fan_in}]"), format!("[{lo}, {hi}]"))
                .remedy("leave fan_in out, and cut channels, rows or columns"))
        }
        _ => Ok(Block { channels, rows, cols, fan_in: 0..fan_in }),
    }
}

/// Marks the neurons of every block. It ends at the first that is marked already, so it takes no longer than the
/// layer has neurons, however many blocks there are.
fn cover(layer: &Layer, blocks: &[Block]) -> Result<(), Diagnostic> {
    const NONE: u32 = u32::MAX;
    let shape = layer.shape;
    let mut owner = vec![NONE; shape.len()];
    for (at, block) in blocks.iter().enumerate() {
        let mut other = NONE;
        for (c, y) in block.channels.clone().flat_map(|c| block.rows.clone().map(move |y| (c, y))) {
            for x in block.cols.clone() {
                let cell = &mut owner[shape.index(c, y, x)];
                if *cell != NONE {
                    other = *cell;
                    break;
                }
                *cell = at as u32;
            }
            if other != NONE {
                let both = common(block, &blocks[other as usize]);
                return Err(refusal(layer, format!("parts {other} and {at} of layer '{}' meet", layer.name))
                    .label(format!("both have {}", ranges(&both)))
                    .remedy("take these neurons out of one of them"));
            }
        }
    }
    let Some(first) = owner.iter().position(|o| *o == NONE) else { return Ok(()) };
    let gap = gap(shape, first, |at| owner[at] == NONE);
    let missing = owner.iter().filter(|o| **o == NONE).count();
    Err(refusal(layer, format!("layer '{}' has neurons in no part", layer.name))
        .label(format!("missing are {}", ranges(&gap)))
        .rule("neurons in parts", shape.len(), shape.len() - missing)
        .remedy(format!("add a part with {}", ranges(&gap))))
}

fn common(a: &Block, b: &Block) -> Block {
    let both = |a: &Range<usize>, b: &Range<usize>| a.start.max(b.start)..a.end.min(b.end);
    Block {
        channels: both(&a.channels, &b.channels),
        rows: both(&a.rows, &b.rows),
        cols: both(&a.cols, &b.cols),
        fan_in: a.fan_in.clone(),
    }
}

/// The box of missing neurons that starts at the first one: as far along x as they are missing, then y, then the
/// channels.
fn gap(shape: Shape, first: usize, missing: impl Fn(usize) -> bool) -> Block {
    let (c, rest) = (first / shape.plane(), first % shape.plane());
    let (y, x) = (rest / shape.w, rest % shape.w);
    let along = |end: usize, most: usize, holds: &dyn Fn(usize) -> bool| {
        (end..most).find(|k| !holds(*k)).unwrap_or(most)
    };
    let x_end = along(x, shape.w, &|x| missing(shape.index(c, y, x)));
    let row = |c: usize, y: usize| (x..x_end).all(|x| missing(shape.index(c, y, x)));
    let y_end = along(y, shape.h, &|y| row(c, y));
    let c_end = along(c, shape.c, &|c| (y..y_end).all(|y| row(c, y)));
    Block { channels: c..c_end, rows: y..y_end, cols: x..x_end, fan_in: 0..0 }
}

/// The neurons of a block in the words of a mapping.
pub(super) fn ranges(block: &Block) -> String {
    let range = |r: &Range<usize>| format!("[{}, {}]", r.start, r.end);
    format!("channels {}, rows {}, cols {}", range(&block.channels), range(&block.rows), range(&block.cols))
}

fn refusal(layer: &Layer, message: String) -> Diagnostic {
    Diagnostic::new(Code::MappingParts, message).at(Location::node(&layer.name).with_line(layer.line()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use snnc_machine::network::LayerKind;

    fn layer(shape: Shape) -> Layer {
        let values = snnc_ir::graph::op::Values::Binary;
        Layer {
            name: "n".into(),
            origin: Vec::new(),
            shape,
            kind: LayerKind::Input(snnc_ir::graph::op::Input { values }),
            projections: Vec::new(),
            bias: None,
        }
    }

    fn axis() -> impl Strategy<Value = [u64; 2]> {
        (0u64..5, 0u64..5).prop_map(|(a, b)| [a, b])
    }

    proptest! {
        /// Against counting every neuron by itself.
        #[test]
        fn only_parts_that_cover_a_layer_once_pass(
            shape in (1usize..4, 1usize..4, 1usize..4),
            raw in prop::collection::vec((axis(), axis(), axis()), 1..6),
        ) {
            let layer = layer(Shape::new(shape.0, shape.1, shape.2));
            let inside = |r: [u64; 2], n: usize| r[0] < r[1] && r[1] <= n as u64;
            // Without a fan-in its range is empty, so the check of parts is that of neurons alone.
            let parts: Vec<Block> = raw
                .iter()
                .filter(|(c, y, x)| inside(*c, shape.0) && inside(*y, shape.1) && inside(*x, shape.2))
                .map(|(c, y, x)| {
                    let range = |r: &[u64; 2]| r[0] as usize..r[1] as usize;
                    Block { channels: range(c), rows: range(y), cols: range(x), fan_in: 0..0 }
                })
                .collect();
            let mut times = vec![0; layer.shape.len()];
            for part in &parts {
                part.each(layer.shape, |at| times[at] += 1);
            }
            match cover(&layer, &parts) {
                Ok(()) => prop_assert!(times.iter().all(|n| *n == 1)),
                Err(d) if d.message.contains("meet") => prop_assert!(times.iter().any(|n| *n > 1)),
                Err(d) => {
                    prop_assert!(times.iter().all(|n| *n <= 1) && times.contains(&0));
                    // The remedy leads on: the box that it names is missing as a whole.
                    let first = times.iter().position(|n| *n == 0).unwrap();
                    let gap = gap(layer.shape, first, |at| times[at] == 0);
                    prop_assert!(d.remedy.unwrap().contains(&ranges(&gap)));
                    gap.each(layer.shape, |at| times[at] += 1);
                    prop_assert!(times.iter().all(|n| *n <= 1));
                }
            }
        }
    }

    #[test]
    fn a_range_that_is_empty_or_outside_is_told() {
        let layer = layer(Shape::new(2, 4, 4));
        for (part, says) in [
            (PartMapping { rows: Some([0, 5]), ..PartMapping::default() }, "rows reach outside"),
            (PartMapping { cols: Some([3, 3]), ..PartMapping::default() }, "cols are empty"),
            (PartMapping { channels: Some([2, 1]), ..PartMapping::default() }, "channels are empty"),
            (
                PartMapping { channels: Some([0, u64::MAX]), ..PartMapping::default() },
                "channels reach outside",
            ),
        ] {
            let d = block(&layer, 3, &part).unwrap_err();
            assert!(d.message.contains(says) && d.message.contains("part 3"), "{}", d.message);
        }
    }
}
