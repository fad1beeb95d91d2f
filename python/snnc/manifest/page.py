"""The manifest as a piece of HTML for a notebook: facts, layers, the floorline, assumptions.

The colours are those of the notebook, light or dark. There are no scripts, no style sheets and nothing from
outside; what a notebook leaves of untrusted output can still be read. It is well-formed XML as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import drawing, floorline, summary, svg
from .network import Layer
from .text import TITLE, Left, Names, escaped, excerpt, shortened
from .units import NARROW_SPACE, grouped, thousandths, time_parts

if TYPE_CHECKING:
    from .manifest import Manifest

_CELL = "padding:2px 7px;white-space:nowrap;border-bottom:1px solid rgba(128,128,128,0.25);"
_HEAD = "padding:2px 7px;white-space:nowrap;border-bottom:1px solid rgba(128,128,128,0.7);font-weight:600;"
_TABLE = "border-collapse:collapse;font-size:12px;font-variant-numeric:tabular-nums;margin:8px 0;color:inherit;"
_UNIT = "display:inline-block;width:1.6em;text-align:left;padding-left:0.25em"
_ROW = "background:transparent"

_TIMES = "\u00d7"

#: Columns of a name.
_NAME = 32
#: Assumptions and warnings that are listed.
LISTED = 200

#: A cell: its HTML, and whether it is a number.
Cell = tuple[str, bool]


def render(manifest: Manifest) -> str:
    """All of it."""
    title = escaped(summary.title(manifest, NARROW_SPACE))
    return (
        '<div style="color:inherit;font-size:13px;line-height:1.45;max-width:100%">\n'
        f'<div style="font-size:15px;font-weight:600">{title}</div>\n'
        f"{_facts(manifest)}"
        f'<div style="overflow-x:auto">\n{_layers(manifest)}</div>\n'
        f"{_front(manifest)}"
        f'<div style="overflow-x:auto">\n{svg.draw(floorline.of(manifest))}</div>\n'
        f"{_CAVEAT}{_assumptions(manifest)}{_warnings(manifest)}"
        "</div>\n"
    )


def table(header: Sequence[tuple[str, bool]], rows: Sequence[Sequence[Cell] | str]) -> str:
    """A table; a column is of numbers or not, and a row that is one string spans all columns."""
    lines = [f'<table style="{_TABLE}">', f'<thead><tr style="{_ROW}">']
    for name, number in header:
        lines.append(f'<th style="{_HEAD}text-align:{_side(number)}">{escaped(name)}</th>')
    lines.append("</tr></thead>\n<tbody>")
    for row in rows:
        if isinstance(row, str):
            style = f"{_CELL}text-align:left;font-style:italic"
            cells = f'<td colspan="{len(header)}" style="{style}">{escaped(row)}</td>'
        else:
            cells = "".join(f'<td style="{_CELL}text-align:{_side(number)}">{html}</td>' for html, number in row)
        lines.append(f'<tr style="{_ROW}">{cells}</tr>')
    lines.append("</tbody></table>\n")
    return "\n".join(lines)


def _side(number: bool) -> str:
    return "right" if number else "left"


def name_cell(name: str, names: Names | None = None) -> Cell:
    """A name; what does not fit is shown when the pointer rests on it."""
    short = (names or Names((), _NAME)).short(name)
    if short == name:
        return escaped(name), False
    return f'<span title="{escaped(shortened(name, TITLE))}">{escaped(short)}</span>', False


def time_cell(ps: int | None) -> Cell:
    """A time, with the unit in a column of its own so that digits stand below each other."""
    if ps is None:
        return "unknown", True
    number, unit = time_parts(ps)
    return f'{number}<span style="{_UNIT}">{unit}</span>', True


def number_cell(text: str) -> Cell:
    """Digits."""
    return escaped(text), True


def text_cell(text: str) -> Cell:
    """Words."""
    return escaped(text), False


def more_rows(count: int, what: str) -> str:
    """The row that stands for those left out."""
    return f"… {grouped(count, NARROW_SPACE)} more {what} …"


def _facts(manifest: Manifest) -> str:
    lines = [f'<table style="{_TABLE}"><tbody>\n']
    style = "padding:1px 10px 1px 0;border:0;text-align:left;vertical-align:top;"
    for label, text in summary.facts(manifest):
        lines.append(
            f'<tr style="{_ROW}"><td style="{style}white-space:nowrap;font-weight:600">{escaped(label)}</td>'
            f'<td style="{style}">{escaped(text)}</td></tr>\n'
        )
    lines.append("</tbody></table>\n")
    return "".join(lines)


_LAYERS = (
    ("layer", False),
    ("op", False),
    ("shape", True),
    ("encoding", False),
    ("tile", False),
    ("cores", True),
    ("fullest", True),
    ("synops/core", True),
    ("updates/core", True),
    ("lower", True),
    ("upper", True),
    ("nominal", True),
    ("state", False),
)


def _layers(manifest: Manifest) -> str:
    names = Names((layer.name for layer in manifest.layers), _NAME)
    rows: list[Sequence[Cell] | str] = []
    for k in excerpt(len(manifest.layers), manifest.bottleneck_rows):
        if isinstance(k, Left):
            rows.append(more_rows(k.count, "layer(s)"))
        else:
            rows.append(_layer(manifest, manifest.layers[k], names))
    return table(_LAYERS, rows)


def _layer(manifest: Manifest, layer: Layer, names: Names) -> list[Cell]:
    cells = [
        name_cell(layer.name, names),
        name_cell(layer.op),
        number_cell(summary.shape_name(layer).replace("x", _TIMES)),
    ]
    if layer.bound is None:
        return cells + [("", number) for _, number in _LAYERS[len(cells) :]]
    use = manifest.usage[layer.name]
    state = summary.state_name(layer.bound.state)
    colour, _ = drawing.STATES.get(layer.bound.state, ("transparent", ""))
    return [
        *cells,
        name_cell(layer.encoding),
        name_cell(layer.tile),
        number_cell(summary.cores(use, NARROW_SPACE)),
        number_cell(summary.fullest(manifest, layer)),
        number_cell(thousandths(use.busiest.synops.nominal, NARROW_SPACE)),
        number_cell(thousandths(use.busiest.updates.nominal, NARROW_SPACE)),
        time_cell(layer.bound.lower_ps),
        time_cell(layer.bound.upper_ps),
        time_cell(layer.bound.nominal_ps),
        (f'<span style="border-left:4px solid {colour};padding-left:6px">{escaped(state)}</span>', False),
    ]


def _front(manifest: Manifest) -> str:
    if not manifest.pareto:
        return ""
    points = summary.front(manifest)
    kept = [k for k, (_, mark) in enumerate(points) if mark]
    rows: list[Sequence[Cell] | str] = []
    for k in excerpt(len(points), kept):
        if isinstance(k, Left):
            rows.append(more_rows(k.count, "point(s)"))
            continue
        point, mark = points[k]
        numbers = (
            number_cell(grouped(point.cores, NARROW_SPACE)),
            number_cell(thousandths(point.messages, NARROW_SPACE)),
        )
        times = time_cell(point.time_ps), time_cell(point.nominal_ps)
        rows.append([numbers[0], *times, numbers[1], text_cell(mark.removeprefix("<- "))])
    header = [(name, bool(name)) for name in summary.FRONT]
    return f'<div style="overflow-x:auto">\n{table(header, rows)}</div>\n'


_CAVEAT = (
    '<p style="margin:6px 0">All times are estimates for the chip alone, for steps with the activity given; '
    "nothing was measured on a board. Lower and upper are bounds; nominal is what the search ranked by.</p>\n"
)


def _assumptions(manifest: Manifest) -> str:
    rows: list[Sequence[Cell] | str] = [
        [name_cell(a.name), name_cell(a.side), name_cell(a.value), name_cell(a.kind), _long_cell(a.source)]
        for a in manifest.assumptions[:LISTED]
    ]
    if len(manifest.assumptions) > LISTED:
        rows.append(more_rows(len(manifest.assumptions) - LISTED, "assumptions"))
    header = [(name, False) for name in ("name", "side", "value", "kind", "source")]
    count = grouped(len(manifest.assumptions), NARROW_SPACE)
    what = f"{count} constants and rules behind them are derived, inferred or assumed"
    return _details(what, table(header, rows))


def _warnings(manifest: Manifest) -> str:
    if not manifest.diagnostics:
        return ""
    rows: list[Sequence[Cell] | str] = [
        [name_cell(w.code), name_cell(w.node or ""), _long_cell(w.message)] for w in manifest.diagnostics[:LISTED]
    ]
    if len(manifest.diagnostics) > LISTED:
        rows.append(more_rows(len(manifest.diagnostics) - LISTED, "warnings"))
    header = [(name, False) for name in ("code", "node", "message")]
    return _details(f"{grouped(len(manifest.diagnostics), NARROW_SPACE)} warning(s)", table(header, rows))


def _long_cell(text: str) -> Cell:
    return f'<span style="white-space:normal">{escaped(shortened(text, 400))}</span>', False


def _details(what: str, content: str) -> str:
    return (
        f'<details><summary style="cursor:pointer">{escaped(what)}</summary>\n'
        f'<div style="overflow-x:auto">\n{content}</div></details>\n'
    )
