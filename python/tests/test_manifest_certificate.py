"""How good a mapping is and how it was decided: what the reader has of it and what it shows."""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

import snnc
from manifest_samples import digits, manifest
from snnc import compiler
from snnc.manifest import GapReason, LayerChoice, Manifest, ParetoPoint, RunnerUp, summary
from snnc_program import PROGRAM

RUNNER_UP = {
    "encoding": "dense",
    "tile": "c2y1x1",
    "cores": 2,
    "time_ps": 700_000,
    "nominal_ps": 840_000,
    "messages": 41_500,
    "loses_by": "time",
}
CHOICE = {"considered": 812, "legal": 640, "time_ps": 313_040, "slack_ps": 70_000, "runner_up": RUNNER_UP}


def _certified(**optimality: Any) -> Any:
    data = digits()
    data["bounds"]["optimality"] |= {
        "achieved_ps": 630_000,
        "egraph_optimal_ps": 600_000,
        "independent_lower_ps": 560_000,
        "egraph_gap_ppm": 50_000,
        "gap_ppm": 125_000,
        "reasons": [],
        **optimality,
    }
    return data


def _lines(data: Any, label: str) -> list[str]:
    """The text of a label and of the lines that go on from it."""
    facts = summary.facts(manifest(data))
    start = [name for name, _ in facts].index(label)
    end = next((k for k in range(start + 1, len(facts)) if facts[k][0]), len(facts))
    return [text for _, text in facts[start:end]]


def test_both_gaps_are_told() -> None:
    data = _certified()
    assert _lines(data, "ranked time") == [
        "630 ns per step: lower sides of constants and loads, no less than the barrier"
    ]
    assert _lines(data, "e-graph optimum") == [
        "600 ns, over every form, encoding and tile that the rules give: gap 5.0 %"
    ]
    assert _lines(data, "no mapping below") == ["560 ns, whatever its forms and tiles: gap 12.5 %"]
    html = manifest(data)._repr_html_()
    assert "e-graph optimum" in html
    assert "gap 12.5 %" in html
    cut = _certified(egraph_optimal_ps=None, egraph_gap_ppm=None)
    assert _lines(cut, "e-graph optimum") == ["unknown: the search was cut short"]
    cut["inputs"]["activity"] |= {"source": "none", "stated": None}
    assert "loads of all-firing" in _lines(cut, "ranked time")[0]


def test_a_large_gap_has_its_reasons() -> None:
    reason = {"kind": "cap", "layer": "lif1", "text": "Neurons of a core: 4096,\nneeded 5000"}
    chip = {"kind": "full_chip", "layer": None, "text": "all 120 cores are in use"}
    data = _certified(reasons=[reason, chip])
    assert manifest(data).optimality.reasons[1] == GapReason("full_chip", None, "all 120 cores are in use")
    told = ["lif1: Neurons of a core: 4096, needed 5000", "all 120 cores are in use"]
    assert _lines(data, "why the gap") == told
    many = _certified(reasons=[chip] * 8)
    assert _lines(many, "why the gap")[-1] == "and 3 more reason(s), in the manifest"
    small = _certified(reasons=[reason], gap_ppm=20_000)
    assert "why the gap" not in dict(summary.facts(manifest(small)))


def test_a_step_of_the_barrier_alone() -> None:
    barrier = digits()["bounds"]["constants"]["t_barrier"]["nominal_fs"] // 1000
    assert len(_lines(_certified(achieved_ps=barrier), "ranked time")) == 2
    assert len(_lines(_certified(achieved_ps=barrier + 1), "ranked time")) == 1


@pytest.mark.parametrize(
    ("state", "upper", "told"),
    [
        ("met", 2_000_000, "met, the upper bound leaves 100 ns"),
        ("missed", None, "missed, the lower bound is beyond it by 100 ns"),
        ("undecided", 2_000_000, "undecided, 100 ns above the lower bound and 1.40 µs below the upper one"),
        ("undecided", None, "undecided, 100 ns above the lower bound, and there is no upper one"),
    ],
)
def test_outcomes_of_a_deadline(state: str, upper: int | None, told: str) -> None:
    data = digits()
    data["bounds"]["period_ps"] = {"lower": 500_000, "upper": upper}
    slack = -100_000 if state == "missed" else 100_000
    data["bounds"]["deadline"] = {"period_ps": 600_000, "state": state, "slack_ps": slack}
    assert _lines(data, "deadline") == [f"600 ns: {told}"]


def test_how_a_layer_was_decided() -> None:
    data = digits()
    data["layers"][1] |= {"rewrites": ["pool-into-stride"], "choice": CHOICE}
    m = manifest(data)
    chosen = m.layers[1].choice
    assert chosen == LayerChoice(812, 640, 313_040, 70_000, RunnerUp(**RUNNER_UP))
    assert m.layers[1].rewrites == ("pool-into-stride",)
    assert m.layers[0].choice is None
    data["layers"][1]["choice"] = {**CHOICE, "runner_up": None}
    alone = manifest(data).layers[1].choice
    assert alone is not None
    assert alone.runner_up is None
    data["layers"][1]["choice"] = {**CHOICE, "legal": -1}
    with pytest.raises(snnc.ManifestError, match=r"layers\[1\]\.choice\.legal"):
        manifest(data)


def test_the_front_marks_this_mapping() -> None:
    data = _certified()
    point = {"cores": 17, "time_ps": 630_000, "nominal_ps": 700_000, "messages": 4500}
    data["pareto"] = [{**point, "cores": 1, "time_ps": 1_100_000}, point]
    m = manifest(data)
    assert m.pareto[1] == ParetoPoint(**point)
    assert "   17         630 ns   700 ns            4.5  <- this mapping\n" in str(m)
    rows = ET.fromstring(m._repr_html_()).findall(".//tr")
    assert sum("".join(row.itertext()).endswith("this mapping") for row in rows) == 1
    data["pareto"][1] = {**point, "time_ps": 600_000}
    assert [mark for _, mark in summary.front(manifest(data))] == ["", "", "<- this mapping, not on the front"]
    del data["pareto"]
    assert manifest(data).pareto == ()
    assert "this mapping" not in str(manifest(data))


def test_a_core_that_layers_share_counts_once() -> None:
    data = digits()
    # A part of the third layer on the first core.
    data["cores"][0]["parts"].append(copy.deepcopy(data["cores"][-1]["parts"][0]))
    m = manifest(data)
    first, third = data["cores"][0]["parts"][0]["layer"], data["cores"][-1]["parts"][0]["layer"]
    assert m.usage[first].shared == m.usage[third].shared == 1
    assert f"on {len(data['cores'])} core(s)" in str(m)
    assert re.search(rf"^{first} .* {m.usage[first].cores}, 1 shared ", str(m), re.M)
    # Two parts of a layer on a core are one share, and their loads add up.
    data["cores"][0]["parts"].append(copy.deepcopy(data["cores"][0]["parts"][0]))
    twice = manifest(data)
    assert twice.usage[first].cores == m.usage[first].cores
    part = m.cores[0].parts[0].load.updates.nominal
    assert twice.usage[first].busiest.updates.nominal == max(2 * part, m.usage[first].busiest.updates.nominal)


def test_options_are_those_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def call(arguments: list[str]) -> tuple[str, list[Any]]:
        asked.append(arguments)
        return json.dumps(digits()), []

    monkeypatch.setattr(compiler, "call", call)
    given = {"effort": 3, "pareto": True, "mapping": Path("m.json"), "like": "old", "against": Path("before")}
    snnc.compile("m.onnx", "loihi2", **given)
    snnc.compile("m.onnx", "loihi2")
    words = " ".join(asked[0])
    for option in ("--effort 3", "--pareto", "--mapping m.json", "--like old", "--against before"):
        assert option in words
    assert not [word for word in asked[1] if word.startswith("--") and word != "--target"]


@pytest.mark.skipif(PROGRAM is None, reason="the program snnc is not built")
def test_a_layer_is_explained(tmp_path: Path) -> None:
    m = manifest(_explained())
    told = m.explain("conv2")
    assert (told.layer, told.onnx_nodes, told.binding) == ("lif2", ("conv2", "lif2"), "messages_in")
    assert [rule.name for rule in told.rules] == ["pool-into-stride"]
    assert [term.term for term in told.terms] == ["synops", "reads", "updates", "messages_in", "messages_out"]
    assert max(term.nominal_ps for term in told.terms) == m.layers[2].bound.nominal_ps  # type: ignore[union-attr]
    assert not told.bottleneck
    assert "the runner-up loses by: it makes the step longer" in str(told)
    assert max(map(len, str(told).splitlines())) <= 100
    (tmp_path / "manifest.json").write_text(m.to_json(), "utf-8")
    assert snnc.explain(tmp_path, "lif2") == told
    source = snnc.explain(tmp_path / "manifest.json", "x")
    assert (source.terms, source.binding, source.advice) == ((), None, "")
    with pytest.raises(snnc.CompilerError, match="lif22") as caught:
        m.explain("lif22")
    assert caught.value.codes == ("E0740",)


def _explained() -> Any:
    data = digits()
    data["layers"][2] |= {"rewrites": ["pool-into-stride"], "choice": CHOICE}
    return data


def test_a_manifest_knows_its_certificate() -> None:
    m: Manifest = manifest(_certified())
    assert (m.optimality.egraph_gap_ppm, m.gap) == (50_000, 0.125)
    assert m.inputs.options.effort == 1
    assert m.inputs.options.mapping_blake3 is None
