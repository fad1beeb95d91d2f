"""Frames of pandas and polars, and comparisons."""

from __future__ import annotations

import sys
from typing import Any
from xml.etree import ElementTree

import pytest

from manifest_samples import DIGITS, GOLDEN, digits, manifest
from snnc.manifest import Manifest, ManifestError, MissingLibraryError, comparison

M = Manifest.load(DIGITS)
LIBRARIES = ("pandas", "polars")


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    pytest.importorskip(request.param)
    return str(request.param)


def _rows(frame: Any) -> list[dict[str, Any]]:
    """Rows of plain values, with None for what is missing."""
    if hasattr(frame, "to_dicts"):
        return list(frame.to_dicts())
    return [{k: None if v is _missing() else v for k, v in row.items()} for row in frame.to_dict("records")]


def _missing() -> Any:
    import pandas

    return pandas.NA


def test_layers(library: Any) -> None:
    rows = _rows(M.layers_frame(library))
    assert [row["layer"] for row in rows] == ["x", "lif1", "lif2", "lif3"]
    lif2 = rows[2]
    assert (lif2["channels"], lif2["rows"], lif2["columns"], lif2["cores"]) == (16, 4, 4, 4)
    assert lif2["synops_busiest_core_nominal_milli_per_step"] == 460_800
    times = [lif2[f"time_{side}_ps"] for side in ("lower", "nominal", "upper")]
    assert times == [313_040, 322_560, 5_916_976]
    assert (lif2["fullest_resource"], lif2["fullest_cap"]) == ("Total", 20_000)
    assert (lif2["state"], lif2["binding"]) == ("memory_bound", "synops")
    empty = {key for key, value in rows[0].items() if value is None}
    assert {"cores", "tile", "encoding", "weight_bits", "time_lower_ps", "state", "fullest_used"} <= empty
    assert not {key for key, value in lif2.items() if value is None}


def test_cores_and_parts(library: Any) -> None:
    rows = _rows(M.cores_frame(library))
    assert [row["core"] for row in rows] == list(range(11))
    assert (rows[10]["layers"], rows[10]["parts"]) == ("lif3", 1)
    assert rows[0]["memory_Neurons_used"] == 96
    assert sum(row["updates_nominal_milli_per_step"] for row in rows) == M.neurons * 1000
    parts = _rows(M.parts_frame(library))
    assert len(parts) == 11
    size = [
        (p["channels_to"] - p["channels_from"]) * (p["rows_to"] - p["rows_from"]) * (p["cols_to"] - p["cols_from"])
        for p in parts
    ]
    assert sum(size) == M.neurons


def test_assumptions(library: Any) -> None:
    rows = _rows(M.assumptions_frame(library))
    assert list(rows[0]) == ["name", "side", "value", "kind", "source"]
    assert len(rows) == len(M.assumptions)
    assert {row["value"] for row in rows if row["side"] == "rule"} == {None}


def test_both_libraries_agree() -> None:
    for name in LIBRARIES:
        pytest.importorskip(name)
    for path in GOLDEN:
        m = Manifest.load(path)
        for frame in (m.layers_frame, m.cores_frame, m.parts_frame, m.assumptions_frame, m.compare(m).frame):
            assert _rows(frame("pandas")) == _rows(frame("polars"))
            assert list(frame("pandas").columns) == frame("polars").columns


def test_types_do_not_depend_on_what_is_missing(library: Any) -> None:
    data = digits()
    for layer in data["layers"]:
        if layer["bound"]:
            layer["bound"]["upper_ps"] = None
    data["layers"][1]["bound"]["lower_ps"] = 2**64 - 1
    frame = manifest(data).layers_frame(library)
    kinds = {name: str(kind).lower() for name, kind in zip(frame.columns, frame.dtypes, strict=True)}
    assert (kinds["time_upper_ps"], kinds["time_lower_ps"], kinds["neurons"]) == ("int64", "uint64", "int64")
    assert kinds["layer"] == "string"
    data["layers"], data["cores"] = [], []
    empty = manifest(data).layers_frame(library)
    assert list(empty.columns) == list(frame.columns)
    assert str(empty["time_upper_ps"].dtype).lower() == "int64"


def test_pandas_comes_first_then_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARIES:
        pytest.importorskip(name)
    assert type(M.layers_frame()).__module__.startswith("pandas")
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert type(M.layers_frame()).__module__.startswith("polars")
    with pytest.raises(MissingLibraryError, match="pandas is not installed: pip install pandas"):
        M.layers_frame("pandas")


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingLibraryError, match="neither pandas nor polars is installed: pip install pandas"):
        M.cores_frame()
    with pytest.raises(ImportError, match="polars is not installed: pip install polars"):
        M.compare().frame("polars")
    wrong: Any = "arrow"
    with pytest.raises(ManifestError, match="must be 'pandas' or 'polars', not 'arrow'"):
        M.layers_frame(wrong)


def test_a_comparison() -> None:
    data = digits()
    data["inputs"]["target"] = "other"
    data["bounds"]["period_ps"] = None
    data["bounds"]["deadline"] = None
    table = comparison({"a": M, "b <i>": manifest(data), "c": RuntimeError("does not fit\nlong story")})
    lines = str(table).splitlines()
    assert lines[0].split() == [
        *(
            "name",
            "target",
            "cores",
            "chips",
            "lower",
            "upper",
            "nominal",
            "state",
            "binding",
            "gap",
            "deadline",
        )
    ]
    assert re_split(lines[1]) == [
        *("a", "loihi2", "17", "1", "174 ns", "7.87 µs", "410 ns"),
        *("traffic-bound", "messages in (lif3)", "0.0 %", "undecided"),
    ]
    assert re_split(lines[2])[1:6] == ["other", "17", "1", "unknown", "unknown"]
    assert lines[3] == "c  does not fit"
    html = table._repr_html_()
    ElementTree.fromstring(html)
    assert "b &lt;i&gt;" in html
    assert "long story" not in html
    assert table["a"] is M
    with pytest.raises(RuntimeError):
        table["c"]
    assert repr(table) == "<Comparison of a, b <i>, c>"


def re_split(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_the_frame_of_a_comparison(library: Any) -> None:
    rows = _rows(comparison({"a": M, "c": RuntimeError()}).frame(library))
    assert rows[0] | {"name": "a", "period_lower_ps": 313_040, "gap_ppm": 0, "error": None} == rows[0]
    assert rows[1]["error"] == "RuntimeError"
    assert {value for key, value in rows[1].items() if key not in ("name", "error")} == {None}


def test_equal_names_are_told_apart() -> None:
    assert M.compare(M, M).names == (
        "digits.onnx on loihi2",
        "digits.onnx on loihi2 (2)",
        "digits.onnx on loihi2 (3)",
    )
