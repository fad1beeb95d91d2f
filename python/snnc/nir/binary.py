"""The network that the compiler reads from a model."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from os import PathLike, fspath

import onnx

from ..ir import Network, TextError, parse
from .errors import NirError


def find_binary() -> str:
    """The program ``snnc``: that of the environment variable SNNC_BINARY, or the one on the path."""
    found = os.environ.get("SNNC_BINARY") or shutil.which("snnc")
    if not found:
        raise NirError("the program snnc is not found; install it, or set SNNC_BINARY")
    return found


def network(
    model: str | PathLike[str] | onnx.ModelProto,
    steps: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Network:
    """The network of an ``.onnx`` or ``.snn`` file, or of a model."""
    if isinstance(model, onnx.ModelProto):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            with open(path, "wb") as file:
                file.write(model.SerializeToString())
            return network(path, steps, shapes)
    options = [] if steps is None else ["--steps", str(steps)]
    for name, shape in (shapes or {}).items():
        options += ["--shape", f"{name}={','.join(map(str, shape))}"]
    command = [
        find_binary(),
        "inspect",
        os.path.abspath(fspath(model)),
        "--ir",
        "--color",
        "never",
        "-q",
        *options,
    ]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise NirError(f"snnc does not read the model:\n{done.stderr.strip()}")
    try:
        return parse(done.stdout)
    except TextError as error:
        raise NirError(
            f"the program snnc prints what this package does not read ({error}); are their versions the same?"
        ) from error
