"""The manifest as frames of pandas or polars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from .cores import AXES, LOADS, Core, Load
from .errors import ManifestError, MissingLibraryError

if TYPE_CHECKING:
    from .manifest import Manifest

Library = Literal["pandas", "polars"]
Cell = int | str | None


@dataclass(frozen=True)
class Column:
    """A column of integers or of texts; None is missing."""

    name: str
    kind: Literal["int", "str"]
    values: Sequence[Cell]

    @property
    def _unsigned(self) -> bool:
        """Whether a value needs the 64th bit: saturated bounds do."""
        return self.kind == "int" and any(isinstance(v, int) and v >= 2**63 for v in self.values)

    def pandas_type(self) -> str:
        if self.kind == "str":
            return "string"
        return "UInt64" if self._unsigned else "Int64"

    def polars_type(self, polars: Any) -> Any:
        if self.kind == "str":
            return polars.String
        return polars.UInt64 if self._unsigned else polars.Int64


@dataclass(frozen=True)
class Table:
    """Columns of the same length."""

    columns: tuple[Column, ...]

    def frame(self, library: Library | None) -> Any:
        """A frame of the library; by default of the first that is installed."""
        if library not in (None, "pandas", "polars"):
            raise ManifestError(f"library must be 'pandas' or 'polars', not {library!r}")
        name, module = _library(library)
        if name == "pandas":
            series = {c.name: module.Series(list(c.values), dtype=c.pandas_type()) for c in self.columns}
            return module.DataFrame(series)
        data = {c.name: c.values for c in self.columns}
        return module.DataFrame(data, schema={c.name: c.polars_type(module) for c in self.columns})


def _library(wanted: Library | None) -> tuple[Library, Any]:
    if wanted in (None, "pandas"):
        try:
            import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]

            return "pandas", pandas
        except ImportError as error:
            if wanted:
                raise MissingLibraryError("pandas is not installed: pip install pandas") from error
    try:
        import polars  # type: ignore[import-not-found,unused-ignore]

        return "polars", polars
    except ImportError as error:
        names = "polars is not" if wanted else "neither pandas nor polars is"
        raise MissingLibraryError(f"{names} installed: pip install {wanted or 'pandas'}") from error


T = TypeVar("T")


def texts(name: str, rows: Iterable[T | None], value: Callable[[T], str | None]) -> Column:
    """A column of texts; what has no row is missing."""
    return Column(name, "str", tuple(None if row is None else value(row) for row in rows))


def integers(name: str, rows: Iterable[T | None], value: Callable[[T], int | None]) -> Column:
    """A column of integers; what has no row is missing."""
    return Column(name, "int", tuple(None if row is None else value(row) for row in rows))


def _loads(loads: Sequence[Load | None], suffix: str = "") -> Iterator[Column]:
    for load, side in product(LOADS, ("lower", "nominal", "upper")):
        yield integers(f"{load}{suffix}_{side}_milli_per_step", loads, attrgetter(f"{load}.{side}"))


def layers(manifest: Manifest) -> Table:
    """A row per layer."""
    rows = manifest.layers
    mapped = [None if layer.bound is None else layer for layer in rows]
    uses = [None if layer is None else manifest.usage[layer.name] for layer in mapped]
    fullest = [None if use is None else use.fullest for use in uses]
    bounds = [layer.bound for layer in rows]
    return Table(
        (
            texts("layer", rows, lambda layer: layer.name),
            texts("op", rows, lambda layer: layer.op),
            integers("channels", rows, lambda layer: layer.shape[0]),
            integers("rows", rows, lambda layer: layer.shape[1]),
            integers("columns", rows, lambda layer: layer.shape[2]),
            integers("neurons", rows, lambda layer: layer.neurons),
            integers("synapses", rows, lambda layer: layer.synapses),
            integers("nonzero_weights", rows, lambda layer: layer.nonzero_weights),
            integers("weight_bits", mapped, lambda layer: layer.weight_bits),
            texts("encoding", mapped, lambda layer: layer.encoding),
            texts("tile", mapped, lambda layer: layer.tile),
            integers("activity_lower_ppm", rows, lambda layer: layer.activity.lower_ppm),
            integers("activity_nominal_ppm", rows, lambda layer: layer.activity.nominal_ppm),
            integers("activity_upper_ppm", rows, lambda layer: layer.activity.upper_ppm),
            integers("cores", uses, lambda use: use.cores),
            texts("fullest_resource", fullest, lambda resource: resource[0]),
            integers("fullest_used", fullest, lambda resource: resource[1].used),
            integers("fullest_cap", fullest, lambda resource: resource[1].cap),
            *_loads([None if use is None else use.busiest for use in uses], "_busiest_core"),
            integers("time_lower_ps", bounds, lambda bound: bound.lower_ps),
            integers("time_nominal_ps", bounds, lambda bound: bound.nominal_ps),
            integers("time_upper_ps", bounds, lambda bound: bound.upper_ps),
            texts("state", bounds, lambda bound: bound.state),
            texts("binding", bounds, lambda bound: bound.binding),
        )
    )


def cores(manifest: Manifest) -> Table:
    """A row per core in use."""
    rows = manifest.cores
    memory = []
    for name in sorted({name for core in rows for name in core.memory}):
        found = [core.memory.get(name) for core in rows]
        memory.append(integers(f"memory_{name}_used", found, lambda use: use.used))
        memory.append(integers(f"memory_{name}_cap", found, lambda use: use.cap))
    return Table(
        (
            *_sites(rows),
            integers("parts", rows, lambda core: len(core.parts)),
            texts("layers", rows, lambda core: ", ".join(dict.fromkeys(part.layer for part in core.parts))),
            *memory,
            *_loads([core.load for core in rows]),
        )
    )


def _sites(rows: Sequence[Core]) -> tuple[Column, ...]:
    return (
        integers("core", rows, lambda core: core.id),
        integers("chip", rows, lambda core: core.chip),
        integers("x", rows, lambda core: core.x),
        integers("y", rows, lambda core: core.y),
    )


def parts(manifest: Manifest) -> Table:
    """A row per part of a core."""
    rows = [(core, part) for core in manifest.cores for part in core.parts]
    found = [part for _, part in rows]
    ranges = []
    for axis in AXES:
        pairs = [getattr(part.slice, axis) for part in found]
        ranges.append(integers(f"{axis}_from", pairs, itemgetter(0)))
        ranges.append(integers(f"{axis}_to", pairs, itemgetter(1)))
    return Table(
        (
            *_sites([core for core, _ in rows]),
            texts("layer", found, lambda part: part.layer),
            texts("role", found, lambda part: part.role),
            *ranges,
            *_loads([part.load for part in found]),
        )
    )


def assumptions(manifest: Manifest) -> Table:
    """A row per constant or rule that is derived, inferred or assumed."""
    rows = manifest.assumptions
    return Table(
        (
            texts("name", rows, lambda a: a.name),
            texts("side", rows, lambda a: a.side),
            texts("value", rows, lambda a: a.value or None),
            texts("kind", rows, lambda a: a.kind),
            texts("source", rows, lambda a: a.source),
        )
    )
