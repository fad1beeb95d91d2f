#!/usr/bin/env python3
"""The full tier: builds the wheel, installs it with torch and the training libraries, and exports afresh.

    python3 tests/full.py

Takes some gigabytes below target/ and a quarter of an hour. Exit status 0 means that every network gives in
ONNX Runtime and in snnc the spikes of torch, and that the types, the tests and the examples of the package pass.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "target" / "python-full"
BUILDER, VENV, WHEELS = FOLDER / "builder", FOLDER / "venv", FOLDER / "wheels"
PROGRAMS = "Scripts" if os.name == "nt" else "bin"


def run(title, command, **kwargs):
    print(f"==> {title}", flush=True)
    done = subprocess.run([str(part) for part in command], cwd=ROOT, check=False, **kwargs)
    if done.returncode != 0:
        sys.exit(f"FAILED: {title} (exit status {done.returncode})")


def environment(folder, *packages):
    """A fresh virtual environment with packages; its interpreter."""
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    python = folder / PROGRAMS / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(f"packages of {folder.name}", [*install, *packages])
    return python


def main():
    builder = environment(BUILDER, "maturin==1.16.0")
    shutil.rmtree(WHEELS, ignore_errors=True)
    run("wheel", [builder, "-m", "maturin", "build", "--release", "--locked", "--out", WHEELS])
    [wheel] = WHEELS.glob("*.whl")
    libraries = ROOT / "python" / "requirements-full.txt"
    python = environment(VENV, wheel, "-r", libraries)
    # The installed package, with the program that the wheel brings.
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SNNC_BINARY")}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    where = "import snnc, pathlib; print(snnc.__file__); import snnc.binary as b; print(b.find_binary())"
    run("installed package", [python, "-c", where], env=env)
    run("types", [python, "-m", "mypy", "python/snnc"], env=env)
    exports = ROOT / "python" / "tests" / "exports" / "generate.py"
    env["SNNC_INSTALLED"] = "1"
    run("exports of every library", [python, "-W", "ignore", exports, "--check", "--all"], env=env)
    run("tests and examples", [python, "-m", "pytest", "python/tests", "-p", "no:cacheprovider"], env=env)
    print("the full tier passed", flush=True)


if __name__ == "__main__":
    main()
