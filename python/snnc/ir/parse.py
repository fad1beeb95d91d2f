"""The text form, read strictly: what is not in ``docs/text-form.md`` is an error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .lexer import Lexer, TextError
from .network import Array, Attribute, Layer, Network, Parameter, Reset, Shape, Weights

__all__ = ["TextError", "parse"]

#: Most elements of the weights of a layer that are made from sparse entries.
MAX_WEIGHTS = 1 << 30

_STORED: dict[str, type[np.generic]] = {"f32": np.float32, "i8": np.int8, "i32": np.int32}


def parse(text: str) -> Network:
    """The network in the text; raises :class:`TextError`."""
    return _Parser(text).network()


class _Parser:
    def __init__(self, text: str) -> None:
        self._in = Lexer(text)
        self._real = True
        self._weights: list[Weights] = []

    def network(self) -> Network:
        lexer = self._in
        lexer.expect("network")
        name = lexer.take("quoted", "the name of the network")
        lexer.expect("steps")
        steps = self._count()
        self._real = self._word("real", "integer") == "real"
        lexer.expect("{")
        layers: list[Layer] = []
        while not lexer.accept("}"):
            if lexer.accept("@"):
                self._index(len(self._weights), "@")
                self._weights.append(self._stored())
            else:
                lexer.expect("%")
                self._index(len(layers), "%")
                layers.append(self._layer())
        if lexer.next().kind != "end":
            raise lexer.error("something follows the network")
        for layer in layers:
            if any(k >= len(layers) for k in layer.inputs):
                raise lexer.error(f"'{layer.name}' reads a node that is not there")
        return Network(name, steps, self._real, tuple(layers))

    def _index(self, expected: int, mark: str) -> None:
        if self._count() != expected:
            raise self._in.error(f"{mark}{expected} is expected: nodes and weights are numbered in order")
        self._in.expect("=")

    def _count(self) -> int:
        text = self._in.take("atom", "a whole number")
        return self._whole(text)

    def _whole(self, text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise self._in.error(f"a whole number is expected where '{text[:40]}' stands")
        return int(text)

    def _word(self, *words: str) -> str:
        word = self._in.take("atom", "one of " + ", ".join(words))
        if word not in words:
            raise self._in.error(f"one of {', '.join(words)} is expected where '{word[:40]}' stands")
        return word

    def _numbers(self, dtype: type[np.generic]) -> Array:
        if self._in.peek().text == "blob":
            raise self._in.error("the list is in another file; take the text of 'snnc inspect --ir'")
        items = self._in.items()
        try:
            if np.issubdtype(dtype, np.floating):
                return np.array(items, np.float64).astype(dtype) if items else np.zeros(0, dtype)
            values = np.array([int(item) for item in items], np.int64)
        except (ValueError, OverflowError) as error:
            raise self._in.error(f"a list of numbers holds something else: {error}") from None
        limits = np.iinfo(dtype)  # type: ignore[type-var]
        if values.size and not (limits.min <= values.min() and values.max() <= limits.max):
            raise self._in.error(f"a number of a list does not fit {np.dtype(dtype)}")
        return values.astype(dtype)

    def _sizes(self, count: int) -> tuple[int, ...]:
        sizes = tuple(self._whole(item) for item in self._in.items())
        if len(sizes) != count:
            raise self._in.error(f"{count} sizes are expected")
        return sizes

    def _stored(self) -> Weights:
        self._in.expect("weights")
        kind = self._word("f32", "i8", "i32", "sparse", "seeded")
        shape = self._sizes(4)
        count = int(np.prod([max(s, 0) for s in shape], dtype=object))
        if min(shape) < 1 or count > MAX_WEIGHTS:
            raise self._in.error(f"weights of {list(shape)} are empty or too large")
        scale = None
        if self._in.accept("scale"):
            scale = self._parameter(True)
            self._fits("scale", scale, (shape[0], 1, 1))
        if kind == "seeded":
            raise self._in.error("seeded weights are only for tests of the compiler")
        if kind == "sparse":
            self._in.expect("at")
            positions = self._numbers(np.int64)
            self._in.expect("values")
            values = self._numbers(np.int32)
            if positions.shape != values.shape or (
                positions.size and not 0 <= positions.min() <= positions.max() < count
            ):
                raise self._in.error("sparse weights have positions that do not fit")
            dense = np.zeros(count, np.int32)
            dense[positions] = values
            return Weights(dense.reshape(shape), scale)
        stored = self._numbers(_STORED[kind])
        if stored.size != count:
            raise self._in.error(f"{stored.size} weights stand where {count} are expected")
        return Weights(stored.reshape(shape), scale)

    def _layer(self) -> Layer:
        op = self._in.take("atom", "the name of an operator")
        if op not in _ATTRIBUTES:
            raise self._in.error(f"there is no operator '{op[:40]}'")
        name = self._in.take("quoted", "the name of the layer")
        inputs: list[int] = []
        weights: Weights | None = None
        if self._in.accept("("):
            while weights is None:
                if self._in.accept("@"):
                    index = self._count()
                    if index >= len(self._weights):
                        raise self._in.error(f"there are no weights @{index} yet")
                    weights = self._weights[index]
                else:
                    self._in.expect("%")
                    inputs.append(self._count())
                if self._in.accept(")"):
                    break
                self._in.expect(",")
            else:
                self._in.expect(")")
        if (weights is not None) != (op in ("conv2d", "linear")):
            raise self._in.error(f"{op} reads {'no ' if weights is not None else ''}weights")
        self._in.expect(":")
        shape = self._shape()
        attributes = self._attributes(op)
        for key, value in attributes.items():
            if isinstance(value, Parameter):
                self._fits(key, value, shape)
        origin = self._origin() if self._in.accept("from") else (name,)
        return Layer(name, op, tuple(inputs), shape, attributes, weights, origin)

    def _fits(self, name: str, value: Parameter, shape: Shape) -> None:
        expected = {"scalar": 1, "channel": shape[0], "neuron": shape[0] * shape[1] * shape[2]}[value.per]
        if value.values.size != expected:
            raise self._in.error(f"{name} has {value.values.size} values where {expected} are expected")

    def _shape(self) -> Shape:
        parts = self._in.take("atom", "a shape").split("x")
        if len(parts) != 3:
            raise self._in.error("a shape is channels x rows x columns")
        c, h, w = (self._whole(part) for part in parts)
        return c, h, w

    def _origin(self) -> tuple[str, ...]:
        self._in.expect("[")
        names: list[str] = []
        while not self._in.accept("]"):
            if names:
                self._in.expect(",")
            names.append(self._in.take("quoted", "a name"))
        return tuple(names)

    def _attributes(self, op: str) -> dict[str, Attribute]:
        found: dict[str, Attribute] = {}
        if self._in.accept("{"):
            while not found or not self._in.accept("}"):
                if found:
                    self._in.expect(",")
                key = self._in.take("atom", "an attribute")
                read = _ATTRIBUTES[op].get(key)
                if read is None or key in found:
                    raise self._in.error(f"{op} has no attribute '{key[:40]}', or has it twice")
                found[key] = read(self)
        return found

    # The forms of attributes.

    def _parameter(self, real: bool | None = None) -> Parameter:
        if real is None:
            real = self._real
            if self._in.peek().text in ("real", "integer"):
                real = self._word("real", "integer") == "real"
        for per in ("channel", "neuron"):
            if self._in.accept(per):
                return Parameter(per, self._numbers(np.float32 if real else np.int64))
        text = self._in.take("atom", "a number")
        if not real:
            return Parameter("scalar", np.array(self._whole(text), np.int64))
        try:
            return Parameter("scalar", np.array(float(text), np.float64).astype(np.float32))
        except ValueError:
            raise self._in.error(f"a number is expected where '{text[:40]}' stands") from None

    def _number(self) -> float:
        return float(self._parameter(True).values)

    def _reset(self) -> Reset:
        effect = self._word("none", "subtract", "zero", "value")
        return Reset(effect, None if effect == "none" else self._word("same", "next", "refund"))

    def _range(self) -> tuple[int, ...]:
        low = self._count()
        self._in.take("dots", "'..'")
        return low, self._count()

    def _values(self) -> Attribute:
        if self._in.peek().text in ("binary", "real"):
            return self._word("binary", "real")
        return self._range()

    def _levels(self) -> Array:
        return self._numbers(np.float32 if self._real else np.int64)


_Form = Callable[[_Parser], Attribute]


def _pair(p: _Parser) -> Attribute:
    return p._sizes(2)


def _four(p: _Parser) -> Attribute:
    return p._sizes(4)


def _one_of(*words: str) -> _Form:
    return lambda p: p._word(*words)


def _flag(_: _Parser) -> Attribute:
    return True


_WINDOW: dict[str, _Form] = {"kernel": _pair, "stride": _pair, "pad": _four}
_FIXED: dict[str, _Form] = {
    "start": _Parser._count,
    "real": _flag,
    "integer": _flag,
    "shift": _Parser._count,
    "rounding": _one_of("toward_zero", "down", "nearest"),
    "v_bits": _Parser._count,
    "v_overflow": _one_of("saturate", "wrap"),
    "i_bits": _Parser._count,
    "i_overflow": _one_of("saturate", "wrap"),
}
_ORDER = _one_of("before_input", "after_input")
_COMPARE = _one_of("gt", "ge")
_IF: dict[str, _Form] = {
    **_FIXED,
    "order": _ORDER,
    "compare": _COMPARE,
    "reset": _Parser._reset,
    "emit": _one_of("binary", "count", "scaled"),
    "refractory": _Parser._count,
    "levels": _Parser._levels,
    **dict.fromkeys(
        (*("gain", "bias", "rest", "threshold", "v_min", "initial"), *("reset_value", "max_count", "spike_value")),
        _Parser._parameter,
    ),
}
_ATTRIBUTES: dict[str, dict[str, _Form]] = {
    "input": {"values": _Parser._values},
    "conv2d": {
        "stride": _pair,
        "pad": _four,
        "dilation": _pair,
        "kernel": _four,
        "groups": _Parser._count,
        "bias": _Parser._parameter,
    },
    "linear": {"size": _pair, "bias": _Parser._parameter},
    "sum_pool": {**_WINDOW, "divisor": _Parser._count},
    "max_pool": _WINDOW,
    "slice": {"channels": _Parser._range, "rows": _Parser._range, "cols": _Parser._range},
    "delay": {"steps": _Parser._count},
    "add": {},
    "concat": {},
    "reshape": {},
    "output": {},
    "if": _IF,
    "lif": {**_IF, "decay": _Parser._parameter},
    "cuba": {
        **_IF,
        "decay": _Parser._parameter,
        "current_decay": _Parser._parameter,
        "current_order": _ORDER,
        "current_initial": _Parser._parameter,
    },
    "sigma_delta": {
        **_FIXED,
        "activation": _one_of("relu", "identity"),
        "compare": _COMPARE,
        "threshold": _Parser._parameter,
        "bias": _Parser._parameter,
        "unit": _Parser._count,
    },
    "delta": {**_FIXED, "threshold": _Parser._parameter, "compare": _COMPARE, "unit": _Parser._count},
    "integrator": {**_FIXED, **dict.fromkeys(("decay", "gain", "rest", "initial"), _Parser._parameter)},
    "activation": {
        **_FIXED,
        "scale": _Parser._number,
        "zero_point": _Parser._count,
        "range": _Parser._range,
        "relu": _flag,
        "half_up": _flag,
    },
}
