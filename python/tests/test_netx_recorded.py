"""Spikes, currents and sums that lava recorded, reproduced by ONNX Runtime and by ``snnc simulate``.

The files are not part of the project: they are found beside a checkout, or the tests are skipped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest

import netx_files as files
from snnc.netx import from_netx

SHARED = Path(os.environ.get("SNNC_SHARED", Path(__file__).parents[3] / "shared"))
MODELS, ORACLES = SHARED / "models/netx", SHARED / "oracles/loihi2"

pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason=f"skipped: {MODELS} is not there")


def axes(recorded: np.ndarray) -> np.ndarray:
    """From (x, y, channel, step) or (neuron, step) to step first."""
    return recorded.T if recorded.ndim < 4 else recorded.transpose(3, 2, 1, 0)


def tiny() -> tuple[onnx.ModelProto, np.ndarray]:
    bias = np.load(ORACLES / "tiny/input_bias.npy").transpose(2, 1, 0)
    return from_netx(MODELS / "tiny.net"), np.stack([bias] * 16)


def pilotnet() -> tuple[onnx.ModelProto, np.ndarray]:
    image = np.load(ORACLES / "traces/pilotnet_lif.npz")["image"]
    return from_netx(MODELS / "pilotnet_snn.net"), np.stack([image.transpose(2, 1, 0)] * 16)


def test_tiny() -> None:
    """The recording has a step before each spike."""
    model, inputs = tiny()
    made = files.run(model, inputs, ["input0.s", "conv1.s", "conv2.s"])
    for name, file in (("input0.s", "input"), ("conv1.s", "layer1"), ("conv2.s", "output")):
        recorded = np.load(ORACLES / f"tiny/{file}.npy")[0].transpose(3, 0, 1, 2)
        assert recorded.sum() > 50 and not recorded[0].any()
        for step in range(15):
            np.testing.assert_array_equal(made[step][name], recorded[step + 1], f"{name}, step {step}")


def test_pilotnet_lif() -> None:
    """Sixteen steps, after which the recording was reset; a layer lags one step behind the layer before."""
    model, inputs = pilotnet()
    recorded = np.load(ORACLES / "traces/pilotnet_lif.npz")
    layers = [f"conv{k}" for k in range(1, 6)] + [f"dense{k}" for k in (7, 8, 9)]
    made = files.run(model, inputs, [f"{layer}.s" for layer in ["input0", *layers]])
    pairs = [("input0.s", "input", 0)]
    for lag, layer in enumerate(layers, 1):
        name = f"conv-{lag - 1}" if layer.startswith("conv") else f"fc-{lag - 6}"
        pairs += [(f"{layer}.s", name, lag), (f"{layer}.i_out", f"{name}-u", lag), (f"{layer}.v_out", f"{name}-v", lag)]
        for step in made:
            # The recording marks a membrane that was reset in the step with 128.
            step[f"{layer}.v_out"] = np.where(step[f"{layer}.s"] != 0, 128, step[f"{layer}.v_out"])
    for name, key, lag in pairs:
        want = axes(recorded[key])
        assert want.any(), key
        for step in range(min(16, len(want) - lag)):
            got = made[step][name].reshape(want.shape[1:])
            np.testing.assert_array_equal(got, want[step + lag], f"{name}, step {step}")


def single(path: Path, index: int, output: Path) -> onnx.ModelProto:
    """One layer of a file as a network; it reads the messages of the layer before."""
    with files.h5py.File(path) as file, files.h5py.File(output, "w") as made:
        group = made.create_group("layer")
        if index:
            group.create_dataset("0/type", (1,), "S10", [b"input"])
            group["0/shape"] = file[f"layer/{index - 1}/shape"][()]
        file.copy(file[f"layer/{index}"], group, name=str(len(group)))
    return from_netx(output, steps=1)


def in_step_with_lava(
    path: Path, image: np.ndarray, steps: int, output: Path
) -> dict[int, list[dict[str, np.ndarray]]]:
    """What each layer gives out when its messages arrive a step after they were sent, as in lava."""
    with files.h5py.File(path) as file:
        types = [file[f"layer/{k}/type"][0] for k in range(len(file["layer"]))]
    made: dict[int, list[dict[str, np.ndarray]]] = {}
    values: Sequence[np.ndarray] = [image] * steps
    for index, kind in enumerate(types):
        if kind == b"flatten":
            continue
        model = single(path, index, output)
        if index:
            values = [np.zeros_like(values[0]), *values[:-1]]
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
        made[index] = files.run(model, np.stack([v.reshape(shape) for v in values]))
        # The unit of an encoder's messages is in the weights behind it; alone it counts in its input.
        values = [step["output"] * (64 if kind == b"input" else 1) for step in made[index]]
    return made


@pytest.mark.parametrize("name, suffix", [("small", ""), ("square", "_square")])
def test_pilotnet_sigma_delta(name: str, suffix: str, tmp_path: Path) -> None:
    recorded = np.load(ORACLES / "traces/pilotnet_sdnn.npz")
    image = recorded["input"][..., 0].transpose(2, 1, 0)[:, :, : 33 if suffix else None]
    made = in_step_with_lava(MODELS / f"pilotnet_sdnn_{name}.net", image, 20, tmp_path / "one.net")
    compared = 0
    for index, steps in made.items():
        key = f"sigma{index}{suffix}"
        if key in recorded:
            compared += 1
            # The first step of the recording is the one before the first message.
            for step, want in enumerate(axes(recorded[key])):
                np.testing.assert_array_equal(steps[step]["conv1.sigma_out"], want, f"{key}, step {step}")
    assert compared == (4 if suffix else 2)
    if not suffix:
        out = [float(step["output"].item()) for step in made[max(made)]]
        np.testing.assert_array_equal(out[:9], recorded["output"].reshape(-1))


SIGMA_DELTA = ["pilotnet_sdnn", "pilotnet_sdnn_small", "pilotnet_sdnn_square"]


def sigma_delta(name: str, steps: int = 4) -> tuple[onnx.ModelProto, np.ndarray]:
    """A network, and an image that changes in places from step to step."""
    model = from_netx(MODELS / f"{name}.net", steps=steps)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim][1:]
    random = np.random.default_rng(0)
    images = [random.integers(-50, 64, shape)]
    for _ in range(steps - 1):
        images.append(np.where(random.random(shape) < 0.2, random.integers(-50, 64, shape), images[-1]))
    return model, np.stack(images)


@pytest.mark.parametrize("name", SIGMA_DELTA)
def test_sigma_delta_files_run(name: str) -> None:
    made = [step["output"] for step in files.run(*sigma_delta(name))]
    assert made[0].any() and all((step == np.trunc(step)).all() for step in made)


def binary_inputs(size: int) -> np.ndarray:
    return (np.random.default_rng(size).random((24, size)) < 0.5).astype(np.int64)


def network(name: str) -> tuple[onnx.ModelProto, np.ndarray]:
    if name == "pilotnet_snn":
        return pilotnet()
    if name == "tiny":
        return tiny()
    model = from_netx(MODELS / f"{name}.net", steps=24)
    if name in SIGMA_DELTA:
        return sigma_delta(name)
    if name == "mnist_bootstrap":
        return model, np.stack([np.random.default_rng(1).integers(0, 150, 784)] * 24)
    return model, binary_inputs(784 if name == "mnist_netx" else 200)


NETWORKS = ["tiny", "oxford", "mnist_netx", "mnist_bootstrap", "pilotnet_snn"]


@files.needs_binary
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("options", [(), ("--target", "loihi2")], ids=["the file", "the chip's integers"])
def test_snnc_gives_the_spikes_of_onnx_runtime(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    model, inputs = network(name)
    files.same_spikes(model, inputs, tmp_path, *options)


@files.needs_binary
@pytest.mark.parametrize("name", SIGMA_DELTA)
@pytest.mark.parametrize("options", [(), ("--target", "loihi2")], ids=["the file", "the chip's integers"])
def test_snnc_gives_the_messages_of_onnx_runtime(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    """What every sigma-delta layer sends, in every step."""
    model, images = sigma_delta(name)
    messages = {
        node.name.removesuffix(".messages"): node.output[0] for node in model.graph.node if node.op_type == "Floor"
    }
    assert len(messages) >= 4
    simulated = files.simulate(model, images, tmp_path, ["input0", *messages], *options)
    made = files.run(model, images, ["input0.s", *messages.values()])
    for layer, value in {"input0": "input0.s", **messages}.items():
        want = np.stack([step[value] for step in made])
        assert want.any(), layer
        np.testing.assert_array_equal(simulated[layer].reshape(want.shape), want, layer)


@files.needs_binary
def test_snnc_gives_the_recorded_spikes_of_tiny(tmp_path: Path) -> None:
    model, inputs = tiny()
    simulated = files.simulate(model, inputs, tmp_path, ["input0", "conv1", "conv2"])
    for name, file in (("input0", "input"), ("conv1", "layer1"), ("conv2", "output")):
        recorded = np.load(ORACLES / f"tiny/{file}.npy")[0].transpose(3, 0, 1, 2)
        np.testing.assert_array_equal(simulated[name][:15].reshape(recorded[1:].shape), recorded[1:], name)


@files.needs_binary
@pytest.mark.parametrize("name", [*NETWORKS, *SIGMA_DELTA])
def test_snnc_compiles_for_loihi2(name: str, tmp_path: Path) -> None:
    """Nothing is rounded, and what runs on the chip gives the same outputs, some steps later."""
    model, inputs = network(name)
    path, out = tmp_path / "net.onnx", tmp_path / "out"
    path.write_bytes(model.SerializeToString(deterministic=True))
    layers = json.loads(files.snnc("inspect", str(path), "--format", "json"))["layers"]
    assert all(layer["weight_bits"] <= 8 for layer in layers if layer["weight_bits"] is not None)
    files.snnc("compile", str(path), "--target", "loihi2", "--activity", "0.1", "-o", str(out))
    manifest = json.loads((out / "manifest.json").read_text())
    assert {layer["name"] for layer in layers if layer["neuron"]} <= {x["name"] for x in manifest["layers"]}
    assert not [d for d in manifest["diagnostics"] if d.get("code") == "W0403"], "something was rounded"
    late = manifest["bounds"]["latency_steps"]
    mapped = files.simulate(out, inputs, tmp_path, ["output"])["output"]
    made = np.stack([step["output"].reshape(-1) for step in files.run(model, inputs)])
    np.testing.assert_array_equal(mapped.reshape(len(mapped), -1)[late:], made)
