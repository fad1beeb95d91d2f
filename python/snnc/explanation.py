"""How a layer of a mapping was decided: what ``snnc explain`` tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """A rewrite rule that was applied to a layer."""

    name: str
    #: Its law in one line; None of a rule that this version of the program does not have.
    law: str | None


@dataclass(frozen=True)
class TermTime:
    """A term of the floorline on the cores of a layer. Times in picoseconds, loads in thousandths per step."""

    #: ``synops``, ``reads``, ``updates``, ``messages_in`` or ``messages_out``.
    term: str
    #: The core where it is greatest.
    core: int | None
    load_lower: int
    load_nominal: int
    load_upper: int
    #: Name of the chip's constant.
    constant: str
    lower_ps: int
    nominal_ps: int
    #: None when the constant has no ceiling.
    upper_ps: int | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TermTime:
        """A term of the command's JSON."""
        load = data["load"]
        return cls(
            term=data["term"],
            core=data["core"],
            load_lower=load["lower"],
            load_nominal=load["nominal"],
            load_upper=load["upper"],
            constant=data["constant"],
            lower_ps=data["lower_ps"],
            nominal_ps=data["nominal_ps"],
            upper_ps=data["upper_ps"],
        )


@dataclass(frozen=True)
class Explanation:
    """How a layer was mapped and why; ``print`` shows all of it."""

    layer: str
    #: Nodes of the model that it was made of.
    onnx_nodes: tuple[str, ...]
    #: Rules that led to what is on the cores, in order.
    rules: tuple[Rule, ...]
    #: Terms of the floorline; none of an input.
    terms: tuple[TermTime, ...]
    #: The term that binds; None of an input.
    binding: str | None
    #: Whether the step waits for this layer.
    bottleneck: bool
    #: What to change; empty of an input.
    advice: str
    #: Whether the mapping was given by hand.
    by_hand: bool
    #: What the command line prints.
    text: str = field(repr=False)
    #: All that the program said, as parsed JSON: docs/cli.md lists the fields.
    data: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def from_json(cls, data: Mapping[str, Any], text: str) -> Explanation:
        """The command's JSON, and what it prints for people."""
        mapping: Mapping[str, Any] = data["mapping"] or {}
        return cls(
            layer=data["layer"],
            onnx_nodes=tuple(data["onnx_nodes"]),
            rules=tuple(Rule(rule["name"], rule["law"]) for rule in data["rules"]),
            terms=tuple(TermTime.from_json(term) for term in mapping.get("terms", ())),
            binding=mapping["bound"]["binding"] if mapping else None,
            bottleneck=mapping.get("bottleneck", False),
            advice=mapping.get("advice", ""),
            by_hand=mapping.get("by_hand", False),
            text=text,
            data=data,
        )
