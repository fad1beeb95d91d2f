"""Elements of an SVG picture, and what lines and marks of the floorline look like.

All coordinates are in tenths of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .text import escaped

#: Of middle lightness: they stand out on a light page and on a dark one.
SLOPE, FLOOR, BARRIER, BOTTLENECK = "#059669", "#d97706", "#6b7280", "#dc2626"
#: Colour and shape of a state; the colour is that of the line which it is bound by.
STATES = {
    "memory_bound": (SLOPE, "circle"),
    "compute_bound": (FLOOR, "square"),
    "traffic_bound": ("#8b5cf6", "triangle"),
    "io_bound": ("#0284c7", "diamond"),
    "barrier_bound": (BARRIER, "cross"),
}
#: Look of a state that is not in the table.
UNKNOWN_STATE = (BARRIER, "circle")
THIN_LINE = 'stroke="currentColor" stroke-opacity="0.45"'
RING_STYLE = f'fill="none" stroke="{BOTTLENECK}" stroke-width="2"'
#: Answers to the pointer within, too.
NETWORK_STYLE = 'fill="none" stroke="currentColor" stroke-width="1.5" pointer-events="all"'
SHAPES = {
    "square": "M-4.5 -4.5H4.5V4.5H-4.5Z",
    "triangle": "M0 -5.5L5.5 4.5H-5.5Z",
    "diamond": "M0 -6L6 0L0 6L-6 0Z",
    "cross": "M-5 -2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
    "circle": "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z",
    "network": "M0 -10L10 0L0 10L-10 0Z",
    "ring": "M-8.5 0A8.5 8.5 0 1 0 8.5 0A8.5 8.5 0 1 0 -8.5 0Z",
}


@dataclass(slots=True)
class Drawing:
    """Elements in the order in which they are drawn."""

    parts: list[str] = field(default_factory=list)

    def line(self, start: tuple[int, int], end: tuple[int, int], style: str) -> None:
        (x1, y1), (x2, y2) = start, end
        self.parts.append(f'<line x1="{_px(x1)}" y1="{_px(y1)}" x2="{_px(x2)}" y2="{_px(y2)}" {style}/>')

    def text(self, x: int, y: int, content: str, anchor: str = "start", style: str = "") -> None:
        style = f' text-anchor="{anchor}"{style and " " + style}'
        self.parts.append(f'<text x="{_px(x)}" y="{_px(y)}"{style}>{escaped(content)}</text>')

    def shape(self, x: int, y: int, name: str, style: str, scale: str = "") -> None:
        place = f"translate({_px(x)} {_px(y)}){scale}"
        self.parts.append(f'<path transform="{place}" d="{SHAPES[name]}" {style}/>')


def _px(tenths: int) -> str:
    """Tenths of a pixel as pixels."""
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)
