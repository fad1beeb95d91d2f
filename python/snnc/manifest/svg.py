"""Drawing the floorline as SVG.

Text and grid take the colour of the text around the picture, and the other colours are of middle lightness:
it can be read on a light page and on a dark one. There are no scripts, style sheets or ids in it, and nothing
comes from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .axis import Axis
from .floorline import Floorline, Point
from .labels import BOLD, THIN, Box, Layout, Line
from .summary import state_name
from .text import TITLE, Names, escaped, shortened, width
from .units import grouped, time

#: Size in pixels, without the legend.
WIDTH = 720
HEIGHT = 385
_LEGEND_ROW = 19
#: Edges of the plot in tenths of a pixel.
_LEFT, _RIGHT, _TOP, _BOTTOM = 780, 7040, 560, 3300

#: Layers with a name, and with bars for their bounds.
_NAMED = 12
_NAME_COLUMNS = 22
_COLUMN_WIDTH = 70
#: Marks in the same square of this size are one; of many layers in a larger one.
_NEAR, _NEAR_OF_MANY = 40, 80
_MANY = 300
#: Layers that a mark's tooltip tells of.
_TOLD = 4
#: Bounds further away than this do not stretch the plot.
_FAR_BELOW, _FAR_ABOVE = 10, 1000

SLOPE, FLOOR, BARRIER, BOTTLENECK = "#059669", "#d97706", "#6b7280", "#dc2626"
#: Colour and shape of a state; the colour is that of the line which it is bound by.
STATES = {
    "memory_bound": (SLOPE, "circle"),
    "compute_bound": (FLOOR, "square"),
    "traffic_bound": ("#8b5cf6", "triangle"),
    "io_bound": ("#0284c7", "diamond"),
    "barrier_bound": (BARRIER, "cross"),
}
_UNKNOWN_STATE = (BARRIER, "circle")
_THIN_LINE = 'stroke="currentColor" stroke-opacity="0.45"'
_RING_STYLE = f'fill="none" stroke="{BOTTLENECK}" stroke-width="2"'
#: Answers to the pointer within, too.
_NETWORK_STYLE = 'fill="none" stroke="currentColor" stroke-width="1.5" pointer-events="all"'
_SHAPES = {
    "square": "M-4.5 -4.5H4.5V4.5H-4.5Z",
    "triangle": "M0 -5.5L5.5 4.5H-5.5Z",
    "diamond": "M0 -6L6 0L0 6L-6 0Z",
    "cross": "M-5 -2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
    "circle": "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z",
    "network": "M0 -10L10 0L0 10L-10 0Z",
    "ring": "M-8.5 0A8.5 8.5 0 1 0 8.5 0A8.5 8.5 0 1 0 -8.5 0Z",
}


@dataclass(slots=True)
class _Mark:
    """Points that stand in the same place."""

    x: int
    y: int
    points: list[Point]

    @property
    def first(self) -> Point:
        return self.points[0]

    def name(self, names: Names) -> str:
        name = names.short(self.first.name)
        others = len(self.points) - 1
        return f"{name} and {grouped(others)} more" if others else name


@dataclass(slots=True)
class _Drawing:
    parts: list[str] = field(default_factory=list)

    def line(self, start: tuple[int, int], end: tuple[int, int], style: str) -> None:
        (x1, y1), (x2, y2) = start, end
        self.parts.append(f'<line x1="{_px(x1)}" y1="{_px(y1)}" x2="{_px(x2)}" y2="{_px(y2)}" {style}/>')

    def text(self, x: int, y: int, content: str, anchor: str = "start", style: str = "") -> None:
        style = f' text-anchor="{anchor}"{style and " " + style}'
        self.parts.append(f'<text x="{_px(x)}" y="{_px(y)}"{style}>{escaped(content)}</text>')

    def shape(self, x: int, y: int, name: str, style: str, scale: str = "") -> None:
        place = f"translate({_px(x)} {_px(y)}){scale}"
        self.parts.append(f'<path transform="{place}" d="{_SHAPES[name]}" {style}/>')


def draw(plot: Floorline) -> str:
    """The plot as the text of an ``svg`` element."""
    x, y = _axes(plot)
    out = _Drawing()
    title = f"{shortened(plot.model)} on {shortened(plot.target)}: floorline (nominal times, not measured)"
    out.text(_LEFT, 190, title, style='font-size="14"')
    _grid(out, x, y, plot.period_of)
    layout = Layout(Box(_LEFT, _TOP, _RIGHT, _BOTTOM))
    legend = _lines(out, layout, plot, x, y)
    marks = _marks(plot, x, y)
    network = _Mark(x.place(plot.network.synops), y.place(plot.network.time_ps), [plot.network])
    named = [*marks[:1], network, *marks[1:_NAMED]]
    for mark in named:
        _bar(out, layout, mark, y)
    for mark in (network, *reversed(marks)):
        _draw_mark(out, mark, mark is network)
        half = _half(mark, mark is network)
        layout.marks.append((mark.x, mark.y))
        layout.taken.append(Box(mark.x - half, mark.y - half, mark.x + half, mark.y + half))
    names = Names((layer.name for layer in plot.layers), _NAME_COLUMNS)
    for mark in named:
        _name(out, layout, mark, mark.name(names), mark is network)
    states = {mark.first.state for mark in marks}
    height = HEIGHT + _legend(out, legend, states, any(mark.first.binds for mark in marks))
    label = escaped(f"{title}. {_told(plot.network)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" font-family="system-ui, sans-serif" '
        'font-size="12" fill="currentColor" style="max-width:100%;height:auto">\n'
        + "\n".join(out.parts)
        + "\n</svg>\n"
    )


def _axes(plot: Floorline) -> tuple[Axis, Axis]:
    points = (*plot.layers, plot.network)
    nominal = [p.time_ps for p in points]
    least, most = max(min(nominal), 1), max(*nominal, 1)
    lines = [plot.floor_ps, plot.barrier_ps, plot.slope_ps(plot.network.synops)]
    bounds = [value for p in points for value in (p.lower_ps, p.upper_ps)]
    extent = (min(max(v, least // _FAR_BELOW), most * _FAR_ABOVE) for v in (*lines, *bounds) if v is not None)
    times = [*nominal, *extent]
    return Axis([p.synops for p in points], _LEFT, _RIGHT), Axis(times, _BOTTOM, _TOP)


def _grid(out: _Drawing, x: Axis, y: Axis, period_of: str) -> None:
    faint = 'stroke="currentColor" stroke-opacity="0.15"'
    for power in x.decades:
        at = x.place(10**power)
        out.line((at, _TOP), (at, _BOTTOM), faint)
        out.text(at, _BOTTOM + 170, _count(power), "middle")
    for power in y.decades:
        at = y.place(10**power)
        out.line((_LEFT, at), (_RIGHT, at), faint)
        out.text(_LEFT - 80, at + 40, _power_of_time(power), "end")
    period = "step" if period_of == "step" else shortened(period_of)
    out.text(
        (_LEFT + _RIGHT) // 2,
        _BOTTOM + 360,
        f"synaptic operations of the busiest core per {period}",
        "middle",
    )
    out.text(120, _TOP - 150, f"time per {period}", style='fill-opacity="0.8"')


def _count(power: int) -> str:
    prefixes = ("", "k", "M", "G", "T")
    return f"{10 ** (power % 3)}{prefixes[power // 3]}" if power < 15 else f"1e{power}"


def _power_of_time(power: int) -> str:
    units = ("ps", "ns", "µs", "ms", "s")
    return f"{10 ** (power % 3)} {units[power // 3]}" if power < 15 else f"1e{power - 12} s"


def _lines(out: _Drawing, layout: Layout, plot: Floorline, x: Axis, y: Axis) -> list[tuple[str, str]]:
    """Slope, floor and barrier; gives what the legend says of those that are drawn."""
    legend = []

    def line(start: tuple[int, int], end: tuple[int, int], style: str, what: str) -> None:
        out.line(start, end, style)
        layout.lines.append(((start, end), BOLD))
        legend.append((style, what))

    if plot.synop_fs is not None:
        ends = [(x.place(n), y.place_beyond(n * plot.synop_fs, 1000)) for n in (x.least, x.most)]
        each = time(plot.synop_fs // 1000) if plot.synop_fs >= 1000 else f"{plot.synop_fs} fs"
        shown = _between(ends[0], ends[1])
        if shown is not None:
            line(*shown, f'stroke="{SLOPE}" stroke-width="2"', f"slope: synaptic operations, {each} each")
    flat = (
        (plot.floor_ps, FLOOR, "9 4", "floor: neuron updates of the fullest core"),
        (plot.barrier_ps, BARRIER, "2 4", "barrier"),
    )
    for at_ps, colour, dashes, what in flat:
        if at_ps is not None:
            at = y.place(at_ps)
            style = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
            line((_LEFT, at), (_RIGHT, at), style, f"{what}, {time(at_ps)}")
    return legend


def _between(low: tuple[int, int], high: tuple[int, int]) -> Line | None:
    """What lies in the plot of a line that goes up from ``low`` to ``high``."""
    (x1, y1), (x2, y2) = low, high
    if y1 <= _TOP or y2 >= _BOTTOM:
        return None

    def at(y: int) -> int:
        return x1 + (x2 - x1) * (y1 - y) // (y1 - y2)

    first = (at(_BOTTOM), _BOTTOM) if y1 > _BOTTOM else low
    last = (at(_TOP), _TOP) if y2 < _TOP else high
    return first, last


def _marks(plot: Floorline, x: Axis, y: Axis) -> list[_Mark]:
    """Layers by their place, the bottleneck first, then the slowest."""
    near = _NEAR if len(plot.layers) <= _MANY else _NEAR_OF_MANY
    found: dict[tuple[int, int, str, bool], _Mark] = {}
    for point in sorted(plot.layers, key=lambda p: (not p.binds, -p.time_ps)):
        px, py = x.place(point.synops), y.place(point.time_ps)
        key = (px // near, py // near, point.state, point.binds)
        found.setdefault(key, _Mark(px, py, [])).points.append(point)
    return list(found.values())


def _bar(out: _Drawing, layout: Layout, mark: _Mark, y: Axis) -> None:
    """From lower to upper bound, with a cap at each end that lies in the plot."""
    point = mark.first
    if point.lower_ps is None:
        return
    upper = y.most + 1 if point.upper_ps is None else point.upper_ps
    bottom, top = y.place(point.lower_ps), y.place(upper)
    out.line((mark.x, bottom), (mark.x, top), _THIN_LINE)
    layout.lines.append((((mark.x, top), (mark.x, bottom)), THIN))
    for at, known in ((bottom, point.lower_ps >= y.least), (top, upper <= y.most)):
        if known:
            out.line((mark.x - 40, at), (mark.x + 40, at), _THIN_LINE)


def _draw_mark(out: _Drawing, mark: _Mark, network: bool) -> None:
    told = [_told(point) for point in mark.points[:_TOLD]]
    if len(mark.points) > len(told):
        told.append(f"and {grouped(len(mark.points) - len(told))} more")
    out.parts.append(f"<g><title>{escaped('; '.join(told))}</title>")
    if network:
        out.shape(mark.x, mark.y, "network", _NETWORK_STYLE)
    else:
        colour, shape = STATES.get(mark.first.state, _UNKNOWN_STATE)
        out.shape(mark.x, mark.y, shape, f'fill="{colour}"')
        if mark.first.binds:
            out.shape(mark.x, mark.y, "ring", _RING_STYLE)
    out.parts.append("</g>")


def _told(point: Point) -> str:
    upper = "unknown" if point.upper_ps is None else time(point.upper_ps)
    bounds = "unknown" if point.lower_ps is None else f"{time(point.lower_ps)} to {upper}"
    return (
        f"{shortened(point.name, TITLE)}: {time(point.time_ps)} nominal, bounds {bounds}, "
        f"{grouped(point.synops)} synaptic operations, {state_name(point.state)}"
    )


def _half(mark: _Mark, network: bool) -> int:
    """Half of the size of a mark, in tenths of a pixel."""
    return 100 if network else 90 if mark.first.binds else 60


def _name(out: _Drawing, layout: Layout, mark: _Mark, name: str, network: bool) -> None:
    place = layout.put(mark.x, mark.y, _half(mark, network), width(name) * _COLUMN_WIDTH)
    if name and place is not None:
        if place.ring > 1:
            out.line((mark.x, mark.y), place.edge, f'{_THIN_LINE} stroke-dasharray="2 2"')
        style = 'font-style="italic"' if network else 'font-weight="bold"' if mark.first.binds else ""
        out.text(place.x, place.y, name, place.anchor, style)


def _legend(out: _Drawing, lines: list[tuple[str, str]], states: set[str], binds: bool) -> int:
    """Two columns, lines on the left and marks on the right; gives the height in pixels."""
    left, right = _LEFT - 500, (_LEFT + _RIGHT) // 2 + 250

    def row(k: int) -> int:
        return HEIGHT * 10 + k * _LEGEND_ROW * 10 + 40

    for k, (style, what) in enumerate(lines):
        out.line((left, row(k)), (left + 300, row(k)), style)
        out.text(left + 380, row(k) + 40, what)
    if not lines:
        out.text(left, row(0) + 40, "slope, floor and barrier: not known to the manifest")
    k = max(len(lines), 1)
    out.line((left + 150, row(k) - 60), (left + 150, row(k) + 60), _THIN_LINE)
    for end in (-60, 60):
        out.line((left + 110, row(k) + end), (left + 190, row(k) + end), _THIN_LINE)
    out.text(left + 380, row(k) + 40, "lower to upper bound")
    marks = [(name, *look) for name, look in STATES.items() if name in states]
    for k, (name, colour, shape) in enumerate(marks):
        out.shape(right + 100, row(k), shape, f'fill="{colour}"')
        out.text(right + 260, row(k) + 40, f"{state_name(name)} layer")
    k = len(marks)
    if binds:
        out.shape(right + 100, row(k), "ring", _RING_STYLE, " scale(0.8)")
        out.text(right + 260, row(k) + 40, "the bottleneck (estimate)")
        k += 1
    out.shape(right + 100, row(k), "network", _NETWORK_STYLE, " scale(0.8)")
    out.text(right + 260, row(k) + 40, "whole network, at its busiest core")
    return (max(len(lines), 1, k) + 1) * _LEGEND_ROW + 6


def _px(tenths: int) -> str:
    """Tenths of a pixel as pixels."""
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}" if tenth else str(whole)
