"""Manifests for the tests: kept ones, and made ones of any size with any names."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snnc.manifest import Manifest

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(__file__).resolve().parent / "data" / "manifest"
DIGITS = DATA / "digits.json"
GOLDEN = sorted((ROOT / "tests" / "golden").glob("*/*.json"))

HOSTILE = (
    "<script>alert(1)</script>",
    'a" onmouseover="alert(1)',
    "]]>&amp;&#0;<!-- --><![CDATA[",
    "\u202eright to left\u202c\u2066",
    "line\nfeed\ttab\r\x00\x07\x1b[31m\x7f\u2028",
    "\u5c64\u306e\u540d\u524d" * 40,
    "x" * 50_000,
    "cafe\u0301 \U0001f469\u200d\U0001f52c",
    "",
    "__proto__",
)


def digits() -> Any:
    """The data of the kept manifest, free to be changed."""
    return json.loads(DIGITS.read_text("utf-8"))


def manifest(data: Any) -> Manifest:
    """A manifest of changed data."""
    return Manifest.from_json(json.dumps(data))


def network(count: int, name: Callable[[int], str], seed: int = 1, upper: bool = True) -> Any:
    """The data of a chain of ``count`` layers on a core each, with loads over some decades.

    The nominal times are those of the constants of the kept manifest.
    """
    dice = random.Random(seed)
    data = digits()
    constants = data["bounds"]["constants"]
    template, core = data["layers"][1], data["cores"][0]
    data["layers"], data["cores"] = data["layers"][:1], []
    slowest = (-1, 0)
    for k in range(count):
        load = {what: round(10 ** dice.uniform(3, 6)) for what in core["parts"][0]["load"]}
        terms = {what: _up(load[what] * (constants[f"t_{term}"]["nominal_fs"] or 0), 10**6) for what, term in _TERMS}
        binding = max(terms, key=lambda term: terms[term])
        time = terms[binding]
        slowest = max(slowest, (time, -k))
        layer = copy.deepcopy(template)
        layer["name"] = name(k)
        layer["bound"] = {
            "lower_ps": time // 3,
            "upper_ps": time * 12 if upper else None,
            "nominal_ps": time,
            "state": _STATES[binding],
            "binding": binding,
        }
        own = copy.deepcopy(core)
        own["id"] = k
        own["parts"][0]["layer"] = layer["name"]
        own["parts"][0]["load"] = {what: dict.fromkeys(("lower", "nominal", "upper"), n) for what, n in load.items()}
        data["layers"].append(layer)
        data["cores"].append(own)
    time, k = slowest[0], -slowest[1]
    bound = data["layers"][k + 1]["bound"]
    place = {"core": k, "layer": name(k), "resource": bound["binding"]}
    barrier = _up(constants["t_barrier"]["nominal_fs"], 1000)
    data["bounds"]["nominal"] = {"period_ps": max(time, barrier), "state": bound["state"], "binding": place}
    data["bounds"]["period_ps"] = {"lower": time // 2, "upper": time * 20 if upper else None}
    return data


_TERMS = (
    ("synops", "synop"),
    ("updates", "update"),
    ("messages_in", "message_in"),
    ("messages_out", "message_out"),
)
_STATES = {
    "synops": "memory_bound",
    "updates": "compute_bound",
    "messages_in": "traffic_bound",
    "messages_out": "traffic_bound",
}


def _up(value: int, size: int) -> int:
    return -(-value // size)
