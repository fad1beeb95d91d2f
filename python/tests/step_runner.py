"""Running step-form models in ONNX Runtime, and comparing what they give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import numpy_helper

Array = npt.NDArray[Any]


def run_onnx(model: Path | onnx.ModelProto, steps: Array) -> Array:
    """The first output of each step, ``[T, 1, ...]``, of a model for the inputs ``[T, 1, ...]``."""
    proto = model if isinstance(model, onnx.ModelProto) else onnx.load(model)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])
    pairs = dict(json.loads({p.key: p.value for p in proto.metadata_props}["snnc.states"]))
    stored = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}
    kinds = {"tensor(float)": np.float32, "tensor(int32)": np.int32}
    inputs = [*session.get_inputs(), *session.get_overridable_initializers()]
    states = {
        value.name: stored.get(value.name, np.zeros(value.shape, kinds[value.type]))
        for value in inputs
        if value.name in pairs
    }
    [source] = [value.name for value in session.get_inputs() if value.name not in pairs]
    names = [value.name for value in session.get_outputs()]
    out = []
    for x in steps:
        values = dict(zip(names, session.run(names, {source: x, **states})))
        states = {state: values[target] for state, target in pairs.items()}
        out.append(values[names[0]])
    return np.stack(out)


def differences(found: Array, expected: Array, compare: str, who: str = "ONNX Runtime") -> str:
    """What differs, in words; the empty string when nothing does."""
    if compare == "sum":
        found = found.sum(0)
    found, expected = found.reshape(-1), expected.reshape(-1)
    if found.shape != expected.shape:
        return f" {who} gives {found.size} values, not {expected.size}"
    equal = np.isclose(found, expected, rtol=1e-4, atol=1e-5) if compare == "values" else found == expected
    wrong = int((~equal).sum())
    return f" {who} differs in {wrong} of {expected.size} values" if wrong else ""
