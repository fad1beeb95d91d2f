"""What a manifest looks like: text, page and plot."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import pytest

from manifest_samples import DATA, DIGITS, GOLDEN, HOSTILE, digits, manifest, network
from snnc.manifest import Manifest, axis, drawing, floorline, labels, svg, text, units
from snnc.manifest.labels import Box

SVG = "{http://www.w3.org/2000/svg}"


def _name(k: int) -> str:
    return f"/backbone/stage{k // 100}/block{k}/lif/ai.snnc.LIF_subtract_next_gt_binary"


SAMPLES = {
    **{path.stem: Manifest.load(path) for path in GOLDEN},
    "one": manifest(network(1, lambda k: "fc")),
    "ten": manifest(network(10, lambda k: f"/features/{k}/conv_lif/Neuron")),
    "thousand": manifest(network(1000, _name, upper=False)),
    "hostile": manifest(network(len(HOSTILE), lambda k: HOSTILE[k])),
}
samples = pytest.mark.parametrize("m", SAMPLES.values(), ids=SAMPLES)


def test_the_text_is_the_summary_of_the_command_line() -> None:
    assert str(Manifest.load(DIGITS)) + "\n" == (DATA / "digits.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("ps", "shown"),
    [
        (0, "0 ps"),
        (7, "7 ps"),
        (1500, "1.50 ns"),
        (12_345_678, "12.3 µs"),
        (200_000, "200 ns"),
        (999_999, "1000 ns"),
        (2**64 - 1, "18446744 s"),
    ],
)
def test_times_keep_three_digits(ps: int, shown: str) -> None:
    assert units.time(ps) == shown


def test_numbers_are_short() -> None:
    assert [units.thousandths(n) for n in (1500, 12_000_000, 123_456)] == ["1.5", "12_000", "123"]
    assert units.grouped(1_234_567, units.NARROW_SPACE) == "1\u202f234\u202f567"
    assert [units.gap(n) for n in (0, 1, 52_000, 52_001)] == ["0.0 %", "0.1 %", "5.2 %", "5.3 %"]
    assert units.energy(1_500_000) == "1.50 nJ"


class _Page(HTMLParser):
    """Checks that elements nest, and collects what is there."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@samples
def test_the_page_is_html_and_xml_without_anything_active(m: Manifest) -> None:
    html = m._repr_html_()
    page = _Page()
    page.feed(html)
    page.close()
    assert page.open == []
    assert page.tags == {
        *("div", "table", "thead", "tbody", "tr", "th", "td", "span", "p", "details", "summary"),
        *("svg", "g", "path", "line", "text", "title"),
    } - ({"span"} - page.tags)
    assert not {a for a in page.attributes if a.startswith("on") or a in ("id", "class", "href", "src")}
    assert "url(" not in html
    assert set(re.findall(r"https?://[^\"'\s<]*", html)) <= {"http://www.w3.org/2000/svg"}
    root = ET.fromstring(html)
    assert ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("title")]
    # No control or format characters but line feeds.
    assert not [c for c in html if c != "\n" and text.visible(c) != c]


@samples
def test_the_page_follows_the_rules_of_html(m: Manifest) -> None:
    html5lib = pytest.importorskip("html5lib")
    html5lib.HTMLParser(strict=True).parse(f"<!DOCTYPE html><title>t</title>{m._repr_html_()}")


@samples
def test_the_same_manifest_gives_the_same_page(m: Manifest) -> None:
    again = Manifest.from_json(m.to_json())
    assert again._repr_html_() == m._repr_html_()
    assert str(again) == str(m)


def test_hostile_names_are_shown_as_text() -> None:
    html = SAMPLES["hostile"]._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert 'onmouseover="' not in html
    assert "\u202e" not in html
    assert "]]&gt;&amp;amp;" in html
    assert len(html) < 100_000
    shown = str(SAMPLES["hostile"])
    assert not [c for c in shown if c != "\n" and text.visible(c) != c]
    assert max(map(text.width, shown.splitlines())) < 200


@pytest.mark.parametrize("place", [("inputs", "model", "name"), ("inputs", "target"), ("layers", 1, "tile")])
@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_of_the_file_may_be_hostile(place: tuple[str | int, ...], name: str) -> None:
    data = digits()
    inner = data
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = name
    data["assumptions"][0]["source"] = data["bounds"]["nominal"]["binding"]["layer"] = name
    data["diagnostics"] = [{"code": name, "node": name, "message": name}]
    m = manifest(data)
    for html in (m._repr_html_(), m.compare(m)._repr_html_()):
        assert "<script" not in html
        assert len(html) < 100_000
        ET.fromstring(html)
    assert "\n" not in repr(m)


def test_long_tables_are_cut_with_a_count() -> None:
    m = SAMPLES["thousand"]
    rows = ET.fromstring(m._repr_html_()).findall(".//tbody/tr")
    cut = [int(n.replace(units.NARROW_SPACE, "")) for n in re.findall(r"… ([\d\u202f]+) more layer", m._repr_html_())]
    assert len(rows) < 100
    shown = [line for line in str(m).splitlines() if line.startswith(("/backbone", "x  "))]
    assert len(shown) + sum(cut) == 1001
    assert sum(int(n) for n in re.findall(r"\.\.\. (\d+) more layer", str(m))) == sum(cut)
    # The bottleneck stays, and names can be told apart.
    layer = m.bottleneck.binding.layer
    assert layer is not None
    assert any(line.startswith(layer.split("/lif")[0]) for line in shown)
    assert len(set(shown)) == len(shown)
    assert len(m._repr_html_()) < 500_000


def test_excerpts_count_what_they_leave_out() -> None:
    assert text.excerpt(3) == [0, 1, 2]
    cut = text.excerpt(100, keep=(50, 200), rows=8)
    assert cut == [0, 1, 2, 3, 4, 5, text.Left(44), 50, text.Left(47), 98, 99]


def test_names_are_shortened_to_what_tells_them_apart() -> None:
    names = text.Names((_name(3), _name(4), "x"), 32)
    assert [names.short(n) for n in (_name(3), _name(4), "x")] == [
        "/backbone/stage0/block3…",
        "/backbone/stage0/block4…",
        "x",
    ]
    tight = text.Names((_name(3), _name(204)), 20)
    assert [tight.short(n) for n in (_name(3), _name(204))] == ["…stage0/block3…", "…stage2/block204…"]
    for name in HOSTILE:
        for columns in (8, 22, 40):
            short = text.Names((*HOSTILE, name + "/a", name + "/b"), columns).short(name)
            assert text.width(short) <= columns


@samples
def test_no_line_is_above_the_network(m: Manifest) -> None:
    plot = floorline.of(m)
    lines = (plot.slope_ps(plot.network.synops - 1), plot.floor_ps, plot.barrier_ps)
    for line in lines:
        assert line is not None
        assert plot.network.time_ps >= line - 1
    for point in plot.layers:
        slope = plot.slope_ps(point.synops - 1)
        assert slope is not None
        assert point.time_ps >= slope - 1
        assert point.synops <= plot.network.synops
        assert point.time_ps <= plot.network.time_ps
        if point.state == "memory_bound":
            assert point.time_ps <= (plot.slope_ps(point.synops) or 0) + 1


def test_the_lines_of_the_digits() -> None:
    plot = floorline.of(Manifest.load(DIGITS))
    # 64 updates at 4.2 ns on the fullest core, 0.70 ns per synaptic operation, a barrier of 200 ns.
    assert (plot.floor_ps, plot.synop_fs, plot.barrier_ps) == (268_800, 700_000, 200_000)
    assert [(p.name, p.synops, p.time_ps, p.binds) for p in plot.layers] == [
        ("lif1", 53, 268_800, False),
        ("lif2", 231, 192_000, False),
        ("lif3", 256, 409_600, True),
    ]
    assert (plot.network.synops, plot.network.time_ps) == (256, 409_600)


def _texts(m: Manifest) -> list[tuple[str, Box]]:
    """The texts of a plot with generous estimates of their boxes, in tenths of a pixel."""
    out = []
    for element in ET.fromstring(m.floorline_svg()).iter(f"{SVG}text"):
        content = element.text or ""
        size = text.width(content) * (82 if element.get("font-size") else 68)
        x, y = (round(float(element.get(key, "0")) * 10) for key in ("x", "y"))
        left = x - {"start": 0, "middle": size // 2, "end": size}[element.get("text-anchor", "start")]
        out.append((content, Box(left, y - 100, left + size, y + 20)))
    return out


@samples
def test_texts_of_the_plot_stand_clear_of_each_other_and_within(m: Manifest) -> None:
    root = ET.fromstring(m.floorline_svg())
    height = int(root.get("height", "0")) * 10
    found = _texts(m)
    assert "whole network" in [content for content, _ in found]
    for (one, a), (other, b) in combinations(found, 2):
        assert not a.meets(b), (one, other)
    for content, box in found:
        assert 0 <= box.left < box.right <= svg.WIDTH * 10, content
        assert 0 <= box.top < box.bottom <= height, content


@samples
def test_the_bottleneck_has_its_name_in_the_plot(m: Manifest) -> None:
    bold = [e for e in ET.fromstring(m.floorline_svg()).iter(f"{SVG}text") if e.get("font-weight")]
    rings = [e for e in ET.fromstring(m.floorline_svg()).iter(f"{SVG}path") if e.get("stroke") == drawing.BOTTLENECK]
    binds = any(point.binds for point in floorline.of(m).layers)
    assert (len(bold), len(rings)) == ((1, 2) if binds else (0, 0))


def _distances_to_slope(m: Manifest) -> list[tuple[str, float]]:
    """Tooltips of the layers' marks, with how far below the slope they are in pixels."""
    root = ET.fromstring(m.floorline_svg())
    slope = next((e for e in root.iter(f"{SVG}line") if e.get("stroke") == drawing.SLOPE), None)
    if slope is None:
        return []
    x1, y1, x2, y2 = (float(slope.get(key, "0")) for key in ("x1", "y1", "x2", "y2"))
    out = []
    for mark in root.findall(f"{SVG}g"):
        x, y = map(float, re.findall(r"[\d.]+", mark[1].get("transform", "")))
        out.append((mark.findtext(f"{SVG}title") or "", y - (y1 + (y2 - y1) * (x - x1) / (x2 - x1))))
    return [(told, below) for told, below in out if "whole network" not in told]


@samples
def test_memory_bound_layers_are_on_the_slope(m: Manifest) -> None:
    for told, below in _distances_to_slope(m):
        operations = int(re.findall(r"([\d_]+) synaptic operations", told)[0].replace("_", ""))
        # Loads are rounded up to whole operations, which shows where there are few.
        if operations >= 50:
            assert below < 1.5
            assert not told.endswith("memory-bound") or below > -1.5


@pytest.mark.parametrize("synops", [1000, 2000, 7000, 20_000])
def test_the_slope_holds_for_few_operations(synops: int) -> None:
    data = network(1, lambda k: "few")
    load = data["cores"][0]["parts"][0]["load"]
    for what in load:
        load[what] = dict.fromkeys(("lower", "nominal", "upper"), synops if what == "synops" else 0)
    time = synops * 7 // 10
    bound = {
        "lower_ps": 0,
        "upper_ps": None,
        "nominal_ps": time,
        "state": "memory_bound",
        "binding": "synops",
    }
    data["layers"][1]["bound"] = bound
    ((_, below),) = _distances_to_slope(manifest(data))
    assert abs(below) < 1.5


def test_layers_in_one_place_are_one_mark() -> None:
    data = network(50, lambda k: f"l{k}")
    for layer, core in zip(data["layers"][1:], data["cores"], strict=True):
        layer["bound"] = data["layers"][1]["bound"]
        core["parts"][0]["load"] = data["cores"][0]["parts"][0]["load"]
    data["bounds"]["nominal"]["binding"]["layer"] = None
    drawn = manifest(data).floorline_svg()
    assert "l0 and 49 more" in drawn
    assert "and 46 more" in drawn


@pytest.mark.parametrize("factor", [0, 1, 10**6, 10**12])
def test_plots_of_any_scale(factor: int) -> None:
    data = digits()
    for layer in data["layers"][1:]:
        for key in ("lower_ps", "upper_ps", "nominal_ps"):
            layer["bound"][key] = min(layer["bound"][key] * factor, 2**64 - 1)
    for core in data["cores"]:
        core["parts"][0]["load"]["synops"]["nominal"] *= factor
    data["bounds"]["nominal"]["period_ps"] = min(409_600 * factor, 2**64 - 1)
    m = manifest(data)
    for element in ET.fromstring(m.floorline_svg()).iter(f"{SVG}line"):
        for key in ("x1", "x2", "y1", "y2"):
            assert 0 <= float(element.get(key, "-1")) <= 720
    for (one, a), (other, b) in combinations(_texts(m), 2):
        assert not a.meets(b), (one, other)


def test_logarithms() -> None:
    import math

    for value in (1, 2, 3, 10, 1000, 123_456_789, 2**64 - 1, 10**30):
        assert abs(axis.log2(value) - math.log2(value) * 65536) < 2
    decades = axis.Axis([20, 90_000], 100, 1700)
    assert (decades.first, decades.last) == (1, 5)
    assert [round(decades.place(10**k), -1) for k in range(1, 6)] == [100, 500, 900, 1300, 1700]
    assert (decades.place(0), decades.place(10**9)) == (100, 1700)


def test_a_box_knows_what_crosses_it() -> None:
    box = Box(10, 10, 20, 20)
    assert box.crossed(((0, 0), (30, 30)))
    assert box.crossed(((15, 0), (15, 30)))
    assert not box.crossed(((0, 25), (30, 25)))
    assert not box.crossed(((0, 9), (30, -30)))
    assert not box.crossed(((21, 0), (30, 30)))
    assert labels.Layout(Box(0, 0, 10, 10)).put(5, 5, 1, 100) is None


def _luminance(colour: str) -> float:
    channels = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", ["#ffffff", "#111111", "#1e1e1e"])
@pytest.mark.parametrize(
    "colour", sorted({drawing.BOTTLENECK, drawing.BARRIER, *(c for c, _ in drawing.STATES.values())})
)
def test_colours_stand_out_on_light_and_dark_pages(page: str, colour: str) -> None:
    one, other = sorted((_luminance(page), _luminance(colour)))
    assert (other + 0.05) / (one + 0.05) >= 3


def test_the_picture_of_the_documentation_is_there() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    for image in re.findall(r"\(images/([^)]*)\)", (docs / "notebook.md").read_text("utf-8")):
        assert (docs / "images" / image).is_file()
