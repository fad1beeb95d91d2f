"""The manifest of a compilation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from . import compare, floorline, frames, page, summary, svg
from .bounds import Binding, Bottleneck, Bounds, Deadline, Optimality, ParetoPoint
from .cores import Core, Usage, check, usage_by_layer
from .errors import ManifestError
from .fields import Fields, parse
from .network import Inputs, Layer, ModelFile
from .quantities import EnergyInterval, TimeInterval
from .text import shortened
from .units import time

if TYPE_CHECKING:
    import pandas  # type: ignore[import-not-found,import-untyped,unused-ignore]
    import polars  # type: ignore[import-not-found,unused-ignore]

    from ..explanation import Explanation

#: Name and version of the format that is read.
SCHEMA = "snnc-manifest/1"
#: Name of the manifest in its bundle.
FILE = "manifest.json"
#: The largest file that is read; 140 000 cores take about 300 MB.
MAX_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Assumption:
    """A constant of the chip or a rule that is derived, inferred or assumed."""

    name: str
    #: ``lo``, ``nominal``, ``hi`` or ``value`` of a constant, ``rule`` otherwise.
    side: str
    #: With its unit; empty for a rule.
    value: str
    #: ``derived``, ``inferred`` or ``assumed``.
    kind: str
    #: Where it comes from.
    source: str

    @classmethod
    def read(cls, fields: Fields) -> Assumption:
        return cls(*(fields.text(key) for key in ("name", "side", "value", "kind", "source")))


@dataclass(frozen=True, slots=True)
class CompileWarning:
    """A warning of the compilation."""

    code: str
    #: Where, when it is somewhere.
    node: str | None
    message: str

    @classmethod
    def read(cls, fields: Fields) -> CompileWarning:
        return cls(fields.text("code"), fields.text_or_none("node"), fields.text("message"))


class Manifest:
    """A network mapped onto a chip, with the bounds on its time: what ``snnc compile`` writes as JSON.

    Made by :meth:`load` or :meth:`from_json`. All times are for the chip alone and none was measured:
    ``lower`` and ``upper`` are bounds, ``nominal`` is an estimate. In a notebook it shows itself as a page.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        #: The parsed JSON, not to be changed.
        self.data: dict[str, Any] = parse(text)
        _check_schema(self.data.get("schema"))
        fields = Fields(self.data)
        #: ``snnc`` and its version.
        self.generator: str = fields.text("generator")
        self.inputs: Inputs = Inputs.read(fields.child("inputs"))
        #: Populations, in the order of the network.
        self.layers: tuple[Layer, ...] = tuple(Layer.read(f) for f in fields.children("layers"))
        #: Cores in use.
        self.cores: tuple[Core, ...] = tuple(Core.read(f) for f in fields.children("cores"))
        check((layer.name for layer in self.layers), self.cores)
        self.bounds: Bounds = Bounds.read(fields.child("bounds"))
        #: The front of time and cores, by ascending cores; empty unless it was asked for.
        self.pareto: tuple[ParetoPoint, ...] = (
            tuple(ParetoPoint.read(f) for f in fields.children("pareto")) if fields.has("pareto") else ()
        )
        self.assumptions: tuple[Assumption, ...] = tuple(Assumption.read(f) for f in fields.children("assumptions"))
        #: Warnings of the run.
        self.diagnostics: tuple[CompileWarning, ...] = tuple(
            CompileWarning.read(f) for f in fields.children("diagnostics")
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Manifest:
        """Reads ``manifest.json``, or the one in a bundle's folder.

        Raises :class:`ManifestError` when the file cannot be read or is no manifest.
        """
        file = Path(path)
        if file.is_dir():
            file = file / FILE
        if not file.is_file():
            hint = "" if file.exists() else f"; snnc compile MODEL --target CHIP -o {file.parent} writes one"
            raise ManifestError(f"{file} is not a file{hint}")
        try:
            with file.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
        except OSError as error:
            raise ManifestError(f"{file} cannot be read: {error.strerror}") from error
        if len(content) > MAX_BYTES:
            raise ManifestError(f"{file} has more than {MAX_BYTES >> 20} MiB, which no manifest has")
        try:
            return cls(content.decode())
        except UnicodeDecodeError:
            raise ManifestError(f"{file}: not a manifest: not UTF-8") from None
        except ManifestError as error:
            raise ManifestError(f"{file}: {error}") from None

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """A manifest from its JSON text. Raises :class:`ManifestError` when it is none."""
        return cls(text)

    def to_json(self) -> str:
        """The JSON text as it was read: the same input of the compiler gives the same text."""
        return self._text

    @property
    def model(self) -> ModelFile:
        """The model that was compiled."""
        return self.inputs.model

    @property
    def target(self) -> str:
        """Name of the chip."""
        return self.inputs.target

    @property
    def steps(self) -> int:
        """Steps per inference."""
        return self.inputs.options.steps

    @property
    def chips(self) -> int:
        """Chips that the mapping uses."""
        return max((core.chip for core in self.cores), default=0) + 1

    @property
    def neurons(self) -> int:
        """Neurons, inputs left out."""
        return sum(layer.neurons for layer in self.layers if layer.op != "input")

    @property
    def period(self) -> TimeInterval | None:
        """Bounds on the time of a step (or frame: ``bounds.period_of``); None when the chip has no steps."""
        return self.bounds.period

    @property
    def latency(self) -> TimeInterval | None:
        """Bounds on the time from the first event of an inference to its last output."""
        return self.bounds.latency

    @property
    def inference_time(self) -> TimeInterval | None:
        """Bounds on the time between the starts of two inferences."""
        return self.bounds.inference_time

    @property
    def energy(self) -> EnergyInterval | None:
        """Bounds on the energy of an inference; None when the chip's energies are not known."""
        return self.bounds.energy

    @property
    def state(self) -> str:
        """State of the term that binds in the lower bound, such as ``memory_bound``."""
        return self.bounds.state

    @property
    def binding(self) -> Binding:
        """The term that binds in the lower bound."""
        return self.bounds.binding

    @property
    def bottleneck(self) -> Bottleneck:
        """Nominal time of a step with its state and term: what the summary calls the bottleneck."""
        return self.bounds.nominal

    @property
    def optimality(self) -> Optimality:
        """How far the mapping is from the best possible."""
        return self.bounds.optimality

    @property
    def gap(self) -> float:
        """(achieved - independent lower bound) / independent lower bound, in the time that the search ranks by."""
        return self.bounds.optimality.gap_ppm / 1e6

    @property
    def deadline(self) -> Deadline | None:
        """The deadline of a step and its outcome, when one was given."""
        return self.bounds.deadline

    @cached_property
    def usage(self) -> Mapping[str, Usage]:
        """What each layer takes of the cores, by its name."""
        return usage_by_layer((layer.name for layer in self.layers), self.cores)

    @property
    def bottleneck_rows(self) -> tuple[int, ...]:
        """Index of the layer of the bottleneck in ``layers``, when it has one."""
        layer = self.bottleneck.binding.layer
        return tuple(k for k, other in enumerate(self.layers) if other.name == layer)

    @overload
    def layers_frame(self, library: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def layers_frame(self, library: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def layers_frame(self, library: None = None) -> Any: ...
    def layers_frame(self, library: frames.Library | None = None) -> Any:
        """A row per layer, as a frame of ``pandas`` or ``polars``: by default the first that is installed.

        Loads are of the busiest core. Endings: ``_ps`` picoseconds, ``_ppm`` millionths, ``_milli_per_step``
        thousandths per step. What an input does not have is null.
        """
        return frames.layers(self).frame(library)

    @overload
    def cores_frame(self, library: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def cores_frame(self, library: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def cores_frame(self, library: None = None) -> Any: ...
    def cores_frame(self, library: frames.Library | None = None) -> Any:
        """A row per core in use, with the sum of its parts' loads; see :meth:`layers_frame`.

        ``memory_NAME_used`` and ``memory_NAME_cap`` are in the units of the vendor.
        """
        return frames.cores(self).frame(library)

    @overload
    def parts_frame(self, library: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def parts_frame(self, library: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def parts_frame(self, library: None = None) -> Any: ...
    def parts_frame(self, library: frames.Library | None = None) -> Any:
        """A row per part of a core: its share ``[from, to)`` of the layer, and its load."""
        return frames.parts(self).frame(library)

    @overload
    def assumptions_frame(self, library: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def assumptions_frame(self, library: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def assumptions_frame(self, library: None = None) -> Any: ...
    def assumptions_frame(self, library: frames.Library | None = None) -> Any:
        """A row per constant or rule that is derived, inferred or assumed."""
        return frames.assumptions(self).frame(library)

    def floorline_svg(self) -> str:
        """The floorline plot: nominal time of each layer over the synaptic operations of its busiest core."""
        return svg.draw(floorline.of(self))

    def explain(self, layer: str) -> Explanation:
        """How a layer was mapped and why, as ``snnc explain`` tells it; the program is run.

        Args:
            layer: Name of a layer, or of an ONNX node that it was made of.

        Raises:
            CompilerError: There is no such layer; the diagnostic has the closest names.
        """
        from ..compiler import explain

        return explain(self, layer)

    def compare(self, *others: Manifest) -> compare.Comparison:
        """A table of this manifest and others."""
        return compare.comparison(compare.named((self, *others)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Manifest) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        period = "unknown" if self.period is None else str(self.period).partition(";")[0]
        return (
            f"<Manifest {shortened(self.model.name)} on {shortened(self.target)}: "
            f"{len(self.layers)} layer(s), {len(self.cores)} core(s), {period} per "
            f"{shortened(self.bounds.period_of)}, "
            f"{summary.state_name(self.bottleneck.state)} (nominal {time(self.bottleneck.period_ps)})>"
        )

    def __str__(self) -> str:
        return summary.text(self)

    def _repr_html_(self) -> str:
        return page.render(self)


def _check_schema(schema: object) -> None:
    if schema == SCHEMA:
        return
    if isinstance(schema, str) and schema.startswith("snnc-manifest/"):
        raise ManifestError(
            f"the manifest has schema {shortened(schema)}, this package reads {SCHEMA}: update the package, "
            "or compile again with the snnc of this package"
        )
    raise ManifestError(f"not a manifest: its field 'schema' must be {SCHEMA!r}; is it another file of the bundle?")
