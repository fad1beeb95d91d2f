"""Logarithmic axes in integers, so that a plot has the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Iterable


def log2(value: int) -> int:
    """``log2(value)`` in 65536ths, rounded down; 0 for 0."""
    if value <= 0:
        return 0
    whole = value.bit_length() - 1
    # The mantissa in [1, 2) with 62 fraction bits, squared once per bit of the result.
    mantissa = (value << 62) >> whole
    fraction = 0
    for _ in range(16):
        mantissa = (mantissa * mantissa) >> 62
        fraction <<= 1
        if mantissa >= 1 << 63:
            mantissa >>= 1
            fraction |= 1
    return (whole << 16) | fraction


class Axis:
    """An axis over whole decades from ``start`` to ``end``, both in tenths of a pixel."""

    def __init__(self, values: Iterable[int], start: int, end: int) -> None:
        known = [max(value, 1) for value in values] or [1]
        #: Power of ten at its start, and at its end: at least one decade on.
        self.first = len(str(min(known))) - 1
        self.last = max(len(str(max(known) - 1)), self.first + 1)
        self._start, self._end = start, end
        self._from = log2(10**self.first)
        self._to = log2(10**self.last)

    @property
    def decades(self) -> range:
        """Powers of ten for ticks: all, or every third when there are many."""
        step = 1 if self.last - self.first <= 8 else 3
        return range(self.first + -self.first % step, self.last + 1, step)

    def place(self, value: int) -> int:
        """Where a value stands, in tenths of a pixel; what is off the axis at its end."""
        return self._at(min(max(log2(value), self._from), self._to))

    def place_beyond(self, numerator: int, denominator: int) -> int:
        """Where a fraction stands or would stand, in tenths of a pixel."""
        return self._at(log2(numerator) - log2(denominator))

    def _at(self, power: int) -> int:
        return self._start + (self._end - self._start) * (power - self._from) // (self._to - self._from)

    @property
    def least(self) -> int:
        """Value at the start."""
        return int(10**self.first)

    @property
    def most(self) -> int:
        """Value at the end."""
        return int(10**self.last)
