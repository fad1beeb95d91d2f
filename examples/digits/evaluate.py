"""Runs digits.onnx in ONNX Runtime on the digits of heldout.npz; prints accuracy and spike rates.

Writes the spikes to expected.npz; with ``--check`` compares them with those there instead.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

HERE = Path(__file__).resolve().parent
#: Spikes inside the network, and of how many images they are kept.
HIDDEN = ("lif1.s", "lif2.s")
KEPT = 32


def session() -> tuple[ort.InferenceSession, dict[str, str]]:
    """The model with the spikes of its hidden layers as further outputs, and its state pairs."""
    model = onnx.load(HERE / "digits.onnx")
    for name in HIDDEN:
        model.graph.output.add(name=name)
    model = onnx.shape_inference.infer_shapes(model)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    metadata = {p.key: p.value for p in model.metadata_props}
    states = dict(json.loads(metadata["snnc.states"]))
    return ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"]), states


def run(spikes: np.ndarray) -> dict[str, np.ndarray]:
    """Spikes [N, T, ...] of each layer for input spikes [N, T, 1, 8, 8]."""
    net, pairs = session()
    shapes = {value.name: value.shape for value in net.get_inputs()}
    names = ["spk", *HIDDEN, *pairs.values()]
    out: dict[str, list[list[np.ndarray]]] = {name: [] for name in ("spk", *HIDDEN)}
    for image in spikes:
        states = {name: np.zeros(shapes[name], np.float32) for name in pairs}
        for kept in out.values():
            kept.append([])
        for x in image:
            values = dict(zip(names, net.run(names, {"x": x[None].astype(np.float32), **states})))
            states = {source: values[target] for source, target in pairs.items()}
            for name, kept in out.items():
                kept[-1].append(values[name][0].astype(np.uint8))
    return {name: np.array(kept) for name, kept in out.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with expected.npz instead of writing it")
    check = parser.parse_args().check
    with np.load(HERE / "heldout.npz") as held:
        x, y = held["x"], held["y"]
    spikes = run(x)
    right = int((spikes["spk"].sum(1).argmax(1) == y).sum())
    print(f"accuracy {right}/{len(y)} = {right / len(y):.4f} over {x.shape[1]} steps")
    for name, values in {"x": x, **spikes}.items():
        print(f"{name:8} {values.mean():.4f} spikes per neuron and step")
    expected = {name: values if name == "spk" else values[:KEPT] for name, values in spikes.items()}
    if not check:
        np.savez_compressed(HERE / "expected.npz", **expected)
        return
    with np.load(HERE / "expected.npz") as stored:
        wrong = [name for name in expected if not np.array_equal(stored[name], expected[name])]
    if wrong:
        raise SystemExit("other than in expected.npz: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
