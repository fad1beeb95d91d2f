"""The functions of the package on the shipped network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import snnc
from snnc import binary
from snnc.errors import BinaryNotFoundError
from snnc_program import INSTALLED, PROGRAM, ROOT

DIGITS = ROOT / "examples" / "digits"
MODEL = DIGITS / "digits.onnx"

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="the program snnc is not built")


@pytest.fixture
def held_out() -> dict[str, np.ndarray]:
    with np.load(DIGITS / "heldout.npz") as stored:
        return {name: stored[name] for name in stored.files}


def test_importing_brings_no_library() -> None:
    code = "import sys, snnc; print(sorted({'torch', 'h5py', 'nir', 'pandas', 'polars'} & set(sys.modules)))"
    env = dict(os.environ) if INSTALLED else dict(os.environ, PYTHONPATH=str(ROOT / "python"))
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_compile_gives_the_manifest_and_writes_the_bundle(tmp_path: Path) -> None:
    m = snnc.compile(MODEL, "loihi2", activity=0.1, output=tmp_path / "out", emit=["floorline", "layers"])
    assert m.target == "loihi2"
    assert {layer.name for layer in m.layers} == {"x", "lif1", "lif2", "lif3"}
    written = snnc.Manifest.load(tmp_path / "out")
    assert written.to_json() == m.to_json()
    assert (tmp_path / "out" / "floorline.svg").exists()
    assert (tmp_path / "out" / "layers.csv").exists()
    assert "<svg" in m._repr_html_()


def test_a_model_in_memory_is_as_good_as_a_file() -> None:
    held = snnc.compile(onnx.load(MODEL), "loihi2", activity=0.1)
    read = snnc.compile(MODEL, "loihi2", activity=0.1)
    assert held.data["bounds"] == read.data["bounds"]
    with pytest.raises(TypeError, match=r"a path or an onnx\.ModelProto"):
        snnc.compile(3, "loihi2")  # type: ignore[arg-type]


def test_activity_by_layer_is_that_of_the_command_line() -> None:
    by_layer = snnc.compile(MODEL, "loihi2", activity={"": 0.1, "lif1": 0.02})
    as_text = snnc.compile(MODEL, "loihi2", activity="0.1,lif1=0.02")
    assert by_layer.to_json() == as_text.to_json()
    with pytest.raises(snnc.SnncError, match="rate of all other layers"):
        snnc.compile(MODEL, "loihi2", activity={"lif1": 0.02})


def test_simulate_gives_spikes_of_each_step(held_out: dict[str, np.ndarray]) -> None:
    x, y = held_out["x"][:20], held_out["y"][:20]
    with np.load(DIGITS / "expected.npz") as stored:
        expected = stored["spk"][:20]
        hidden = stored["lif1.s"][:20]
    result = snnc.simulate(MODEL, x, labels=y)
    np.testing.assert_array_equal(result.output, expected)
    assert result.accuracy == (result.predicted == y).mean()
    assert result.activity["x"] == pytest.approx(x.mean())
    recorded = snnc.simulate(MODEL, x, record=["lif1", "lif3"])
    np.testing.assert_array_equal(recorded.outputs["lif1"], hidden)
    with pytest.raises(snnc.SnncError, match="lif1, lif3"):
        _ = recorded.output
    integers = snnc.simulate(MODEL, x, target="loihi2")
    assert integers.output.dtype == np.int32
    np.testing.assert_array_equal(integers.predicted, result.predicted)


def test_simulate_tells_what_layers_did(held_out: dict[str, np.ndarray]) -> None:
    x, y = held_out["x"][:60], held_out["y"][:60]
    result = snnc.simulate(MODEL, x, labels=y, record=["x", "lif1"], threads=2)
    spikes = result.outputs["lif1"].reshape(60 * x.shape[1], -1)
    layer = result.layers["lif1"]
    per_step = spikes.astype(bool).sum(axis=1)
    assert layer.neurons == spikes.shape[1]
    assert layer.events == per_step.sum()
    assert layer.density == pytest.approx(per_step.mean() / layer.neurons)
    assert layer.density_max == per_step.max() / layer.neurons
    ranks = np.percentile(per_step, [50, 95, 99], method="inverted_cdf") / layer.neurons
    assert [layer.density_p50, layer.density_p95, layer.density_p99] == ranks.tolist()
    assert layer.synops == pytest.approx(layer.synops_per_step * len(per_step))
    assert layer.synops_per_step_max >= layer.synops_per_step > 0
    assert result.confusion is not None
    assert result.confusion.sum() == 60
    assert np.trace(result.confusion) == (result.predicted == y).sum()


def test_simulate_makes_steps_of_images_and_events(tmp_path: Path, held_out: dict[str, np.ndarray]) -> None:
    image = held_out["x"][:4].mean(axis=1)
    direct = snnc.simulate(MODEL, image * 255, encode="direct", max=255, record=["x"])
    assert direct.outputs["x"].shape == (4, 8, 1, 8, 8)
    np.testing.assert_array_equal(direct.outputs["x"][:, 3], (image * 255 / 255).astype(np.float32))
    rate = snnc.simulate(MODEL, image, encode="rate", seed=3, steps=200, record=["x"]).outputs["x"]
    assert set(np.unique(rate)) == {0.0, 1.0}
    assert abs(rate.mean(axis=1) - image).max() < 0.2
    again = snnc.simulate(MODEL, image, encode="rate", seed=3, steps=200, record=["x"], threads=1, limit=2)
    np.testing.assert_array_equal(again.outputs["x"], rate[:2])

    spikes = held_out["x"][0].astype(bool)
    step, _, y, x = np.nonzero(spikes)
    events = np.zeros(len(step), [("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")])
    events["x"], events["y"], events["t"] = x, y, 500 + step * 1000
    expected = held_out["x"][:1, : step.max() + 1]
    binned = snnc.simulate(MODEL, events, bin="1ms", record=["x"])
    np.testing.assert_array_equal(binned.outputs["x"], expected)
    np.save(tmp_path / "events.npy", events[np.random.default_rng(0).permutation(len(events))])
    shuffled = snnc.simulate(MODEL, tmp_path / "events.npy", bin="1ms", record=["x"], binary=True)
    np.testing.assert_array_equal(shuffled.outputs["x"], expected)
    [cut] = snnc.simulate(MODEL, events, bin="1ms", steps=2).warnings
    assert cut.code == "W0705"
    with pytest.raises(snnc.CompilerError) as refused:
        snnc.simulate(MODEL, image[0])
    assert refused.value.codes == ("E0704",)
    with pytest.raises(snnc.SnncError, match="labels"):
        snnc.simulate(MODEL, tmp_path / "events.npy", labels=np.zeros(1))


def test_the_measured_activity_can_be_compiled_with(held_out: dict[str, np.ndarray]) -> None:
    measured = snnc.simulate(MODEL, held_out["x"][:20]).activity
    rates = {name: round(rate, 6) for name, rate in measured.items()}
    assert snnc.compile(MODEL, "loihi2", activity={"": 0.1, **rates}).bounds.period is not None


def test_measured_activity_is_the_same_from_samples_and_from_a_profile(
    tmp_path: Path, held_out: dict[str, np.ndarray]
) -> None:
    file = tmp_path / "activity.npz"
    measured = snnc.profile(MODEL, DIGITS / "heldout.npz", file, limit=20)
    assert (measured["samples"], measured["steps"]) == (20, 8)
    with np.load(file) as stored:
        counts = stored["counts/lif1"]
    assert counts.sum() == next(layer["events"] for layer in measured["layers"] if layer["name"] == "lif1")
    saved = snnc.compile(MODEL, "loihi2", profile=file)
    samples = snnc.compile(MODEL, "loihi2", samples={"x": held_out["x"]}, limit=20)
    assert saved.data["bounds"] == samples.data["bounds"]
    assert samples.data["bounds"]["trace"]["samples"] == 20
    with pytest.raises(snnc.CompilerError):
        snnc.compile(MODEL, "loihi2", profile=DIGITS / "heldout.npz")


def test_verify_tells_what_it_has_shown() -> None:
    shown = snnc.compile(MODEL, "loihi2", activity=0.1, verify=True).data["verification"]
    assert [entry["phase"] for entry in shown["equal"]][-1] == "emit"


def test_inspect_shows_layers() -> None:
    network = snnc.inspect(MODEL)
    assert (network.name, network.steps) == ("digits", 8)
    lif1 = next(layer for layer in network.layers if layer.name == "lif1")
    assert (lif1.op, lif1.shape, lif1.inputs) == ("lif", (8, 8, 8), ("conv1",))
    assert "decay 0.875" in str(network)


def test_compare_has_a_row_for_each_chip() -> None:
    table = snnc.compare(MODEL, activity=0.1)
    assert "loihi1" in str(table)
    assert "loihi2" in str(table)
    assert "<table" in table._repr_html_()


def test_a_chip_that_refuses_has_its_reason_in_the_table(tmp_path: Path) -> None:
    table = snnc.compare(MODEL, ["loihi2", "speck"], activity=0.1)
    assert "loihi2" in str(table)
    assert "speck" in str(table)
    with pytest.raises(snnc.CompilerError):
        snnc.compare(tmp_path / "none.onnx")


def test_errors_carry_the_diagnostics(tmp_path: Path) -> None:
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    with pytest.raises(snnc.CompilerError) as refused:
        snnc.compile(text, "loihi2")
    assert refused.value.codes == ("E0003",)
    assert refused.value.status == 1
    [diagnostic] = refused.value.diagnostics
    assert diagnostic.remedy
    assert diagnostic.message in str(refused.value)
    with pytest.raises(snnc.CompilerError) as missing:
        snnc.inspect(tmp_path / "none.onnx")
    assert (missing.value.codes, missing.value.status) == (("E0001",), 3)
    with pytest.raises(snnc.CompilerError) as usage:
        snnc.compile(MODEL, "loihi9")
    assert usage.value.status == 2
    assert "loihi9" in str(usage.value)
    with pytest.raises(snnc.CompilerError) as shape:
        snnc.simulate(MODEL, np.zeros((3, 4)))
    assert shape.value.codes == ("E0701",)


def test_warnings_are_pythons(tmp_path: Path) -> None:
    model = onnx.load(MODEL)
    beta = next(t for t in model.graph.initializer if t.name.endswith("beta"))
    beta.CopyFrom(onnx.numpy_helper.from_array(np.float32(0.9), beta.name))
    with pytest.warns(snnc.CompilerWarning, match="W0403"):
        snnc.compile(model, "loihi2", activity=0.1)


def test_the_program_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(binary.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(BinaryNotFoundError, match="SNNC_BINARY"):
        binary.find_binary()
    monkeypatch.delenv(binary.VARIABLE)
    program = tmp_path / ("snnc.exe" if os.name == "nt" else "snnc")
    program.touch(0o755)
    monkeypatch.setattr(binary, "_folders", lambda: iter([tmp_path]))
    assert binary.find_binary() == program


def test_the_module_runs_the_program_and_converts(tmp_path: Path) -> None:
    env = dict(os.environ) if INSTALLED else dict(os.environ, PYTHONPATH=str(ROOT / "python"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snnc", *arguments]
        return subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run("--version").stdout.startswith("snnc ")
    assert run("inspect", "none.onnx").returncode == 3
    assert "one of the files has to be" in run("convert", "a.onnx", "b.onnx").stderr
    assert run("convert", "a.nir", "b.onnx").returncode == 2
    failed = run("convert", "a.net", "b.onnx")
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: ")
    assert "Traceback" not in failed.stderr
