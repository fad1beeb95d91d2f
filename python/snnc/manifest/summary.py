"""The summary in words: what the command line prints after a compilation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bounds import Binding, Bounds, Deadline
from .network import Layer
from .text import Left, Names, excerpt, shortened, table
from .units import UNDERSCORE, energy, grouped, percent, thousandths, time

if TYPE_CHECKING:
    from .manifest import Manifest

_STATES = {
    "memory_bound": "memory-bound",
    "compute_bound": "compute-bound",
    "traffic_bound": "traffic-bound",
    "io_bound": "io-bound",
    "barrier_bound": "barrier-bound",
}
_ADVICE = {
    "memory_bound": "fewer synaptic operations on the busiest core: sparser activity into its layer, "
    "sparser weights, or more cores for it",
    "compute_bound": "fewer neurons on the busiest core: more cores for its layer; sparser activity does not help",
    "traffic_bound": "fewer messages: sparser activity, fewer or larger tiles, neighbouring layers cut alike",
    "io_bound": "fewer events between host and chip: encode the input more sparsely",
    "barrier_bound": "nothing on the cores: the step is as short as the chip allows",
}
_TERMS = {
    "synops": "synaptic operations",
    "reads": "synaptic memory reads",
    "updates": "neuron updates",
    "messages_in": "messages in",
    "messages_out": "messages out",
    "links": "messages on a link",
    "barrier": "barrier",
}
_HEADER = (
    "layer",
    "op",
    "shape",
    "encoding",
    "tile",
    "cores",
    "fullest",
    "synops/core",
    "updates/core",
    "nominal",
    "state",
)
_RIGHT = frozenset(("shape", "cores", "fullest", "synops/core", "updates/core", "nominal"))


def state_name(state: str) -> str:
    """A state for people: ``memory-bound``."""
    return _STATES.get(state, shortened(state))


def term_name(term: str) -> str:
    """A term of the floorline for people: ``synaptic operations``."""
    return _TERMS.get(term, shortened(term))


def shape_name(layer: Layer) -> str:
    """Channels, rows and columns: ``8x4x4``."""
    return "x".join(map(str, layer.shape))


def place(binding: Binding) -> str:
    """Where a term binds."""
    if binding.layer is not None and binding.core is not None:
        return f"core {binding.core}, layer {shortened(binding.layer)}"
    return "the whole chip" if binding.resource == "barrier" else "the mesh"


def title(manifest: Manifest, separator: str = UNDERSCORE) -> str:
    """What was compiled for what, and how large it is there."""
    model, target = shortened(manifest.model.name), shortened(manifest.target)
    return (
        f"{model} on {target}: {grouped(manifest.neurons, separator)} neurons "
        f"on {len(manifest.cores)} core(s) of {manifest.chips} chip(s), "
        f"{manifest.steps} step(s) per inference"
    )


def text(manifest: Manifest) -> str:
    """All of it."""
    lines = [f"{label:16} {line}" for label, line in facts(manifest)]
    return "\n".join([title(manifest), "", _layers(manifest), "", *lines, _caveat(manifest)])


def _layers(manifest: Manifest) -> str:
    names = Names(layer.name for layer in manifest.layers)
    rows: list[list[str] | str] = []
    for k in excerpt(len(manifest.layers), manifest.bottleneck_rows):
        if isinstance(k, Left):
            rows.append(f"... {grouped(k.count)} more layer(s) ...")
        else:
            rows.append(_row(manifest, manifest.layers[k], names))
    return table(_HEADER, rows, _RIGHT)


def _row(manifest: Manifest, layer: Layer, names: Names) -> list[str]:
    cells = [names.short(layer.name), shortened(layer.op), shape_name(layer)]
    if layer.bound is None:
        return cells + [""] * (len(_HEADER) - len(cells))
    use = manifest.usage[layer.name]
    return [
        *cells,
        shortened(layer.encoding),
        shortened(layer.tile),
        str(use.cores),
        fullest(manifest, layer),
        thousandths(use.busiest.synops.nominal),
        thousandths(use.busiest.updates.nominal),
        time(layer.bound.nominal_ps),
        state_name(layer.bound.state),
    ]


def fullest(manifest: Manifest, layer: Layer) -> str:
    """The resource that is nearest to its cap: ``Neurons 12 %``; empty when there is none."""
    found = manifest.usage[layer.name].fullest
    return "" if found is None else f"{shortened(found[0])} {found[1].used * 100 // found[1].cap} %"


def facts(manifest: Manifest) -> list[tuple[str, str]]:
    """The lines below the layers, each with its label; a line without one goes on from the line before."""
    b = manifest.bounds
    period_of = "step" if b.period_of == "step" else shortened(b.period_of)
    out = [
        (f"time per {period_of}", _unknown(b.period)),
        ("inference", f"{_unknown(b.inference_time)}, {b.latency_steps} step(s) of latency"),
        (
            "bottleneck",
            f"{state_name(b.nominal.state)} ({term_name(b.nominal.binding.resource)}): "
            f"{place(b.nominal.binding)}; nominal {time(b.nominal.period_ps)} per {period_of}",
        ),
    ]
    if b.nominal.state in _ADVICE:
        out.append(("", _ADVICE[b.nominal.state]))
    if b.state != b.nominal.state:
        out.append(("lower bound from", f"{term_name(b.binding.resource)} ({place(b.binding)})"))
    out += _optimality(b)
    if b.deadline is not None:
        out.append(("deadline", _deadline(b.deadline)))
    if b.energy is not None:
        upper = "" if b.energy.upper_fj is None else f" to {energy(b.energy.upper_fj)}"
        out.append(("energy", f"{'' if upper else 'at least '}{energy(b.energy.lower_fj)}{upper} per inference"))
    return out


def _unknown(value: object) -> str:
    return "unknown" if value is None else str(value)


def _optimality(b: Bounds) -> list[tuple[str, str]]:
    o = b.optimality
    search = "the best of all tiles"
    if o.achieved_ps != o.search_optimal_ps:
        search += f" is {time(o.search_optimal_ps)} (slack spent on fewer messages)"
    line = (
        f"{time(o.achieved_ps)} nominal; {search}; no mapping is below {time(o.independent_lower_ps)}: "
        f"gap {percent(o.gap_ppm)}"
    )
    out = [("optimality", line)]
    if b.nominal.state == "barrier_bound":
        out.append(("", "the barrier is the floor: no mapping is faster"))
    return out


def _deadline(d: Deadline) -> str:
    outcome = {
        "met": "met, the upper bound leaves",
        "missed": "missed, the lower bound is beyond it by",
        "undecided": "undecided, it lies between the bounds; above the lower one by",
    }.get(d.state, f"{shortened(d.state)},")
    return f"{time(d.period_ps)}: {outcome} {time(abs(d.slack_ps))}"


def _caveat(manifest: Manifest) -> str:
    return (
        "All times are estimates for the chip alone, for steps with the activity given; "
        "nothing was measured on a\n"
        f"board. {len(manifest.assumptions)} constants and rules behind them are derived, inferred or assumed"
        ": see `assumptions` in the\n"
        f"manifest, or snnc targets show {shortened(manifest.target)}."
    )
