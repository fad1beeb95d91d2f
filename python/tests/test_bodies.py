"""Bodies: the functions themselves, and what ONNX Runtime made of them against the equations in numpy.

The equations here are written from docs/ai.snnc.md once more, without the package's bodies.
"""

import unittest
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from snnc.opset import Operator, all_operators, complete, function, make_node

CASES = Path(__file__).resolve().parents[2] / "tests" / "models" / "ai_snnc"
Values = dict[str, np.ndarray]


def passes(op: Operator, u: np.ndarray, p: Values) -> np.ndarray:
    return u > p["threshold"] if op["compare"] == "gt" else u >= p["threshold"]


def decay(p: Values, w: np.ndarray) -> np.ndarray:
    return p["v_rest"] + p["beta"] * (w - p["v_rest"]) if "v_rest" in p else p["beta"] * w


def leak(op: Operator, p: Values, w: np.ndarray, g: np.ndarray) -> np.ndarray:
    return decay(p, w + g) if "after" in op.options else decay(p, w) + g


def spiking(op: Operator, p: Values, z: Values) -> Values:
    reset, timing = op["reset"], op["timing"]
    v, j, out = z["v"], z["x"], {}
    if "alpha" in p and "iafter" in op.options:
        j = z["i"] + j
        out["i_out"] = p["alpha"] * j
    elif "alpha" in p:
        j = out["i_out"] = p["alpha"] * z["i"] + j
    g = p["gain"] * j if "gain" in p else j
    r = np.zeros(v.shape, bool) if timing in ("same", "none") else passes(op, v, p)
    if reset == "subtract" and timing != "same":
        u = leak(op, p, v, g) - r.astype(v.dtype) * p["threshold"]
    elif reset in ("zero", "value") and timing == "next":
        to = p["v_reset"] if reset == "value" else np.float32(0)
        u = np.where(r, to, leak(op, p, v, g)) if "alpha" in p else leak(op, p, np.where(r, to, v), g)
    else:
        u = leak(op, p, v, g)
    k = passes(op, u, p).astype(v.dtype)
    if op["output"] == "count":
        k = np.where(u > 0, np.trunc(u / p["threshold"]), np.float32(0))
        k = np.minimum(k, p["max_count"]) if "max_count" in p else k
    out["s"] = k * p["spike_value"] if "spike_value" in p else k
    stored = u
    if timing == "refund":
        stored = u - (k - r.astype(v.dtype)) * p["threshold"]
    elif timing == "same":
        if reset == "subtract":
            stored = u - k * p["threshold"]
        else:
            stored = np.where(k > 0, p["v_reset"] if reset == "value" else np.float32(0), u)
    out["v_out"] = np.maximum(stored, p["v_min"]) if "v_min" in p else stored
    return out


def integer(op: Operator, p: Values, z: Values) -> Values:
    """With the wrap and the shifts of Lava."""
    p = {k: x.astype(np.int64) for k, x in p.items()}
    z = {k: x.astype(np.int64) for k, x in z.items()}

    def scaled(state: np.ndarray, amount: np.ndarray) -> np.ndarray:
        product = state * (4096 - amount)
        return np.sign(product) * (np.abs(product) >> 12)

    top = 2**23 - 1
    j = scaled(z["i"], p["decay_i"]) + z["x"]
    i = np.where(j > 2**23, j - 2**24, np.where(j <= -(2**23), j + 2**24, j))
    u = np.clip(scaled(z["v"], p["decay_v"]) + i + p.get("bias", np.int64(0)), -top, top)
    h = passes(op, u, p)
    stored = {"none": u, "zero": np.where(h, 0, u), "subtract": np.clip(u - h * p["threshold"], -top, top)}[op["reset"]]
    return {k: x.astype(np.int32) for k, x in {"s": h, "v_out": stored, "i_out": i}.items()}


def change(op: Operator, p: Values, ref: np.ndarray, value: np.ndarray) -> Values:
    d = value - ref
    s = np.where(passes(op, np.abs(d), p), d, np.float32(0))
    return {"s": s, "ref_out": ref + s}


def sigma_delta(op: Operator, p: Values, z: Values) -> Values:
    total = z["sigma"] + z["x"]
    a = total + p["bias"] if "bias" in p else total
    a = np.maximum(a, np.float32(0)) if op["activation"] == "relu" else a
    return {"sigma_out": total, **change(op, p, z["ref"], a)}


def integrator(op: Operator, p: Values, z: Values) -> Values:
    v = leak(op, p, z["v"], p["gain"] * z["x"] if "gain" in p else z["x"])
    return {"y": v, "v_out": v}


STEPS = {
    "LIF": spiking,
    "CUBA": spiking,
    "CUBAInt": integer,
    "SigmaDelta": sigma_delta,
    "Delta": lambda op, p, z: change(op, p, z["ref"], z["x"]),
    "LI": integrator,
}


class Equations(unittest.TestCase):
    def test_cases_of_onnx_runtime(self) -> None:
        paths = sorted(CASES.glob("*.npz"))
        self.assertGreater(len(paths), 500)
        for path in paths:
            op = Operator.parse(path.stem)
            with self.subTest(op.name), np.load(path) as stored:
                parameters = {name: stored[name] for name in op.parameters}
                states = {name: np.zeros_like(stored["x"][0]) for name, _ in op.states}
                results = []
                for x in stored["x"]:
                    out = STEPS[op.family](op, parameters, {"x": x, **states})
                    states = {name: out[target] for name, target in op.states}
                    results.append(out[op.outputs[0]])
                np.testing.assert_array_equal(np.stack(results), stored[op.outputs[0]], strict=True)
                for name, target in op.states:
                    np.testing.assert_array_equal(states[name], stored[target], strict=True)


class Functions(unittest.TestCase):
    def test_signature(self) -> None:
        for sequence in (False, True):
            for op in all_operators(sequence):
                f = function(op)
                self.assertEqual((f.domain, f.name), ("ai.snnc", op.name))
                self.assertEqual((tuple(f.input), tuple(f.output)), (op.inputs, op.outputs))
                self.assertEqual({a.name: a.s.decode() for a in f.attribute_proto}, op.attributes)

    def test_step_uses_every_input_and_every_result(self) -> None:
        for op in all_operators():
            f = function(op)
            made = [name for node in f.node for name in node.output]
            used = {name for node in f.node for name in node.input}
            self.assertEqual(len(made), len(set(made)), op.name)
            self.assertLessEqual(set(op.inputs), used, op.name)
            self.assertEqual(set(made) - used - set(op.outputs), set(), op.name)

    def test_old_operator_sets_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "17 or later"):
            function(Operator.parse("LI"), 16)


class Complete(unittest.TestCase):
    @staticmethod
    def model(opset: int) -> onnx.ModelProto:
        def value(name: str, *shape: int) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)

        op = Operator.parse("LI")
        graph = helper.make_graph(
            [make_node(op, op.inputs, op.outputs)],
            "readout",
            [value("x", 1, 4), value("v", 1, 4), value("beta")],
            [value("y", 1, 4), value("v_out", 1, 4)],
        )
        return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", opset)])

    def test_makes_a_valid_model_in_every_operator_set(self) -> None:
        for opset in range(17, 22):
            model = self.model(opset)
            complete(model, steps=8, states=[("v", "v_out")], dt=0.001)
            complete(model, steps=8, states=[("v", "v_out")], dt=0.001)
            self.assertEqual(len(model.functions), 1)
            onnx.checker.check_model(model, full_check=True)
            self.assertEqual(
                {p.key: p.value for p in model.metadata_props},
                {"snnc.version": "1", "snnc.steps": "8", "snnc.states": '[["v","v_out"]]', "snnc.dt": "0.001"},
            )

    def test_refuses_states_that_are_not_there(self) -> None:
        with self.assertRaisesRegex(ValueError, "w -> v_out"):
            complete(self.model(17), steps=8, states=[("w", "v_out")])


if __name__ == "__main__":
    unittest.main()
