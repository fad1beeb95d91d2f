"""The compiler snnc for spiking neural networks, from Python.

``export`` writes a torch model as ONNX, ``compile`` maps it onto a chip, ``simulate`` runs it. ``snnc.netx`` and
``snnc.nir`` read other formats.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from . import compiler as _compiler
from .compiler import CompilerWarning, Layer, Network, Simulation
from .errors import CompilerError, Diagnostic, ExportError, SnncError
from .manifest import Comparison, Manifest, ManifestError

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

    #: A file (``.onnx``, ``.snn``), or a model that is held in memory.
    Model = str | PathLike[str] | onnx.ModelProto

__all__ = [
    "Comparison",
    "CompilerError",
    "CompilerWarning",
    "Diagnostic",
    "ExportError",
    "Layer",
    "Manifest",
    "ManifestError",
    "Network",
    "Simulation",
    "SnncError",
    "compare",
    "compile",
    "export",
    "inspect",
    "simulate",
]


def export(
    model: nn.Module,
    example_input: Tensor | Sequence[Tensor],
    path: str | PathLike[str] | None = None,
    *,
    steps: int | None = None,
    dt: float | None = None,
) -> onnx.ModelProto:
    """Writes a spiking torch model as ONNX: one time step, each neuron layer one ``ai.snnc`` operator.

    The file runs in ONNX Runtime, with the states of the neurons as inputs and outputs (pairs of names in the
    metadata ``snnc.states``), and compiles with :func:`compile`.

    Args:
        model: A module with neurons of snnTorch, SpikingJelly, sinabs or Norse, or with quantised activations. It
            is exported as in ``eval()``, and left as it was.
        example_input: What the model takes for one sample, as it takes it: one step ``[1, ...]``, or all steps
            (``[T, 1, ...]`` in SpikingJelly's multi step mode and in Norse, ``[1, T, ...]`` in sinabs, what the
            model's own loop over time reads). Values do not matter.
        path: Where to write the file; ``None`` writes nothing.
        steps: Steps of an inference, T; by default those of ``example_input``, where it has them.
        dt: Seconds per step, for the file's metadata.

    Returns:
        The model as written.

    Raises:
        ExportError: The model has a module that cannot be exported; the message names it.
    """
    from .exporters import export as run

    return run(model, example_input, path, steps=steps, dt=dt)


def compile(
    model: Model,
    target: str,
    *,
    output: str | PathLike[str] | None = None,
    emit: Sequence[str] = (),
    steps: int | None = None,
    shape: Mapping[str, Sequence[int]] | None = None,
    activity: float | str | Mapping[str, float] | None = None,
    objective: str | None = None,
    max_cores: int | None = None,
    chips: int | None = None,
    period: str | None = None,
    chip: str | PathLike[str] | None = None,
) -> Manifest:
    """Maps a network onto the cores of a chip, as ``snnc compile`` does.

    Args:
        model: A file (``.onnx``, ``.snn``), or a model that :func:`export` gave.
        target: The chip, for example ``"loihi2"``; ``snnc targets`` lists them.
        output: Folder for the bundle; ``None`` writes nothing.
        emit: Files for people beside the bundle: ``"floorline"``, ``"layers"``.
        steps: Steps of an inference, in place of what the file says.
        shape: Shapes of inputs whose dimensions are not fixed, by name.
        activity: Events per neuron and step, 0 to 1: one rate, or rates by layer with the key ``""`` for the rest.
            Without it bounds run from silent to all-firing.
        objective: ``"time"`` (default) or ``"cores"``.
        max_cores: Use at most so many cores.
        chips: Number of chips, 1 by default.
        period: Deadline of one step, for example ``"20us"``.
        chip: A chip file in place of the one that the compiler has.

    Returns:
        The mapping with its bounds. Warnings are told as :class:`CompilerWarning`.

    Raises:
        CompilerError: The network does not fit the chip or is not read; ``diagnostics`` says why and what to do.
    """
    return _compiler.compile(
        model,
        target,
        output=output,
        emit=emit,
        steps=steps,
        shape=shape,
        activity=activity,
        objective=objective,
        max_cores=max_cores,
        chips=chips,
        period=period,
        chip=chip,
    )


def compare(model: Model, targets: Sequence[str] | None = None, **options: Any) -> Comparison:
    """Compiles a network for several chips with the same options, those of :func:`compile`.

    Args:
        model: A file or a model, as for :func:`compile`.
        targets: Names of chips; by default all that can be compiled for.
        options: Options of :func:`compile`.

    Returns:
        A table with a row per chip; a chip that refuses the network shows its first reason.

    Raises:
        CompilerError: The request cannot be met for any chip, such as an option that does not exist.
    """
    return _compiler.compare(model, targets, **options)


def inspect(model: Model, *, steps: int | None = None, shape: Mapping[str, Sequence[int]] | None = None) -> Network:
    """What the compiler reads from a model: layers, neurons, and notes on what it left out.

    Args:
        model: A file or a model, as for :func:`compile`.
        steps: Steps of an inference, in place of what the file says.
        shape: Shapes of inputs whose dimensions are not fixed, by name.

    Raises:
        CompilerError: The model is not read.
    """
    return _compiler.inspect(model, steps=steps, shape=shape)


def simulate(
    model: Model,
    samples: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
    *,
    labels: npt.NDArray[Any] | None = None,
    target: str | None = None,
    steps: int | None = None,
    record: Sequence[str] = (),
) -> Simulation:
    """Runs samples through a network, each from the initial state.

    Args:
        model: A file or a model as for :func:`compile`, or the folder of a bundle: the mapped network, whose
            outputs come ``latency_steps`` later.
        samples: ``[N, T, ...]`` or ``[T, ...]`` with the shape of the input behind; by the names of the inputs
            where there are several.
        labels: Class of each sample, ``[N]``.
        target: Run the integers that this chip would run.
        steps: Steps of an inference recorded in the network; a sample runs for as many steps as it has.
        record: Layers to give out in place of the outputs.

    Raises:
        CompilerError: The samples do not fit the network, or it is not read.
    """
    return _compiler.simulate(model, samples, labels=labels, target=target, steps=steps, record=record)
