"""Every layer kind, neuron and option of ``.net`` files against the reference of :mod:`netx_files`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import netx_files as files
from snnc.netx import from_netx

STEPS = 20


def spikes(*shape: int, seed: int = 1) -> np.ndarray:
    return (np.random.default_rng(seed).random((STEPS, *shape)) < 0.4).astype(np.int64)


def weights(*shape: int, low: int = -20, high: int = 21, step: int = 1) -> np.ndarray:
    return np.random.default_rng(shape).integers(low, high, shape) * step


def outputs(model: onnx.ModelProto, inputs: np.ndarray) -> list[np.ndarray]:
    return [step["output"] for step in files.run(model, inputs)]


def check(model: onnx.ModelProto, inputs: np.ndarray, expected: list[np.ndarray]) -> None:
    """The same in every step, with values that differ between steps and neurons."""
    made = outputs(model, inputs)
    values = np.stack([np.reshape(e, -1) for e in expected])
    assert (values != values[0]).any(), "no test"
    assert values.shape[1] == 1 or (values != values[:, :1]).any(), "no test"
    for step, (got, want) in enumerate(zip(made, expected, strict=True)):
        np.testing.assert_array_equal(got.reshape(-1), np.asarray(want).reshape(-1), f"step {step}")


CUBAS = {
    "leaky": files.CUBA,
    "no current left": files.CUBA | {"iDecay": 4096, "vDecay": 123, "vThMant": 80},
    "no leak": files.CUBA | {"iDecay": 4096, "vDecay": 0, "vThMant": 300},
    "current for ever": files.CUBA | {"iDecay": 0, "vDecay": 4096, "vThMant": 50},
    "wraps and saturates": files.CUBA | {"iDecay": 0, "vDecay": 0, "vThMant": 1 << 16},
    "older fields": {"type": "LOIHI", "iDecay": 700, "vDecay": 900, "vThMant": 60, "refDelay": 1}
    | {"wgtExp": 0, "scaleRho": 1.0, "tauRho": 0.5, "theta": 3840},
}


@pytest.mark.parametrize("neuron", CUBAS.values(), ids=CUBAS.keys())
@pytest.mark.parametrize("biased", [False, True])
def test_cuba(tmp_path: Path, neuron: dict[str, Any], biased: bool) -> None:
    large = neuron["vThMant"] >= 1 << 16
    # Sums of some 2^17 wrap when the current never decays.
    weight = weights(6, 300, low=100, high=254) if large else weights(6, 30)
    bias = weights(6, low=-10, high=30)
    layer = files.dense(weight, neuron, **({"bias": np.asarray(bias, np.float32)} if biased else {}))
    model = from_netx(files.write(tmp_path / "a.net", [layer]), steps=STEPS)
    x = spikes(weight.shape[1])
    unit = files.Cuba(neuron, bias if biased else 0)
    check(model, x, files.calculate([lambda s: weight @ s, unit.step], x))
    if large:
        assert np.abs(files.run(model, x)[-1]["dense0.i_out"]).max() <= 1 << 23


WEIGHTS = {
    "8 bits": (weights(5, 20, low=-128, high=128), np.int8, 64.0),
    "mixed signs up to 254": (
        np.append(weights(5, 20, step=2), np.full((5, 1), 254), axis=1),
        np.int8,
        128.0,
    ),
    "excitatory up to 255": (weights(5, 20, low=0, high=256) | 1, np.uint8, 64.0),
    "odd and negative": (np.append(weights(5, 20), np.full((5, 1), -201), axis=1), np.int32, 64.0),
    "inhibitory": (np.append(weights(5, 20, low=-9, high=0), np.full((5, 1), 200), axis=1), np.int32, 64.0),
}


@pytest.mark.parametrize("weight, kind, scale", WEIGHTS.values(), ids=WEIGHTS.keys())
def test_weights_are_stored_as_narrow_integers(tmp_path: Path, weight: np.ndarray, kind: type, scale: float) -> None:
    x = spikes(weight.shape[1])
    threshold = max(int(np.quantile(x @ weight.T, 0.7)), 1)
    neuron = files.CUBA | {"iDecay": 4096, "vDecay": 2048, "vThMant": threshold}
    model = from_netx(files.write(tmp_path / "a.net", [files.dense(weight, neuron)]), steps=STEPS)
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    assert stored["dense0.synapses.weight"].dtype == kind
    assert stored["dense0.synapses.scale"] == scale
    check(model, x, files.calculate([lambda s: weight @ s, files.Cuba(neuron).step], x))


@pytest.mark.parametrize("exponent", [-6, -3, 2])
def test_weight_exponent(tmp_path: Path, exponent: int) -> None:
    neuron = files.CUBA | {"type": "LOIHI", "wgtExp": exponent, "vThMant": 40 if exponent > 0 else 3}
    weight = weights(6, 30, step=8)
    model = from_netx(files.write(tmp_path / "a.net", [files.dense(weight, neuron)]), steps=STEPS)
    x = spikes(30)
    total = (lambda s: weight @ s * (1 << exponent)) if exponent > 0 else (lambda s: weight @ s // (1 << -exponent))
    if exponent == -6:
        # Below the unit of a weight: the reference counts in units of the state.
        unit = files.Cuba(neuron)
        expected = []
        for step in x:
            u = unit._decay(unit.u, unit.decay_u) + weight @ step
            v = unit._decay(unit.v, unit.decay_v) + u
            out = v > unit.threshold
            unit.u, unit.v = u, np.where(out, 0, v)
            expected.append(out.astype(np.int64))
    else:
        expected = files.calculate([total, files.Cuba(neuron).step], x)
    check(model, x, expected)


CONVS: dict[str, dict[str, Any]] = {
    "plain": {},
    "stride and padding": {"stride": [2, 1], "padding": [1, 0]},
    "dilation": {"dilation": [1, 2]},
    "groups": {"groups": 2},
    "one number": {"stride": 2, "padding": 1},
    "arrays of one": {"stride": [2], "groups": [2]},
}


@pytest.mark.parametrize("options", CONVS.values(), ids=CONVS.keys())
@pytest.mark.parametrize("axes", [4, 5])
def test_conv(tmp_path: Path, options: dict[str, Any], axes: int) -> None:
    groups = int(np.ravel(options.get("groups", 1))[0])
    weight = weights(6, 4 // groups, 3, 2)
    both = {k: tuple(np.broadcast_to(np.ravel(v), 2)) for k, v in options.items() if k != "groups"}
    x = spikes(4, 9, 8)

    def total(s: np.ndarray) -> np.ndarray:
        return files.correlate(s, weight, groups=groups, **both)

    shape = total(x[0]).shape
    bias = weights(6, low=-5, high=9).astype(np.float32)
    stored = weight.reshape(weight.shape + (1,) * (axes - 4))
    layers = [
        {"type": "input", "shape": [4, 9, 8]},
        files.conv(stored, shape, bias=bias, inChannels=4, **options),
    ]
    model = from_netx(files.write(tmp_path / "a.net", layers), steps=STEPS)
    check(model, x, files.calculate([total, files.Cuba(files.CUBA, bias[:, None, None]).step], x))


def test_a_bias_for_each_neuron_of_a_map_lies_in_the_order_of_lava(tmp_path: Path) -> None:
    weight, bias = weights(3, 2, 2, 2), weights(3, 4, 5, low=-30, high=30)
    layers = [
        {"type": "input", "shape": [2, 5, 6]},
        files.conv(weight, [3, 4, 5], bias=bias.transpose(2, 1, 0).astype(np.float32)),
    ]
    model = from_netx(files.write(tmp_path / "a.net", layers), steps=STEPS)
    x = spikes(2, 5, 6)
    check(
        model,
        x,
        files.calculate([lambda s: files.correlate(s, weight), files.Cuba(files.CUBA, bias).step], x),
    )


def test_flatten_and_a_chain(tmp_path: Path) -> None:
    kernel, first, second = weights(4, 2, 3, 3), weights(7, 4 * 3 * 3), weights(5, 7, step=3)
    neuron = files.CUBA | {"iDecay": 4096, "vDecay": 2048, "vThMant": 30}
    for shape in ([36, 1, 1], [1, 1, 36], [36]):
        layers = [
            {"type": "input", "shape": [2, 5, 5]},
            files.conv(kernel, [4, 3, 3], neuron),
            {"type": "flatten", "shape": shape},
            files.dense(first, neuron) | {"shape": [7, 1, 1]},
            files.dense(second, neuron),
        ]
        model = from_netx(files.write(tmp_path / "a.net", layers), steps=STEPS)
        x = spikes(2, 5, 5)
        chain = [
            lambda s: files.correlate(s, kernel),
            files.Cuba(neuron).step,
            lambda s: first @ s.reshape(-1),
            files.Cuba(neuron).step,
            lambda s: second @ s,
            files.Cuba(neuron).step,
        ]
        check(model, x, files.calculate(chain, x))


def test_input_neurons_take_what_lava_sets_as_their_bias(tmp_path: Path) -> None:
    for neuron in (files.CUBA | {"iDecay": 4096}, files.CUBA):
        layers: list[dict[str, Any]] = [
            {"type": "input", "shape": [3, 2, 2], "weight": [36.0], "bias": np.float32(34), "neuron": neuron}
        ]
        model = from_netx(files.write(tmp_path / "a.net", layers), steps=STEPS)
        x = np.random.default_rng(3).integers(-20, 60, (STEPS, 3, 2, 2))
        unit = files.Cuba(neuron)
        expected = []
        for values in x:
            unit.bias = values << 6
            expected.append(unit.step(np.zeros_like(values)))
        check(model, x, expected)
        transform = next(p.value for p in model.metadata_props if p.key == "snnc.netx.input")
        assert transform == '{"weight":36,"bias":34}'


def test_a_layer_without_a_neuron_integrates(tmp_path: Path) -> None:
    weight = weights(3, 20)
    model = from_netx(files.write(tmp_path / "a.net", [files.dense(weight, None)]), steps=STEPS)
    x = spikes(20)
    made = files.run(model, x)
    sums = np.cumsum(x @ weight.T, axis=0) << 6
    assert not any(step["output"].any() for step in made)
    np.testing.assert_array_equal(np.stack([step["dense0.v_out"] for step in made]), sums)


def test_recurrent(tmp_path: Path) -> None:
    weight, loop = weights(8, 20), weights(8, 8, low=-30)
    layer = files.dense(weight, weight_rec=loop.astype(np.float32)) | {"type": "dense_rec"}
    model = from_netx(files.write(tmp_path / "a.net", [layer]), steps=STEPS)
    x, unit, before, expected = spikes(20), files.Cuba(files.CUBA), np.zeros(8, np.int64), []
    for step in x:
        before = unit.step(weight @ step + loop @ before)
        expected.append(before)
    check(model, x, expected)


@pytest.mark.parametrize("delay", [3, [2.0], [4.0] * 6, [1.0] * 30])
def test_one_delay_for_a_layer(tmp_path: Path, delay: Any) -> None:
    weight = weights(6, 30)
    layer = files.dense(weight, delay=np.asarray(delay, np.float32))
    model = from_netx(files.write(tmp_path / "a.net", [layer]), steps=STEPS)
    steps, x = int(np.ravel(delay)[0]), spikes(30)
    late = np.concatenate([np.zeros_like(x[:steps]), x[: STEPS - steps]])
    check(model, x, files.calculate([lambda s: weight @ s, files.Cuba(files.CUBA).step], late))


def test_sigma_delta(tmp_path: Path) -> None:
    kernel, matrix, last = weights(4, 2, 3, 3), weights(6, 36), weights(3, 6)
    bias, flat_bias = weights(4, low=-9, high=20), weights(6, low=-9, high=20)
    layers = [
        {"type": "input", "shape": [2, 5, 5], "neuron": files.SDNN | {"vThMant": 3}},
        files.conv(kernel, [4, 3, 3], files.SDNN, bias=bias.astype(np.float32)),
        {"type": "flatten", "shape": [36, 1, 1]},
        files.dense(matrix, files.SDNN | {"vThMant": 0}, bias=flat_bias.astype(np.float32)),
        files.dense(last, files.SDNN | {"sigma_output": True}),
    ]
    model = from_netx(files.write(tmp_path / "a.net", layers), steps=STEPS)
    x = np.random.default_rng(5).integers(-40, 60, (STEPS, 2, 5, 5))
    encoder, total = files.SigmaDelta(files.SDNN | {"vThMant": 3}), np.zeros(3, np.int64)

    def add(messages: np.ndarray) -> np.ndarray:
        nonlocal total
        total = total + last @ messages
        return total

    chain = [
        lambda v: encoder.changes(v.astype(np.int64) << 12),
        lambda s: files.correlate(s, kernel),
        files.SigmaDelta(files.SDNN, bias[:, None, None]).step,
        lambda s: matrix @ s.reshape(-1),
        files.SigmaDelta(files.SDNN | {"vThMant": 0}, flat_bias).step,
        add,
    ]
    expected = files.calculate(chain, x)
    assert any((e % 64).any() for e in expected), "no message has lost anything: no test"
    check(model, x, expected)


def test_sigma_delta_without_input_neurons_takes_messages(tmp_path: Path) -> None:
    weight = weights(6, 20)
    model = from_netx(files.write(tmp_path / "a.net", [files.dense(weight, files.SDNN)]), steps=STEPS)
    x = np.random.default_rng(5).integers(-300, 300, (STEPS, 20)) * spikes(20)
    check(model, x, files.calculate([lambda s: weight @ s, files.SigmaDelta(files.SDNN).step], x))


def test_recurrent_sigma_delta(tmp_path: Path) -> None:
    weight, loop = weights(5, 12), weights(5, 5, low=-3, high=3)
    layer = files.dense(weight, files.SDNN, weight_rec=loop.astype(np.float32)) | {"type": "dense_rec"}
    model = from_netx(files.write(tmp_path / "a.net", [layer]), steps=STEPS)
    x = np.random.default_rng(6).integers(-300, 300, (STEPS, 12)) * spikes(12)
    unit, before, expected = files.SigmaDelta(files.SDNN), np.zeros(5, np.int64), []
    for step in x:
        before = unit.step(weight @ step + loop @ before)
        expected.append(before)
    check(model, x, expected)


def test_older_layouts(tmp_path: Path) -> None:
    weight = weights(1, 10, low=1, high=30)
    path = files.write(
        tmp_path / "a.net",
        [{"type": "dense", "shape": [1, 1, 1], "weight": weight.reshape(-1).astype(np.float32)}],
        {"Ts": 1, "tSample": 64},
    )
    with files.h5py.File(path, "a") as file:
        group = file["layer/0"]
        del group["type"]
        group["type"] = "dense"
        for key, value in (files.CUBA | {"refDelay": 1}).items():
            group[f"neuron/{key}"] = np.array([value.encode()] if key == "type" else [value])
    model = from_netx(path)
    metadata = {p.key: p.value for p in model.metadata_props}
    assert metadata["snnc.steps"] == "64" and metadata["snnc.dt"] == "0.001"
    x = spikes(10)
    check(model, x, files.calculate([lambda s: weight @ s, files.Cuba(files.CUBA).step], x))


def test_steps_and_dt(tmp_path: Path) -> None:
    path = files.write(tmp_path / "a.net", [files.dense(weights(2, 3))], {"Ts": 2, "tSample": 64})
    metadata = {p.key: p.value for p in from_netx(path).metadata_props}
    assert metadata["snnc.steps"] == "32" and metadata["snnc.dt"] == "0.002"
    metadata = {p.key: p.value for p in from_netx(path, steps=5, dt=0.5).metadata_props}
    assert metadata["snnc.steps"] == "5" and metadata["snnc.dt"] == "0.5"
    bare = files.write(tmp_path / "b.net", [files.dense(weights(2, 3))])
    assert "snnc.steps" not in {p.key for p in from_netx(bare).metadata_props}


def test_the_same_bytes(tmp_path: Path) -> None:
    layers = [
        {"type": "input", "shape": [2, 5, 5], "neuron": files.CUBA, "weight": 3.0, "bias": 1.0},
        files.conv(weights(4, 2, 3, 3), [4, 3, 3], bias=np.ones(4)),
    ]
    made = []
    for name in ("a", "b"):
        path = files.write(tmp_path / f"{name}.net", layers)
        model = from_netx(path, tmp_path / f"{name}.onnx", steps=4)
        made.append((tmp_path / f"{name}.onnx").read_bytes())
        assert onnx.load_from_string(made[-1]) == model
    assert made[0] == made[1]


def integer_networks() -> dict[str, tuple[list[dict[str, Any]], np.ndarray]]:
    """Every layer kind, with neurons whose current and membrane decay."""
    neuron = files.CUBA | {"vThMant": 60}
    source = {"type": "input", "shape": [4, 7, 6]}
    kernel, grouped = weights(6, 4, 3, 3), weights(6, 2, 3, 2)
    matrix, loop = weights(8, 20, step=2), weights(8, 8, low=-30)
    inner = {"type": "input", "shape": [20], "neuron": files.CUBA}
    return {
        "conv": (
            [
                source,
                files.conv(kernel, [6, 4, 4], neuron, stride=[2, 1], padding=[1, 0], bias=np.arange(6.0)),
            ],
            spikes(4, 7, 6),
        ),
        "groups": ([source, files.conv(grouped, [6, 5, 5], neuron, groups=2)], spikes(4, 7, 6)),
        "flatten": (
            [
                source,
                files.conv(kernel, [6, 5, 4], neuron),
                {"type": "flatten"},
                files.dense(weights(5, 120), neuron),
            ],
            spikes(4, 7, 6),
        ),
        "input neurons": (
            [inner, files.dense(matrix, neuron), files.dense(weights(3, 8), None)],
            np.random.default_rng(2).integers(-30, 60, (STEPS, 20)),
        ),
        "recurrent": ([files.dense(matrix, neuron, weight_rec=loop) | {"type": "dense_rec"}], spikes(20)),
        "delay": (
            [files.dense(matrix, neuron, delay=3), files.dense(weights(4, 8), neuron, delay=1)],
            spikes(20),
        ),
    }


@files.needs_binary
@pytest.mark.parametrize("kind", integer_networks())
def test_snnc_gives_the_same_spikes(tmp_path: Path, kind: str) -> None:
    layers, x = integer_networks()[kind]
    model = from_netx(files.write(tmp_path / "a.net", layers), tmp_path / "a.onnx", steps=STEPS)
    files.same_spikes(model, x, tmp_path)
    files.same_spikes(model, x, tmp_path, "--target", "loihi2")
    files.snnc("compile", str(tmp_path / "a.onnx"), "--target", "loihi2", "--activity", "0.1")
