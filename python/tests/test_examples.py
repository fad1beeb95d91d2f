"""The example of each library runs and fits both chips; a library that is not installed is skipped by name."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from snnc_program import INSTALLED, PROGRAM, ROOT

EXAMPLES = sorted((ROOT / "examples" / "libraries").glob("*.py"))


@pytest.mark.skipif(PROGRAM is None, reason="the program snnc is not built")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.stem)
def test_example(example: Path, tmp_path: Path) -> None:
    library = example.stem.partition("_")[0]
    for needed in ("torch", "snntorch" if library == "brevitas" else library, library):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed")
    env = dict(os.environ) if INSTALLED else dict(os.environ, PYTHONPATH=str(ROOT / "python"))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(example)],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if line.strip().startswith(("loihi1", "loihi2"))]
    assert len(rows) == 2, done.stdout
    assert not any("E0" in row for row in rows), done.stdout
    assert len(example.read_text().splitlines()) <= 30


def test_there_is_one_for_each_library() -> None:
    libraries = {p.stem.partition("_")[0] for p in EXAMPLES}
    assert libraries == {"snntorch", "spikingjelly", "sinabs", "norse", "brevitas"}
