"""The network that the compiler reads from a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike

import onnx

from ..binary import run
from ..compiler import model_file, options
from ..compiler import shapes as shape_options
from ..ir import Network, TextError, parse
from .errors import NirError


def network(
    model: str | PathLike[str] | onnx.ModelProto,
    steps: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Network:
    """The network of an ``.onnx`` or ``.snn`` file, or of a model."""
    with model_file(model) as path:
        given = [*options(steps=steps), *shape_options(shapes)]
        done = run(["inspect", path, "--ir", "--color", "never", "-q", *given])
    if done.returncode != 0:
        raise NirError(f"snnc does not read the model:\n{done.stderr.strip()}")
    try:
        return parse(done.stdout)
    except TextError as error:
        raise NirError(
            f"the program snnc prints what this package does not read ({error}); are their versions the same?"
        ) from error
