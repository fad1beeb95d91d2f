"""Quantities that are known between two bounds."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Fields
from .units import time


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A time: not less than ``lower_ps``, not more than ``upper_ps``, both in picoseconds."""

    lower_ps: int
    #: None when a constant of the chip has no known ceiling.
    upper_ps: int | None

    @property
    def lower_s(self) -> float:
        """The lower bound in seconds."""
        return self.lower_ps * 1e-12

    @property
    def upper_s(self) -> float | None:
        """The upper bound in seconds; None when unknown."""
        return None if self.upper_ps is None else self.upper_ps * 1e-12

    def __str__(self) -> str:
        if self.upper_ps is None:
            return f"at least {time(self.lower_ps)}; a constant without ceiling leaves no upper bound"
        return f"{time(self.lower_ps)} to {time(self.upper_ps)}"

    @classmethod
    def read(cls, fields: Fields | None) -> TimeInterval | None:
        return None if fields is None else cls(fields.integer("lower"), fields.integer_or_none("upper"))


@dataclass(frozen=True, slots=True)
class EnergyInterval:
    """An energy: not less than ``lower_fj``, not more than ``upper_fj``, both in femtojoules."""

    lower_fj: int
    #: None when a constant of the chip has no known ceiling.
    upper_fj: int | None

    @property
    def lower_j(self) -> float:
        """The lower bound in joules."""
        return self.lower_fj * 1e-15

    @property
    def upper_j(self) -> float | None:
        """The upper bound in joules; None when unknown."""
        return None if self.upper_fj is None else self.upper_fj * 1e-15

    @classmethod
    def read(cls, fields: Fields | None) -> EnergyInterval | None:
        return None if fields is None else cls(fields.integer("lower"), fields.integer_or_none("upper"))


@dataclass(frozen=True, slots=True)
class Rate:
    """Things per step in thousandths: at least ``lower``, at most ``upper``.

    ``nominal`` is what the search ranked by and no bound.
    """

    lower: int = 0
    nominal: int = 0
    upper: int = 0

    def plus(self, other: Rate) -> Rate:
        """The sum."""
        return Rate(self.lower + other.lower, self.nominal + other.nominal, self.upper + other.upper)

    def greatest(self, other: Rate) -> Rate:
        """The greater of both, each bound on its own."""
        return Rate(max(self.lower, other.lower), max(self.nominal, other.nominal), max(self.upper, other.upper))

    @classmethod
    def read(cls, fields: Fields) -> Rate:
        return cls(fields.integer("lower"), fields.integer("nominal"), fields.integer("upper"))
