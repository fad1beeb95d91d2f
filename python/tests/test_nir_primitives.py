"""Each primitive of NIR, alone and in random graphs, against a simulator written from NIR's equations."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("h5py")
from nir_support import CONV, Simulator, chain, neuron, random_graph, run, write
from snnc.nir import from_nir

STEPS = 12
DT = 1e-3
RNG = np.random.default_rng


def compare(tmp_path, nodes, edges, *, dt=DT, back=(), seed=1, sim=None, **options):
    """Simulates and converts a graph, and holds one to the other; gives the outputs."""
    rng = RNG(seed)
    inputs = {
        name: rng.integers(-2, 4, (STEPS, *np.ravel(fields["shape"]))).astype(float)
        for name, (kind, fields) in nodes.items()
        if kind == "Input"
    }
    model = from_nir(write(tmp_path / "a.nir", nodes, edges), dt=dt, steps=STEPS, **options)
    expected = Simulator(nodes, edges, dt, back=back, **(sim or {})).run(inputs, STEPS)
    found = run(model, inputs, STEPS)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name].reshape(value.shape), value, rtol=2e-5, atol=2e-5)
    return model, expected


def single(kind, fields, shape, out=None):
    return chain(
        ("input", "Input", {"shape": shape}),
        ("n", kind, fields),
        ("output", "Output", {"shape": out or shape}),
    )


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("kind", ["I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"])
@pytest.mark.parametrize("rule", ["euler", "exponential"])
def test_neurons(tmp_path, kind, shape, rule):
    nodes, edges = single(kind, neuron(kind, shape), shape)
    _, out = compare(tmp_path, nodes, edges, discretization=rule, sim={"exact": rule == "exponential"})
    assert 0 < np.count_nonzero(out["output"]) < out["output"].size or kind in ("I", "LI", "CubaLI")


@pytest.mark.parametrize("kind", ["IF", "LIF", "CubaLIF"])
@pytest.mark.parametrize("reset", ["zero", "subtract"])
@pytest.mark.parametrize("cmp", ["gt", "ge"])
def test_resets_and_comparisons(tmp_path, kind, reset, cmp):
    nodes, edges = single(kind, neuron(kind, (6,)), [6])
    model, _ = compare(
        tmp_path, nodes, edges, reset=reset, compare=cmp, sim={"reset": reset, "at_threshold": cmp == "ge"}
    )
    operator = next(n.op_type for n in model.graph.node if n.domain == "ai.snnc")
    assert f"{reset}_same_{cmp}_binary" in operator


@pytest.mark.parametrize(("cmp", "spikes"), [("gt", [0, 0, 1]), ("ge", [0, 1, 1])])
def test_a_membrane_at_the_threshold(tmp_path, cmp, spikes):
    nodes, edges = single("IF", {"r": [1 / DT], "v_threshold": [1.0], "v_reset": [0.0]}, [1])
    model = from_nir(write(tmp_path / "a.nir", nodes, edges), dt=DT, steps=3, compare=cmp)
    # 0.5, 1 and, when that was no spike, 1.5; or after the reset 1 again.
    inputs = {"input": np.array([[0.5], [0.5], [1.0 if cmp == "ge" else 0.5]])}
    assert run(model, inputs, 3)["output"].ravel().tolist() == spikes


def test_threshold(tmp_path):
    nodes, edges = single("Threshold", {"threshold": RNG(3).uniform(-1, 2, 4)}, [4])
    compare(tmp_path, nodes, edges)


def test_neurons_of_one_value_are_scalars(tmp_path):
    fields = {"tau": 0.01, "r": [2.0], "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0}
    nodes, edges = single("LIF", fields, [2, 3, 3])
    model, _ = compare(tmp_path, nodes, edges)
    sizes = {i.name: tuple(i.dims) for i in model.graph.initializer}
    assert sizes["n.beta"] == sizes["n.gain"] == sizes["n.threshold"] == ()
    per_channel = np.broadcast_to(np.array([0.01, 0.02])[:, None, None], (2, 3, 3))
    nodes["n"][1]["tau"] = per_channel
    model, _ = compare(tmp_path, nodes, edges)
    assert {i.name: tuple(i.dims) for i in model.graph.initializer}["n.beta"] == (2, 1, 1)


@pytest.mark.parametrize(
    ("weight", "options", "out"),
    [
        ((3, 2, 3, 3), {}, (3, 5, 4)),
        ((3, 2, 3, 2), {"stride": [2, 1], "padding": [1, 0]}, (3, 4, 5)),
        ((4, 1, 2, 3), {"groups": 2, "dilation": [2, 1], "padding": [1, 2]}, (4, 7, 8)),
        ((3, 2, 2, 4), {"padding": "same"}, (3, 7, 6)),
        ((3, 2, 3, 3), {"padding": "same", "dilation": 2}, (3, 7, 6)),
        ((3, 2, 3, 3), {"padding": "valid", "stride": 2}, (3, 3, 2)),
        ((3, 2, 1, 1), {"input_shape": [7, 6]}, (3, 7, 6)),
    ],
)
def test_conv2d(tmp_path, weight, options, out):
    rng = RNG(5)
    fields = {**CONV, "weight": rng.normal(size=weight), "bias": rng.normal(size=weight[0]), **options}
    compare(tmp_path, *single("Conv2d", fields, [2, 7, 6], list(out)))


@pytest.mark.parametrize(
    ("weight", "options", "length"),
    [
        ((3, 2, 3), {}, 7),
        ((4, 1, 2), {"groups": 2, "stride": 2, "padding": 1}, 5),
        ((3, 2, 4), {"padding": "same"}, 9),
        ((3, 2, 3), {"dilation": [2], "padding": [1], "input_shape": 9}, 7),
    ],
)
def test_conv1d(tmp_path, weight, options, length):
    rng = RNG(6)
    fields = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    fields |= {"weight": rng.normal(size=weight), "bias": rng.normal(size=weight[0]), **options}
    model, _ = compare(tmp_path, *single("Conv1d", fields, [2, 9], [weight[0], length]))
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape == [1, 2, 9, 1]


@pytest.mark.parametrize("kind", ["SumPool2d", "AvgPool2d"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "out"),
    [
        ([2, 2], [2, 2], [0, 0], [2, 3, 3]),
        ([3, 3], [2, 2], [1, 1], [2, 4, 3]),
        ([1, 3], [1, 2], [0, 1], [2, 7, 3]),
        (2, 1, 1, [2, 8, 7]),
    ],
)
def test_pools(tmp_path, kind, kernel, stride, padding, out):
    fields = {"kernel_size": kernel, "stride": stride, "padding": padding}
    compare(tmp_path, *single(kind, fields, [2, 7, 6], out))


def test_sums_are_exact(tmp_path):
    fields = {"kernel_size": [3, 3], "stride": [3, 3], "padding": [0, 0]}
    nodes, edges = single("SumPool2d", fields, [1, 9, 9], [1, 3, 3])
    model = from_nir(write(tmp_path / "a.nir", nodes, edges), dt=DT, steps=1)
    x = RNG(0).integers(0, 2, (1, 1, 9, 9)).astype(float)
    found = run(model, {"input": x}, 1)["output"][0, 0]
    assert (found == x[0, 0].reshape(3, 3, 3, 3).sum((1, 3))).all()


def test_linear_and_affine(tmp_path):
    rng = RNG(7)
    nodes, edges = chain(
        ("input", "Input", {"shape": [4]}),
        ("a", "Affine", {"weight": rng.normal(size=(5, 4)), "bias": rng.normal(size=5)}),
        ("b", "Linear", {"weight": rng.normal(size=(3, 5))}),
        ("output", "Output", {"shape": [3]}),
    )
    compare(tmp_path, nodes, edges)


@pytest.mark.parametrize("factor", [2.5, np.arange(1.0, 25).reshape(2, 3, 4), np.full((2, 3, 4), 0.5)])
def test_scale(tmp_path, factor):
    compare(tmp_path, *single("Scale", {"scale": factor}, [2, 3, 4]))


@pytest.mark.parametrize(
    ("fields", "out"),
    [
        ({"start_dim": 0, "end_dim": -1, "input_type": [2, 3, 4]}, [24]),
        ({"start_dim": 0, "end_dim": 1}, [6, 4]),
        ({"start_dim": 1, "end_dim": 2}, [2, 12]),
        ({}, [2, 12]),
    ],
)
def test_flatten(tmp_path, fields, out):
    compare(tmp_path, *single("Flatten", fields, [2, 3, 4], out))


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_delay(tmp_path, steps):
    compare(tmp_path, *single("Delay", {"delay": np.full((2, 3, 4), steps * DT)}, [2, 3, 4]))


def test_incoming_edges_are_summed_and_graphs_nest(tmp_path):
    rng = RNG(8)
    inner = {
        "in": ("Input", {"shape": [4]}),
        "lif": ("LIF", neuron("LIF", (4,))),
        "out": ("Output", {"shape": [4]}),
    }
    block = (inner, [("in", "lif"), ("lif", "out")])
    nodes = {
        "x": ("Input", {"shape": [4]}),
        "y": ("Input", {"shape": [4]}),
        "w": ("Linear", {"weight": rng.normal(size=(4, 4))}),
        "block": block,
        "spikes": ("Output", {"shape": [4]}),
        "sum": ("Output", {"shape": [4]}),
    }
    edges = [("x", "block"), ("y", "w"), ("w", "block"), ("block", "spikes"), ("block", "sum"), ("w", "sum")]
    flat = {k: v for k, v in nodes.items() if k != "block"} | {"lif": inner["lif"]}
    flat_edges = [tuple("lif" if e == "block" else e for e in edge) for edge in edges]
    inputs = {name: rng.normal(size=(STEPS, 4)) for name in "xy"}
    model = from_nir(write(tmp_path / "a.nir", nodes, edges), dt=DT, steps=STEPS)
    expected = Simulator(flat, flat_edges, DT).run(inputs, STEPS)
    found = run(model, inputs, STEPS)
    assert set(found) == {"spikes", "sum"}
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-5, atol=2e-5)
    assert "block/lif" in {n.name for n in model.graph.node}


def recurrent(weight, bias):
    nodes = {
        "input": ("Input", {"shape": [4]}),
        "lif": ("CubaLIF", neuron("CubaLIF", (4,))),
        "rec": ("Affine", {"weight": weight, "bias": bias}),
        "output": ("Output", {"shape": [4]}),
    }
    return nodes, [("input", "lif"), ("lif", "rec"), ("rec", "lif"), ("lif", "output")]


def test_feedback_is_a_step_late_behind_the_neuron(tmp_path):
    rng = RNG(9)
    nodes, edges = recurrent(rng.normal(size=(4, 4)), rng.normal(size=4))
    # The bias of the recurrent layer acts in the first step.
    compare(tmp_path, nodes, edges, back={("lif", "rec")})


def test_a_neuron_may_feed_itself(tmp_path):
    nodes, edges = single("LIF", neuron("LIF", (4,)), [4])
    compare(tmp_path, nodes, [*edges, ("n", "n")], back={("n", "n")})


def test_a_loop_of_two_layers_is_late_once(tmp_path):
    rng = RNG(10)
    nodes, edges = chain(
        ("input", "Input", {"shape": [4]}),
        ("a", "LIF", neuron("LIF", (4,), 1)),
        ("w", "Linear", {"weight": rng.normal(size=(3, 4))}),
        ("b", "LIF", neuron("LIF", (3,), 2)),
        ("output", "Output", {"shape": [3]}),
    )
    nodes["u"] = ("Linear", {"weight": rng.normal(size=(4, 3))})
    compare(tmp_path, nodes, [*edges, ("b", "u"), ("u", "a")], back={("b", "u")})


def test_a_delay_in_a_loop_is_all_the_delay_there_is(tmp_path):
    rng = RNG(11)
    nodes, edges = recurrent(rng.normal(size=(4, 4)), np.zeros(4))
    nodes["wait"] = ("Delay", {"delay": np.full(4, 2 * DT)})
    edges = [e for e in edges if e != ("lif", "rec")] + [("lif", "wait"), ("wait", "rec")]
    model, _ = compare(tmp_path, nodes, edges)
    assert not any(name.endswith(".last") for name in (v.name for v in model.graph.input))


@pytest.mark.parametrize("seed", range(25))
def test_random_graphs(tmp_path, seed):
    nodes, edges, back = random_graph(seed, DT)
    _, out = compare(tmp_path, nodes, edges, back=back, seed=seed)
    assert {out["output"].min(), out["output"].max()} <= {0, 1}


def test_random_graphs_spike(tmp_path):
    """Most of the graphs above have spikes to compare, and neurons that stay silent."""
    rates = []
    for seed in range(25):
        nodes, edges, back = random_graph(seed, DT)
        rates.append(compare(tmp_path, nodes, edges, back=back, seed=seed)[1]["output"].mean())
    assert sum(0 < rate < 1 for rate in rates) >= 15
