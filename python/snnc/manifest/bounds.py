"""Bounds on time and energy, and how good the mapping is."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Fields
from .quantities import EnergyInterval, Rate, TimeInterval


@dataclass(frozen=True, slots=True)
class Binding:
    """The term that binds."""

    #: ``synops``, ``reads``, ``updates``, ``messages_in``, ``messages_out``, ``links`` or ``barrier``.
    resource: str
    #: Number of the core; None for a link or the barrier.
    core: int | None
    #: Name of the core's layer; None for a link or the barrier.
    layer: str | None

    @classmethod
    def read(cls, fields: Fields) -> Binding:
        return cls(fields.text("resource"), fields.integer_or_none("core"), fields.text_or_none("layer"))


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """Nominal time of a step and the term that makes it: an estimate, which the search ranked by."""

    #: In picoseconds.
    period_ps: int
    #: Such as ``memory_bound``.
    state: str
    binding: Binding

    @classmethod
    def read(cls, fields: Fields) -> Bottleneck:
        return cls(fields.integer("period_ps"), fields.text("state"), Binding.read(fields.child("binding")))


@dataclass(frozen=True, slots=True)
class GapReason:
    """A reason why no mapping comes closer to the independent lower bound."""

    #: ``cap``, ``unsplittable``, ``layer_boundary`` or ``full_chip``.
    kind: str
    #: The layer that it is about, when it is about one.
    layer: str | None
    #: In words, with the numbers.
    text: str

    @classmethod
    def read(cls, fields: Fields) -> GapReason:
        return cls(fields.text("kind"), fields.text_or_none("layer"), fields.text("text"))


@dataclass(frozen=True, slots=True)
class Optimality:
    """How far the mapping is from the best possible, in the time that the search ranks by.

    That time takes the lower sides of constants and loads, and is never below the barrier.
    """

    #: Time of the mapping, in picoseconds.
    achieved_ps: int
    #: The least over every form, encoding and tile of the e-graph, in picoseconds; None when the search was cut short.
    egraph_optimal_ps: int | None
    #: No mapping of this network has a smaller time, in picoseconds.
    independent_lower_ps: int
    #: (achieved - e-graph optimal) / e-graph optimal, in millionths, rounded up.
    egraph_gap_ppm: int | None
    #: (achieved - independent lower) / independent lower, in millionths, rounded up.
    gap_ppm: int
    #: Why ``gap_ppm`` is not smaller, the weightiest first.
    reasons: tuple[GapReason, ...]
    #: What the figures cover.
    covers: str

    @classmethod
    def read(cls, fields: Fields) -> Optimality:
        return cls(
            achieved_ps=fields.integer("achieved_ps"),
            egraph_optimal_ps=fields.integer_or_none("egraph_optimal_ps"),
            independent_lower_ps=fields.integer("independent_lower_ps"),
            egraph_gap_ppm=fields.integer_or_none("egraph_gap_ppm"),
            gap_ppm=fields.integer("gap_ppm"),
            reasons=tuple(GapReason.read(f) for f in fields.children("reasons")),
            covers=fields.text("covers"),
        )


@dataclass(frozen=True, slots=True)
class ParetoPoint:
    """A mapping on the front of time and cores."""

    cores: int
    #: The least time per step with so many cores, as the search ranks, in picoseconds.
    time_ps: int
    #: Nominal time per step of that mapping, messages sent left out, in picoseconds.
    nominal_ps: int
    #: Nominal messages into cores per step, in thousandths.
    messages: int

    @classmethod
    def read(cls, fields: Fields) -> ParetoPoint:
        return cls(*(fields.integer(key) for key in ("cores", "time_ps", "nominal_ps", "messages")))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline of a step and its outcome."""

    #: The deadline, in picoseconds.
    period_ps: int
    #: ``met``, ``missed`` or ``undecided``.
    state: str
    #: Deadline minus upper bound when met, minus lower bound otherwise, in picoseconds.
    slack_ps: int

    @classmethod
    def read(cls, fields: Fields | None) -> Deadline | None:
        return (
            None
            if fields is None
            else cls(fields.integer("period_ps"), fields.text("state"), fields.signed("slack_ps"))
        )


@dataclass(frozen=True, slots=True)
class Site:
    """A router."""

    chip: int
    #: Column.
    x: int
    #: Row.
    y: int

    @classmethod
    def read(cls, fields: Fields) -> Site:
        return cls(fields.integer("chip"), fields.integer("x"), fields.integer("y"))


@dataclass(frozen=True, slots=True)
class LinkLoad:
    """A link between two routers and its messages per step."""

    start: Site
    end: Site
    messages: Rate

    @classmethod
    def read(cls, fields: Fields) -> LinkLoad:
        return cls(
            start=Site.read(fields.child("from")),
            end=Site.read(fields.child("to")),
            messages=Rate.read(fields.child("messages")),
        )


@dataclass(frozen=True, slots=True)
class HostEvents:
    """Events between host and chip per step."""

    #: One per event and receiving core.
    events_in: Rate
    events_out: Rate

    @classmethod
    def read(cls, fields: Fields) -> HostEvents:
        return cls(Rate.read(fields.child("events_in")), Rate.read(fields.child("events_out")))


@dataclass(frozen=True, slots=True)
class Constant:
    """A time of the chip, in femtoseconds; None where nothing is known."""

    #: Not less than this.
    lo_fs: int | None
    #: What the search ranked by.
    nominal_fs: int | None
    #: Not more than this.
    hi_fs: int | None

    @classmethod
    def read(cls, fields: Fields) -> Constant:
        return cls(*(fields.integer_or_none(key) for key in ("lo_fs", "nominal_fs", "hi_fs")))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds for the chip alone; the host is outside. Nothing here was measured."""

    #: What ``period`` is the time of: ``step`` or ``frame``.
    period_of: str
    period: TimeInterval | None
    #: From the first event of an inference to its last output.
    latency: TimeInterval | None
    #: Between the starts of two inferences.
    inference_time: TimeInterval | None
    #: Steps between an input and the output that belongs to it.
    latency_steps: int
    #: Of an inference; None without sourced constants.
    energy: EnergyInterval | None
    #: State of the term that binds in the lower bound.
    state: str
    #: That term.
    binding: Binding
    #: The same for nominal loads and constants.
    nominal: Bottleneck
    optimality: Optimality
    deadline: Deadline | None
    #: The busiest links, busiest first.
    links: tuple[LinkLoad, ...]
    io: HostEvents
    #: The chip's constants in these bounds, by name; None when the manifest does not have them.
    constants: dict[str, Constant] | None

    @classmethod
    def read(cls, fields: Fields) -> Bounds:
        constants = fields.child_or_none("constants")
        return cls(
            period_of=fields.text("period_of"),
            period=TimeInterval.read(fields.child_or_none("period_ps")),
            latency=TimeInterval.read(fields.child_or_none("latency_ps")),
            inference_time=TimeInterval.read(fields.child_or_none("inference_time_ps")),
            latency_steps=fields.integer("latency_steps"),
            energy=EnergyInterval.read(fields.child_or_none("energy_fj")),
            state=fields.text("state"),
            binding=Binding.read(fields.child("binding")),
            nominal=Bottleneck.read(fields.child("nominal")),
            optimality=Optimality.read(fields.child("optimality")),
            deadline=Deadline.read(fields.child_or_none("deadline")),
            links=tuple(LinkLoad.read(f) for f in fields.children("links")),
            io=HostEvents.read(fields.child("io")),
            constants=None if constants is None else _constants(constants),
        )


def _constants(fields: Fields) -> dict[str, Constant]:
    return {name: Constant.read(fields.child(name)) for name in fields.names()}
