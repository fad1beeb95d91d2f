use super::*;
use proptest::prelude::*;
use snnc_ir::graph::op::{Conv2d, Linear};
use snnc_ir::graph::weights::{Storage, WeightId, Weights};
use snnc_ir::sim::taps;

/// Random shapes, weights with zeros, a grid and events.
#[derive(Clone, Debug)]
struct Case {
    projection: Projection,
    shape: Shape,
    grid: Grid,
    events: Vec<u64>,
}

fn cut(size: usize, parts: usize) -> Vec<Range<usize>> {
    let parts = parts.clamp(1, size);
    (0..parts).map(|k| k * size / parts..(k + 1) * size / parts).collect()
}

fn case(op: Op, source: Shape, shape: Shape, row: [usize; 4], seed: u64, parts: [usize; 3]) -> Case {
    let mut state = seed;
    let mut next = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let len = row.iter().product::<usize>();
    let values: Vec<i8> = (0..len).map(|_| next(4) as i8 - 1).collect();
    let weights = Weights { shape: row, storage: Storage::I8(values.into()), scale: None };
    let events = (0..source.len()).map(|_| next(5)).collect();
    let grid =
        Grid { channels: cut(shape.c, parts[0]), rows: cut(shape.h, parts[1]), cols: cut(shape.w, parts[2]) };
    Case { projection: Projection::new(0, 1, source, op, weights), shape, grid, events }
}

prop_compose! {
    fn conv()(
        groups in 1usize..3, per_group in 1usize..3, outs in 1usize..4, kernel in [1usize..4, 1usize..4],
        stride in [1usize..4, 1usize..4], dilation in [1usize..4, 1usize..4], pad in [0usize..3, 0usize..3],
        size in [7usize..11, 7usize..11], parts in [1usize..4, 1usize..4, 1usize..4], seed in any::<u64>(),
    ) -> Case {
        let source = Shape::new(groups * per_group, size[0], size[1]);
        let kernel = [groups * outs, per_group, kernel[0], kernel[1]];
        let conv = Conv2d {
            weights: WeightId(0), bias: None, kernel, stride, pad: [pad[0], pad[1], pad[0], pad[1]], dilation, groups,
        };
        let shape = conv.output_shape(source).unwrap();
        case(Op::Conv2d(conv), source, shape, kernel, seed, parts)
    }
}

prop_compose! {
    fn dense()(inputs in 1usize..9, outputs in 1usize..9, parts in 1usize..4, seed in any::<u64>()) -> Case {
        let linear = Linear { weights: WeightId(0), bias: None, inputs, outputs };
        let (source, shape) = (Shape::new(inputs, 1, 1), Shape::new(outputs, 1, 1));
        case(Op::Linear(linear), source, shape, [outputs, inputs, 1, 1], seed, [parts, 1, 1])
    }
}

/// Stored and non-zero pairs, and events that reach the block, tap by tap.
fn counted(case: &Case, block: &Block, events: &[u64]) -> (u64, u64, u64) {
    let (mut stored, mut nonzero) = (0, 0);
    let mut reached = vec![false; events.len()];
    block.each(case.shape, |at| {
        let place = (at / case.shape.plane(), at % case.shape.plane() / case.shape.w, at % case.shape.w);
        taps(&case.projection.op, case.projection.source_shape, place, |tap| {
            stored += events[tap.source];
            reached[tap.source] = true;
            if case.projection.weights.integer(tap.weight) != Some(0) {
                nonzero += events[tap.source];
            }
        });
    });
    (stored, nonzero, reached.iter().zip(events).filter(|(r, _)| **r).map(|(_, n)| n).sum())
}

/// For each source neuron the neurons of a block that it reaches through a weight that is not zero.
fn lengths(case: &Case, block: &Block) -> Vec<u64> {
    let mut lengths = vec![0; case.events.len()];
    block.each(case.shape, |at| {
        let place = (at / case.shape.plane(), at % case.shape.plane() / case.shape.w, at % case.shape.w);
        taps(&case.projection.op, case.projection.source_shape, place, |tap| {
            if case.projection.weights.integer(tap.weight) != Some(0) {
                lengths[tap.source] += 1;
            }
        });
    });
    lengths
}

/// For each number of neurons of a block the events that reach so many through a weight that is not zero.
fn by_length(case: &Case, block: &Block, events: &[u64]) -> Vec<Way> {
    let mut sums = std::collections::BTreeMap::new();
    for (n, events) in
        lengths(case, block).into_iter().zip(events).filter(|(n, events)| *n > 0 && **events > 0)
    {
        *sums.entry(n).or_insert(0) += events;
    }
    sums.into_iter().map(|(features, events)| Way { features, positions: 1, events }).collect()
}

proptest! {
    #[test]
    fn arrivals_are_those_of_the_taps(case in prop_oneof![conv(), dense()]) {
        let ones = vec![1; case.events.len()];
        for (events, counts) in [(Events::Each, &ones), (Events::Counted(&case.events), &case.events)] {
            let found = case.projection.arrivals(case.shape, &case.grid, events, Listed::All);
            let listed = case.projection.arrivals(case.shape, &case.grid, events, Listed::NonZero);
            let blocks = case.grid.blocks(0);
            prop_assert_eq!(found.len(), blocks.len());
            for (k, block) in blocks.iter().enumerate() {
                let expected = counted(&case, block, counts);
                let arrivals = &found[k];
                prop_assert_eq!((arrivals.stored(), arrivals.nonzero, arrivals.events()), expected);
                let sources = case.projection.listed_sources(case.shape, block);
                prop_assert_eq!(sources, lengths(&case, block).iter().map(|n| *n > 0).collect::<Vec<_>>());
                prop_assert_eq!(&listed[k].ways, &by_length(&case, block, counts));
                prop_assert_eq!((listed[k].stored(), listed[k].nonzero), (expected.1, expected.1));
            }
        }
    }
}
