"""Graphs that have no meaning in steps, and files that are not what they should be."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")
from nir_support import chain, write
from snnc.nir import Convention, NirError, NirWarning, from_nir

ONES = np.ones(3)
LIF = {"tau": ONES * 0.01, "r": ONES, "v_leak": ONES * 0, "v_threshold": ONES, "v_reset": ONES * 0}
CUBA = {"tau_syn": ONES * 0.01, "tau_mem": ONES * 0.01, **{k: v for k, v in LIF.items() if k != "tau"}}
CONV = {
    "weight": np.ones((2, 3, 3, 3)),
    "bias": np.zeros(2),
    "stride": [1, 1],
    "padding": [0, 0],
    "dilation": [1, 1],
    "groups": 1,
}
POOL = {"kernel_size": [2, 2], "stride": [2, 2], "padding": [0, 0]}


def without(fields, key):
    return {k: v for k, v in fields.items() if k != key}


def convert(tmp_path, nodes, edges, **options):
    options = {"dt": 1e-3, "steps": 4, **options}
    return from_nir(write(tmp_path / "a.nir", nodes, edges), **options)


def single(kind, fields, shape=(3,)):
    return chain(("input", "Input", {"shape": shape}), ("n", kind, fields), ("output", "Output", {}))


@pytest.mark.parametrize(
    ("kind", "fields", "shape", "message"),
    [
        ("Elu", {"alpha": 1.0}, [3], "primitive 'Elu' is not known"),
        ("LIF", without(LIF, "tau"), [3], "LIF has no field tau"),
        ("LIF", {**LIF, "refractory": ONES}, [3], "no field refractory"),
        ("LIF", {**LIF, "tau": ONES * np.nan}, [3], "not finite"),
        ("LIF", {**LIF, "tau": ONES * 0}, [3], "a time constant is above zero"),
        ("LIF", {**LIF, "tau": [0.01, -0.01, 0.01]}, [3], "a time constant is above zero"),
        ("LIF", {**LIF, "tau": ONES * 5e-4}, [3], "shorter than a step"),
        ("LIF", {**LIF, "r": ONES * 1e60}, [3], "too large for 32 bits"),
        ("LIF", {**LIF, "r": ONES[:2]}, [3], r"has the shape \[2\], but what comes in has \[3\]"),
        ("LIF", LIF, [3, 2, 2], r"but what comes in has \[3, 2, 2\]"),
        ("LIF", {**LIF, "v_threshold": "high"}, [3], "not an array of numbers"),
        ("CubaLIF", {**CUBA, "tau_syn": ONES * 1e-6}, [3], "tau_syn is 1e-06, shorter"),
        ("IF", {"r": ONES, "v_threshold": ONES * np.inf, "v_reset": ONES}, [3], "not finite"),
        ("Affine", {"weight": np.ones((2, 4)), "bias": np.zeros(2)}, [3], "do not fit the 3 values"),
        ("Affine", {"weight": np.ones((2, 3)), "bias": np.zeros(4)}, [3], "bias is not 2 values"),
        ("Linear", {"weight": np.ones((2, 3, 3))}, [3], "one Linear for each matrix"),
        ("Linear", {"weight": np.ones((2, 12))}, [3, 2, 2], "put a Flatten"),
        ("Conv2d", CONV, [3], r"reads \(C, H, W\)"),
        ("Conv2d", CONV, [4, 5, 5], "do not fit 4 channels"),
        ("Conv2d", {**CONV, "groups": 2}, [3, 5, 5], "in 2 groups"),
        ("Conv2d", {**CONV, "groups": 0}, [3, 5, 5], "in 0 groups"),
        ("Conv2d", {**CONV, "stride": [0, 1]}, [3, 5, 5], "stride is"),
        ("Conv2d", {**CONV, "stride": [1.5, 1]}, [3, 5, 5], "whole numbers"),
        ("Conv2d", {**CONV, "padding": "full"}, [3, 5, 5], "'full'"),
        ("Conv2d", {**CONV, "padding": "same", "stride": [2, 2]}, [3, 5, 5], "stride of 1"),
        ("Conv2d", {**CONV, "input_shape": [9, 9]}, [3, 5, 5], "input_shape is"),
        ("Conv2d", CONV, [3, 2, 2], "does not fit into"),
        ("Conv2d", {**CONV, "padding": [1 << 22, 1 << 22]}, [3, 5, 5], "is empty, or has more than"),
        ("Conv2d", {**CONV, "weight": np.ones((2, 3, 3))}, [3, 5, 5], "4 axes are expected"),
        ("Conv1d", {**CONV, "weight": np.ones((2, 3, 3))}, [3, 5, 5], r"reads \(C, L\)"),
        ("SumPool2d", {**POOL, "kernel_size": [9, 9]}, [3, 5, 5], "does not fit into"),
        ("AvgPool2d", {**POOL, "padding": [2, 0]}, [3, 5, 5], "is not below the kernel"),
        ("AvgPool2d", {**POOL, "kernel_size": [2, 2, 2]}, [3, 5, 5], "two whole numbers"),
        ("Flatten", {"start_dim": 1, "end_dim": 7}, [3, 5, 5], "axes 1 to 7"),
        ("Flatten", {"input_type": [5, 5, 3]}, [3, 5, 5], "input_type is"),
        ("Delay", {"delay": ONES * 1.5e-3}, [3], "1.5 steps"),
        ("Delay", {"delay": [1e-3, 2e-3, 1e-3]}, [3], "its delays differ"),
        ("Delay", {"delay": ONES * 1e9}, [3], "is not 0 to 1024 steps"),
        ("Delay", {"delay": ONES * -1e-3}, [3], "is not 0 to 1024 steps"),
    ],
)
def test_a_node_is_refused_by_name(tmp_path, kind, fields, shape, message):
    with pytest.raises(NirError, match=message) as caught:
        convert(tmp_path, *single(kind, fields, shape))
    assert caught.value.node == "n"
    assert "node 'n'" in str(caught.value)


@pytest.mark.parametrize("shape", [[], [0], [1, 2, 3, 4], [-3], [1 << 20, 1 << 20], [1.5]])
def test_shapes_of_inputs(tmp_path, shape):
    with pytest.raises(NirError, match="node 'input'"):
        convert(tmp_path, *single("LIF", LIF, shape))


def test_time_constants_below_a_step_decay_exponentially(tmp_path):
    convert(tmp_path, *single("LIF", {**LIF, "tau": ONES * 5e-4}), discretization="exponential")


def test_a_time_constant_of_a_step_forgets(tmp_path):
    model = convert(tmp_path, *single("LIF", {**LIF, "tau": ONES * 1e-3}))
    beta = next(i for i in model.graph.initializer if i.name == "n.beta")
    assert np.frombuffer(beta.raw_data, np.float32).tolist() == [0]


LINEAR = ("Linear", {"weight": np.ones((3, 3))})


@pytest.mark.parametrize(
    ("extra", "edges", "node", "message"),
    [
        ({}, [("n", "nowhere")], "nowhere", "no such node"),
        ({}, [("input", "n")], "input", "occurs twice"),
        ({}, [("n", "input")], "input", "into an Input"),
        ({}, [("output", "n")], "output", "out of an Output"),
        ({"m": LINEAR}, [("m", "n")], "m", "nothing leads into"),
        ({"m": LINEAR, "o": LINEAR}, [("m", "o"), ("o", "m")], "m", "no way leads here from an Input"),
        (
            {"m": LINEAR, "o": LINEAR},
            [("m", "o"), ("o", "m"), ("n", "m"), ("m", "output")],
            "m",
            "neither a neuron nor a Delay",
        ),
        (
            {"m": ("Linear", {"weight": np.ones((2, 3))})},
            [("n", "m"), ("m", "output")],
            "output",
            "is expected",
        ),
        ({"m": ({}, [])}, [("n", "m")], "m", "needs exactly one Input"),
        ({"m": ({"a": LINEAR}, [("a", "b")])}, [], "m/b", "no such node"),
        ({"n.v": ("Input", {"shape": [3]})}, [("n.v", "n")], "n.v", "rename one"),
    ],
)
def test_edges(tmp_path, extra, edges, node, message):
    nodes, own = single("LIF", LIF)
    with pytest.raises(NirError, match=message) as caught:
        convert(tmp_path, {**nodes, **extra}, [*own, *edges])
    assert caught.value.node == node


def test_a_graph_needs_an_output(tmp_path):
    nodes, edges = single("LIF", LIF)
    del nodes["output"]
    with pytest.raises(NirError, match="no Output"):
        convert(tmp_path, nodes, edges[:-1])


@pytest.mark.parametrize(
    "options",
    [
        {"dt": 0},
        {"dt": float("nan")},
        {"dt": "1ms"},
        {"steps": 0},
        {"steps": 2.5},
        {"convention": "nengo"},
        {"discretization": "trapezoid"},
        {"reset": "soft"},
        {"compare": ">"},
    ],
)
def test_options(tmp_path, options):
    with pytest.raises(NirError):
        convert(tmp_path, *single("LIF", LIF), **options)


def test_counts_need_a_subtracting_reset_and_a_threshold_above_zero(tmp_path):
    with pytest.raises(NirError, match="emission 'count'"):
        Convention(emission="count")
    with pytest.raises(NirError, match="one above zero"):
        convert(tmp_path, *single("LIF", {**LIF, "v_threshold": ONES * 0}), convention="sinabs")


def test_a_missing_v_reset_is_told(tmp_path):
    graph = single("LIF", without(LIF, "v_reset"))
    with pytest.warns(NirWarning, match="'n' have no v_reset"):
        model = convert(tmp_path, *graph)
    assert "LIF_zero_same_gt_binary_gain" in {n.op_type for n in model.graph.node}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convert(tmp_path, *graph, reset="zero")
        convert(tmp_path, *single("LIF", LIF))


def test_what_is_no_graph():
    for thing in (None, 3, object()):
        with pytest.raises(NirError, match="takes a path"):
            from_nir(thing, dt=1e-3, steps=1)


# Files.


def damaged(tmp_path, change):
    path = write(tmp_path / "a.nir", *single("LIF", LIF))
    with h5py.File(path, "a") as file:
        change(file)
    return path


def refuse(path, message):
    with pytest.raises(NirError, match=message):
        from_nir(path, dt=1e-3, steps=4)


def test_files_that_are_not_hdf5(tmp_path):
    refuse(tmp_path / "none.nir", "there is no file")
    path = tmp_path / "text.nir"
    path.write_text("hello")
    refuse(path, "not an HDF5 file")
    refuse(tmp_path, "not an HDF5 file")
    whole = write(tmp_path / "a.nir", *single("LIF", LIF)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refuse(path, "not an HDF5 file|is damaged")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.pop("node"), "no group 'node'"),
        (lambda f: f.pop("node/edges"), "no dataset 'edges'"),
        (lambda f: f.pop("node/nodes"), "no group 'nodes'"),
        (lambda f: f.pop("node/nodes/n/type"), "no 'type'"),
        (lambda f: f["node/nodes"].create_dataset("m", data=1), "this is a dataset"),
        (lambda f: f["node/nodes/n"].pop("tau") and f["node/nodes/n"].create_group("tau"), "HDF5 group"),
        (lambda f: (f.pop("node/edges"), f.create_dataset("node/edges", data=[[1, 2]])), "pairs of names"),
        (lambda f: (f.pop("node/type"), f.create_dataset("node/type", data="LIF")), "a single 'LIF'"),
        (lambda f: (f.pop("node/type"), f.create_dataset("node/type", data=[1, 2])), "text is expected"),
    ],
)
def test_files_that_lack_something(tmp_path, change, message):
    refuse(damaged(tmp_path, change), message)


def replaced(field, make):
    def change(file):
        node = file["node/nodes/n"]
        del node[field]
        make(node, field)

    return change


def test_fields_that_declare_more_than_they_hold(tmp_path):
    def empty(node, field):
        node.create_dataset(field, shape=(1 << 28,), dtype="f8", chunks=(1 << 20,), compression="gzip")

    refuse(damaged(tmp_path, replaced("tau", empty)), "field tau")

    def large(node, field):
        node.create_dataset(field, shape=(1 << 24,), dtype="f8", chunks=(1 << 20,))

    refuse(damaged(tmp_path, replaced("tau", large)), "not in the file")


def test_types_that_are_no_numbers(tmp_path):
    for data in (np.ones(3) * 1j, np.zeros(3, [("a", "f4")])):
        refuse(
            damaged(
                tmp_path,
                replaced("tau", lambda node, field, data=data: node.create_dataset(field, data=data)),
            ),
            "not numbers",
        )


@pytest.mark.parametrize("link", [h5py.ExternalLink("other.nir", "/node"), h5py.SoftLink("/node")])
def test_links_are_not_followed(tmp_path, link):
    def change(node, field):
        node[field] = link

    refuse(damaged(tmp_path, replaced("tau", change)), "is a link")


def test_a_graph_in_itself(tmp_path):
    def change(file):
        file["node/nodes/again"] = file["node"]

    refuse(damaged(tmp_path, change), "deep")


def test_storage_in_another_file(tmp_path):
    (tmp_path / "secret").write_bytes(bytes(24))

    def change(node, field):
        node.create_dataset(field, shape=(3,), dtype="f8", external=[(str(tmp_path / "secret"), 0, 24)])

    refuse(damaged(tmp_path, replaced("tau", change)), "another file")


def test_text_on_which_the_library_hangs_or_crashes(tmp_path):
    whole = write(tmp_path / "a.nir", *single("LIF", LIF)).read_bytes()
    heap = whole.index(b"GCOL\x01")
    path = tmp_path / "b.nir"
    # The first object of the collection, of a size of zero: the library steps over it for ever.
    path.write_bytes(whole[: heap + 16] + bytes(16) + whole[heap + 32 :])
    refuse(path, "a text is cut off")
    # A text that is longer than what is stored of it.
    reference = whole.rindex(heap.to_bytes(8, "little")) - 4
    path.write_bytes(whole[:reference] + b"\xff\xff\xff\x7f" + whole[reference + 4 :])
    refuse(path, "longer than what is stored")


def test_random_bytes_changed(tmp_path):
    """A changed file is read or refused; nothing else happens."""
    whole = write(tmp_path / "a.nir", *single("LIF", LIF)).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "b.nir"
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            from_nir(path, dt=1e-3, steps=4)
        except NirError:
            refused += 1
    assert refused


def test_without_h5py(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    refuse(tmp_path / "a.nir", "needs h5py")


def test_bytes_do_not_depend_on_the_order_of_the_file(tmp_path):
    nodes, edges = single("LIF", LIF)
    nodes["rec"] = LINEAR
    edges += [("n", "rec"), ("rec", "n")]
    first = convert(tmp_path, nodes, edges).SerializeToString(deterministic=True)
    again = convert(tmp_path, dict(reversed(nodes.items())), edges[::-1]).SerializeToString(deterministic=True)
    assert first == again
    out = tmp_path / "out.onnx"
    from_nir(tmp_path / "a.nir", out, dt=1e-3, steps=4)
    assert out.read_bytes() == first
