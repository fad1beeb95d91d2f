"""What the floorline plot shows, from the manifest alone.

A point is a layer: nominal time per step over the synaptic operations of its busiest core. The whole network
is one more point. No nominal time of the network is below one of three lines: the *slope* is the time of the
synaptic operations alone, the *floor* that of the neuron updates of the fullest core, and the *barrier* ends
every step. docs/floorline.md has the equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .manifest import Manifest


@dataclass(frozen=True, slots=True)
class Point:
    """A layer, or the whole network."""

    name: str
    #: Synaptic operations of the busiest core per step, nominal, rounded up.
    synops: int
    #: Nominal time per step in picoseconds: an estimate.
    time_ps: int
    #: Bounds on that time; None when unknown.
    lower_ps: int | None
    upper_ps: int | None
    #: Such as ``memory_bound``.
    state: str
    #: Whether it is the bottleneck.
    binds: bool = False


@dataclass(frozen=True, slots=True)
class Floorline:
    """The plot's points and lines; a line is None when the manifest does not have what it takes."""

    model: str
    target: str
    #: ``step`` or ``frame``.
    period_of: str
    layers: tuple[Point, ...]
    network: Point
    #: Nominal time of a synaptic operation, in femtoseconds.
    synop_fs: int | None
    #: Nominal time of the neuron updates of the fullest core, in picoseconds.
    floor_ps: int | None
    #: Nominal time of the barrier, in picoseconds.
    barrier_ps: int | None

    def slope_ps(self, synops: int) -> int | None:
        """Nominal time of so many synaptic operations on a core, in picoseconds, rounded up."""
        return None if self.synop_fs is None else _up(synops * self.synop_fs, 1000)


def of(manifest: Manifest) -> Floorline:
    """The floorline of a manifest."""
    loads = [core.load for core in manifest.cores]
    synops = max((load.synops.nominal for load in loads), default=0)
    updates = max((load.updates.nominal for load in loads), default=0)
    update_fs = _nominal(manifest, "t_update")
    barrier_fs = _nominal(manifest, "t_barrier")
    nominal = manifest.bottleneck
    return Floorline(
        model=manifest.model.name,
        target=manifest.target,
        period_of=manifest.bounds.period_of,
        layers=_layers(manifest),
        network=Point(
            name="whole network",
            synops=_up(synops, 1000),
            time_ps=nominal.period_ps,
            lower_ps=manifest.period.lower_ps if manifest.period else None,
            upper_ps=manifest.period.upper_ps if manifest.period else None,
            state=nominal.state,
        ),
        synop_fs=_nominal(manifest, "t_synop"),
        floor_ps=None if update_fs is None else _up(updates * update_fs, 10**6),
        barrier_ps=None if barrier_fs is None else _up(barrier_fs, 1000),
    )


def _layers(manifest: Manifest) -> tuple[Point, ...]:
    binding = manifest.bottleneck.binding.layer
    return tuple(
        Point(
            name=layer.name,
            synops=_up(manifest.usage[layer.name].busiest.synops.nominal, 1000),
            time_ps=layer.bound.nominal_ps,
            lower_ps=layer.bound.lower_ps,
            upper_ps=layer.bound.upper_ps,
            state=layer.bound.state,
            binds=layer.name == binding,
        )
        for layer in manifest.layers
        if layer.bound is not None
    )


def _nominal(manifest: Manifest, name: str) -> int | None:
    """A constant of the chip in femtoseconds; what is unknown, or 0, makes no line."""
    constant = (manifest.bounds.constants or {}).get(name)
    return constant.nominal_fs or None if constant else None


def _up(value: int, size: int) -> int:
    return -(-value // size)
