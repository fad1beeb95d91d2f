"""Cores in use, and what each layer takes of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

from .errors import ManifestError
from .fields import Fields
from .quantities import Rate

#: Resources of a core that a manifest may name. Chips have about ten; frames get columns for each.
MAX_RESOURCES = 64


@dataclass(frozen=True, slots=True)
class Memory:
    """Use of a resource of a core, in the units of the vendor."""

    used: int
    cap: int


_NONE = Rate()


@dataclass(frozen=True, slots=True)
class Load:
    """Work of a core per step."""

    #: Synaptic operations.
    synops: Rate = _NONE
    #: Words of synaptic memory fetched.
    reads: Rate = _NONE
    #: Neuron updates.
    updates: Rate = _NONE
    #: Messages that arrive.
    messages_in: Rate = _NONE
    #: Messages that are sent.
    messages_out: Rate = _NONE

    def plus(self, other: Load) -> Load:
        """The load of a core that does both."""
        return Load(*(getattr(self, name).plus(getattr(other, name)) for name in LOADS))

    def greatest(self, other: Load) -> Load:
        """The greater of both, each load on its own."""
        return Load(*(getattr(self, name).greatest(getattr(other, name)) for name in LOADS))

    @classmethod
    def read(cls, fields: Fields) -> Load:
        return cls(*(Rate.read(fields.child(name)) for name in LOADS))


#: Names of the loads, in order.
LOADS = tuple(field.name for field in dataclasses.fields(Load))


@dataclass(frozen=True, slots=True)
class Slice:
    """Half-open ranges of a population, ``(from, to)``."""

    channels: tuple[int, int]
    rows: tuple[int, int]
    cols: tuple[int, int]
    #: Fan-in elements of each neuron, over all inputs of the layer in their order.
    fan_in: tuple[int, int]

    @classmethod
    def read(cls, fields: Fields) -> Slice:
        def pair(key: str) -> tuple[int, int]:
            start, end = fields.integers(key, 2)
            return start, end

        return cls(*(pair(name) for name in AXES))


#: Names of the axes of a slice, in order.
AXES = tuple(field.name for field in dataclasses.fields(Slice))


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a population on a core."""

    #: Name of the population.
    layer: str
    #: ``compute``, ``partial`` or ``relay``.
    role: str
    slice: Slice
    load: Load

    @classmethod
    def read(cls, fields: Fields) -> Part:
        return cls(
            layer=fields.text("layer"),
            role=fields.text("role"),
            slice=Slice.read(fields.child("slice")),
            load=Load.read(fields.child("load")),
        )


@dataclass(frozen=True, slots=True)
class Core:
    """A core in use."""

    #: Position in the list.
    id: int
    chip: int
    #: Column of its router.
    x: int
    #: Row of its router.
    y: int
    #: Use of each resource, by the vendor's name for it.
    memory: dict[str, Memory]
    parts: tuple[Part, ...]

    @property
    def load(self) -> Load:
        """The sum over its parts."""
        total = _IDLE
        for part in self.parts:
            total = total.plus(part.load)
        return total

    @classmethod
    def read(cls, fields: Fields) -> Core:
        memory = fields.child("memory")
        resources = {name: memory.child(name) for name in memory.names()}
        return cls(
            id=fields.integer("id"),
            chip=fields.integer("chip"),
            x=fields.integer("x"),
            y=fields.integer("y"),
            memory={k: Memory(f.integer("used"), f.integer("cap")) for k, f in resources.items()},
            parts=tuple(Part.read(f) for f in fields.children("parts")),
        )


_IDLE = Load()


@dataclass(slots=True)
class Usage:
    """What a layer takes of the cores."""

    #: Cores with a part of it, each once.
    cores: int = 0
    #: How many of them have parts of other layers too.
    shared: int = 0
    #: The greatest of each load over its cores, of what it does there.
    busiest: Load = _IDLE
    #: The resource that is nearest to its cap on any of its cores, and its use there.
    fullest: tuple[str, Memory] | None = None

    def _add_memory(self, memory: dict[str, Memory]) -> None:
        for name, use in memory.items():
            # One of a few says nothing of how full a core is.
            if use.cap > 0 and use.used > 1:
                self.fullest = min(self.fullest or (name, use), (name, use), key=_emptiness)


def _emptiness(resource: tuple[str, Memory]) -> tuple[int, str]:
    """Of equally full ones the first by name."""
    name, use = resource
    return -(use.used * 1_000_000 // use.cap), name


def usage_by_layer(layers: Iterable[str], cores: Iterable[Core]) -> dict[str, Usage]:
    """What each layer takes of the cores, by its name."""
    out = {name: Usage() for name in layers}
    for core in cores:
        own: dict[str, Load] = {}
        for part in core.parts:
            own[part.layer] = own.get(part.layer, _IDLE).plus(part.load)
        for name, load in own.items():
            use = out[name]
            use.cores += 1
            use.shared += len(own) > 1
            use.busiest = use.busiest.greatest(load)
            use._add_memory(core.memory)
    return out


def check(layers: Iterable[str], cores: Iterable[Core]) -> None:
    """Names that do not fit together are refused."""
    names: set[str] = set()
    for name in layers:
        if name in names:
            raise ManifestError(f"layers has two of the name {name[:80]!a}")
        names.add(name)
    resources: set[str] = set()
    for k, core in enumerate(cores):
        resources.update(core.memory)
        for j, part in enumerate(core.parts):
            if part.layer not in names:
                raise ManifestError(f"cores[{k}].parts[{j}].layer is {part.layer[:80]!a}, which is no layer")
    if len(resources) > MAX_RESOURCES:
        raise ManifestError(f"cores names {len(resources)} resources; a chip has at most {MAX_RESOURCES}")
