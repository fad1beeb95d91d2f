"""Reading manifests: values, refusals, and files that anybody may have written."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from manifest_samples import DIGITS, GOLDEN, ROOT, digits, manifest
from snnc.manifest import SCHEMA, Binding, Manifest, ManifestError, Rate, TimeInterval
from snnc_program import PROGRAM


def test_values_of_the_kept_manifest() -> None:
    m = Manifest.load(DIGITS)
    assert (m.target, m.model.name, m.model.opset) == ("loihi2", "digits.onnx", {"ai.onnx": 20, "ai.snnc": 1})
    assert (m.steps, m.chips, m.neurons, len(m.layers), len(m.cores)) == (8, 1, 778, 4, 17)
    assert m.period == TimeInterval(173_530, 7_874_080)
    assert m.inference_time == TimeInterval(8 * 173_530, 8 * 7_874_080)
    assert m.latency == TimeInterval(11 * 173_530, 11 * 7_874_080)
    assert m.bounds.latency_steps == 3
    assert (m.state, m.binding) == ("memory_bound", Binding("synops", 16, "lif3"))
    assert (m.bottleneck.state, m.bottleneck.binding) == ("traffic_bound", Binding("messages_in", 16, "lif3"))
    assert (m.optimality.independent_lower_ps, m.gap) == (200_000, 0.0)
    assert m.deadline is not None
    assert (m.deadline.state, m.deadline.slack_ps) == ("undecided", 826_470)
    assert m.energy is None
    assert m.diagnostics == ()
    assert {"stored_zeros", "t_synop"} < {a.name for a in m.assumptions}
    assert {a.kind for a in m.assumptions} == {"derived", "inferred", "assumed"}
    layer = m.layers[2]
    assert (layer.name, layer.shape, layer.onnx_nodes) == ("lif2", (16, 4, 4), ("conv2", "lif2"))
    assert m.cores[0].parts[0].slice.rows == (0, 4)
    assert m.cores[0].load.synops == Rate(44_000, 44_000, 44_000)
    assert m.bounds.constants is not None
    assert m.bounds.constants["t_synop"].hi_fs == 1_670_000
    assert m.bounds.constants["t_read"].nominal_fs is None


def test_seconds_and_picoseconds_agree() -> None:
    period = Manifest.load(DIGITS).period
    assert period is not None
    assert period.lower_s == pytest.approx(173.53e-9)
    assert period.upper_s == pytest.approx(7.87408e-6)
    assert TimeInterval(1, None).upper_s is None


def test_bytes_are_kept(tmp_path: Path) -> None:
    content = DIGITS.read_bytes()
    m = Manifest.load(DIGITS)
    assert m.to_json().encode() == content
    assert m.data == json.loads(content)
    (tmp_path / "manifest.json").write_bytes(content)
    assert Manifest.load(tmp_path) == m
    assert Manifest.load(str(tmp_path / "manifest.json")).to_json() == m.to_json()
    assert pickle.loads(pickle.dumps(m)) == m
    other = manifest(digits() | {"generator": "snnc 9"})
    assert other != m
    assert len({m, copy.copy(m), other}) == 2


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_golden_is_read_and_shown(path: Path) -> None:
    m = Manifest.load(path)
    for layer in m.layers:
        parts = [part for core in m.cores for part in core.parts if part.layer == layer.name]
        assert m.usage[layer.name].cores == len(parts)
        assert m.usage[layer.name].busiest.updates.upper == max((p.load.updates.upper for p in parts), default=0)
        assert layer.name in str(m)
        assert layer.name in m._repr_html_()
    assert repr(m).startswith(f"<Manifest {m.model.name} on {m.target}: ")
    assert "\n" not in repr(m)


def test_there_are_goldens() -> None:
    assert len(GOLDEN) >= 8


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.json is not a file; snnc compile MODEL .* writes one"):
        Manifest.load(tmp_path)
    with pytest.raises(ManifestError, match="nothing is not a file"):
        Manifest.load(tmp_path / "nothing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="binary: not a manifest: not UTF-8"):
        Manifest.load(tmp_path / "binary")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[]", "the JSON is a list"),
        ("null", "the JSON is null"),
        ("{}", "'schema' must be 'snnc-manifest/1'"),
        ('{"schema": "other/1"}', "'schema' must be"),
        ('{"schema": ["snnc-manifest/1"]}', "'schema' must be"),
        (
            '{"schema": "snnc-manifest/2"}',
            "has schema snnc-manifest/2, this package reads snnc-manifest/1: update",
        ),
        ('{"schema": "snnc-manifest/1", "schema": "snnc-manifest/1"}', "'schema' twice"),
        ('{"schema": 1.5}', "integers only, not 1.5"),
        ('{"schema": NaN}', "integers only, not NaN"),
        ('{"schema": 1e999}', "integers only"),
        ('{"schema": 18446744073709551616}', "does not fit 64 bits"),
        (f'{{"schema": {"9" * 1_000_000}}}', "does not fit 64 bits"),
        ('{"schema": "\\ud800"}', "a string is not Unicode"),
        ("[" * 1_000_000, "nested too deeply|not JSON"),
        ('{"schema": "snnc-manifest/1"}', "generator is missing"),
    ],
)
def test_texts_that_are_no_manifest(text: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        Manifest.from_json(text)


def test_an_error_says_where() -> None:
    data = digits()
    data["cores"][3]["parts"][0]["load"]["reads"]["upper"] = "many"
    with pytest.raises(ManifestError, match=r"^cores\[3\]\.parts\[0\]\.load\.reads\.upper must be an integer, not the"):
        manifest(data)
    data = digits()
    del data["bounds"]["optimality"]["gap_ppm"]
    with pytest.raises(ManifestError, match=r"^bounds\.optimality\.gap_ppm is missing"):
        manifest(data)
    data = digits()
    data["layers"][1]["shape"] = [1, 2]
    with pytest.raises(ManifestError, match=r"^layers\[1\]\.shape must be a list of 3 integers"):
        manifest(data)


def test_names_that_do_not_fit_together() -> None:
    data = digits()
    data["layers"][1]["name"] = data["layers"][2]["name"]
    with pytest.raises(ManifestError, match="layers has two of the name 'lif2'"):
        manifest(data)
    data = digits()
    data["cores"][1]["parts"][0]["layer"] = "gone"
    with pytest.raises(ManifestError, match=r"cores\[1\]\.parts\[0\]\.layer is 'gone', which is no layer"):
        manifest(data)
    data = digits()
    data["cores"][0]["memory"] = {f"r{k}": {"used": 1, "cap": 2} for k in range(1000)}
    with pytest.raises(ManifestError, match="names 100. resources"):
        manifest(data)


def test_unknown_values_are_shown_as_they_are() -> None:
    data = digits()
    data["surprise"] = {"a": 1}
    data["layers"][1]["bound"]["state"] = "heat_bound"
    data["bounds"]["nominal"]["state"] = "heat_bound"
    data["bounds"]["nominal"]["binding"]["resource"] = "heat"
    data["bounds"]["deadline"]["state"] = "perhaps"
    data["bounds"]["period_of"] = "frame"
    m = manifest(data)
    assert "heat_bound (heat)" in str(m)
    assert "time per frame" in str(m)
    assert "perhaps" in str(m)
    assert "heat_bound" in m._repr_html_()


def test_what_is_not_known() -> None:
    data = digits()
    data["bounds"] |= {"period_ps": None, "latency_ps": None, "inference_time_ps": None, "deadline": None}
    del data["bounds"]["constants"]
    m = manifest(data)
    assert (m.period, m.latency, m.inference_time, m.deadline, m.bounds.constants) == (None,) * 5
    assert "time per step    unknown" in str(m)
    assert "unknown per step" in repr(m)
    assert "not known to the manifest" in m.floorline_svg()
    data["bounds"]["period_ps"] = {"lower": 5_000, "upper": None}
    data["bounds"]["energy_fj"] = {"lower": 1_500_000, "upper": None}
    m = manifest(data)
    assert "at least 5.00 ns; a constant without ceiling leaves no upper bound" in str(m)
    assert "energy           at least 1.50 nJ per inference" in str(m)
    assert m.energy is not None
    assert m.energy.lower_j == pytest.approx(1.5e-9)


def test_a_network_without_layers() -> None:
    data = digits()
    data["layers"], data["cores"], data["assumptions"] = [], [], []
    m = manifest(data)
    assert "0 neurons on 0 core(s) of 1 chip(s)" in str(m)
    assert "</svg>" in m._repr_html_()


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from _places(inner, (*path, key))


@cache
def _small_text() -> str:
    data = digits()
    data["layers"], data["cores"] = data["layers"][:2], data["cores"][:1]
    data["assumptions"] = data["assumptions"][:1]
    data["bounds"]["links"] = data["bounds"]["links"][:1]
    data["diagnostics"] = [{"code": "W0602", "node": None, "message": "text"}]
    return json.dumps(data)


def _small() -> Any:
    return json.loads(_small_text())


_GONE = object()


@pytest.mark.parametrize("path", list(_places(_small())), ids=lambda path: ".".join(map(str, path)))
def test_a_changed_value_is_refused_or_shown(path: tuple[Any, ...]) -> None:
    for odd in (_GONE, None, True, -1, 0, 2**64 - 1, "", "\u202e<b>", [], {}, [[]], {"": None}):
        data = _small()
        *outer, last = path
        inner = data
        for key in outer:
            inner = inner[key]
        if odd is _GONE:
            del inner[last]
        else:
            inner[last] = odd
        try:
            m = manifest(data)
        except ManifestError as error:
            assert str(error)
            continue
        assert str(m)
        assert repr(m)
        assert m._repr_html_()
        assert str(m.compare(m))


def test_required_fields_are_those_of_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "schemas" / "manifest-1.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(digits())
    assert digits()["schema"] == SCHEMA
    for path in _places(_small()):
        data = _small()
        *outer, last = path
        inner = data
        for key in outer:
            inner = inner[key]
        del inner[last]
        # What the schema lets go without, the reader does too.
        if validator.is_valid(data) and not isinstance(last, int):
            assert manifest(data)


def test_importing_needs_no_frames() -> None:
    code = "import sys, snnc.manifest; print(sorted({'pandas', 'polars', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(PROGRAM is None, reason="the program snnc is not there")
@pytest.mark.parametrize("options", [["--activity", "0.1"], ["--objective", "cores"], ["--period", "10us"]])
def test_the_text_is_that_of_the_program(tmp_path: Path, options: list[str]) -> None:
    command = [str(PROGRAM), "compile", "examples/digits/digits.onnx", "--target", "loihi2", *options]
    done = subprocess.run(
        [*command, "-o", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    m = Manifest.load(tmp_path)
    assert str(m) == done.stdout.rstrip("\n")
