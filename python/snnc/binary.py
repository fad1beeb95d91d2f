"""Finding and running the program ``snnc`` that the package ships."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from .errors import BinaryNotFoundError

#: Names the program in place of the one that the package ships.
VARIABLE = "SNNC_BINARY"


def find_binary() -> Path:
    """The program: that of ``SNNC_BINARY``, of this environment, or of the search path, in this order.

    Raises:
        BinaryNotFoundError: It is in none of them.
    """
    given = os.environ.get(VARIABLE)
    if given:
        path = Path(given)
        if not path.is_file():
            raise BinaryNotFoundError(f"{VARIABLE} names '{given}', which is not a file")
        return path
    name = "snnc.exe" if os.name == "nt" else "snnc"
    for folder in _folders():
        if (folder / name).is_file():
            return folder / name
    found = shutil.which("snnc")
    if found:
        return Path(found)
    raise BinaryNotFoundError(
        f"the program snnc is not installed: pip install snnc brings it; or name it with {VARIABLE}"
    )


def _folders() -> Iterator[Path]:
    """Where installers put programs: of the environment, of the user, and beside a package given with --target."""
    yield Path(sysconfig.get_path("scripts"))
    user = sysconfig.get_preferred_scheme("user")
    yield Path(sysconfig.get_path("scripts", scheme=user))
    yield Path(__file__).resolve().parents[1] / "bin"
    yield Path(sys.executable).parent


def run(arguments: Sequence[str | os.PathLike[str]], *, show: bool = False) -> subprocess.CompletedProcess[str]:
    """Runs the program and gives its status and outputs; ``show`` leaves its standard error (progress) on screen."""
    command = [str(find_binary()), *(os.fspath(a) for a in arguments)]
    error = None if show else subprocess.PIPE
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=error,
        text=True,
        encoding="utf-8",
        check=False,
    )
