"""Bodies of the operators in standard ONNX operators (sections 5 to 7 of ``docs/ai.snnc.md``).

Each arithmetic line of the specification is one node here, in the same order: a float result is
rounded once per line, so any implementation that follows the lines gives the same bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .operators import DOMAIN, Operator

#: Lowest ``ai.onnx`` operator set of a body. The nodes are the same in every later one; a function has to
#: import the one that its model imports (the ONNX checker compares the versions of each operator).
LEAST_OPSET = 17

_INT64 = onnx.TensorProto.INT64
#: A decay of ``CUBAInt`` is a number of 4096ths.
_UNITY = 1 << 12
#: States of ``CUBAInt`` lie in a period of 24 bits.
_HALF = 1 << 23


class _Body:
    """Nodes of a body; a method adds one and gives the name of its result."""

    def __init__(self, op: Operator) -> None:
        self.op = op
        self.nodes: list[onnx.NodeProto] = []

    def add(self, kind: str, *inputs: str, out: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(self, value: np.generic, out: str) -> str:
        return self.add("Constant", out=out, value=numpy_helper.from_array(np.asarray(value)))

    def passes(self, value: str, out: str) -> str:
        """``value`` compared with the threshold, as a truth value."""
        kind = "Greater" if self.op["compare"] == "gt" else "GreaterOrEqual"
        return self.add(kind, value, "threshold", out=out)

    def number(self, truth: str, like: str, out: str) -> str:
        """A truth value as 0 or 1."""
        return self.add("CastLike", truth, like, out=out)

    def complement(self, truth: str, like: str, out: str) -> str:
        """A truth value as 1 or 0."""
        return self.number(self.add("Not", truth, out=f"{out}_t"), like, out)


def _decay(b: _Body, w: str, out: str) -> str:
    if "rest" not in b.op.options:
        return b.add("Mul", "beta", w, out=out)
    above = b.add("Sub", w, "v_rest", out="above_rest")
    kept = b.add("Mul", "beta", above, out="kept")
    return b.add("Add", "v_rest", kept, out=out)


def _drive(b: _Body, x: str) -> str:
    return b.add("Mul", "gain", x, out="g") if "gain" in b.op.options else x


def _leak(b: _Body, w: str, g: str, out: str) -> str:
    """The membrane after decay and input."""
    if "after" in b.op.options:
        return _decay(b, b.add("Add", w, g, out="with_input"), out)
    return b.add("Add", _decay(b, w, "decayed"), g, out=out)


def _current(b: _Body) -> str:
    """The synaptic current that enters the membrane."""
    if b.op.family != "CUBA":
        return "x"
    if "iafter" in b.op.options:
        j = b.add("Add", "i", "x", out="j")
        b.add("Mul", "alpha", j, out="i_out")
        return j
    kept = b.add("Mul", "alpha", "i", out="i_decayed")
    return b.add("Add", kept, "x", out="i_out")


def _integrate(b: _Body, g: str) -> None:
    """Makes ``u``, the membrane that is compared with the threshold."""
    reset, timing = b.op["reset"], b.op["timing"]
    if timing not in ("next", "refund"):
        _leak(b, "v", g, "u")
        return
    passed = b.passes("v", "r_t")
    if reset == "subtract":
        r = b.number(passed, "v", "r")
        leaked = _leak(b, "v", g, "leaked")
        b.add("Sub", leaked, b.add("Mul", r, "threshold", out="taken"), out="u")
        return
    keep = b.complement(passed, "v", "keep")
    value = ""
    if reset == "value":
        value = b.add("Mul", b.number(passed, "v", "r"), "v_reset", out="set")
    if b.op.family == "CUBA":
        leaked = _leak(b, "v", g, "leaked")
        kept = b.add("Mul", keep, leaked, out="kept_u" if value else "u")
        if value:
            b.add("Add", kept, value, out="u")
        return
    start = b.add("Mul", keep, "v", out="kept_v")
    if value:
        start = b.add("Add", start, value, out="start")
    _leak(b, start, g, "u")


def _spike(b: _Body) -> tuple[str, str]:
    """Makes ``s``; gives the number of spikes and, unless they are counted, the truth value behind it."""
    if b.op["output"] == "count":
        positive = b.add("Relu", "u", out="positive")
        quotient = b.add("Div", positive, "threshold", out="quotient")
        capped = "max" in b.op.options
        k = b.add("Floor", quotient, out="whole" if capped else "s")
        if capped:
            k = b.add("Min", k, "max_count", out="s")
        return k, ""
    passed = b.passes("u", "h_t")
    if b.op["output"] == "binary":
        return b.number(passed, "u", "s"), passed
    h = b.number(passed, "u", "h")
    b.add("Mul", h, "spike_value", out="s")
    return h, passed


def _store(b: _Body, k: str, fired: str) -> None:
    """Makes ``v_out``."""
    reset, timing = b.op["reset"], b.op["timing"]
    clamped = "vmin" in b.op.options
    out = "stored" if clamped else "v_out"
    if timing in ("next", "none"):
        if not clamped:
            b.add("Identity", "u", out=out)
            return
        out = "u"
    elif timing == "refund":
        change = b.add("Sub", k, "r", out="change")
        b.add("Sub", "u", b.add("Mul", change, "threshold", out="owed"), out=out)
    elif reset == "subtract":
        b.add("Sub", "u", b.add("Mul", k, "threshold", out="taken"), out=out)
    else:
        fired = fired or b.add("Cast", k, out="h_t", to=onnx.TensorProto.BOOL)
        silent = b.complement(fired, "u", "silent")
        if reset == "zero":
            b.add("Mul", "u", silent, out=out)
        else:
            kept = b.add("Mul", silent, "u", out="kept_u")
            value = b.add("Mul", b.number(fired, "u", "fired"), "v_reset", out="set")
            b.add("Add", kept, value, out=out)
    if clamped:
        b.add("Max", out, "v_min", out="v_out")


def _spiking(b: _Body) -> None:
    current = _current(b)
    _integrate(b, _drive(b, current))
    k, fired = _spike(b)
    _store(b, k, fired)


def _integrator(b: _Body) -> None:
    _leak(b, "v", _drive(b, "x"), "v_out")
    b.add("Identity", "v_out", out="y")


def _change(b: _Body, value: str) -> None:
    """Gives out the difference to ``ref`` where it passes the threshold, and moves ``ref`` by it."""
    d = b.add("Sub", value, "ref", out="d")
    passed = b.passes(b.add("Abs", d, out="size"), "h_t")
    zero = b.add("CastLike", b.constant(np.float32(0), "zero_f"), d, out="zero")
    b.add("Where", passed, d, zero, out="s")
    b.add("Add", "ref", "s", out="ref_out")


def _sigma_delta(b: _Body) -> None:
    total = b.add("Add", "sigma", "x", out="sigma_out")
    if "bias" in b.op.options:
        total = b.add("Add", total, "bias", out="biased")
    if b.op["activation"] == "relu":
        total = b.add("Relu", total, out="activation")
    _change(b, total)


def _saturate(b: _Body, value: str, out: str) -> str:
    low = b.add("Min", value, "top", out=f"{out}_low")
    return b.add("Max", low, "bottom", out=out)


def _integer(b: _Body) -> None:
    def wide(name: str) -> str:
        return b.add("Cast", name, out=f"{name}_w", to=_INT64)

    def decay(state: str, amount: str) -> str:
        factor = b.add("Sub", "unity", wide(amount), out=f"{state}_factor")
        scaled = b.add("Mul", wide(state), factor, out=f"{state}_scaled")
        return b.add("Div", scaled, "unity", out=f"{state}_decayed")

    for name, value in (
        ("unity", _UNITY),
        ("half", _HALF),
        ("period", 2 * _HALF),
        ("top", _HALF - 1),
        ("bottom", 1 - _HALF),
    ):
        b.constant(np.int64(value), name)
    j = b.add("Add", decay("i", "decay_i"), wide("x"), out="j")
    offset = b.add("Mod", b.add("Sub", "half", j, out="below"), "period", out="offset")
    current = b.add("Sub", "half", offset, out="current")
    total = b.add("Add", decay("v", "decay_v"), current, out="total")
    if "bias" in b.op.options:
        total = b.add("Add", total, wide("bias"), out="biased")
    u = _saturate(b, total, "u")
    threshold = wide("threshold")
    kind = "Greater" if b.op["compare"] == "gt" else "GreaterOrEqual"
    fired = b.add(kind, u, threshold, out="h_t")
    b.add("Cast", fired, out="s", to=b.op.element)
    stored = u
    if b.op["reset"] == "zero":
        stored = b.add("Mul", u, b.complement(fired, u, "silent"), out="stored")
    elif b.op["reset"] == "subtract":
        taken = b.add("Mul", b.number(fired, u, "h"), threshold, out="taken")
        stored = _saturate(b, b.add("Sub", u, taken, out="reduced"), "stored")
    b.add("Cast", stored, out="v_out", to=b.op.element)
    b.add("Cast", current, out="i_out", to=b.op.element)


_STEPS = {
    "LIF": _spiking,
    "CUBA": _spiking,
    "CUBAInt": _integer,
    "SigmaDelta": _sigma_delta,
    "Delta": lambda b: _change(b, "x"),
    "LI": _integrator,
}


def _step_nodes(op: Operator) -> list[onnx.NodeProto]:
    body = _Body(op)
    _STEPS[op.family](body)
    return body.nodes


def _wrap(op: Operator, nodes: list[onnx.NodeProto], opset: int) -> onnx.FunctionProto:
    if opset < LEAST_OPSET:
        raise ValueError(f"bodies need ai.onnx {LEAST_OPSET} or later, not {opset}")
    return helper.make_function(
        DOMAIN,
        op.name,
        op.inputs,
        op.outputs,
        nodes,
        [helper.make_opsetid("", opset)],
        attribute_protos=[helper.make_attribute(k, v) for k, v in op.attributes.items()],
    )


def function(op: Operator, opset: int = LEAST_OPSET) -> onnx.FunctionProto:
    """The function of an operator, for a model that imports that ``ai.onnx``: of a step, or of a sequence
    if that is what the operator is."""
    if op.sequence:
        return sequence_function(op, opset)
    return _wrap(op, _step_nodes(op), opset)


def sequence_function(op: Operator, opset: int = LEAST_OPSET) -> onnx.FunctionProto:
    """The function of the operator's sequence form: a Scan over its step."""
    op = op.as_sequence()
    stepped = {name: f"{name}_step" for name in ("x", *(s for s, _ in op.states), *op.outputs)}
    nodes = _step_nodes(op)
    for node in nodes:
        node.input[:] = [stepped.get(name, name) for name in node.input]
        node.output[:] = [stepped.get(name, name) for name in node.output]

    def typed(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(stepped[name], op.element, None)

    result, *states_out = op.outputs
    states = [state for state, _ in op.states]
    step = helper.make_graph(
        nodes,
        "step",
        [typed(name) for name in (*states, "x")],
        [typed(name) for name in (*states_out, result)],
    )
    scan = helper.make_node("Scan", [*states, "x"], [*states_out, result], body=step, num_scan_inputs=1)
    return _wrap(op, [scan], opset)
