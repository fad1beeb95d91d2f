"""The way back: NIR from networks that the compiler reads. Needs the program snnc and nir from 1.0.6."""

from __future__ import annotations

import dataclasses
import json
import subprocess

import numpy as np
import onnx
import pytest

nir = pytest.importorskip("nir")
from nir_support import CONV, MODELS, ROOT, Simulator, binary, chain, neuron, random_graph, run, write
from snnc.errors import BinaryNotFoundError
from snnc.nir import Convention, NirError, from_nir, to_nir

BINARY = binary()
pytestmark = [
    pytest.mark.skipif(BINARY is None, reason="no program snnc; build it or set SNNC_BINARY"),
    pytest.mark.skipif(
        "v_reset" not in {f.name for f in dataclasses.fields(nir.LIF)},
        reason="nir before 1.0.6 has no v_reset",
    ),
]
DT = 1e-3
STEPS = 8
FLAT = ROOT.parent / "shared" / "models" / "onnx"


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("SNNC_BINARY", BINARY)


def round_trip(tmp_path, nodes, edges, dt=DT, allow=(), **options):
    """The graph that comes back; the network of it is the first one, byte by byte."""
    model = from_nir(write(tmp_path / "a.nir", nodes, edges), dt=dt, steps=STEPS, **options)
    graph = to_nir(model, tmp_path / "b.nir", allow=allow, **options)
    assert sorted(nir.read(tmp_path / "b.nir", type_check=False).nodes) == sorted(graph.nodes)
    again = from_nir(tmp_path / "b.nir", dt=dt, steps=STEPS, **options)
    assert again.SerializeToString(deterministic=True) == model.SerializeToString(deterministic=True)
    return graph


def same(graph, nodes, edges, but=()):
    assert sorted(graph.edges) == sorted(edges)
    assert set(graph.nodes) == set(nodes)
    for name, (kind, fields) in nodes.items():
        node = graph.nodes[name]
        assert type(node).__name__ == kind
        if kind in ("Input", "Output", "Flatten"):
            continue
        for key in set(fields) - set(but):
            value = getattr(node, key)
            if isinstance(fields[key], str):
                assert value == fields[key]
                continue
            value = np.asarray(value, float)
            np.testing.assert_allclose(value, np.broadcast_to(np.asarray(fields[key], float), value.shape), rtol=1e-4)


def single(kind, fields, shape, out=None):
    return chain(
        ("input", "Input", {"shape": shape}),
        ("n", kind, fields),
        ("output", "Output", {"shape": out or shape}),
    )


@pytest.mark.parametrize("rule", ["euler", "exponential"])
@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)])
@pytest.mark.parametrize("kind", ["I", "IF", "LI", "LIF", "CubaLIF"])
def test_neurons(tmp_path, kind, shape, rule):
    fields = neuron(kind, shape)
    nodes, edges = single(kind, fields, shape)
    graph = round_trip(tmp_path, nodes, edges, discretization=rule)
    same(graph, nodes, edges, but=("r", "w_in") if kind == "CubaLIF" else ())
    if kind == "CubaLIF":
        node = graph.nodes["n"]
        np.testing.assert_allclose(node.r * node.w_in, fields["r"] * fields["w_in"], rtol=1e-4)


def test_two_integrators_for_a_readout_with_a_current(tmp_path):
    nodes, edges = single("CubaLI", neuron("CubaLI", (4,)), [4])
    model = from_nir(write(tmp_path / "a.nir", nodes, edges), dt=DT, steps=STEPS)
    graph = to_nir(model, tmp_path / "b.nir")
    assert [type(n).__name__ for n in graph.nodes.values()].count("LI") == 2
    x = {"input": np.random.default_rng(0).normal(size=(STEPS, 4))}
    back = from_nir(tmp_path / "b.nir", dt=DT, steps=STEPS)
    np.testing.assert_allclose(run(back, x, STEPS)["output"], run(model, x, STEPS)["output"], rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "fields", "shape", "out"),
    [
        (
            "Conv2d",
            {**CONV, "weight": np.ones((3, 2, 3, 2)) / 3, "bias": np.arange(3.0)},
            [2, 7, 6],
            [3, 5, 5],
        ),
        (
            "Conv2d",
            {**CONV, "weight": np.ones((3, 2, 2, 4)), "bias": np.ones(3), "padding": "same"},
            [2, 7, 6],
            [3, 7, 6],
        ),
        (
            "Conv2d",
            {
                **CONV,
                "weight": np.full((4, 1, 3, 3), 2.0),
                "bias": np.ones(4),
                "groups": 2,
                "stride": [2, 1],
                "padding": [1, 0],
            },
            [2, 7, 6],
            [4, 4, 4],
        ),
        ("SumPool2d", {"kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}, [2, 6, 6], [2, 3, 3]),
        ("SumPool2d", {"kernel_size": [3, 3], "stride": [2, 2], "padding": [1, 1]}, [2, 7, 7], [2, 4, 4]),
        ("AvgPool2d", {"kernel_size": [2, 3], "stride": [2, 2], "padding": [0, 1]}, [2, 6, 6], [2, 3, 3]),
        ("Scale", {"scale": np.arange(1.0, 25).reshape(2, 3, 4)}, [2, 3, 4], None),
        (
            "Scale",
            {"scale": np.broadcast_to(np.array([2.0, 3.0])[:, None, None], (2, 3, 4))},
            [2, 3, 4],
            None,
        ),
        ("Flatten", {"start_dim": 0, "end_dim": -1}, [2, 3, 4], [24]),
        ("Threshold", {"threshold": np.arange(4.0)}, [4], None),
        ("Affine", {"weight": np.ones((3, 4)), "bias": np.arange(3.0)}, [4], [3]),
        ("Delay", {"delay": np.full(4, 3 * DT)}, [4], None),
    ],
)
def test_layers(tmp_path, kind, fields, shape, out):
    """Behind a neuron, as a network has to have one."""
    size = out or shape
    nodes, edges = chain(
        ("input", "Input", {"shape": shape}),
        ("first", "IF", neuron("IF", tuple(shape))),
        ("n", kind, fields),
        ("last", "IF", neuron("IF", tuple(size))),
        ("output", "Output", {"shape": size}),
    )
    same(round_trip(tmp_path, nodes, edges), nodes, edges)


def test_feedback_and_sums(tmp_path):
    rng = np.random.default_rng(0)
    nodes, edges = chain(
        ("input", "Input", {"shape": [4]}),
        ("a", "LIF", neuron("LIF", (4,), 1)),
        ("w", "Affine", {"weight": rng.normal(size=(3, 4)), "bias": np.ones(3)}),
        ("b", "CubaLIF", {**neuron("CubaLIF", (3,), 2), "r": np.ones(3), "w_in": np.ones(3)}),
        ("output", "Output", {"shape": [3]}),
    )
    nodes["back"] = ("Affine", {"weight": rng.normal(size=(4, 3)), "bias": np.ones(4)})
    nodes["self"] = ("Affine", {"weight": rng.normal(size=(4, 4)), "bias": np.ones(4)})
    nodes["late"] = ("Delay", {"delay": np.full(3, 2 * DT)})
    edges += [("b", "back"), ("back", "a"), ("a", "self"), ("self", "a"), ("w", "late"), ("late", "b")]
    same(round_trip(tmp_path, nodes, edges), nodes, edges, but=("r", "w_in"))


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs(tmp_path, seed):
    nodes, edges, _ = random_graph(seed, DT)
    same(round_trip(tmp_path, nodes, edges), nodes, edges, but=("r", "w_in"))


def test_objects_are_read_as_files_are(tmp_path):
    nodes, edges, _ = random_graph(3, DT)
    path = write(tmp_path / "a.nir", nodes, edges)
    of_file = from_nir(path, dt=DT, steps=STEPS)
    of_object = from_nir(nir.read(path), dt=DT, steps=STEPS)
    assert of_object.SerializeToString(deterministic=True) == of_file.SerializeToString(deterministic=True)


@pytest.mark.skipif(not MODELS.is_dir(), reason=f"no reference models in {MODELS}")
@pytest.mark.parametrize(
    ("name", "dt", "options"),
    [
        ("cnn_sinabs.nir", 1e-3, {"convention": "sinabs"}),
        ("cnn_sinabs.nir", 1.0, {"reset": "subtract"}),
        ("braille_noDelay_bias_zero.nir", 1e-4, {"reset": "zero"}),
        ("example.nir", 1e-3, {}),
        ("example.nir", 1e-3, {"discretization": "exponential"}),
    ],
)
def test_real_files_come_back(tmp_path, name, dt, options):
    model = from_nir(MODELS / name, dt=dt, steps=STEPS, **options)
    graph = to_nir(model, tmp_path / "b.nir", **options)
    original = nir.read(MODELS / name)
    assert sorted(graph.edges) == sorted(original.edges)
    for key, node in original.nodes.items():
        assert type(graph.nodes[key]) is type(node)
        product = name == "example.nir" and key == "out"
        for field, value in node.to_dict().items():
            if isinstance(value, np.ndarray) and not (product and field in ("r", "w_in")):
                np.testing.assert_allclose(graph.nodes[key].to_dict()[field], value, rtol=1e-5, atol=0)
    again = from_nir(tmp_path / "b.nir", dt=dt, steps=STEPS, **options)
    assert again.SerializeToString(deterministic=True) == model.SerializeToString(deterministic=True)


COUNTS = {"convention": Convention(reset="subtract", compare="ge", emission="count")}
FLOOR = {"convention": Convention(reset="subtract", compare="ge", emission="count", if_floor=True)}

SINGLE = {"convention": Convention(reset="subtract", compare="ge", if_floor=True)}


@pytest.mark.skipif(not FLAT.is_dir(), reason=f"no reference models in {FLAT}")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("norse_lifcell_unroll.ts", {}),
        ("norse_lifcell_unroll.dynamo", {}),
        ("sinabs_explak_BT.dynamo", {}),
        ("sjv2_lif_multi.dynamo", {"compare": "ge"}),
        ("sjv2_plif_multi.dynamo", {"compare": "ge"}),
        ("sjv2_lif_soft_multi.dynamo", {"compare": "ge", "reset": "subtract"}),
        ("sjv2_if_soft_multi.dynamo", {"compare": "ge", "reset": "subtract"}),
        ("sinabs_iafsqueeze_single_reset0.ts", {"compare": "ge"}),
        ("sinabs_iafsqueeze_singlespike.dynamo", SINGLE),
        ("sinabs_iafsqueeze_multispike.dynamo", COUNTS),
        ("sinabs_iafsqueeze_multispike_minv.ts", FLOOR),
        ("sinabs_iaf_BT.ts", COUNTS),
    ],
)
def test_flat_exports(tmp_path, name, options):
    """Networks exported with no operator of ours: NIR of them gives what ONNX Runtime gave of the export."""
    golden = FLAT / "golden" / "snn" / f"{name}.onnx"
    x, y = (onnx.numpy_helper.to_array(onnx.load_tensor(golden / f"{k}_0.pb")) for k in ("input", "output"))
    steps = next(n for n in x.shape if n > 1)
    graph = to_nir(FLAT / "snn" / f"{name}.onnx", tmp_path / "b.nir", dt=DT, **options)
    model = from_nir(tmp_path / "b.nir", dt=DT, steps=steps, **options)
    (source,) = graph.inputs
    found = next(iter(run(model, {source: x.reshape(steps, 2, 16, 16)}, steps).values()))
    np.testing.assert_allclose(found, y.reshape(found.shape), rtol=1e-4, atol=1e-4)
    assert y.any()


# Networks as text.

ZERO = "compare gt, reset zero same"


def text(*lines, number="real"):
    return f'network "n" steps 4 {number} {{\n' + "\n".join(lines) + "\n}"


def spiking(attributes, op="if", before='%0 = input "x" : 2x1x1 {values binary}'):
    return text(before, f'%1 = {op} "lif" (%0) : 2x1x1 {{{attributes}}}', '%2 = output "y" (%1) : 2x1x1')


def convert(tmp_path, network, **options):
    path = tmp_path / "a.snn"
    path.write_text(network)
    return to_nir(path, tmp_path / "b.nir", **{"dt": DT, **options})


PLAIN = f"threshold 1.0, {ZERO}"


@pytest.mark.parametrize(
    ("network", "message", "allow"),
    [
        (spiking(PLAIN.replace("gt", "ge")), "at its threshold too", "compare"),
        (spiking(PLAIN.replace("zero", "subtract")), "takes the threshold off", "subtract"),
        (
            spiking("decay 0.5, threshold 1.0, compare gt, reset subtract next", "lif"),
            "in the next step",
            "next_step subtract",
        ),
        (
            spiking("current_decay 0.5, decay 0.5, threshold 1.0, compare gt, reset zero next", "cuba"),
            "in the next step",
            "next_step",
        ),
        (
            spiking("threshold 1.0, compare ge, reset subtract same, emit count"),
            "several spikes",
            "count subtract",
        ),
        (spiking(PLAIN + ", v_min -1.0"), "lower bound", "v_min"),
        (spiking("decay 0.5, threshold 1.0, compare gt, reset none", "lif"), "does not reset", None),
        (spiking(PLAIN + ", refractory 2"), "refractory", None),
        (spiking(PLAIN + ", initial 0.5"), "do not start at zero", None),
        (spiking(PLAIN + ", bias 0.5"), "a constant enters", None),
        (spiking(PLAIN + ", levels [0.0, 0.5, 1.0]"), "levels", None),
        (spiking("decay channel [0.5, 1.0], " + PLAIN, "lif"), "some of its neurons have no leak", None),
        (spiking("decay 1.5, " + PLAIN, "lif"), "no decays of a time constant", None),
        (spiking("current_decay 0.5, " + PLAIN, "cuba"), "a current but no leak", None),
        (
            spiking("activation relu, threshold 1.0, compare ge", "sigma_delta"),
            "no primitive for sigma_delta",
            None,
        ),
        (spiking("threshold 1.0, compare ge", "delta"), "no primitive for delta", None),
        (spiking("scale 0.5, range 0..=4", "activation"), "no primitive for activation", None),
    ],
)
def test_what_nir_cannot_say_is_refused_by_name(tmp_path, network, message, allow):
    with pytest.raises(NirError, match=message) as caught:
        convert(tmp_path, network)
    assert caught.value.node == "lif"
    if allow is None:
        assert "allow=" not in str(caught.value)
        return
    assert "allow={" + ", ".join(f"'{a}'" for a in allow.split()) + "}" in str(caught.value)
    graph = convert(tmp_path, network, allow=allow.split())
    assert type(graph.nodes["lif"]).__name__ in ("IF", "LIF", "CubaLIF")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('%2 = max_pool "p" (%1) : 2x2x2 {kernel [2, 2], stride [2, 2]}', "no primitive for max_pool"),
        ('%2 = slice "p" (%1) : 1x4x4 {channels 0..1, rows 0..4, cols 0..4}', "no primitive for slice"),
        ('%2 = concat "p" (%1, %1) : 4x4x4', "no primitive for concat"),
        ('%2 = reshape "p" (%1) : 4x4x2', "NIR can only flatten"),
        (
            '%2 = sum_pool "p" (%1) : 2x2x2 {kernel [2, 2], stride [2, 2], pad [0, 0, 1, 1]}',
            "not the same on both sides",
        ),
    ],
)
def test_layers_that_nir_does_not_have(tmp_path, line, message):
    shape = line.split(" : ")[1].split(" ")[0]
    network = text(
        '%0 = input "x" : 2x4x4 {values binary}',
        f'%1 = if "lif" (%0) : 2x4x4 {{{PLAIN}}}',
        line,
        f'%3 = output "y" (%2) : {shape}',
    )
    with pytest.raises(NirError, match=message) as caught:
        convert(tmp_path, network)
    assert caught.value.node == "p"


def test_all_refusals_are_named(tmp_path):
    network = text(
        '%0 = input "x" : 2x1x1 {values binary}',
        f'%1 = if "one" (%0) : 2x1x1 {{{PLAIN}, refractory 1}}',
        '%2 = if "two" (%1) : 2x1x1 {threshold 1.0, compare gt, reset subtract same}',
        '%3 = output "y" (%2) : 2x1x1',
    )
    with pytest.raises(NirError, match="(?s)node 'one'.*node 'two'"):
        convert(tmp_path, network)


@pytest.mark.parametrize(
    ("attributes", "op"),
    [
        # Without leak, and without a current, a reset in the next step is one at once.
        ("threshold 1.0, compare gt, reset subtract next", "if"),
        ("decay 0.5, threshold 1.0, compare gt, reset zero next", "lif"),
        ("decay 0.5, threshold 1.0, compare gt, reset value next, reset_value 0.25", "lif"),
        # Leak of the sum: another gain. Leak of the current after its use: the same current.
        (
            "decay 0.5, order after_input, rest 0.25, threshold 0.5, compare gt, reset zero same",
            "lif",
        ),
        (
            "decay 0.5, current_decay 0.75, current_order after_input, threshold 1.0, " + ZERO,
            "cuba",
        ),
        # A constant input: another resting potential. A value of spikes: a Scale.
        ("decay 0.5, bias 0.375, threshold 1.0, compare gt, reset zero same", "lif"),
        ("decay 0.5, threshold 0.5, compare gt, reset zero same, emit scaled, spike_value 0.75", "lif"),
    ],
)
def test_forms_that_are_exact(tmp_path, attributes, op):
    """The simulator of NIR's equations gives what the compiler's own simulator gives of the text."""
    options = {"reset": "subtract"} if "subtract" in attributes else {}
    graph = convert(tmp_path, spiking(attributes, op, '%0 = input "x" : 2x1x1 {values real}'), **options)
    nodes = {}
    for name, node in graph.nodes.items():
        fields = {k: v for k, v in node.to_dict().items() if k not in ("type", "metadata")}
        nodes[name] = (type(node).__name__, fields)
    x = np.random.default_rng(3).integers(0, 9, (1, 16, 2, 1, 1)).astype(np.float32) / 8
    np.savez(tmp_path / "x.npz", x=x)
    command = [BINARY, "--format", "json", "simulate", tmp_path / "a.snn", "--input", tmp_path / "x.npz"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    simulator = Simulator(nodes, graph.edges, DT, reset=options.get("reset", "nir"))
    expected = simulator.run({"x": x[0, :, :, 0, 0]}, 16)["y"].sum(0)
    assert expected.any()
    (found,) = json.loads(done.stdout)["outputs"][0]["sums"]
    assert found == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_value_that_is_added_to_itself(tmp_path):
    network = text(
        '%0 = input "x" : 2x1x1 {values binary}',
        '%1 = add "twice" (%0, %0) : 2x1x1',
        f'%2 = if "lif" (%1) : 2x1x1 {{{PLAIN}}}',
        '%3 = output "y" (%2) : 2x1x1',
    )
    graph = convert(tmp_path, network)
    assert [n.scale.tolist() for n in graph.nodes.values() if isinstance(n, nir.Scale)] == [[2, 2]]


def test_names_with_slashes(tmp_path):
    network = spiking(PLAIN).replace('"lif"', '"/net/lif"')
    assert set(convert(tmp_path, network).nodes) == {"x", "net.lif", "y"}
    assert "net.lif" in nir.read(tmp_path / "b.nir").nodes


def test_integers_are_refused(tmp_path):
    network = text(
        '%0 = input "x" : 2x1x1 {values binary}',
        '%1 = if "lif" (%0) : 2x1x1 {threshold 1, compare gt, reset zero same}',
        '%2 = output "y" (%1) : 2x1x1',
        number="integer",
    )
    with pytest.raises(NirError, match="integers"):
        convert(tmp_path, network)


def test_options(tmp_path):
    with pytest.raises(NirError, match="give dt"):
        convert(tmp_path, spiking(PLAIN), dt=None)
    with pytest.raises(NirError, match="allow has no 'soft'"):
        convert(tmp_path, spiking(PLAIN), allow=["soft"])
    with pytest.raises(NirError, match="E0"):
        convert(tmp_path, "network")


def test_without_the_program(tmp_path, monkeypatch):
    monkeypatch.delenv("SNNC_BINARY")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("snnc.binary._folders", lambda: ())
    with pytest.raises(BinaryNotFoundError, match="program snnc is not installed"):
        convert(tmp_path, spiking(PLAIN))
