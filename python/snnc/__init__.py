"""The compiler snnc for spiking neural networks, from Python.

``export`` writes a torch model as ONNX, ``compile`` maps it onto a chip, ``simulate`` runs it. ``snnc.netx`` and
``snnc.nir`` read other formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import TYPE_CHECKING

from .compiler import CompilerWarning, compare, compile, explain, inspect, profile, simulate
from .errors import CompilerError, Diagnostic, ExportError, SnncError
from .explanation import Explanation
from .manifest import Comparison, Manifest, ManifestError
from .results import Layer, LayerActivity, Network, Simulation

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

__all__ = [
    "Comparison",
    "CompilerError",
    "CompilerWarning",
    "Diagnostic",
    "Explanation",
    "ExportError",
    "Layer",
    "LayerActivity",
    "Manifest",
    "ManifestError",
    "Network",
    "Simulation",
    "SnncError",
    "compare",
    "compile",
    "explain",
    "export",
    "inspect",
    "profile",
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
