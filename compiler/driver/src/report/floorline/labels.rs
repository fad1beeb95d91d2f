//! Finding places for texts. All lengths are in tenths of a pixel.

use super::svg::At;
use crate::report::names::columns;

/// Height of a line of text, and of its part above the base line.
const HEIGHT: i64 = 140;
const ASCENT: i64 = 105;
/// From a mark's edge to its name, and between names.
const GAP: i64 = 40;
/// Lines of text above and below a point where its name may stand.
const RINGS: i64 = 8;
/// What it costs to be a line of text further away, and to stand nearer to another mark.
const FAR: i64 = 6;
const ASTRAY: i64 = 10;
/// Width of a character, generously.
const CHARACTER: i64 = 72;

/// A rectangle; `top` is less than `bottom`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl Area {
    /// A square around a point.
    pub(super) fn around(at: At, half: i64) -> Self {
        Self { left: at.0 - half, top: at.1 - half, right: at.0 + half, bottom: at.1 + half }
    }

    /// Whether both have an area in common.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn within(&self, frame: &Self) -> bool {
        self.left >= frame.left
            && self.right <= frame.right
            && self.top >= frame.top
            && self.bottom <= frame.bottom
    }

    /// From a point, along both axes together; 0 within.
    fn distance(&self, (x, y): At) -> i64 {
        (self.left - x).max(x - self.right).max(0) + (self.top - y).max(y - self.bottom).max(0)
    }

    /// Whether a straight line goes through it.
    fn crossed(&self, &(mut from, mut to): &(At, At)) -> bool {
        if from.0 > to.0 {
            std::mem::swap(&mut from, &mut to);
        }
        let (left, right) = (self.left.max(from.0), self.right.min(to.0));
        if left > right {
            return false;
        }
        let at = |x: i64| from.1 + (to.1 - from.1) * (x - from.0) / (to.0 - from.0).max(1);
        let ends = if from.0 == to.0 { [from.1, to.1] } else { [at(left), at(right)] };
        ends[0].min(ends[1]) < self.bottom && ends[0].max(ends[1]) > self.top
    }
}

/// Where a text stands: its anchor (`start`, `middle` or `end`) and base line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) at: At,
    pub(super) anchor: &'static str,
    area: Area,
    /// Lines of text from the point.
    ring: i64,
}

impl Place {
    fn new(at: At, anchor: &'static str, width: i64, ring: i64) -> Self {
        let left = at.0
            - match anchor {
                "start" => 0,
                "middle" => width / 2,
                _ => width,
            };
        let top = at.1 - ASCENT;
        let area = Area { left: left - GAP, top, right: left + width + GAP, bottom: top + HEIGHT };
        Self { at, anchor, area, ring }
    }

    /// Where a line from the point to the text ends, when it is too far away to belong to it at a glance.
    pub(super) fn leader(&self) -> Option<At> {
        let y = (self.at.1 - 45).clamp(self.area.top, self.area.bottom);
        (self.ring > 1).then_some((self.at.0, y))
    }
}

/// What is taken.
pub(super) struct Layout {
    pub(super) frame: Area,
    /// Must not be covered.
    pub(super) taken: Vec<Area>,
    /// Where the marks are; a text is not to stand nearer to another one.
    pub(super) marks: Vec<At>,
    /// Better not covered, with what it costs.
    pub(super) lines: Vec<((At, At), i64)>,
}

impl Layout {
    /// A free place for a text beside a mark of half a size; what it finds is taken from then on.
    pub(super) fn put(&mut self, at: At, half: i64, text: &str) -> Option<Place> {
        let places = around(at, half + GAP, width(text)).into_iter().enumerate();
        let free = places.filter(|(_, p)| self.is_free(&p.area));
        let (_, place) = free.min_by_key(|(order, p)| self.cost(p, at) + *order as i64 % 4)?;
        self.taken.push(place.area);
        Some(place)
    }

    /// The first free one of some places for a text that is not at a mark.
    pub(super) fn put_one_of(&mut self, places: &[(At, &'static str)], text: &str) -> Option<Place> {
        let places = places.iter().map(|(at, anchor)| Place::new(*at, anchor, width(text), 0));
        let place = places.into_iter().find(|p| self.is_free(&p.area))?;
        self.taken.push(place.area);
        Some(place)
    }

    fn is_free(&self, area: &Area) -> bool {
        area.within(&self.frame) && !self.taken.iter().any(|other| area.meets(other))
    }

    fn cost(&self, place: &Place, at: At) -> i64 {
        let own = place.area.distance(at);
        let astray = self.marks.iter().filter(|m| place.area.distance(**m) < own).count() as i64;
        let crossed: i64 =
            self.lines.iter().filter(|(l, _)| place.area.crossed(l)).map(|(_, cost)| cost).sum();
        place.ring * FAR + astray * ASTRAY + crossed
    }
}

/// Places around a point, the nearest first.
fn around((x, y): At, gap: i64, width: i64) -> Vec<Place> {
    let mut out = Vec::new();
    for ring in 0..=RINGS {
        for shift in if ring == 0 { vec![0] } else { vec![-ring * HEIGHT, ring * HEIGHT] } {
            for (anchor, dx) in [("start", gap), ("end", -gap), ("middle", 0)] {
                if anchor != "middle" || ring == 1 {
                    out.push(Place::new((x + dx, y + 40 + shift), anchor, width, ring));
                }
            }
        }
    }
    out
}

/// How wide a text is, generously.
pub(super) fn width(text: &str) -> i64 {
    CHARACTER * columns(text) as i64
}
