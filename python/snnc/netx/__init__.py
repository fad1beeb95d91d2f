"""Reading networks of lava-dl (``.net``, HDF5) by conversion to ONNX with ``ai.snnc`` operators.

What is read and how exact it is: ``docs/netx.md``. h5py is needed to call :func:`from_netx`, not to import
this.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

import onnx

from .convert import convert
from .errors import NetxError
from .reader import read
from .store import Group, open_file

__all__ = ["NetxError", "from_netx"]


def from_netx(
    path: str | PathLike[str],
    output: str | PathLike[str] | None = None,
    *,
    steps: int | None = None,
    dt: float | None = None,
) -> onnx.ModelProto:
    """The network of a ``.net`` file as an ONNX model of one time step with batch 1.

    The graph input ``input`` is float32 ``[1, C, H, W]`` or ``[1, N]`` and takes whole numbers: spikes (0 or
    1); with neurons in the input layer, values in units of their threshold. The output ``output`` is float32,
    the spikes or messages of the last layer. States are inputs and outputs of the graph, int32 for CUBA and
    float32 for sigma-delta neurons.

    :param output: where to write the model; nothing is written without it.
    :param steps: steps of an inference; without it what the file says, if it does.
    :param dt: seconds of a step; without it what the file says, if it does.
    :raises NetxError: the file cannot be read or has no form as ONNX; the message names layer and key.
    """
    if steps is not None and steps < 1:
        raise NetxError(f"steps is {steps}; an inference has at least one step")
    if dt is not None and not 0 < dt < float("inf"):
        raise NetxError(f"dt is {dt}; it has to be a positive number of seconds")
    with open_file(Path(path)) as root:
        layers = read(root)
        file_steps, file_dt = _simulation(root)
        model = convert(layers, file_steps if steps is None else steps, file_dt if dt is None else dt)
    if output is not None:
        Path(output).write_bytes(model.SerializeToString(deterministic=True))
    return model


def _simulation(root: Group) -> tuple[int | None, float | None]:
    """Steps of a sample and seconds of a step, where the file has them (older ones do)."""
    if not root.has("simulation"):
        return None, None
    group = root.group("simulation").named("simulation")
    milliseconds = group.integer("Ts", 1, 1 << 31) if group.has("Ts") else None
    length = group.integer("tSample", 1, 1 << 31) if group.has("tSample") else None
    steps = None if length is None else max(length // (milliseconds or 1), 1)
    return steps, None if milliseconds is None else milliseconds / 1000
