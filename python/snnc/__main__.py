"""``python -m snnc``: the program ``snnc``, and ``python -m snnc convert`` for formats that Python reads."""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings
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
    parser.add_argument("--reset", choices=("zero", "subtract"), help="what a reset of a .nir file does")
    given = parser.parse_args(arguments)
    if given.source.endswith(".net"):
        from .netx import from_netx

        from_netx(given.source, given.output, steps=given.steps, dt=given.dt)
    elif given.source.endswith(".nir"):
        from .nir import from_nir

        if given.dt is None or given.steps is None:
            parser.error("a .nir file is in continuous time: give --dt and --steps")
        timing = {"dt": given.dt, "steps": given.steps}
        from_nir(given.source, given.output, **timing, convention=given.convention, reset=given.reset)
    elif given.output.endswith(".nir"):
        from .nir import to_nir

        timing = {"dt": given.dt, "steps": given.steps}
        to_nir(given.source, given.output, **timing, convention=given.convention, reset=given.reset)
    else:
        parser.error("one of the files has to be .net or .nir")


def _tell(message: Warning | str, *_: object) -> None:
    print(f"warning: {message}", file=sys.stderr)


def main() -> int:
    """Runs the command line; gives the exit status."""
    try:
        if sys.argv[1:2] == ["convert"]:
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                warnings.showwarning = _tell  # type: ignore[assignment]
                _convert(sys.argv[2:])
            return 0
        return subprocess.run([str(find_binary()), *sys.argv[1:]], check=False).returncode
    except (SnncError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
