"""Malformed, hostile and unsupported ``.net`` files: an error that names layer and key, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netx_files as files
from snnc.netx import NetxError, from_netx

pytestmark = pytest.mark.filterwarnings("ignore:.*is not known and not read")
Change = Callable[[Any], None]


def three_layers(path: Path) -> Path:
    """Input with neurons, convolution, flatten, dense."""
    weight = np.arange(3 * 2 * 2 * 2).reshape(3, 2, 2, 2) - 10
    return files.write(
        path,
        [
            {"type": "input", "shape": [2, 4, 4], "neuron": files.CUBA, "weight": 3.0, "bias": 1.0},
            files.conv(weight, [3, 3, 3], bias=np.zeros(3), inChannels=2),
            {"type": "flatten", "shape": [27, 1, 1]},
            files.dense(np.ones((5, 27)), bias=np.zeros(5)),
        ],
    )


def put(key: str, value: Any) -> Change:
    def change(file: Any) -> None:
        if key in file:
            del file[key]
        file[key] = value

    return change


def remove(key: str) -> Change:
    def change(file: Any) -> None:
        del file[key]

    return change


def link(key: str, target: Any) -> Change:
    def change(file: Any) -> None:
        if key in file:
            del file[key]
        file[key] = target

    return change


def claim(key: str, shape: tuple[int, ...], dtype: Any = np.float32) -> Change:
    """A dataset of a shape that is stored nowhere: HDF5 fills it with zeros when it is read."""

    def change(file: Any) -> None:
        if key in file:
            del file[key]
        file.create_dataset(key, shape, dtype, chunks=tuple(min(n, 64) for n in shape))

    return change


def external(file: Any) -> None:
    del file["layer/1/weight"]
    file.create_dataset("layer/1/weight", (3, 2, 2, 2), np.float32, external=[("elsewhere.bin", 0, 96)])


def virtual(file: Any) -> None:
    del file["layer/1/weight"]
    layout = files.h5py.VirtualLayout((3, 2, 2, 2), np.float32)
    layout[...] = files.h5py.VirtualSource("elsewhere.h5", "w", (3, 2, 2, 2))
    file.create_virtual_dataset("layer/1/weight", layout)


SOFT, EXTERNAL = files.h5py.SoftLink, files.h5py.ExternalLink
NAN = np.full((5, 27), np.nan)
C, D = "layer/1", "layer/3"

#: What is changed in :func:`three_layers`, the layer and key that the error names, and what it says.
DAMAGE: dict[str, tuple[Change, str, str, str]] = {
    "no layers": (remove("layer"), "", "layer", "missing"),
    "layers are data": (put("layer", 1), "", "layer", "dataset where a group"),
    "no layer of that number": (lambda f: f.move("layer/3", "layer/7"), "", "layer/3", "missing"),
    "no type": (remove(f"{C}/type"), "layer 1", "type", "missing"),
    "type is a number": (put(f"{C}/type", 3), "layer 1", "type", "text"),
    "type is a group": (
        lambda f: (f.__delitem__(f"{C}/type"), f.create_group(f"{C}/type")),
        "layer 1",
        "type",
        "group",
    ),
    "type is long": (put(f"{C}/type", b"x" * 100), "layer 1", "type", "text"),
    "type is huge": (claim(f"{C}/type", (1 << 40,), "S10"), "layer 1", "type", "text"),
    "type is not ASCII": (put(f"{C}/type", "dünn"), "layer 1", "type", "ASCII"),
    "unknown type": (put(f"{C}/type", b"lstm"), "layer 1 (lstm)", "type", "none of"),
    "second input": (put(f"{C}/type", b"input"), "layer 1 (input)", "type", "layer 0"),
    "no shape": (remove(f"{C}/shape"), "layer 1 (conv)", "shape", "missing"),
    "shape of two": (put("layer/0/shape", [4, 4]), "layer 0 (input)", "shape", "one or three"),
    "negative shape": (put("layer/0/shape", [2, -4, 4]), "layer 0 (input)", "shape", "outside"),
    "zero shape": (put("layer/0/shape", [2, 0, 4]), "layer 0 (input)", "shape", "outside"),
    "huge shape": (put("layer/0/shape", [1 << 20, 1 << 20, 1 << 20]), "layer 0 (input)", "shape", "elements"),
    "endless shape": (put("layer/0/shape", [1 << 62]), "layer 0 (input)", "shape", "outside"),
    "wrong shape": (put(f"{C}/shape", [3, 3, 4]), "layer 1 (conv)", "shape", "(3, 3, 3)"),
    "no weight": (remove(f"{D}/weight"), "layer 3 (dense)", "weight", "missing"),
    "weight is text": (put(f"{D}/weight", "many"), "layer 3 (dense)", "weight", "numbers"),
    "weight is complex": (
        put(f"{D}/weight", np.ones((5, 27), complex)),
        "layer 3 (dense)",
        "weight",
        "numbers",
    ),
    "weight is a record": (
        put(f"{D}/weight", np.zeros((5, 27), [("a", "f4")])),
        "layer 3 (dense)",
        "weight",
        "numbers",
    ),
    "weight is nothing": (put(f"{D}/weight", files.h5py.Empty("f")), "layer 3 (dense)", "weight", "empty"),
    "weight is empty": (put(f"{D}/weight", np.zeros((5, 0))), "layer 3 (dense)", "weight", "empty"),
    "weights not a number": (put(f"{D}/weight", NAN), "layer 3 (dense)", "weight", "nan at [0, 0]"),
    "weight infinite": (
        put(f"{D}/weight", np.full((5, 27), np.inf)),
        "layer 3 (dense)",
        "weight",
        "inf at [0, 0]",
    ),
    "weight is half": (
        put(f"{D}/weight", np.full((5, 27), 0.5)),
        "layer 3 (dense)",
        "weight",
        "0.5 at [0, 0]",
    ),
    "weight too large": (put(f"{D}/weight", np.full((5, 27), 256)), "layer 3 (dense)", "weight", "-256..255"),
    "odd mixed weight": (
        put(f"{D}/weight", np.array([[255] + [-1] * 26] * 5)),
        "layer 3 (dense)",
        "weight",
        "-256..254",
    ),
    "weight claims much": (claim(f"{D}/weight", (1 << 20, 1 << 20)), "layer 3 (dense)", "weight", "elements"),
    "weight of other size": (put(f"{D}/weight", np.ones((5, 26))), "layer 3 (dense)", "inFeatures", "26"),
    "weight of other layer": (put(f"{D}/weight", np.ones((4, 27))), "layer 3 (dense)", "weight", "5 neurons"),
    "weight with three axes": (put(f"{D}/weight", np.ones((5, 9, 3))), "layer 3 (dense)", "weight", "shape"),
    "weight of one dimension": (put(f"{C}/weight", np.ones(24)), "layer 1 (conv)", "weight", "rows, columns"),
    "kernel for other channels": (
        put(f"{C}/weight", np.ones((3, 1, 2, 2))),
        "layer 1 (conv)",
        "weight",
        "group",
    ),
    "kernel too large": (put(f"{C}/weight", np.ones((3, 2, 9, 9))), "layer 1 (conv)", "kernelSize", "(9, 9)"),
    "window too large": (put(f"{C}/dilation", [9, 9]), "layer 1 (conv)", "weight", "window"),
    "kernel size": (put(f"{C}/kernelSize", [3, 3]), "layer 1 (conv)", "kernelSize", "(2, 2)"),
    "in channels": (put(f"{C}/inChannels", 7), "layer 1 (conv)", "inChannels", "7"),
    "out channels": (put(f"{C}/outChannels", 7), "layer 1 (conv)", "outChannels", "7"),
    "in features": (put(f"{D}/inFeatures", 7), "layer 3 (dense)", "inFeatures", "7"),
    "stride of zero": (put(f"{C}/stride", [0, 1]), "layer 1 (conv)", "stride", "outside"),
    "stride of four": (put(f"{C}/stride", [1, 1, 1, 1]), "layer 1 (conv)", "stride", "4 numbers"),
    "padding negative": (put(f"{C}/padding", -1), "layer 1 (conv)", "padding", "outside"),
    "padding huge": (put(f"{C}/padding", 1 << 40), "layer 1 (conv)", "padding", "outside"),
    "groups of zero": (put(f"{C}/groups", 0), "layer 1 (conv)", "groups", "outside"),
    "groups that do not fit": (put(f"{C}/groups", 2), "layer 1 (conv)", "weight", "2 group"),
    "bias of other size": (put(f"{C}/bias", np.zeros(2)), "layer 1 (conv)", "bias", "3 channels"),
    "bias of other size, dense": (put(f"{D}/bias", np.zeros(2)), "layer 3 (dense)", "bias", "5 neurons"),
    "bias out of range": (put(f"{D}/bias", np.full(5, 5000)), "layer 3 (dense)", "bias", "4095"),
    "bias a fraction": (put(f"{D}/bias", np.full(5, 0.1)), "layer 3 (dense)", "bias", "whole number"),
    "input weight of two": (put("layer/0/weight", [1, 2]), "layer 0 (input)", "weight", "one number"),
    "input bias infinite": (put("layer/0/bias", np.inf), "layer 0 (input)", "bias", "inf"),
    "neuron is data": (put(f"{C}/neuron", 1), "layer 1 (conv)", "neuron", "group is needed"),
    "no neuron": (remove(f"{C}/neuron"), "layer 1 (conv)", "neuron", "dense layer"),
    "no neuron type": (remove(f"{C}/neuron/type"), "layer 1 (conv)", "neuron/type", "missing"),
    "unknown neuron": (put(f"{C}/neuron/type", b"ALIF"), "layer 1 (conv)", "neuron/type", "none of"),
    "resonate and fire": (put(f"{C}/neuron/type", b"RF_PHASE"), "layer 1 (conv)", "neuron/type", "resonate"),
    "no decay": (remove(f"{C}/neuron/iDecay"), "layer 1 (conv)", "neuron/iDecay", "missing"),
    "decay too large": (put(f"{C}/neuron/vDecay", 4097), "layer 1 (conv)", "neuron/vDecay", "0..4096"),
    "decays for each neuron": (
        put(f"{C}/neuron/vDecay", [1, 2]),
        "layer 1 (conv)",
        "neuron/vDecay",
        "one number",
    ),
    "threshold too large": (
        put(f"{C}/neuron/vThMant", 1 << 20),
        "layer 1 (conv)",
        "neuron/vThMant",
        "131072",
    ),
    "threshold not a number": (put(f"{C}/neuron/vThMant", np.nan), "layer 1 (conv)", "neuron/vThMant", "nan"),
    "refractory": (put(f"{C}/neuron/refDelay", 2), "layer 1 (conv)", "neuron/refDelay", "refractory"),
    "graded spikes": (put(f"{C}/neuron/gradedSpike", True), "layer 1 (conv)", "neuron/gradedSpike", "graded"),
    "weight exponent": (put(f"{C}/neuron/wgtExp", -7), "layer 1 (conv)", "neuron/wgtExp", "-6..7"),
    "message bits": (put(f"{C}/neuron/messageBits", 99), "layer 1 (conv)", "neuron/messageBits", "0..32"),
    "other kind of neuron": (put(f"{D}/neuron/type", b"SDNN"), "layer 3 (dense)", "neuron/type", "one kind"),
    "delay too long": (put(f"{D}/delay", 63), "layer 3 (dense)", "delay", "0..62"),
    "delays that differ": (put(f"{D}/delay", [0, 1, 2, 3, 4.0]), "layer 3 (dense)", "delay", "0 to 4"),
    "delays of other size": (put(f"{D}/delay", [1, 1]), "layer 3 (dense)", "delay", "2 values"),
    "delay of a convolution": (put(f"{C}/delay", 1), "layer 1 (conv)", "delay", "convolutions"),
    "flatten of other size": (put("layer/2/shape", [26]), "layer 2 (flatten)", "shape", "27"),
    "soft link": (link(f"{D}/weight", SOFT("/layer/1/weight")), "layer 3 (dense)", "weight", "link"),
    "external link": (link(f"{D}/weight", EXTERNAL("other.h5", "/w")), "layer 3 (dense)", "weight", "link"),
    "linked neuron": (link(f"{D}/neuron", EXTERNAL("other.h5", "/n")), "layer 3 (dense)", "neuron", "link"),
    "linked bias": (link(f"{D}/bias", SOFT("/nowhere")), "layer 3 (dense)", "bias", "link"),
    "external storage": (external, "layer 1 (conv)", "weight", "another file"),
    "virtual dataset": (virtual, "layer 1 (conv)", "weight", "another file"),
    "simulation": (put("simulation/tSample", -1), "simulation", "tSample", "outside"),
} | {
    f"layer kind {kind}": (put(f"{C}/type", kind.encode()), f"layer 1 ({kind})", "type", "not read")
    for kind in ("pool", "convT", "unpool", "average", "concat", "dense_comp")
}


@pytest.mark.parametrize("change, layer, key, says", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage(tmp_path: Path, change: Change, layer: str, key: str, says: str) -> None:
    path = three_layers(tmp_path / "a.net")
    from_netx(path)
    with files.h5py.File(path, "a") as file:
        change(file)
    output = tmp_path / "out.onnx"
    with pytest.raises(NetxError) as caught:
        from_netx(path, output)
    message = str(caught.value)
    assert message.startswith(layer) and f"key '{key}" in message and says in message, message
    assert not output.exists()


def test_layers_that_do_not_fit_each_other(tmp_path: Path) -> None:
    kernel = files.conv(np.ones((3, 2, 2, 2)), [3, 3, 3])
    source = {"type": "input", "shape": [2, 4, 4]}
    loop = {"type": "dense_rec"}
    cases: list[tuple[list[dict[str, Any]], str]] = [
        ([kernel], "layer 0 (conv), key 'shape'"),
        ([source, kernel, files.dense(np.ones((5, 27)))], "put a flatten layer"),
        ([source, {"type": "flatten"}, kernel], "layer 2 (conv), key 'type'"),
        ([{"type": "flatten", "shape": [4]}], "layer 0 (flatten), key 'type'"),
        ([source], "no layer of neurons"),
        ([source, kernel, {"type": "flatten"}, files.dense(np.ones((5, 26)))], "takes 26 inputs"),
        ([files.dense(np.ones((5, 4))) | loop], "layer 0 (dense_rec), key 'weight_rec': it is missing"),
        ([files.dense(np.ones((5, 4)), weight_rec=np.ones((5, 4))) | loop], "not (5, 5)"),
        ([files.dense(np.ones((5, 4)), weight_rec=np.ones((5, 5)), delay=2) | loop], "recurrent layer"),
        ([files.dense(np.ones((5, 4)), files.SDNN), files.dense(np.ones((2, 5)), None)], "sigma_output"),
        (
            [files.dense(np.ones((5, 4)), files.SDNN | {"sigma_output": True}, bias=np.ones(5))],
            "key 'bias': a unit that gives out its sum",
        ),
        ([files.dense(np.ones((5, 4)), files.SDNN | {"activation": "tanh"})], "'tanh'"),
    ]
    for k, (layers, says) in enumerate(cases):
        with pytest.raises(NetxError) as caught:
            from_netx(files.write(tmp_path / f"{k}.net", layers))
        assert says in str(caught.value), str(caught.value)


def test_complex_weights(tmp_path: Path) -> None:
    path = files.write(tmp_path / "a.net", [files.dense(np.ones((5, 4)))])
    with files.h5py.File(path, "a") as file:
        del file["layer/0/weight"]
        file["layer/0/weight/real"] = np.ones((5, 4))
        file["layer/0/weight/imag"] = np.ones((5, 4))
    with pytest.raises(NetxError, match=r"layer 0 \(dense\), key 'weight': complex"):
        from_netx(path)


def test_sums_that_single_precision_does_not_hold(tmp_path: Path) -> None:
    path = files.write(tmp_path / "a.net", [files.dense(np.full((1, 70000), 250))])
    with pytest.raises(NetxError, match="sums below 16777216 are exact"):
        from_netx(path)


def test_a_small_file_that_claims_much(tmp_path: Path) -> None:
    """Zeros that are stored nowhere, in many layers."""
    path = files.write(tmp_path / "a.net", [files.dense(np.ones((4, 4)))] * 9)
    with files.h5py.File(path, "a") as file:
        for k in range(9):
            claim(f"layer/{k}/weight", (1 << 12, 1 << 12), np.int8)(file)
            put(f"layer/{k}/shape", [1 << 12])(file)
            for key in ("inFeatures", "outFeatures"):
                put(f"layer/{k}/{key}", 1 << 12)(file)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(NetxError, match=r"layer 3 \(dense\), key 'weight': the file has more than"):
        from_netx(path)


def test_a_key_that_is_not_known_is_told(tmp_path: Path) -> None:
    path = three_layers(tmp_path / "a.net")
    with files.h5py.File(path, "a") as file:
        file["layer/1/pruning"] = 1
        file["layer/3/neuron/noise"] = 1
    with pytest.warns(UserWarning) as caught:
        from_netx(path)
    texts = [str(w.message) for w in caught]
    assert any("layer 1 (conv): the key 'pruning'" in text for text in texts)
    assert any("layer 3 (dense): the key 'neuron/noise'" in text for text in texts)


def test_files_that_are_none(tmp_path: Path) -> None:
    text = tmp_path / "text.net"
    text.write_text("no HDF5")
    for path, says in (
        (tmp_path / "none.net", "no such file"),
        (tmp_path, "no such file"),
        (text, "not an HDF5"),
    ):
        with pytest.raises(NetxError, match=says):
            from_netx(path)


def test_every_cut_and_changed_byte_gives_a_model_or_an_error(tmp_path: Path) -> None:
    whole = three_layers(tmp_path / "a.net").read_bytes()
    random = np.random.default_rng(11)
    damaged = tmp_path / "b.net"
    refused = 0
    for k in range(60):
        data = bytearray(whole)
        if k % 3 == 0:
            del data[int(random.integers(1, len(data))) :]
        for place in random.integers(0, len(data), 3):
            data[place] = int(random.integers(0, 256))
        damaged.write_bytes(data)
        try:
            from_netx(damaged)
        except NetxError:
            refused += 1
    assert refused > 20


def test_steps_and_dt_that_are_none(tmp_path: Path) -> None:
    path = three_layers(tmp_path / "a.net")
    for given in ({"steps": 0}, {"steps": -3}, {"dt": 0.0}, {"dt": float("nan")}, {"dt": float("inf")}):
        with pytest.raises(NetxError):
            from_netx(path, **given)  # type: ignore[arg-type]


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(NetxError, match="pip install"):
        from_netx(tmp_path / "a.net")
