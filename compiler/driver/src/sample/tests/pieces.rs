//! Files in pieces.

use super::*;

/// The values of all steps of the only sample, from pieces of a size.
pub(super) fn in_pieces(file: &SampleFile, graph: &Graph, size: Size) -> Vec<Vec<f64>> {
    let mut pieces = file.pieces().unwrap();
    let mut out = Vec::new();
    while let Some(piece) = pieces.next(size).unwrap() {
        assert_eq!(piece.first, out.len(), "pieces follow each other");
        assert_eq!(piece.last, piece.first + piece.steps == file.steps());
        for step in piece.first..piece.first + piece.steps {
            out.push(piece.step(graph, step).unwrap()[0].to_f64());
        }
    }
    out
}

/// Numbers of some sequence.
fn numbers(count: usize) -> Vec<u8> {
    (0..count as u32).map(|k| (k.wrapping_mul(2_654_435_761) >> 29) as u8).collect()
}

#[test]
fn pieces_make_the_sample() {
    let graph = network("real", "real", "2x1x3", 1);
    let data = numbers(6 * 50);
    let scratch = deflated(&[("x", bytes(&[50, 2, 1, 3], &data))]);
    let image = stored(&[("x", bytes(&[2, 1, 3], &data[..6]))]);
    let delta = Options { encode: Some(Encode::Delta { threshold: 2.0 }), ..Options::default() };
    let rate = Encode::Rate { seed: 1 };
    let rate = Options { encode: Some(rate), max: Some(8.0), steps: Some(50), ..Options::default() };
    for (scratch, options) in [(&scratch, Options::default()), (&scratch, delta), (&image, rate)] {
        let file = scratch.open(&graph, &options).unwrap();
        let whole = steps(&file.load(&graph).unwrap(), &graph, 0);
        assert!(whole.iter().flatten().any(|v| *v != 0.0));
        for (piece, beside) in [(1, 0), (13, 0), (64, 3), (10_000, 500), (u64::MAX, 0)] {
            assert_eq!(in_pieces(&file, &graph, Size { piece, batch: 1, beside }), whole, "{piece} bytes");
        }
    }
}

/// The most bytes of a batch of a file, and its number of batches.
fn largest(file: &SampleFile, size: Size) -> (u64, usize) {
    let mut pieces = file.pieces().unwrap();
    let (mut most, mut batches) = (0, 0);
    loop {
        let batch = pieces.batch(size).unwrap();
        if batch.is_empty() {
            return (most, batches);
        }
        assert!(batch.iter().rev().skip(1).all(|p| p.last), "only the last piece of a batch is cut");
        most = most.max(batch.iter().map(Piece::bytes).sum());
        batches += 1;
    }
}

#[test]
fn what_is_held_is_bounded_whatever_the_file_has() {
    let graph = network("integer", "0..=7", "1x8x8", 1);
    let data = numbers(64 * 20_000);
    let size = Size { piece: 4096, batch: 8192, beside: 0 };
    for shape in [vec![20_000, 1, 8, 8], vec![1000, 20, 1, 8, 8], vec![4, 5000, 1, 8, 8]] {
        for scratch in [deflated(&[("x", bytes(&shape, &data))]), stored(&[("x", bytes(&shape, &data))])] {
            let file = scratch.open(&graph, &Options::default()).unwrap();
            let (most, batches) = largest(&file, size);
            assert!(most <= 8192 + 4096, "{shape:?}: {most}");
            assert!(batches >= data.len() / 12_288, "{shape:?}: {batches}");
        }
    }
    // A hundred thousand events, one after the other and all at once.
    for spread in [1, 0] {
        let t: Vec<i64> = (0..100_000).map(|k| k * spread).collect();
        let x = bytes(&[100_000], &numbers(100_000));
        let y = x.clone();
        let list = [("t", longs(&t)), ("x", x), ("y", y)];
        let options = Options { steps: Some(10_000), ..Options::default() };
        let scratch = deflated(&list);
        let file = scratch.open(&graph, &Options { binary: true, ..options }).unwrap();
        let (most, _) = largest(&file, size);
        // A step has an entry of 12 bytes for each position at most.
        assert!(most <= 8192 + 4096 + 64 * 12, "{most}");
    }
}

#[test]
fn a_user_who_keeps_much_of_each_step_gets_few() {
    let graph = network("integer", "0..=7", "1x1x1", 1);
    let scratch = stored(&[("x", bytes(&[1000, 1, 1, 1], &[1; 1000]))]);
    let file = scratch.open(&graph, &Options::default()).unwrap();
    let mut pieces = file.pieces().unwrap();
    let piece = pieces.next(Size { piece: 1000, batch: 1, beside: 99 }).unwrap().unwrap();
    assert_eq!((piece.steps, piece.last), (10, false));
}
