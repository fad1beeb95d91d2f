"""Numbers for people, in the style of the command line."""

from __future__ import annotations

_TIMES = (("s", 10**12), ("ms", 10**9), ("µs", 10**6), ("ns", 10**3), ("ps", 1))
_ENERGIES = (("J", 10**15), ("mJ", 10**12), ("µJ", 10**9), ("nJ", 10**6), ("pJ", 10**3), ("fJ", 1))

#: Between groups of three digits: on a terminal, and a narrow space on a page.
UNDERSCORE = "_"
NARROW_SPACE = "\u202f"


def time(ps: int) -> str:
    """A time in picoseconds with three significant digits or more: ``8.70 µs``."""
    return " ".join(time_parts(ps))


def time_parts(ps: int) -> tuple[str, str]:
    """Number and unit of a time in picoseconds."""
    return _scaled(ps, _TIMES)


def energy(fj: int) -> str:
    """An energy in femtojoules with three significant digits or more."""
    return " ".join(_scaled(fj, _ENERGIES))


def _scaled(value: int, units: tuple[tuple[str, int], ...]) -> tuple[str, str]:
    for unit, size in units:
        if value >= size > 1:
            return _decimal(value, size), unit
    return str(value), units[-1][0]


def _decimal(value: int, size: int) -> str:
    """``value / size`` with as many decimals as make at least three digits, rounded half up."""
    whole = value // size
    places = 0 if whole >= 100 else 1 if whole >= 10 else 2
    scale = 10**places
    rounded = (value * scale + size // 2) // size
    return str(rounded) if places == 0 else f"{rounded // scale}.{rounded % scale:0{places}}"


def thousandths(value: int, separator: str = UNDERSCORE) -> str:
    """A number of thousandths as a decimal, without trailing zeros."""
    if value % 1000 == 0:
        return grouped(value // 1000, separator)
    if value >= 100_000:
        return grouped((value + 500) // 1000, separator)
    return f"{value // 1000}.{value % 1000:03}".rstrip("0")


def grouped(value: int, separator: str = UNDERSCORE) -> str:
    """An integer in groups of three digits."""
    return f"{value:_}".replace("_", separator)


def gap(ppm: int) -> str:
    """A gap in parts per million as per cent, rounded up: none is told as smaller than it is."""
    tenths = -(-ppm // 1000)
    return f"{tenths // 10}.{tenths % 10} %"
