"""Exports every case of the training libraries and compares torch, ONNX Runtime and snnc.

    python3 python/tests/exports/generate.py            write python/tests/data/exports
    python3 python/tests/exports/generate.py --check    write nothing there, fail when anything differs

Libraries that are not installed are skipped by name; with ``--all`` that is a failure.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
if "SNNC_INSTALLED" not in os.environ:
    sys.path.insert(0, str(HERE.parents[1]))

import snnc
from case import SHAPE, STEPS, Case
from snnc_program import PROGRAM
from step_runner import differences, run_onnx

DATA = HERE.parent / "data" / "exports"
LIBRARIES = {
    "torch": "torch_cases",
    "snntorch": "snntorch_cases",
    "spikingjelly": "spikingjelly_cases",
    "sinabs": "sinabs_cases",
    "norse": "norse_cases",
    "brevitas": "brevitas_cases",
}


def cases(required: bool) -> Iterator[Case]:
    for library, module in LIBRARIES.items():
        if importlib.util.find_spec(library) is None:
            if required:
                sys.exit(f"{library} is not installed")
            print(f"skipped: {library} is not installed")
            continue
        torch.manual_seed(0)
        yield from importlib.import_module(module).cases()


def inputs(case: Case) -> torch.Tensor:
    """Spikes, or pixels for a network of activations."""
    torch.manual_seed(1)
    values = torch.rand(STEPS, *SHAPE)
    return values if case.options.get("steps") == 1 else (values < 0.4).float()


def make(case: Case, folder: Path) -> str:
    """Exports a case into a folder and says what differs from torch; the empty string when nothing does."""
    case.prepare()
    x = inputs(case)
    path = folder / f"{case.name}.onnx"
    snnc.export(case.model, case.example(x), path, **case.options)
    with torch.no_grad():
        expected = case.run(case.model, x).numpy()
    fed = np.repeat(x.numpy()[:1], STEPS, 0) if "static" in case.name else x.numpy()
    np.savez_compressed(
        folder / f"{case.name}.npz",
        x=fed[:, 0],
        expected=expected,
        compare=np.array(case.compare),
        refused=np.array(case.refused or ""),
    )
    wrong = differences(run_onnx(path, fed), expected, case.compare)
    again = folder / "again.onnx"
    snnc.export(case.model, case.example(x), again, **case.options)
    if again.read_bytes() != path.read_bytes():
        wrong += " a second export gives other bytes"
    again.unlink()
    if not expected.any() or (case.compare == "spikes" and expected.all()):
        wrong += " it shows nothing: all outputs are equal"
    simulated = snnc.simulate(path, fed[:, 0]).output
    return (wrong + differences(np.swapaxes(simulated, 0, 1), expected, case.compare, "snnc")).strip()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--all", action="store_true", help="fail when a library is missing")
    parser.add_argument("--only", default="", help="cases whose name has this part")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if PROGRAM is None:
        sys.exit("the program snnc is not built: cargo build -p snnc-cli")
    failed = done = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if arguments.check else DATA
        folder.mkdir(parents=True, exist_ok=True)
        for case in cases(arguments.all):
            if arguments.only not in case.name:
                continue
            try:
                wrong = make(case, folder)
            except snnc.SnncError as error:
                wrong = str(error)
            done += 1
            failed += bool(wrong)
            print(f"{'FAILED' if wrong else 'equal':7} {case.name} {wrong}", flush=True)
    print(f"{done - failed} of {done} exports give in ONNX Runtime and in snnc what torch gives")
    sys.exit(1 if failed or not done else 0)


if __name__ == "__main__":
    main()
