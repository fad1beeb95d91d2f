"""Writes the conformance cases of the operator set ai.snnc to tests/models/ai_snnc.

For each case ``<operator>.onnx`` is a model of one node with its function, parameters as initialisers,
and ``<operator>.npz`` holds what goes in and what ONNX Runtime gave out (see README.md):

    python3 tests/conformance/generate.py            write the files
    python3 tests/conformance/generate.py --check    compare the committed files with new ones
    python3 tests/conformance/generate.py --sweep    build and run every legal operator, write nothing
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

from snnc.opset import DOMAIN, Operator, all_operators, complete, make_node
from snnc.opset.operators import FAMILIES, VERSION

OUT = ROOT / "tests" / "models" / "ai_snnc"
STEPS = 6
SHAPE = (3, 2, 2)
MODEL_OPSET = 20
MODEL_IR = 10
#: How parameters are spread, taken in turn.
SPREADS = ("scalar", "channel", "neuron")
#: Seeds tried until a case shows what it is there to show.
SEEDS = 200

Arrays = dict[str, np.ndarray]


@dataclass
class Case:
    """One operator with its inputs and parameters."""

    op: Operator
    x: np.ndarray
    parameters: Arrays

    def model(self) -> onnx.ModelProto:
        op = self.op
        shape = (1, *SHAPE)
        timed = (STEPS, *shape) if op.sequence else shape
        states_in, states_out = zip(*op.states)
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            [make_node(op, op.inputs, op.outputs, "neuron")],
            op.name,
            [value("x", op.element, timed), *(value(s, op.element, shape) for s in states_in)],
            [value(op.outputs[0], op.element, timed), *(value(s, op.element, shape) for s in states_out)],
            initializer=[numpy_helper.from_array(v, k) for k, v in self.parameters.items()],
        )
        model = helper.make_model(
            graph,
            producer_name="snnc",
            ir_version=MODEL_IR,
            opset_imports=[helper.make_opsetid("", MODEL_OPSET), helper.make_opsetid(DOMAIN, VERSION)],
        )
        complete(model, STEPS, op.states)
        return model

    def run(self) -> Arrays:
        """The result over all steps and the final states, from ONNX Runtime."""
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        model = self.model()
        onnx.checker.check_model(model, full_check=True)
        session = ort.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        states = {s: np.zeros((1, *SHAPE), self.x.dtype) for s, _ in self.op.states}
        result, results = self.op.outputs[0], []
        for x in [self.x[:, None]] if self.op.sequence else self.x[:, None]:
            outputs = dict(zip(self.op.outputs, session.run(list(self.op.outputs), {"x": x, **states})))
            states = {s: outputs[out] for s, out in self.op.states}
            results.append(outputs[result])
        stacked = results[0] if self.op.sequence else np.stack(results)
        return {result: stacked[:, 0], **{out: states[s][0] for s, out in self.op.states}}


def cases() -> Iterator[Operator]:
    """Each base without options, with each option alone and with all; one sequence form per family."""
    for op in all_operators():
        possible = [o for o in FAMILIES[op.family].options if o != "max" or op["output"] == "count"]
        if len(op.options) <= 1 or list(op.options) == possible:
            yield op
    seen = set()
    for op in all_operators(sequence=True):
        if op.family not in seen:
            seen.add(op.family)
            yield op


def spread(rng: np.random.Generator, kind: str, grid: list[float], jitter: bool) -> np.ndarray:
    """Parameter values from a grid of dyadic numbers; off it in the last channel, so that sums round."""
    if kind == "scalar":
        return np.float32(rng.choice(grid))
    shape = (SHAPE[0], 1, 1) if kind == "channel" else SHAPE
    values = rng.choice(np.array(grid, np.float32), shape)
    if jitter:
        values[-1] *= rng.uniform(0.9, 1.1, shape[1:]).astype(np.float32)
    return values.astype(np.float32)


GRIDS: dict[str, list[float]] = {
    "beta": [0.5, 0.75, 0.875],
    "alpha": [0.5, 0.625, 0.75],
    "threshold": [0.5, 0.75, 1.0],
    "gain": [0.5, 1.5, 2.0],
    "v_rest": [-0.5, 0.25, 0.5],
    "v_reset": [-0.5, -0.25, 0.25],
    "v_min": [-0.25, -0.125, 0.0],
    "max_count": [1.0, 2.0],
    "spike_value": [0.5, 1.5, 3.0],
    "bias": [-0.5, 0.25, 0.75],
}


def real_case(op: Operator, seed: int, spread_kind: str) -> Case:
    rng = np.random.default_rng(seed)
    parameters = {name: spread(rng, spread_kind, GRIDS[name], name != "max_count") for name in op.parameters}
    x = rng.integers(-6, 9, (STEPS, *SHAPE)).astype(np.float32) / 4
    x[:, -1] += rng.normal(0, 0.2, x[:, -1].shape).astype(np.float32)
    return Case(op, x, parameters)


def integer_case(op: Operator, seed: int, spread_kind: str) -> Case:
    """Large inputs in the last channel reach the ends of the 24 bits."""
    rng = np.random.default_rng(seed)
    shape = {"scalar": (), "channel": (SHAPE[0], 1, 1), "neuron": SHAPE}[spread_kind]
    parameters = {
        "decay_v": rng.choice([0, 128, 1024], shape),
        "decay_i": rng.choice([0, 512, 4096], shape),
        "threshold": 64 * rng.integers(2, 5, shape),
        "bias": 64 * rng.integers(-1, 3, shape),
    }
    x = 64 * rng.integers(-4, 6, (STEPS, *SHAPE))
    x[:, -1] = rng.integers(-6_000_000, 9_000_000, x[:, -1].shape)
    half = 1 << 23
    x[0, -1] = [[half, -half], [half + 1, half - 1]]
    chosen = {name: parameters[name].astype(np.int32) for name in op.parameters}
    return Case(op, x.astype(np.int32), chosen)


def make(op: Operator, seed: int, spread_kind: str) -> tuple[Case, Arrays]:
    case = (integer_case if op.family == "CUBAInt" else real_case)(op, seed, spread_kind)
    return case, case.run()


def other_compare(op: Operator) -> Operator | None:
    """The operator with the other comparison, if there is one."""
    swapped = {"gt": "ge", "ge": "gt"}.get(op["compare"])
    if swapped is None or op["output"] == "count":
        return None
    tokens = tuple((slot, swapped if slot == "compare" else token) for slot, token in op.tokens)
    return Operator(op.family, tokens, op.options, op.sequence)


def telling(case: Case, expected: Arrays, twin: Arrays | None) -> bool:
    """Whether the case tells a right implementation from a wrong one.

    It has silence and spikes, and a tie with the threshold (the other comparison gives another result);
    where there is a least membrane it holds some neuron, where there is a greatest count it caps one.
    """
    op = case.op
    result = expected[op.outputs[0]]
    fine = bool((result == 0).any() and (result != 0).any()) or op.family == "LI"
    if twin is not None:
        fine &= not np.array_equal(result, twin[op.outputs[0]])
    if "vmin" in op.options:
        fine &= bool((expected["v_out"] == case.parameters["v_min"]).any())
    if op["output"] == "count":
        fine &= bool((result > 1).any())
    return fine


def build(op: Operator, index: int) -> tuple[bytes, bytes]:
    """The two files of a case."""
    kind = SPREADS[index % len(SPREADS)]
    other = other_compare(op)
    common = min(op.name, other.name) if other else op.name
    first = int.from_bytes(hashlib.sha256(common.encode()).digest()[:4], "little")
    for seed in range(first, first + SEEDS):
        case, expected = make(op, seed, kind)
        twin = make(other, seed, kind)[1] if other else None
        if telling(case, expected, twin):
            arrays = {"x": case.x, **case.parameters, **expected}
            return case.model().SerializeToString(deterministic=True), npz(arrays)
    raise SystemExit(f"{op.name}: no telling case among {SEEDS} seeds")


def npz(arrays: Arrays) -> bytes:
    """An uncompressed .npz with the same bytes for the same arrays."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.create_system = 3
            archive.writestr(entry, content.getvalue())
    return out.getvalue()


def files() -> Iterator[tuple[str, bytes]]:
    for index, op in enumerate(cases()):
        model, arrays = build(op, index)
        yield f"{op.name}.onnx", model
        yield f"{op.name}.npz", arrays


def sweep() -> None:
    """Builds and runs every legal operator once."""
    count = 0
    for sequence in (False, True):
        for index, op in enumerate(all_operators(sequence)):
            make(op, index, SPREADS[index % len(SPREADS)])
            count += 1
    print(f"{count} operators run")


def check() -> None:
    fresh = dict(files())
    committed = {p.name: p.read_bytes() for p in OUT.iterdir() if p.suffix in (".onnx", ".npz")}
    wrong = sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(fresh)} files differ, the first: {', '.join(wrong[:5])}")
    print(f"{len(fresh)} files are as generated")


def write() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.iterdir():
        if old.suffix in (".onnx", ".npz"):
            old.unlink()
    total = count = 0
    for name, content in files():
        (OUT / name).write_bytes(content)
        total, count = total + len(content), count + 1
    print(f"{count} files, {total} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare the committed files with new ones")
    mode.add_argument("--sweep", action="store_true", help="build and run every legal operator")
    options = parser.parse_args()
    if options.check:
        check()
    elif options.sweep:
        sweep()
    else:
        write()


if __name__ == "__main__":
    main()
