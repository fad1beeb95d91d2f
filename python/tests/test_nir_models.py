"""Real files: converted, run, compiled."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")
from nir_support import MODELS, Simulator, binary, run
from snnc.nir import from_nir

pytestmark = pytest.mark.skipif(not MODELS.is_dir(), reason=f"no reference models in {MODELS}")
STEPS = 40
FILES = {
    "cnn_sinabs.nir": {"dt": 1.0, "reset": "subtract"},
    "braille_noDelay_bias_zero.nir": {"dt": 1e-4, "reset": "zero"},
    "example.nir": {"dt": 1e-3},
}


def content(name):
    """Nodes and edges of a file without nested graphs, read here."""
    with h5py.File(MODELS / name) as file:
        text = lambda v: v.decode() if isinstance(v, bytes) else v
        nodes = {
            key: (text(node["type"][()]), {k: text(v[()]) for k, v in node.items() if k != "type"})
            for key, node in file["node/nodes"].items()
        }
        return nodes, [(a.decode(), b.decode()) for a, b in file["node/edges"][()]]


@pytest.mark.parametrize("name", FILES)
def test_the_spikes_are_those_of_the_equations(name):
    nodes, edges = content(name)
    back = {("lif1.lif", "lif1.w_rec")} & set(edges)
    options = FILES[name]
    sim = {"reset": options.get("reset", "nir"), "back": back}
    x = (np.random.default_rng(0).random((STEPS, *nodes["input"][1]["shape"])) < 0.15).astype(float)
    expected = Simulator(nodes, edges, options["dt"], **sim).run({"input": x}, STEPS)["output"]
    found = run(from_nir(MODELS / name, steps=STEPS, **options), {"input": x}, STEPS)["output"]
    assert expected.any() and not expected.all()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", FILES)
def test_it_compiles_for_loihi2(tmp_path, name):
    program = binary()
    if program is None:
        pytest.skip("no program snnc; build it or set SNNC_BINARY")
    out = tmp_path / "model.onnx"
    from_nir(MODELS / name, out, steps=STEPS, **FILES[name])
    command = [program, "-q", "compile", out, "--target", "loihi2", "--activity", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "neurons on" in done.stdout
