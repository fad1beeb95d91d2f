"""Drawing the floorline as SVG.

Text and grid take the colour of the text around the picture, and the other colours are of middle lightness:
it can be read on a light page and on a dark one. There are no scripts, style sheets or ids in it, and nothing
comes from outside.
"""

from __future__ import annotations

from dataclasses import dataclass

from .axis import Axis
from .drawing import (
    BARRIER,
    FLOOR,
    NETWORK_STYLE,
    RING_STYLE,
    SLOPE,
    STATES,
    THIN_LINE,
    UNKNOWN_STATE,
    Drawing,
)
from .floorline import Floorline, Point
from .labels import BOLD, THIN, Box, Layout, Line
from .legend import legend
from .summary import state_name
from .text import TITLE, Names, escaped, shortened, width
from .units import grouped, time

#: Size in pixels, without the legend.
WIDTH = 720
HEIGHT = 385
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


def draw(plot: Floorline) -> str:
    """The plot as the text of an ``svg`` element."""
    x, y = _axes(plot)
    out = Drawing()
    title = f"{shortened(plot.model)} on {shortened(plot.target)}: floorline (nominal times, not measured)"
    out.text(_LEFT, 190, title, style='font-size="14"')
    _grid(out, x, y, plot.period_of)
    layout = Layout(Box(_LEFT, _TOP, _RIGHT, _BOTTOM))
    lines = _lines(out, layout, plot, x, y)
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
    binds = any(mark.first.binds for mark in marks)
    height = HEIGHT + legend(out, HEIGHT * 10, lines, states, binds) // 10
    label = escaped(f"{title}. {_told(plot.network)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" font-family="system-ui, sans-serif" '
        'font-size="12" fill="currentColor" style="max-width:100%;height:auto">\n' + "\n".join(out.parts) + "\n</svg>\n"
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


def _grid(out: Drawing, x: Axis, y: Axis, period_of: str) -> None:
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


def _lines(out: Drawing, layout: Layout, plot: Floorline, x: Axis, y: Axis) -> list[tuple[str, str]]:
    """Slope, floor and barrier; gives what the legend says of those that are drawn."""
    named: list[tuple[str, str]] = []

    def line(start: tuple[int, int], end: tuple[int, int], style: str, what: str) -> None:
        out.line(start, end, style)
        layout.lines.append(((start, end), BOLD))
        named.append((style, what))

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
    return named


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


def _bar(out: Drawing, layout: Layout, mark: _Mark, y: Axis) -> None:
    """From lower to upper bound, with a cap at each end that lies in the plot."""
    point = mark.first
    if point.lower_ps is None:
        return
    upper = y.most + 1 if point.upper_ps is None else point.upper_ps
    bottom, top = y.place(point.lower_ps), y.place(upper)
    out.line((mark.x, bottom), (mark.x, top), THIN_LINE)
    layout.lines.append((((mark.x, top), (mark.x, bottom)), THIN))
    for at, known in ((bottom, point.lower_ps >= y.least), (top, upper <= y.most)):
        if known:
            out.line((mark.x - 40, at), (mark.x + 40, at), THIN_LINE)


def _draw_mark(out: Drawing, mark: _Mark, network: bool) -> None:
    told = [_told(point) for point in mark.points[:_TOLD]]
    if len(mark.points) > len(told):
        told.append(f"and {grouped(len(mark.points) - len(told))} more")
    out.parts.append(f"<g><title>{escaped('; '.join(told))}</title>")
    if network:
        out.shape(mark.x, mark.y, "network", NETWORK_STYLE)
    else:
        colour, shape = STATES.get(mark.first.state, UNKNOWN_STATE)
        out.shape(mark.x, mark.y, shape, f'fill="{colour}"')
        if mark.first.binds:
            out.shape(mark.x, mark.y, "ring", RING_STYLE)
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


def _name(out: Drawing, layout: Layout, mark: _Mark, name: str, network: bool) -> None:
    place = layout.put(mark.x, mark.y, _half(mark, network), width(name) * _COLUMN_WIDTH)
    if name and place is not None:
        if place.ring > 1:
            out.line((mark.x, mark.y), place.edge, f'{THIN_LINE} stroke-dasharray="2 2"')
        style = 'font-style="italic"' if network else 'font-weight="bold"' if mark.first.binds else ""
        out.text(place.x, place.y, name, place.anchor, style)
