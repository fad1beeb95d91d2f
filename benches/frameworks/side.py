"""One side of the comparison, in a process of its own: reads requests, answers each with a line of JSON.

    python side.py SIDE MODEL SAMPLES THREADS

The requests are those of ``benches/simulate.rs``. Frameworks are imported and the network is built before the first
request is read.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from pathlib import Path

import numpy as np


def peak_memory() -> int:
    """Greatest resident memory of this process and its children so far, in bytes."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(w).ru_maxrss for w in who) * 1024


def main() -> None:
    side, model, samples, threads = sys.argv[1:]
    stdout = sys.stdout
    # What frameworks print must not come between the answers.
    sys.stdout = sys.stderr
    module = importlib.import_module(side)
    data = np.load(samples)
    network = module.Network(Path(model), data.shape[2:], int(threads))
    for line in sys.stdin:
        request, *words = line.split()
        if request == "time":
            count, repeats = map(int, words)
            batch = network.prepare(data[:count])
            start, processor = time.perf_counter(), time.process_time()
            for _ in range(repeats):
                network.run(batch)
            answer: dict[str, object] = {
                "seconds": (time.perf_counter() - start) / repeats,
                "processor": (time.process_time() - processor) / repeats,
            }
        elif request == "spikes":
            count, name, file = words
            spikes = network.spikes(network.prepare(data[: int(count)]), name)
            np.save(file, spikes.reshape(int(count), spikes.shape[1], -1).astype(np.int32))
            answer = {"shape": spikes.shape}
        elif request == "memory":
            answer = {"bytes": peak_memory()}
        else:
            raise SystemExit(f"no request: {line}")
        print(json.dumps(answer), file=stdout, flush=True)


if __name__ == "__main__":
    main()
