"""From what snnc reads to NIR."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import onnx

from ..ir import Network
from .convention import Compare, Convention, Discretization, Reset
from .convention import convention as chosen
from .errors import NirError
from .graph import Flat, Node
from .network import network
from .spell import APPROXIMATIONS, Approximation, Speller
from .unbuild import unbuild

if TYPE_CHECKING:
    import nir


def to_nir(
    model: str | PathLike[str] | onnx.ModelProto | Network,
    path: str | PathLike[str] | None = None,
    *,
    dt: float | None = None,
    convention: str | Convention = "nir",
    discretization: Discretization | None = None,
    reset: Reset | None = None,
    compare: Compare | None = None,
    allow: Iterable[Approximation] = (),
    steps: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> nir.NIRGraph:
    """A ``nir.NIRGraph`` of any network that snnc reads; written to ``path`` when that is given.

    ``model`` is an ``.onnx`` or ``.snn`` file, a model or a parsed network. ``dt`` is the length of a step in
    seconds; it may be left out if the metadata of the model say it (``snnc.dt``). ``convention`` and the
    keywords after it say how the file will be read, as in :func:`~snnc.nir.from_nir`, which makes the same
    network of it again. ``steps`` and ``shapes`` are those of ``snnc inspect``.

    What a reader would take otherwise is refused with the name of the layer, in a
    :class:`~snnc.nir.NirError`. ``allow`` lets some of it be written all the same, as libraries do:
    ``subtract`` (a reset that takes the threshold off), ``next_step`` (a reset that comes a step later),
    ``count`` (several spikes in a step), ``compare`` (a spike at the threshold too), ``v_min`` (a lower bound
    of the membrane).
    """
    permitted = frozenset(allow)
    unknown = sorted(permitted - set(APPROXIMATIONS))
    if unknown:
        raise NirError(f"allow has no '{unknown[0]}'; there are {', '.join(APPROXIMATIONS)}")
    rules = chosen(convention, discretization, reset, compare)
    package = _package()
    read = model if isinstance(model, Network) else network(model, steps, shapes)
    step = _metadata_dt(model) if dt is None else dt
    if step is None:
        raise NirError("the model does not say how long a step is; give dt, in seconds")
    if not (isinstance(step, (int, float)) and math.isfinite(step) and step > 0):
        raise NirError(f"dt is a time in seconds above zero, not {step!r}")
    flat = unbuild(read, Speller(rules, float(step), permitted))
    graph = _graph(package, flat)
    if path is not None:
        package.write(fspath(path), graph)
    return graph


def _package() -> Any:
    try:
        import nir
    except ModuleNotFoundError as error:
        raise NirError("writing NIR needs the package nir: pip install 'snnc[nir]'") from error
    if "v_reset" not in {field.name for field in dataclasses.fields(nir.LIF)}:
        raise NirError(f"nir {nir.version} has no v_reset; it came with 1.0.6: pip install -U nir")
    return nir


def _metadata_dt(model: str | PathLike[str] | onnx.ModelProto | Network) -> float | None:
    if isinstance(model, Network):
        return None
    if not isinstance(model, onnx.ModelProto):
        if not fspath(model).endswith(".onnx"):
            return None
        model = onnx.load(fspath(model), load_external_data=False)
    text = next((p.value for p in model.metadata_props if p.key == "snnc.dt"), None)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise NirError(f"the metadata snnc.dt is '{text}', not a number; give dt") from None


def _graph(package: Any, flat: Flat) -> nir.NIRGraph:
    nodes = {name: _node(package, node) for name, node in flat.nodes.items()}
    # The check of the package takes every kernel for square.
    return package.NIRGraph(nodes, sorted(flat.edges), type_check=False)


def _node(package: Any, node: Node) -> Any:
    fields = dict(node.fields)
    if node.kind in ("Input", "Output"):
        side = node.kind.lower()
        return getattr(package, node.kind)({side: fields["shape"]})
    if node.kind == "Flatten":
        return package.Flatten(
            {"input": fields["input_type"]}, int(str(fields["start_dim"])), int(str(fields["end_dim"]))
        )
    if node.kind == "Conv2d":
        fields["groups"] = int(str(fields["groups"]))  # type: ignore[assignment]
    return getattr(package, node.kind)(**fields)
