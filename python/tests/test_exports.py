"""The committed exports of every library and option (``exports/generate.py`` writes them)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

import snnc
from snnc.opset import DOMAIN, Operator, function
from snnc_program import PROGRAM
from step_runner import differences, run_onnx

DATA = Path(__file__).parent / "data" / "exports"
FILES = sorted(DATA.glob("*.onnx"))

needs_program = pytest.mark.skipif(PROGRAM is None, reason="the program snnc is not built")


def recorded(path: Path) -> dict[str, np.ndarray]:
    with np.load(path.with_suffix(".npz")) as stored:
        return {name: stored[name] for name in stored.files}


def test_every_library_is_there() -> None:
    found = {path.name.partition("_")[0] for path in FILES}
    assert found == {"torch", "snntorch", "spikingjelly", "sinabs", "norse", "brevitas"}
    assert len(FILES) >= 67


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_form(path: Path) -> None:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    neurons = [node for node in model.graph.node if node.domain == DOMAIN]
    bodies = {f.name: f for f in model.functions}
    metadata = {p.key: p.value for p in model.metadata_props}
    states = json.loads(metadata["snnc.states"])
    assert int(metadata["snnc.steps"]) >= 1
    inputs = {value.name for value in model.graph.input}
    outputs = {value.name for value in model.graph.output}
    assert {source for source, _ in states} <= inputs and {target for _, target in states} <= outputs
    assert len(inputs) == len(states) + 1 and len(outputs) == len(states) + 1
    opset = next(o.version for o in model.opset_import if not o.domain)
    for node in neurons:
        operator = Operator.parse(node.op_type)
        assert bodies[node.op_type] == function(operator, opset)
        assert {a.name: a.s.decode() for a in node.attribute} == operator.attributes
    text = path.read_bytes()
    assert b"site-packages" not in text and b"/tmp" not in text and b"/home" not in text


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_onnx_runtime_gives_what_torch_gave(path: Path) -> None:
    data = recorded(path)
    assert differences(run_onnx(path, data["x"][:, None]), data["expected"], str(data["compare"])) == ""


@needs_program
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_snnc_gives_what_torch_gave(path: Path) -> None:
    data = recorded(path)
    found = np.swapaxes(snnc.simulate(path, data["x"]).output, 0, 1)
    assert differences(found, data["expected"], str(data["compare"]), "snnc") == ""


@needs_program
@pytest.mark.filterwarnings("ignore::snnc.CompilerWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_loihi2(path: Path) -> None:
    refused = str(recorded(path)["refused"])
    if refused:
        with pytest.raises(snnc.CompilerError) as error:
            snnc.compile(path, "loihi2", activity=0.1)
        assert refused in error.value.codes
        assert all(d.remedy for d in error.value.diagnostics if d.severity == "error")
    else:
        manifest = snnc.compile(path, "loihi2", activity=0.1)
        assert len(manifest.cores) >= 1
