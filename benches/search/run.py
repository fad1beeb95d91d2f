"""Time of the search over layers, channels and cores: residual networks, phases `normalise` and `extract`.

    python benches/search/run.py [--snnc target/release/snnc] [--rounds 5]

Each figure is the least of the rounds, in milliseconds; the last column is its ratio to the row before.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

LIF = "{decay 3584, gain 64, threshold 4096, compare gt, reset subtract same, shift 12}"


def residual(layers: int, channels: int, size: int) -> str:
    """A network in textual form: every second population reads the one two before it, too."""
    shape = f"{channels}x{size}x{size}"
    weights: list[str] = []
    nodes = [f'input "x" : 2x{size}x{size} {{values binary}}']

    def add(node: str) -> int:
        nodes.append(node)
        return len(nodes) - 1

    last = skip = 0
    for layer in range(layers):
        inputs = 2 if layer == 0 else channels
        weights.append(
            f"@{layer} = weights seeded [{channels}, {inputs}, 3, 3] seed {layer + 1} range -8..=7 density_ppm 500000"
        )
        now = add(f'conv2d "c{layer}" (%{last}, @{layer}) : {shape} {{pad [1, 1, 1, 1]}}')
        if layer > 0 and layer % 2 == 0:
            now = add(f'add "s{layer}" (%{now}, %{skip}) : {shape}')
        last = add(f'lif "l{layer}" (%{now}) : {shape} {LIF}')
        if layer % 2 == 0:
            skip = last
    add(f'output "o" (%{last}) : {shape}')
    lines = weights + [f"%{k} = {node}" for k, node in enumerate(nodes)]
    return 'network "residual" steps 4 integer {\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


def measure(snnc: str, text: str, chips: int, rounds: int) -> float:
    """The least time of both phases."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "m.snn"
        model.write_text(text)
        command = [snnc, "compile", str(model), "-t", "loihi2", "--activity", "0.1", "--chips", str(chips), "-v"]
        times = []
        for _ in range(rounds):
            log = subprocess.run(command, capture_output=True, text=True, check=True).stderr
            phases = dict(re.findall(r"^ ?\d+ (\w+) +([\d.]+) ms", log, re.MULTILINE))
            times.append(float(phases["normalise"]) + float(phases["extract"]))
        return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snnc", default="target/release/snnc")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    tables = {
        "layers (8 channels of 16x16, 120 cores)": [(n, 8, 16, 1) for n in (10, 20, 40, 60)],
        "layers (16 channels of 16x16, 120 cores)": [(n, 16, 16, 1) for n in (10, 20, 40, 60)],
        "channels (10 layers of 16x16, 120 cores)": [(10, n, 16, 1) for n in (8, 16, 32, 64)],
        "chips of 120 cores (10 layers, 16 channels of 16x16)": [(10, 16, 16, n) for n in (1, 2, 4, 8)],
    }
    for title, rows in tables.items():
        print(title)
        before = None
        for layers, channels, size, chips in rows:
            time = measure(args.snnc, residual(layers, channels, size), chips, args.rounds)
            ratio = f"{time / before:5.2f}" if before else ""
            print(f"  {layers:3} layers {channels:3} channels {chips} chip(s) {time:9.1f} ms {ratio}")
            before = time


if __name__ == "__main__":
    main()
