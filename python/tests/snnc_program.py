"""The program that the tests run: ``SNNC_BINARY``, or the newest that cargo built.

With ``SNNC_INSTALLED`` set, tests run the installed package with its own program.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


INSTALLED = "SNNC_INSTALLED" in os.environ


def _find() -> Path | None:
    if INSTALLED:
        from snnc.binary import find_binary

        return find_binary()
    given = os.environ.get("SNNC_BINARY")
    if given:
        return Path(given)
    name = "snnc.exe" if os.name == "nt" else "snnc"
    built = [ROOT / "target" / kind / name for kind in ("debug", "release")]
    return max((p for p in built if p.exists()), key=lambda p: p.stat().st_mtime, default=None)


PROGRAM = _find()
if PROGRAM is not None:
    os.environ["SNNC_BINARY"] = str(PROGRAM)
