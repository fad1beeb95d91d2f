"""How the continuous time of NIR becomes steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from .errors import NirError
from .fields import Real

Discretization = Literal["euler", "exponential"]
Reset = Literal["nir", "zero", "subtract"]
Compare = Literal["gt", "ge"]
Drive = Literal["nir", "jump"]
Emission = Literal["binary", "count"]
TimeUnit = Literal["second", "step"]


@dataclass(frozen=True)
class Convention:
    """A reading of NIR's equations in steps; the defaults are what NIR 1.0 says, stepped with Euler's rule.

    docs/nir.md says which library reads its files how.
    """

    #: Decay of a time constant per step: ``1 - dt/tau`` (euler) or ``exp(-dt/tau)`` (exponential).
    discretization: Discretization = "euler"
    #: A spike sets the membrane to ``v_reset`` (nir) or to zero, or takes the threshold off.
    reset: Reset = "nir"
    #: A spike when the membrane is above the threshold (gt), or at it too (ge).
    compare: Compare = "gt"
    #: What enters an I or IF: ``r * dt`` times the input (nir), or the input as it is (jump).
    if_drive: Drive = "nir"
    #: What enters an LI or LIF: ``r * (1 - decay)`` times the input (nir), or the input as it is (jump).
    lif_drive: Drive = "nir"
    #: A neuron gives at most one spike a step, or as many as the threshold fits into the membrane.
    emission: Emission = "binary"
    #: The membrane of an IF is held at ``-v_threshold`` or above.
    if_floor: bool = False
    #: The unit of time constants and delays; with "step" dt is only written down.
    time_unit: TimeUnit = "second"

    def __post_init__(self) -> None:
        for name, values in _CHOICES.items():
            if getattr(self, name) not in values:
                raise NirError(f"{name} is one of {', '.join(values)}, not {getattr(self, name)!r}")
        if self.emission == "count" and (self.compare != "ge" or self.reset == "nir"):
            raise NirError("emission 'count' needs compare 'ge' and reset 'subtract' or 'zero'")

    def duration(self, dt: float) -> float:
        """Length of a step in the unit of the file's time constants."""
        return dt if self.time_unit == "second" else 1.0


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "discretization": get_args(Discretization),
    "reset": get_args(Reset),
    "compare": get_args(Compare),
    "if_drive": get_args(Drive),
    "lif_drive": get_args(Drive),
    "emission": get_args(Emission),
    "time_unit": get_args(TimeUnit),
}

#: What the importers of the libraries make of a file.
CONVENTIONS: Mapping[str, Convention] = {
    "nir": Convention(),
    "snntorch": Convention(reset="zero"),
    "norse": Convention(reset="zero", if_drive="jump"),
    "spikingjelly": Convention(compare="ge"),
    "sinabs": Convention(
        discretization="exponential",
        reset="subtract",
        compare="ge",
        if_drive="jump",
        lif_drive="jump",
        emission="count",
        if_floor=True,
        time_unit="step",
    ),
}


def convention(
    base: str | Convention,
    discretization: Discretization | None = None,
    reset: Reset | None = None,
    compare: Compare | None = None,
) -> Convention:
    """A convention, by name or as it is, with some of its choices replaced."""
    if isinstance(base, str):
        if base not in CONVENTIONS:
            raise NirError(f"there is no convention '{base}'; there are {', '.join(CONVENTIONS)}")
        base = CONVENTIONS[base]
    changes = {"discretization": discretization, "reset": reset, "compare": compare}
    return replace(base, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]


def decay(tau: Real, dt: float, rule: Discretization, name: str, node: str) -> Real:
    """The factor that is left of a state after a step of ``dt``; 0 to 1."""
    if rule == "exponential":
        return np.exp(-dt / tau)
    # A tau that a library computed as dt / (1 - decay) may miss dt by a rounding.
    if (tau < dt * (1 - 1e-6)).any():
        raise NirError(
            f"{name} is {tau.min()}, shorter than a step of {dt}: Euler's decay 1 - dt/tau is negative; "
            "choose a shorter dt or discretization='exponential'",
            node,
        )
    return np.maximum(1 - dt / tau, 0)


def time_constant(factor: Real, dt: float, rule: Discretization, name: str, node: str) -> Real:
    """The inverse of :func:`decay`: the time constant with that factor per step of ``dt``."""
    if not ((factor >= 0) & (factor < 1)).all():
        raise NirError(f"{name} has values outside 0 <= {name} < 1, which are no decays of a time constant", node)
    if rule == "euler":
        return dt / (1 - factor)
    if (factor == 0).any():
        raise NirError(f"{name} 0 has no time constant with discretization='exponential'; use 'euler'", node)
    return -dt / np.log(factor)
