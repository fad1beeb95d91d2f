"""Names of the operator set ``ai.snnc``, version 1 (sections 2 to 4 of ``docs/ai.snnc.md``).

The name of an operator carries its meaning: a family followed by tokens, one from each of the
family's slots, then options. Everything else (inputs, outputs, attributes, the body) follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import onnx
from onnx import helper

DOMAIN = "ai.snnc"
VERSION = 1
SEQUENCE_SUFFIX = "Seq"

_MEMBRANE_SLOTS = {
    "reset": ("subtract", "zero", "value", "none"),
    "timing": ("next", "same", "refund", "none"),
    "compare": ("gt", "ge"),
    "output": ("binary", "count", "scaled"),
}
_MEMBRANE_OPTIONS = ("gain", "rest", "after", "vmin", "max")


@dataclass(frozen=True)
class Family:
    """What the operators of one family have in common."""

    #: Slot name to legal tokens, in the order of the name.
    slots: dict[str, tuple[str, ...]]
    #: Option tokens in the order of the name.
    options: tuple[str, ...]
    #: State inputs, in order; state ``v`` leaves as ``v_out``.
    states: tuple[str, ...]
    #: Parameters that are always there, in order.
    parameters: tuple[str, ...]
    #: Name of the first output.
    result: str = "s"
    #: ``onnx.TensorProto`` type of every input and output.
    element: int = onnx.TensorProto.FLOAT


FAMILIES: dict[str, Family] = {
    "LIF": Family(_MEMBRANE_SLOTS, _MEMBRANE_OPTIONS, ("v",), ("beta", "threshold")),
    "CUBA": Family(_MEMBRANE_SLOTS, ("iafter", *_MEMBRANE_OPTIONS), ("v", "i"), ("beta", "alpha", "threshold")),
    "CUBAInt": Family(
        {
            "reset": ("subtract", "zero", "none"),
            "timing": ("same", "none"),
            "compare": ("gt", "ge"),
            "output": ("binary",),
        },
        ("bias",),
        ("v", "i"),
        ("decay_v", "decay_i", "threshold"),
        element=onnx.TensorProto.INT32,
    ),
    "SigmaDelta": Family(
        {"activation": ("relu", "identity"), "compare": ("gt", "ge")},
        ("bias",),
        ("sigma", "ref"),
        ("threshold",),
    ),
    "Delta": Family({"compare": ("gt", "ge")}, (), ("ref",), ("threshold",)),
    "LI": Family({}, ("gain", "rest"), ("v",), ("beta",), result="y"),
}

#: Parameters that are there only with a certain option or token, in the order of the inputs.
_OPTIONAL_PARAMETERS = (
    ("gain", "options", "gain"),
    ("v_rest", "options", "rest"),
    ("v_reset", "reset", "value"),
    ("v_min", "options", "vmin"),
    ("max_count", "options", "max"),
    ("spike_value", "output", "scaled"),
    ("bias", "options", "bias"),
)


class OperatorNameError(ValueError):
    """A name, or a combination of tokens, that the operator set does not have."""


@dataclass(frozen=True)
class Operator:
    """One operator; only legal ones can be made."""

    family: str
    #: Slot name to token, in the order of the name.
    tokens: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()
    #: Whether it is the sequence form, with a leading time axis.
    sequence: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise OperatorNameError(f"no family '{self.family}' in {DOMAIN} {VERSION}")
        family = FAMILIES[self.family]
        if tuple(slot for slot, _ in self.tokens) != tuple(family.slots):
            raise OperatorNameError(f"{self.family} takes the slots {', '.join(family.slots) or '(none)'}")
        for slot, token in self.tokens:
            if token not in family.slots[slot]:
                raise OperatorNameError(
                    f"{slot} of {self.family} is one of {'|'.join(family.slots[slot])}, not '{token}'"
                )
        for option in self.options:
            if option not in family.options:
                raise OperatorNameError(f"{self.family} has no option '{option}'")
        if self.options != tuple(o for o in family.options if o in self.options):
            raise OperatorNameError(
                f"options of {self.family} come once each, in the order {', '.join(family.options)}"
            )
        self._check_combination()

    def _check_combination(self) -> None:
        if "reset" not in FAMILIES[self.family].slots:
            return
        if (self["reset"] == "none") != (self["timing"] == "none"):
            raise OperatorNameError("timing is 'none' exactly when reset is 'none'")
        if self["timing"] == "refund" and self["reset"] != "subtract":
            raise OperatorNameError("timing 'refund' needs reset 'subtract'")
        if self["output"] == "count" and (self["compare"] != "ge" or self["timing"] not in ("same", "none")):
            raise OperatorNameError("output 'count' needs compare 'ge' and timing 'same' (or reset 'none')")
        if "max" in self.options and self["output"] != "count":
            raise OperatorNameError("option 'max' needs output 'count'")

    def __getitem__(self, slot: str) -> str:
        """The token of a slot; the empty string when the family has no such slot."""
        return dict(self.tokens).get(slot, "")

    @classmethod
    def parse(cls, name: str) -> Operator:
        """The operator of that name (without the domain)."""
        head, *rest = name.split("_")
        sequence = head.endswith(SEQUENCE_SUFFIX)
        family = head.removesuffix(SEQUENCE_SUFFIX)
        if family not in FAMILIES:
            raise OperatorNameError(f"'{name}': no family '{family}' in {DOMAIN} {VERSION}")
        slots = FAMILIES[family].slots
        if len(rest) < len(slots):
            raise OperatorNameError(f"'{name}': {family} needs {len(slots)} tokens ({', '.join(slots)})")
        tokens = tuple(zip(slots, rest))
        try:
            return cls(family, tokens, tuple(rest[len(slots) :]), sequence)
        except OperatorNameError as error:
            raise OperatorNameError(f"'{name}': {error}") from None

    @property
    def name(self) -> str:
        """The canonical name, which is also the ``op_type`` of its nodes."""
        head = self.family + (SEQUENCE_SUFFIX if self.sequence else "")
        return "_".join((head, *(token for _, token in self.tokens), *self.options))

    @property
    def states(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a state input and the output that replaces it in the next step."""
        return tuple((state, f"{state}_out") for state in FAMILIES[self.family].states)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameter inputs in order."""
        optional = (
            parameter
            for parameter, slot, token in _OPTIONAL_PARAMETERS
            if (token in self.options if slot == "options" else self[slot] == token)
        )
        return (*FAMILIES[self.family].parameters, *optional)

    @property
    def inputs(self) -> tuple[str, ...]:
        """All inputs in order; none is ever left empty."""
        return ("x", *(state for state, _ in self.states), *self.parameters)

    @property
    def outputs(self) -> tuple[str, ...]:
        """All outputs in order."""
        return (FAMILIES[self.family].result, *(out for _, out in self.states))

    @property
    def attributes(self) -> dict[str, str]:
        """The string attributes that repeat the name."""
        return {**dict(self.tokens), "options": ",".join(self.options)}

    @property
    def element(self) -> int:
        """``onnx.TensorProto`` type of its tensors."""
        return FAMILIES[self.family].element

    def as_sequence(self) -> Operator:
        """The sequence form of the same operator."""
        return Operator(self.family, self.tokens, self.options, True)


def all_operators(sequence: bool = False) -> Iterator[Operator]:
    """Every legal operator, in a fixed order."""
    for name, family in FAMILIES.items():
        subsets = [c for n in range(len(family.options) + 1) for c in combinations(family.options, n)]
        for tokens in product(*family.slots.values()):
            for options in subsets:
                try:
                    yield Operator(name, tuple(zip(family.slots, tokens)), options, sequence)
                except OperatorNameError:
                    continue


def make_node(
    operator: Operator | str, inputs: Sequence[str], outputs: Sequence[str], name: str = ""
) -> onnx.NodeProto:
    """A node of that operator, with its attributes."""
    op = Operator.parse(operator) if isinstance(operator, str) else operator
    if len(inputs) != len(op.inputs) or not all(inputs):
        raise ValueError(f"{op.name} takes {len(op.inputs)} inputs: {', '.join(op.inputs)}")
    if len(outputs) != len(op.outputs):
        raise ValueError(f"{op.name} has {len(op.outputs)} outputs: {', '.join(op.outputs)}")
    return helper.make_node(op.name, inputs, outputs, name=name or None, domain=DOMAIN, **op.attributes)
