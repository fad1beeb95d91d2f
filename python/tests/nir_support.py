"""What the tests of NIR share: files written by hand, a simulator of its equations, runs of models."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime

from snnc_program import PROGRAM

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT.parent / "shared" / "models" / "nir"


def write(path, nodes, edges, version="1.0.8"):
    """A ``.nir`` file; a node is ``(type, fields)``, a nested graph ``(nodes, edges)`` with a dict first."""
    import h5py

    def put(group, nodes, edges):
        group["type"] = "NIRGraph"
        group["edges"] = np.array(edges, dtype=h5py.string_dtype()).reshape(len(edges), 2)
        inner = group.create_group("nodes")
        for name, (kind, fields) in nodes.items():
            node = inner.create_group(name)
            if isinstance(kind, dict):
                put(node, kind, fields)
                continue
            node["type"] = kind
            for key, value in fields.items():
                node[key] = value

    with h5py.File(path, "w") as file:
        file["version"] = version
        put(file.create_group("node"), nodes, edges)
    return path


def chain(*nodes):
    """Nodes by name, and the edges from each to the next; items are ``(name, type, fields)``."""
    names = [name for name, _, _ in nodes]
    return {name: (kind, fields) for name, kind, fields in nodes}, list(pairwise(names))


def run(model, inputs, steps):
    """Runs a step-form model in ONNX Runtime; inputs ``[T, ...]`` by name, outputs ``[T, ...]`` by name."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    pairs = json.loads(metadata["snnc.states"])
    shapes = {value.name: value.shape for value in session.get_inputs()}
    states = {source: np.zeros(shapes[source], np.float32) for source, _ in pairs}
    names = [value.name for value in session.get_outputs()]
    kept = {target for _, target in pairs}
    out = {name: [] for name in names if name not in kept}
    for step in range(steps):
        feed = {k: v[step].astype(np.float32).reshape(shapes[k]) for k, v in inputs.items()}
        results = dict(zip(names, session.run(None, {**feed, **states})))
        states = {source: results[target] for source, target in pairs}
        for name, values in out.items():
            values.append(results[name][0])
    return {name: np.stack(values) for name, values in out.items()}


CONV = {"stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1}


def neuron(kind, shape, seed=0):
    """Fields of a neuron, different for each one of the layer."""
    rng = np.random.default_rng(seed)
    draw = lambda low, high: rng.uniform(low, high, shape)
    fields = {}
    if kind in ("LI", "LIF"):
        fields["tau"] = draw(2e-3, 2e-2)
    if kind in ("CubaLI", "CubaLIF"):
        fields |= {"tau_syn": draw(1e-3, 5e-3), "tau_mem": draw(2e-3, 2e-2), "w_in": draw(2, 4)}
    if kind not in ("I", "IF"):
        fields["v_leak"] = draw(-0.2, 0.2)
    fields["r"] = draw(300, 700) if kind in ("I", "IF") else draw(2, 6)
    if kind in ("IF", "LIF", "CubaLIF"):
        fields |= {"v_threshold": draw(0.5, 1), "v_reset": draw(-0.3, 0.2)}
    return fields


def random_graph(seed, dt):
    """Layers of neurons with shortcuts, delays and loops: nodes, edges, and the edges that are a step late.

    Values have few bits, so that sums are exact in any order.
    """
    rng = np.random.default_rng(100 + seed)

    def small(*shape):
        return rng.integers(-8, 9, shape) / 8

    nodes = {"input": ("Input", {"shape": [5]})}
    edges, back, sizes, last, size = [], set(), {}, "input", 5
    for layer in range(rng.integers(2, 5)):
        out = int(rng.integers(2, 7))
        w, n = f"w{layer}", f"n{layer}"
        nodes[w] = ("Affine", {"weight": small(out, size), "bias": small(out)})
        kind = str(rng.choice(["IF", "LIF", "CubaLIF"]))
        fields = {"v_threshold": rng.integers(1, 5, out) / 4 + 1 / 16, "v_reset": small(out) / 2}
        if kind == "IF":
            fields["r"] = np.full(out, 1 / dt)
        else:
            fields |= {"r": np.full(out, 2.0), "v_leak": small(out) / 4}
            for tau in ["tau"] if kind == "LIF" else ["tau_mem", "tau_syn"]:
                fields[tau] = dt * 2.0 ** rng.integers(0, 3, out)
        nodes[n] = (kind, fields)
        edges += [(last, w), (w, n)]
        if rng.random() < 0.4:
            nodes[f"r{layer}"] = ("Affine", {"weight": small(out, out), "bias": small(out)})
            edges += [(n, f"r{layer}"), (f"r{layer}", n)]
            back.add((n, f"r{layer}"))
        if rng.random() < 0.4:
            nodes[f"d{layer}"] = ("Delay", {"delay": np.full(out, dt * rng.integers(1, 4))})
            edges += [(n, f"d{layer}")]
            n = f"d{layer}"
        for old, width in sizes.items():
            if rng.random() < 0.3:
                shortcut = f"s{old}{layer}"
                nodes[shortcut] = ("Affine", {"weight": small(out, width), "bias": small(out)})
                edges += [(old, shortcut), (shortcut, f"n{layer}")]
        sizes[n], last, size = out, n, out
    nodes["output"] = ("Output", {"shape": [size]})
    edges.append((last, "output"))
    order = list(nodes.items())
    rng.shuffle(order)
    rng.shuffle(edges)
    return dict(order), [tuple(edge) for edge in edges], back


class Simulator:
    """NIR's equations in float64, node by node as their docstrings have them, with Euler's or exact steps.

    ``back`` are the edges that give what their source was in the step before.
    """

    def __init__(self, nodes, edges, dt, *, exact=False, reset="nir", at_threshold=False, back=()):
        self.nodes, self.edges, self.dt = nodes, edges, dt
        self.exact, self.reset, self.at_threshold, self.back = exact, reset, at_threshold, set(back)
        self.state = {}
        self.before = {}
        self.past = {name: [] for name in nodes}

    def run(self, inputs, steps):
        out = {name: [] for name, (kind, _) in self.nodes.items() if kind == "Output"}
        for step in range(steps):
            self.now = {name: value[step].astype(np.float64) for name, value in inputs.items()}
            for name in self.nodes:
                if self.nodes[name][0] == "Delay":
                    self.now[name] = self.delayed(name, step)
            for name, values in out.items():
                values.append(self.value(name))
            for name in self.nodes:
                self.value(name)
            for name, (kind, _) in self.nodes.items():
                if kind == "Delay":
                    self.past[name].append(self.total(name))
            self.before = self.now
        return {name: np.stack(values) for name, values in out.items()}

    def delayed(self, name, step):
        delay = np.asarray(self.nodes[name][1]["delay"])
        steps = round(float(delay.max()) / self.dt)
        if steps == 0:
            return self.total(name)
        return self.past[name][step - steps] if step >= steps else np.zeros(delay.shape)

    def total(self, name):
        parts = []
        for source, target in self.edges:
            if target == name and (source, target) in self.back:
                parts.append(self.before.get(source, np.zeros(1)))
            elif target == name:
                parts.append(self.value(source))
        return sum(parts[1:], parts[0])

    def value(self, name):
        if name not in self.now:
            kind, fields = self.nodes[name]
            fields = {k: v if isinstance(v, str) else np.asarray(v, float) for k, v in fields.items()}
            self.now[name] = getattr(self, kind.lower())(name, fields, self.total(name))
        return self.now[name]

    # Primitives.

    def output(self, _name, _fields, x):
        return x

    def affine(self, _name, f, x):
        return self.linear(_name, f, x) + f["bias"]

    def linear(self, _name, f, x):
        return f["weight"] @ np.broadcast_to(x, f["weight"].shape[1])

    def scale(self, _name, f, x):
        return x * f["scale"]

    def flatten(self, _name, f, x):
        first = int(f.get("start_dim", 1)) % x.ndim
        last = int(f.get("end_dim", -1)) % x.ndim
        return x.reshape(*x.shape[:first], -1, *x.shape[last + 1 :])

    def conv1d(self, name, f, x):
        wide = {k: v if k in ("groups", "bias") or isinstance(v, str) else v[..., None] for k, v in f.items()}
        wide["weight"] = f["weight"][..., None]
        for key in ("stride", "dilation"):
            wide[key] = np.array([float(f[key].ravel()[0]), 1])
        if not isinstance(f["padding"], str):
            wide["padding"] = np.array([float(f["padding"].ravel()[0]), 0])
        return self.conv2d(name, wide, x[..., None])[..., 0]

    def conv2d(self, _name, f, x):
        weight, groups = f["weight"], int(f["groups"])
        sy, sx = (int(s) for s in np.broadcast_to(f["stride"].ravel(), 2))
        dy, dx = (int(d) for d in np.broadcast_to(f["dilation"].ravel(), 2))
        out_channels, per_group, ky, kx = weight.shape
        if isinstance(f["padding"], str):
            total = (dy * (ky - 1), dx * (kx - 1)) if f["padding"] == "same" else (0, 0)
            pads = [(t // 2, t - t // 2) for t in total]
        else:
            pads = [(int(p), int(p)) for p in np.broadcast_to(f["padding"].ravel(), 2)]
        x = np.pad(x, [(0, 0), *pads])
        rows = (x.shape[1] - dy * (ky - 1) - 1) // sy + 1
        columns = (x.shape[2] - dx * (kx - 1) - 1) // sx + 1
        y = np.zeros((out_channels, rows, columns)) + np.broadcast_to(f["bias"].ravel(), out_channels)[:, None, None]
        for o in range(out_channels):
            first = o // (out_channels // groups) * per_group
            for c in range(per_group):
                for i in range(ky):
                    for j in range(kx):
                        part = x[first + c, i * dy : i * dy + rows * sy : sy, j * dx : j * dx + columns * sx : sx]
                        y[o] += weight[o, c, i, j] * part[:rows, :columns]
        return y

    def sumpool2d(self, _name, f, x):
        ky, kx = (int(k) for k in np.broadcast_to(f["kernel_size"].ravel(), 2))
        ones = np.ones((x.shape[0], 1, ky, kx))
        plain = {"weight": ones, "groups": x.shape[0], "bias": np.zeros(x.shape[0]), "dilation": np.ones(2)}
        return self.conv2d(_name, {**f, **plain}, x)

    def avgpool2d(self, name, f, x):
        return self.sumpool2d(name, f, x) / np.prod(np.broadcast_to(f["kernel_size"].ravel(), 2))

    def threshold(self, _name, f, x):
        return self.spikes(x, f["threshold"])

    def i(self, name, f, x):
        return self.keep(name, "v", self.held(name, "v", x) + self.dt * f["r"] * x)

    def li(self, name, f, x):
        return self.keep(name, "v", self.leak(name, f, f["tau"], x))

    def cubali(self, name, f, x):
        return self.keep(name, "v", self.leak(name, f, f["tau_mem"], self.current(name, f, x)))

    def if_(self, name, f, x):
        return self.fire(name, f, self.held(name, "v", x) + self.dt * f["r"] * x)

    def lif(self, name, f, x):
        return self.fire(name, f, self.leak(name, f, f["tau"], x))

    def cubalif(self, name, f, x):
        return self.fire(name, f, self.leak(name, f, f["tau_mem"], self.current(name, f, x)))

    # Their parts.

    def held(self, name, state, x):
        return self.state.get((name, state), np.zeros(np.shape(x)))

    def keep(self, name, state, value):
        self.state[name, state] = value
        return value

    def toward(self, value, target, tau):
        """The value after a step of ``tau dv/dt = target - v``."""
        if self.exact:
            return target + (value - target) * np.exp(-self.dt / tau)
        return value + self.dt / tau * (target - value)

    def leak(self, name, f, tau, x):
        return self.toward(self.held(name, "v", x), f["v_leak"] + f["r"] * x, tau)

    def current(self, name, f, x):
        return self.keep(name, "i", self.toward(self.held(name, "i", x), f.get("w_in", 1.0) * x, f["tau_syn"]))

    def spikes(self, v, threshold):
        return ((v >= threshold) if self.at_threshold else (v > threshold)).astype(float)

    def fire(self, name, f, v):
        z = self.spikes(v, f["v_threshold"])
        if self.reset == "subtract":
            after = v - z * f["v_threshold"]
        else:
            after = np.where(z > 0, f.get("v_reset", 0.0) if self.reset == "nir" else 0.0, v)
        self.keep(name, "v", after)
        return z


# "if" is a word of Python.
setattr(Simulator, "if", Simulator.if_)


def binary():
    """The program snnc; None where there is none."""
    return None if PROGRAM is None else str(PROGRAM)
