"""``python -m snnc``: the program ``snnc``, and ``python -m snnc convert`` for formats that Python reads."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from .binary import find_binary
from .errors import SnncError


def _convert(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m snnc convert", description="Writes a lava-dl .net or a .nir file as ONNX, or ONNX as .nir."
    )
    parser.add_argument("source", help="file to read: .net, .nir, or .onnx")
    parser.add_argument("output", help="file to write: .onnx, or .nir")
    parser.add_argument("--steps", type=int, help="steps of an inference")
    parser.add_argument("--dt", type=float, help="seconds per step; NIR needs it")
    parser.add_argument("--convention", default="nir", help="how a .nir file is stepped (docs/nir.md)")
    given = parser.parse_args(arguments)
    if given.source.endswith(".net"):
        from .netx import from_netx

        from_netx(given.source, given.output, steps=given.steps, dt=given.dt)
    elif given.source.endswith(".nir"):
        from .nir import from_nir

        if given.dt is None or given.steps is None:
            parser.error("a .nir file is in continuous time: give --dt and --steps")
        from_nir(given.source, given.output, dt=given.dt, steps=given.steps, convention=given.convention)
    elif given.output.endswith(".nir"):
        from .nir import to_nir

        to_nir(given.source, given.output, dt=given.dt, steps=given.steps, convention=given.convention)
    else:
        parser.error("one of the files has to be .net or .nir")


def main() -> int:
    """Runs the command line; gives the exit status."""
    try:
        if sys.argv[1:2] == ["convert"]:
            _convert(sys.argv[2:])
            return 0
        return subprocess.run([str(find_binary()), *sys.argv[1:]], check=False).returncode
    except (SnncError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
