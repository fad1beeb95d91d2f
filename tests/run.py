#!/usr/bin/env python3
"""Runs every test of the project; sets up what it needs.

Needs Rust and Python 3. The Python packages for the checks against ONNX Runtime go into a virtual
environment below target/. Exit status 0 means that everything passed.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / "target" / "python-tests"
PACKAGES = ROOT / "python" / "requirements.txt"


def run(title, command, **kwargs):
    print(f"==> {title}", flush=True)
    done = subprocess.run(command, cwd=ROOT, check=False, **kwargs)
    if done.returncode != 0:
        print(f"FAILED: {title} (exit status {done.returncode})", flush=True)
        sys.exit(1)


def has_cargo(subcommand):
    return (
        subprocess.run(["cargo", subcommand, "--version"], cwd=ROOT, capture_output=True, check=False).returncode == 0
    )


def environment():
    """The interpreter of a virtual environment with the pinned packages."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = VENV / "installed.txt"
    wanted = PACKAGES.read_text()
    if not python.exists() or not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, with_pip=True)
        run(
            "python packages",
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", PACKAGES],
        )
        stamp.write_text(wanted)
    return python


def main():
    if shutil.which("cargo") is None:
        sys.exit("cargo is not on the path: install Rust from https://rustup.rs")
    if has_cargo("fmt"):
        run("formatting", ["cargo", "fmt", "--all", "--check"])
    if has_cargo("clippy"):
        run("lints", ["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    if has_cargo("deny"):
        run("licences and sources", ["cargo", "deny", "check", "licenses", "bans", "sources"])
    else:
        print("skipped: cargo-deny is not installed", flush=True)
    # The same random networks in every run; PROPTEST_RNG_SEED and PROPTEST_CASES choose others.
    rust = dict(os.environ)
    rust.setdefault("PROPTEST_RNG_SEED", "1")
    run("rust tests", ["cargo", "test", "--workspace", "--locked"], env=rust)
    python = environment()
    program = "snnc.exe" if os.name == "nt" else "snnc"
    env = dict(
        os.environ,
        PYTHONPATH=str(ROOT / "python"),
        PYTHONDONTWRITEBYTECODE="1",
        SNNC_BINARY=str(Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / program),
    )
    run("style (python)", [python, "-m", "ruff", "check", "--no-cache", "."])
    run("format (python)", [python, "-m", "ruff", "format", "--check", "--quiet", "--no-cache", "."])
    run("types (python)", [python, "-m", "mypy", "--cache-dir", ROOT / "target" / "mypy"])
    run("python tests", [python, "-m", "pytest", "-p", "no:cacheprovider", "python/tests"], env=env)
    run("operator set against ONNX Runtime", [python, "tests/conformance/generate.py", "--check"], env=env)
    run("shipped network in ONNX Runtime", [python, "examples/digits/evaluate.py", "--check"], env=env)
    print("all tests passed", flush=True)


if __name__ == "__main__":
    main()
