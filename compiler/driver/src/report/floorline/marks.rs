//! What stands where.

use std::collections::{BTreeMap, BTreeSet};

use super::plot::Point;
use super::svg::{At, Shape};
use crate::report::scale::Axis;

/// Marks in the same square of this size are one; of many layers in a larger one.
const NEAR: i64 = 40;
const NEAR_OF_MANY: i64 = 80;
const MANY: usize = 300;
/// A shift that nobody sees.
const SAME: i64 = 30;

/// Both axes.
pub(super) struct Axes {
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Axes {
    pub(super) fn place(&self, point: &Point<'_>) -> At {
        (self.x.place(point.synops), self.y.place(point.nominal_ps))
    }
}

/// Layers that stand in the same place.
pub(super) struct Mark<'p> {
    pub(super) at: At,
    /// The slowest first.
    pub(super) points: Vec<&'p Point<'p>>,
    /// Position and name of the first of them in the network.
    pub(super) order: (usize, &'p str),
}

impl Mark<'_> {
    pub(super) fn shape(&self) -> Shape {
        Shape::State(self.points[0].state)
    }

    pub(super) fn binds(&self) -> bool {
        self.points[0].binds
    }

    /// Half of its size.
    pub(super) fn half(&self) -> i64 {
        if self.binds() { Shape::Ring.half() } else { self.shape().half() }
    }
}

/// Layers by their place, the bottleneck first, then the slowest.
pub(super) fn marks<'p>(layers: &'p [Point<'p>], axes: &Axes) -> Vec<Mark<'p>> {
    let near = if layers.len() <= MANY { NEAR } else { NEAR_OF_MANY };
    let mut sorted: Vec<usize> = (0..layers.len()).collect();
    sorted.sort_by_key(|k| (!layers[*k].binds, std::cmp::Reverse(layers[*k].nominal_ps), *k));
    let mut found: BTreeMap<_, usize> = BTreeMap::new();
    let mut marks: Vec<Mark<'_>> = Vec::new();
    for k in sorted {
        let point = &layers[k];
        let at = axes.place(point);
        let key = (at.0 / near, at.1 / near, point.state, point.binds);
        let mark = *found.entry(key).or_insert_with(|| {
            marks.push(Mark { at, points: Vec::new(), order: (k, point.name) });
            marks.len() - 1
        });
        marks[mark].points.push(point);
        marks[mark].order = marks[mark].order.min((k, point.name));
    }
    marks
}

/// The points of the mapping that this one is shown against.
#[derive(Default)]
pub(super) struct Before {
    /// Where they are.
    pub(super) marks: Vec<(At, Shape)>,
    /// From there to where the layers are now.
    pub(super) moves: Vec<(At, At)>,
    /// Layers that are where they were.
    pub(super) unmoved: usize,
    /// Layers that this mapping does not have.
    pub(super) gone: usize,
}

/// What is shown of another mapping's layers and network beside ours; a layer is the same by its name.
pub(super) fn before(
    ours: (&[Point<'_>], &Point<'_>),
    theirs: (&[Point<'_>], &Point<'_>),
    axes: &Axes,
) -> Before {
    let now: BTreeMap<&str, At> = ours.0.iter().map(|p| (p.name, axes.place(p))).collect();
    let mut out = Before::default();
    let (mut drawn, mut moved) = (BTreeSet::new(), BTreeSet::new());
    let cell = |at: At| (at.0 / NEAR, at.1 / NEAR);
    let layers = theirs.0.iter().map(|p| (p, now.get(p.name).copied(), false));
    // The network first, as the marks of layers are smaller.
    for (point, to, network) in std::iter::once((theirs.1, Some(axes.place(ours.1)), true)).chain(layers) {
        let from = axes.place(point);
        match to {
            Some(to) if distance(from, to) < SAME => {
                out.unmoved += usize::from(!network);
                continue;
            }
            Some(to) if moved.insert((cell(from), cell(to), network)) => out.moves.push((from, to)),
            Some(_) => {}
            None => out.gone += 1,
        }
        if drawn.insert((cell(from), point.state, network)) {
            let shape = if network { Shape::Network } else { Shape::State(point.state) };
            out.marks.push((from, shape));
        }
    }
    out
}

pub(super) fn distance(a: At, b: At) -> i64 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    i64::try_from((dx * dx + dy * dy).unsigned_abs().isqrt()).unwrap_or(i64::MAX)
}
