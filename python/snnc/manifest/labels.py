"""Finding places for the names in a plot. All lengths are in tenths of a pixel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

#: Height of a line of text, and of its part above the base line.
HEIGHT = 140
ASCENT = 105
#: From a mark's edge to its name, and between names.
_GAP = 40
#: Lines of text above and below a point where its name may stand.
_RINGS = 8
#: What it costs to be a line of text further away, and to stand nearer to another mark.
_FAR, _ASTRAY = 6, 10
#: What it costs to cross a thin line, and a bold one.
THIN, BOLD = 3, 12


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; ``top`` is less than ``bottom``."""

    left: int
    top: int
    right: int
    bottom: int

    def meets(self, other: Box) -> bool:
        """Whether both have an area in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def crossed(self, line: Line) -> bool:
        """Whether a line from left to right, or from top to bottom, goes through it."""
        (x1, y1), (x2, y2) = line
        left, right = max(self.left, min(x1, x2)), min(self.right, max(x1, x2))
        if left > right:
            return False
        ys = (y1, y2) if x1 == x2 else tuple(y1 + (y2 - y1) * (x - x1) // (x2 - x1) for x in (left, right))
        return min(ys) < self.bottom and max(ys) > self.top

    def distance(self, x: int, y: int) -> int:
        """From a point, along both axes together; 0 within."""
        return max(self.left - x, x - self.right, 0) + max(self.top - y, y - self.bottom, 0)


Line = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: its anchor (``start``, ``middle`` or ``end``) and base line."""

    x: int
    y: int
    anchor: str
    box: Box
    #: Lines of text from the point.
    ring: int

    @property
    def edge(self) -> tuple[int, int]:
        """Where a line from the point ends."""
        return self.x, min(max(self.y - 45, self.box.top), self.box.bottom)


@dataclass(slots=True)
class Layout:
    """What is taken, within ``frame``."""

    frame: Box
    #: Must not be covered.
    taken: list[Box] = field(default_factory=list)
    #: Where the marks are; a text is not to stand nearer to another one's.
    marks: list[tuple[int, int]] = field(default_factory=list)
    #: Better not covered, with what it costs.
    lines: list[tuple[Line, int]] = field(default_factory=list)

    def put(self, x: int, y: int, half: int, width: int) -> Place | None:
        """A free place for a text beside a mark, or None; what it finds is taken from then on.

        ``half`` is half of the mark's size.
        """
        best: tuple[int, Place] | None = None
        for order, place in enumerate(_around(x, y, half + _GAP, width)):
            box = place.box
            if not _within(box, self.frame) or any(box.meets(other) for other in self.taken):
                continue
            own = box.distance(x, y)
            cost = order % 4 + place.ring * _FAR + sum(c for line, c in self.lines if box.crossed(line))
            cost += _ASTRAY * sum(box.distance(*mark) < own for mark in self.marks)
            if best is None or cost < best[0]:
                best = cost, place
        if best is None:
            return None
        self.taken.append(best[1].box)
        return best[1]


def _around(x: int, y: int, gap: int, width: int) -> Iterator[Place]:
    """Places around a point, the nearest first."""
    for ring in range(_RINGS + 1):
        for shift in (0,) if ring == 0 else (-ring * HEIGHT, ring * HEIGHT):
            for anchor, dx in (("start", gap), ("end", -gap), ("middle", 0)):
                if anchor != "middle" or ring == 1:
                    yield _place(x + dx, y + 40 + shift, anchor, width, ring)


def _place(x: int, y: int, anchor: str, width: int, ring: int) -> Place:
    left = x - {"start": 0, "middle": width // 2, "end": width}[anchor]
    return Place(x, y, anchor, Box(left - _GAP, y - ASCENT, left + width + _GAP, y - ASCENT + HEIGHT), ring)


def _within(box: Box, frame: Box) -> bool:
    return box.left >= frame.left and box.right <= frame.right and box.top >= frame.top and box.bottom <= frame.bottom
