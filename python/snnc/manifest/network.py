"""What went into a compilation, and the populations that came of it."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Fields


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The model that was compiled."""

    #: File name without folders.
    name: str
    #: Hash of the file and its external data, in hex.
    blake3: str
    #: Versions of the operator sets by domain; empty for a ``.snn`` file.
    opset: dict[str, int]

    @classmethod
    def read(cls, fields: Fields) -> ModelFile:
        opset = fields.child("opset")
        return cls(fields.text("name"), fields.text("blake3"), {k: opset.signed(k) for k in opset.names()})


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the compilation, with their defaults filled in."""

    #: Steps per inference.
    steps: int
    #: ``time`` or ``cores``.
    objective: str
    #: Chips that the mapping could use.
    chips: int
    #: Greatest number of cores, when limited.
    max_cores: int | None
    #: Deadline of a step in picoseconds, when given.
    period_ps: int | None
    #: How much slower than the least nominal time a mapping with fewer messages may be, in thousandths.
    slack_thousandths: int
    #: How hard the search tried, 0 to 3.
    effort: int
    #: Hash of the mapping that was given, in hex.
    mapping_blake3: str | None
    #: Hash of the manifest whose cores were to be kept, in hex.
    like_blake3: str | None

    @classmethod
    def read(cls, fields: Fields) -> Options:
        return cls(
            steps=fields.integer("steps"),
            objective=fields.text("objective"),
            chips=fields.integer("chips"),
            max_cores=fields.integer_or_none("max_cores"),
            period_ps=fields.integer_or_none("period_ps"),
            slack_thousandths=fields.integer("slack_thousandths"),
            effort=fields.integer("effort"),
            mapping_blake3=fields.text_or_none("mapping_blake3"),
            like_blake3=fields.text_or_none("like_blake3"),
        )


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a result depends on."""

    model: ModelFile
    #: Name of the chip.
    target: str
    #: Hash of the chip file, in hex.
    chip_blake3: str
    #: ``none``, ``stated`` or ``measured``.
    activity_source: str
    #: The option ``--activity`` as given, when stated.
    activity: str | None
    options: Options
    seed: int

    @classmethod
    def read(cls, fields: Fields) -> Inputs:
        activity = fields.child("activity")
        return cls(
            model=ModelFile.read(fields.child("model")),
            target=fields.text("target"),
            chip_blake3=fields.text("chip_blake3"),
            activity_source=activity.text("source"),
            activity=activity.text_or_none("stated"),
            options=Options.read(fields.child("options")),
            seed=fields.integer("seed"),
        )


@dataclass(frozen=True, slots=True)
class LayerInput:
    """A projection into a population."""

    #: Name of the source.
    layer: str
    #: Steps between a spike and its arrival.
    delay: int
    #: Fan-in elements of each neuron.
    fan_in: int

    @classmethod
    def read(cls, fields: Fields) -> LayerInput:
        return cls(fields.text("layer"), fields.integer("delay"), fields.integer("fan_in"))


@dataclass(frozen=True, slots=True)
class Activity:
    """Events per neuron and step, in millionths."""

    lower_ppm: int
    nominal_ppm: int
    upper_ppm: int

    @classmethod
    def read(cls, fields: Fields) -> Activity:
        return cls(fields.integer("lower_ppm"), fields.integer("nominal_ppm"), fields.integer("upper_ppm"))


@dataclass(frozen=True, slots=True)
class LayerBound:
    """Bounds on the cores of one population per step, barrier and mesh left out; in picoseconds."""

    lower_ps: int
    #: None when a constant of the chip has no known ceiling.
    upper_ps: int | None
    #: What the search ranked by; an estimate and no bound.
    nominal_ps: int
    #: State of the greatest nominal term, such as ``memory_bound``.
    state: str
    #: The greatest nominal term, such as ``synops``.
    binding: str

    @classmethod
    def read(cls, fields: Fields | None) -> LayerBound | None:
        return (
            None
            if fields is None
            else cls(
                lower_ps=fields.integer("lower_ps"),
                upper_ps=fields.integer_or_none("upper_ps"),
                nominal_ps=fields.integer("nominal_ps"),
                state=fields.text("state"),
                binding=fields.text("binding"),
            )
        )


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """What a layer would take if its choice were not there and the others stayed."""

    encoding: str
    #: Parts per axis.
    tile: str
    cores: int
    #: Its time as the search ranks, in picoseconds.
    time_ps: int
    #: Its nominal time, messages sent left out, in picoseconds.
    nominal_ps: int
    #: Its nominal messages per step, in thousandths.
    messages: int
    #: ``time``, ``cores``, ``nominal_time``, ``messages``, ``more_cores`` or ``order``.
    loses_by: str

    @classmethod
    def read(cls, fields: Fields | None) -> RunnerUp | None:
        if fields is None:
            return None
        return cls(
            encoding=fields.text("encoding"),
            tile=fields.text("tile"),
            cores=fields.integer("cores"),
            time_ps=fields.integer("time_ps"),
            nominal_ps=fields.integer("nominal_ps"),
            messages=fields.integer("messages"),
            loses_by=fields.text("loses_by"),
        )


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """How the search decided on a layer. Times are as it ranks, the barrier left out."""

    #: Forms, encodings and tiles that were priced, and how many of them the chip can hold.
    considered: int
    legal: int
    #: Time of the chosen one, in picoseconds.
    time_ps: int
    #: By how much the layer could be slower without slowing the step, in picoseconds.
    slack_ps: int
    #: None when there is no other choice.
    runner_up: RunnerUp | None

    @classmethod
    def read(cls, fields: Fields | None) -> LayerChoice | None:
        if fields is None:
            return None
        return cls(
            considered=fields.integer("considered"),
            legal=fields.integer("legal"),
            time_ps=fields.integer("time_ps"),
            slack_ps=fields.integer("slack_ps"),
            runner_up=RunnerUp.read(fields.child_or_none("runner_up")),
        )


@dataclass(frozen=True, slots=True)
class Layer:
    """A population."""

    #: Unique.
    name: str
    #: ``input`` or the neuron model.
    op: str
    #: Nodes of the model that it was made of.
    onnx_nodes: tuple[str, ...]
    inputs: tuple[LayerInput, ...]
    #: Channels, rows, columns.
    shape: tuple[int, int, int]
    neurons: int
    #: Connections; a shared weight counted as often as it is used.
    synapses: int
    nonzero_weights: int
    #: Bits of the widest stored weight; 0 for an input.
    weight_bits: int
    #: How connections are stored; empty for an input.
    encoding: str
    #: Parts per axis, such as ``c2y4x1``; empty for an input.
    tile: str
    #: Its own events.
    activity: Activity
    #: None for an input.
    bound: LayerBound | None
    #: Rules that led from the imported layer to what is on the cores, in order.
    rewrites: tuple[str, ...]
    #: How the search decided; None for an input and for a layer that was mapped by hand.
    choice: LayerChoice | None

    @classmethod
    def read(cls, fields: Fields) -> Layer:
        channels, rows, columns = fields.integers("shape", 3)
        return cls(
            name=fields.text("name"),
            op=fields.text("op"),
            onnx_nodes=fields.texts("onnx_nodes"),
            inputs=tuple(LayerInput.read(f) for f in fields.children("inputs")),
            shape=(channels, rows, columns),
            neurons=fields.integer("neurons"),
            synapses=fields.integer("synapses"),
            nonzero_weights=fields.integer("nonzero_weights"),
            weight_bits=fields.integer("weight_bits"),
            encoding=fields.text("encoding"),
            tile=fields.text("tile"),
            activity=Activity.read(fields.child("activity")),
            bound=LayerBound.read(fields.child_or_none("bound")),
            rewrites=fields.texts("rewrites"),
            choice=LayerChoice.read(fields.child_or_none("choice")),
        )
