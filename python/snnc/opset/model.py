"""Completing a model file: functions, operator set import and metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence

import onnx
from onnx import helper

from .bodies import function
from .operators import DOMAIN, VERSION, Operator


def complete(
    model: onnx.ModelProto,
    steps: int,
    states: Sequence[tuple[str, str]],
    dt: float | None = None,
) -> None:
    """Adds what makes a file with ``ai.snnc`` nodes complete (section 8 of the specification).

    ``states`` pairs each state input of the graph with the output that replaces it in the next step.
    """
    _check_states(model, states)
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    present = {(f.domain, f.name) for f in model.functions}
    names = dict.fromkeys(node.op_type for node in model.graph.node if node.domain == DOMAIN)
    for name in names:
        if (DOMAIN, name) not in present:
            model.functions.append(function(Operator.parse(name), opset))
    if all(opset.domain != DOMAIN for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(DOMAIN, VERSION))
    metadata = {
        "snnc.version": str(VERSION),
        "snnc.steps": str(steps),
        "snnc.states": json.dumps([list(pair) for pair in states], separators=(",", ":")),
    }
    if dt is not None:
        metadata["snnc.dt"] = repr(dt)
    kept = [p for p in model.metadata_props if p.key not in metadata]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    for key in sorted(metadata):
        model.metadata_props.add(key=key, value=metadata[key])


def _check_states(model: onnx.ModelProto, states: Sequence[tuple[str, str]]) -> None:
    inputs = {value.name for value in model.graph.input}
    outputs = {value.name for value in model.graph.output}
    for source, target in states:
        if source not in inputs or target not in outputs:
            raise ValueError(f"state {source} -> {target} is not an input and an output of the graph")
