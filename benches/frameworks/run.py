"""snnc's simulator and other frameworks side by side; see ../README.md.

python benches/frameworks/run.py [--threads N] [--rounds N] [--lava PYTHON] [--only TEXT] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from cases import BATCH, ROOT, Case, Side, all_cases

#: What is asked for: speed at natural activity, at 1 %, and memory.
GOALS = {"natural": 1.0, "quiet": 5.0, "memory": 2.0}
#: Samples whose spikes are compared.
COMPARED = 2
#: A measurement lasts at least so many seconds.
LASTS = 0.2


class Process:
    """One side in a process of its own."""

    def __init__(self, command: list[object], threads: int) -> None:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = os.environ | {name: str(threads) for name in names}
        self.process = subprocess.Popen(
            [str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, *request: object) -> dict:
        assert self.process.stdin
        assert self.process.stdout
        print(*request, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"no answer to {request}: {self.process.args}")
        return json.loads(answer)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def simulator() -> Path:
    """The bench of this repository, built."""
    command = ["cargo", "bench", "-q", "-p", "snnc-benches", "--bench", "simulate", "--no-run", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = [json.loads(line).get("executable") for line in built.splitlines() if line.startswith("{")]
    return Path([path for path in found if path][-1])


def compare(ours: Process, theirs: Process, side: Side, folder: Path) -> list[str]:
    """Layers whose spikes differ."""
    count = COMPARED if side.batches else 1
    differing = []
    for their_name, our_name in side.layers.items():
        files = folder / "ours.npy", folder / "theirs.npy"
        ours.ask("spikes", count, our_name, files[0])
        theirs.ask("spikes", count, their_name, files[1])
        one, other = (np.load(file) for file in files)
        if one.shape != other.shape or (one != other).any():
            differing.append(our_name)
        elif not one.any():
            print(f"  no spikes in {our_name}: nothing is compared there", file=sys.stderr)
    return differing


def measure(processes: list[Process], count: int, rounds: int, key: str) -> list[float]:
    """Medians of runs that take turns."""
    repeats = []
    for process in processes:
        process.ask("time", count, 1)
        repeats.append(max(1, round(LASTS / process.ask("time", count, 1)["seconds"])))
    times: list[list[float]] = [[] for _ in processes]
    for _ in range(rounds):
        for process, repeat, seen in zip(processes, repeats, times):
            seen.append(process.ask("time", count, repeat)[key])
    return [statistics.median(seen) for seen in times]


def run(case: Case, side: Side, python: str, options: argparse.Namespace, binary: Path, folder: Path) -> list[dict]:
    threads = options.threads
    ours = Process([binary, case.model, case.samples, threads], threads)
    theirs = Process([python, HERE / "side.py", side.module, side.model, case.samples, threads], threads)
    rows = []
    differing = compare(ours, theirs, side, folder)
    activity = ours.ask("synops", COMPARED)
    # Fresh processes: what was written for the comparison is not part of their memory.
    ours.close()
    theirs.close()
    ours = Process([binary, case.model, case.samples, threads], threads)
    theirs = Process([python, HERE / "side.py", side.module, side.model, case.samples, threads], threads)
    imported = theirs.ask("memory")["bytes"]
    key = "processor" if options.processor and side.batches else "seconds"
    for batch in (1, BATCH):
        if side.batches:
            mine, other = measure([ours, theirs], batch, options.rounds, key)
        else:
            [mine] = measure([ours], batch, options.rounds, key)
            # One sample after the other.
            other = statistics.median(theirs.ask("time", 1, 1)[key] for _ in range(3)) * batch
        rows.append(
            {
                "case": case.name,
                "against": side.module.split("_")[1],
                "batch": batch,
                "threads": threads,
                "ours_ms": mine * 1e3,
                "theirs_ms": other * 1e3,
                "ratio": other / mine,
                "differing": differing,
                "density": activity["density"],
            }
        )
    memory = [process.ask("memory")["bytes"] for process in (ours, theirs)]
    for row in rows:
        row["ours_mb"], row["theirs_mb"] = (m / 1e6 for m in memory)
        row["imported_mb"] = imported / 1e6
    ours.close()
    theirs.close()
    return rows


def table(rows: list[dict]) -> str:
    head = "| case | against | batch | snnc ms | ms | times faster | snnc MB | MB | of it imports | spikes |"
    lines = [head, "|---|---|--:|--:|--:|--:|--:|--:|--:|---|"]
    for r in rows:
        equal = "differ: " + ", ".join(r["differing"]) if r["differing"] else "equal"
        lines.append(
            f"| {r['case']} | {r['against']} | {r['batch']} | {r['ours_ms']:.2f} | {r['theirs_ms']:.2f} "
            f"| {r['ratio']:.1f} | {r['ours_mb']:.0f} | {r['theirs_mb']:.0f} | {r['imported_mb']:.0f} | {equal} |"
        )
    return "\n".join(lines)


def shortfalls(rows: list[dict]) -> list[str]:
    found = []
    for r in rows:
        what = f"{r['case']} against {r['against']}, batch {r['batch']}"
        goal = GOALS["natural" if "natural" in r["case"] else "quiet"]
        if r["ratio"] < goal:
            found.append(f"{what}: {r['ratio']:.2f} times as fast, {goal:g} asked for")
        if r["theirs_mb"] < GOALS["memory"] * r["ours_mb"]:
            found.append(f"{what}: {r['ours_mb']:.0f} MB, under half of {r['theirs_mb']:.0f} MB asked for")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lava", help="Python with lava-dl 0.6; without it lava-dl is skipped")
    parser.add_argument("--only", default="", help="cases whose name and side contain this")
    parser.add_argument("--processor", action="store_true", help="processor time: for a machine that is shared")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    binary = simulator()
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as name:
        for case in all_cases(Path(name)):
            for side in case.sides:
                lava = side.module.endswith("lava")
                if options.only not in f"{case.name} {side.module}":
                    continue
                if lava and not options.lava:
                    print(f"skipped: {case.name} in lava-dl, no --lava", file=sys.stderr)
                    continue
                python = options.lava if lava else sys.executable
                rows += run(case, side, python, options, binary, Path(name))
                print(table(rows[-2:]), file=sys.stderr, flush=True)
    print(table(rows))
    for line in shortfalls(rows):
        print(f"- {line}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if any(row["differing"] for row in rows):
        raise SystemExit("spikes differ")


if __name__ == "__main__":
    main()
