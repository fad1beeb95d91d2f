"""Several manifests in one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import page, summary
from .frames import Library, Table, integers, texts
from .text import TITLE, shortened, table
from .units import NARROW_SPACE, UNDERSCORE, gap, grouped, time

if TYPE_CHECKING:
    from .manifest import Manifest


@dataclass(frozen=True)
class Comparison:
    """A row per compilation: its manifest, or the error in place of one.

    Shows itself as a table in a terminal and in a notebook.
    """

    manifests: Mapping[str, Manifest]
    #: Compilations that gave no manifest, by name.
    errors: Mapping[str, BaseException]
    #: Names of both, in order.
    names: tuple[str, ...]

    def __getitem__(self, name: str) -> Manifest:
        """The manifest of a name; raises the error of a compilation that gave none."""
        if name in self.errors:
            raise self.errors[name]
        return self.manifests[name]

    def frame(self, library: Library | None = None) -> Any:
        """The table as a frame of ``pandas`` or ``polars``: by default the first that is installed.

        ``_ps`` are picoseconds per step, ``_ppm`` millionths. Null is unknown.
        """
        rows = [self.manifests.get(name) for name in self.names]
        periods = [None if m is None else m.period for m in rows]
        deadlines = [None if m is None else m.deadline for m in rows]
        errors = [self.errors.get(name) for name in self.names]
        return Table(
            (
                texts("name", self.names, str),
                texts("model", rows, lambda m: m.model.name),
                texts("target", rows, lambda m: m.target),
                integers("cores", rows, lambda m: len(m.cores)),
                integers("chips", rows, lambda m: m.chips),
                integers("period_lower_ps", periods, lambda period: period.lower_ps),
                integers("period_upper_ps", periods, lambda period: period.upper_ps),
                integers("period_nominal_ps", rows, lambda m: m.bottleneck.period_ps),
                texts("state", rows, lambda m: m.bottleneck.state),
                texts("binding", rows, lambda m: m.bottleneck.binding.resource),
                texts("binding_layer", rows, lambda m: m.bottleneck.binding.layer),
                integers("gap_ppm", rows, lambda m: m.optimality.gap_ppm),
                texts("deadline", deadlines, lambda deadline: deadline.state),
                texts("error", errors, _first_line),
            )
        ).frame(library)

    def __str__(self) -> str:
        header = [name for name, _ in _HEADER]
        right = frozenset(name for name, number in _HEADER if number)
        rows: list[list[str] | str] = []
        for name in self.names:
            if name in self.errors:
                rows.append(f"{shortened(name)}  {shortened(_first_line(self.errors[name]), TITLE)}")
                continue
            m = self.manifests[name]
            rows.append([shortened(name), *_counts(m, UNDERSCORE), *_times(m), *_words(m)])
        return table(header, rows, right)

    def __repr__(self) -> str:
        names = ", ".join(shortened(name) for name in self.names[:8])
        return f"<Comparison of {names}{', …' if len(self.names) > 8 else ''}>"

    def _repr_html_(self) -> str:
        rows: list[list[page.Cell] | str] = []
        for name in self.names:
            if name in self.errors:
                rows.append(f"{shortened(name)}: {shortened(_first_line(self.errors[name]), TITLE)}")
                continue
            m = self.manifests[name]
            target, *counts = _counts(m, NARROW_SPACE)
            period = m.period
            state, binding, gap, deadline = _words(m)
            rows.append(
                [
                    page.name_cell(name),
                    page.text_cell(target),
                    *(page.number_cell(text) for text in counts),
                    page.time_cell(period.lower_ps if period else None),
                    page.time_cell(period.upper_ps if period else None),
                    page.time_cell(m.bottleneck.period_ps),
                    page.text_cell(state),
                    page.text_cell(binding),
                    page.number_cell(gap),
                    page.text_cell(deadline),
                ]
            )
        return (
            '<div style="color:inherit;font-size:13px;overflow-x:auto">\n'
            f"{page.table(_HEADER, rows)}<div>{_NOTE}</div>\n</div>\n"
        )


#: Columns of the name of a layer.
_LAYER = 24
_NOTE = "Time per step. Lower and upper are bounds; nominal, state and binding are estimates."
_HEADER = (
    ("name", False),
    ("target", False),
    ("cores", True),
    ("chips", True),
    ("lower", True),
    ("upper", True),
    ("nominal", True),
    ("state", False),
    ("binding", False),
    ("gap", True),
    ("deadline", False),
)


def _counts(m: Manifest, separator: str) -> list[str]:
    return [shortened(m.target), grouped(len(m.cores), separator), grouped(m.chips, separator)]


def _times(m: Manifest) -> list[str]:
    bounds = (m.period.lower_ps, m.period.upper_ps) if m.period else (None, None)
    return ["unknown" if ps is None else time(ps) for ps in (*bounds, m.bottleneck.period_ps)]


def _words(m: Manifest) -> list[str]:
    binding = m.bottleneck.binding
    place = summary.term_name(binding.resource)
    if binding.layer is not None:
        place = f"{place} ({shortened(binding.layer, _LAYER)})"
    deadline = shortened(m.deadline.state) if m.deadline else ""
    return [summary.state_name(m.bottleneck.state), place, gap(m.optimality.gap_ppm), deadline]


def _first_line(error: BaseException) -> str:
    """What went wrong, in a line."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def comparison(manifests: Mapping[str, Manifest | BaseException]) -> Comparison:
    """A table with a row per manifest; in place of one stands the error of a compilation that failed."""
    errors = {name: m for name, m in manifests.items() if isinstance(m, BaseException)}
    found = {name: m for name, m in manifests.items() if not isinstance(m, BaseException)}
    return Comparison(found, errors, tuple(manifests))


def named(manifests: Iterable[Manifest]) -> dict[str, Manifest | BaseException]:
    """Manifests by model and target; a number tells those apart that have both in common."""
    out: dict[str, Manifest | BaseException] = {}
    for m in manifests:
        name = plain = f"{m.model.name} on {m.target}"
        count = 1
        while name in out:
            count += 1
            name = f"{plain} ({count})"
        out[name] = m
    return out
