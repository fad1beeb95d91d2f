"""The summary in words: what the command line prints after a compilation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bounds import Binding, Bounds, Optimality, ParetoPoint
from .cores import Usage
from .network import Layer
from .text import TITLE, Left, Names, excerpt, shortened, table
from .units import UNDERSCORE, energy, gap, grouped, thousandths, time

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
#: Columns of the front of time and cores; the last one has the mark.
FRONT = ("cores", "time per step", "nominal", "messages/step", "")
#: A gap in millionths above which its reasons are told, and how many of them.
_LARGE, _TOLD = 20_000, 5
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
    points = [_front(manifest), ""] if manifest.pareto else []
    return "\n".join([title(manifest), "", _layers(manifest), "", *points, *lines, _caveat(manifest)])


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
        cores(use),
        fullest(manifest, layer),
        thousandths(use.busiest.synops.nominal),
        thousandths(use.busiest.updates.nominal),
        time(layer.bound.nominal_ps),
        state_name(layer.bound.state),
    ]


def cores(use: Usage, separator: str = UNDERSCORE) -> str:
    """Cores of a layer, and how many of them it shares with other layers: ``3, 1 shared``."""
    count = grouped(use.cores, separator) if separator != UNDERSCORE else str(use.cores)
    if use.shared == 0:
        return count
    return f"{count} shared" if use.shared == use.cores else f"{count}, {use.shared} shared"


def front(manifest: Manifest) -> list[tuple[ParetoPoint, str]]:
    """The points of the front with the mark of this mapping, which has a row of its own when it is beside it."""
    messages = sum(part.load.messages_in.nominal for core in manifest.cores for part in core.parts)
    own = ParetoPoint(
        len(manifest.cores), manifest.optimality.achieved_ps, manifest.bottleneck.period_ps, min(messages, 2**64 - 1)
    )
    rows = [(p, "<- this mapping" if (p.cores, p.time_ps) == (own.cores, own.time_ps) else "") for p in manifest.pareto]
    if not any(mark for _, mark in rows):
        at = sum(p.cores <= own.cores for p in manifest.pareto)
        rows.insert(at, (own, "<- this mapping, not on the front"))
    return rows


def _front(manifest: Manifest) -> str:
    rows = [
        [grouped(p.cores), time(p.time_ps), time(p.nominal_ps), thousandths(p.messages), mark]
        for p, mark in front(manifest)
    ]
    return table(FRONT, rows, frozenset(FRONT[:-1]))


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
    out += _certificate(manifest)
    if b.deadline is not None:
        out.append(("deadline", _deadline(b)))
    if b.energy is not None:
        upper = "" if b.energy.upper_fj is None else f" to {energy(b.energy.upper_fj)}"
        out.append(("energy", f"{'' if upper else 'at least '}{energy(b.energy.lower_fj)}{upper} per inference"))
    return out


def _unknown(value: object) -> str:
    return "unknown" if value is None else str(value)


def _certificate(manifest: Manifest) -> list[tuple[str, str]]:
    """The best over the e-graph, the bound that no mapping is below, and the reasons for what lies between."""
    b, o = manifest.bounds, manifest.optimality
    all_firing = manifest.inputs.activity_source == "none"
    loads = "lower sides of constants, loads of all-firing" if all_firing else "lower sides of constants and loads"
    out = [("ranked time", f"{time(o.achieved_ps)} per step: {loads}, no less than the barrier")]
    if _is_barrier(b):
        out.append(("", "the barrier alone takes that long: no mapping is faster"))
    best = "unknown: the search was cut short"
    if o.egraph_optimal_ps is not None and o.egraph_gap_ppm is not None:
        best = (
            f"{time(o.egraph_optimal_ps)}, over every form, encoding and tile that the rules give: "
            f"gap {gap(o.egraph_gap_ppm)}"
        )
    out.append(("e-graph optimum", best))
    lower = f"{time(o.independent_lower_ps)}, whatever its forms and tiles: gap {gap(o.gap_ppm)}"
    out.append(("no mapping below", lower))
    if o.gap_ppm > _LARGE:
        out += _reasons(o)
    return out


def _is_barrier(b: Bounds) -> bool:
    """Whether the ranked time is that of the barrier, which it is never below."""
    constant = (b.constants or {}).get("t_barrier")
    barrier = (constant.nominal_fs if constant else None) or 0
    return barrier > 0 and b.optimality.achieved_ps <= -(-barrier // 1000)


def _reasons(o: Optimality) -> list[tuple[str, str]]:
    out = []
    for k, reason in enumerate(o.reasons[:_TOLD]):
        layer = "" if reason.layer is None else f"{shortened(reason.layer)}: "
        out.append(("" if k else "why the gap", layer + shortened(" ".join(reason.text.split()), TITLE)))
    if len(o.reasons) > _TOLD:
        out.append(("", f"and {len(o.reasons) - _TOLD} more reason(s), in the manifest"))
    return out


def _deadline(b: Bounds) -> str:
    d = b.deadline
    assert d is not None
    slack = time(abs(d.slack_ps))
    upper = None if b.period is None else b.period.upper_ps
    if d.state == "met":
        outcome = f"met, the upper bound leaves {slack}"
    elif d.state == "missed":
        outcome = f"missed, the lower bound is beyond it by {slack}"
    elif d.state != "undecided":
        outcome = f"{shortened(d.state)}, {slack}"
    elif upper is None:
        outcome = f"undecided, {slack} above the lower bound, and there is no upper one"
    else:
        above = time(max(upper - d.period_ps, 0))
        outcome = f"undecided, {slack} above the lower bound and {above} below the upper one"
    return f"{time(d.period_ps)}: {outcome}"


def _caveat(manifest: Manifest) -> str:
    return (
        "All times are estimates for the chip alone, for steps with the activity given; "
        "nothing was measured on a\n"
        f"board. {len(manifest.assumptions)} constants and rules behind them are derived, inferred or assumed"
        ": see `assumptions` in the\n"
        f"manifest, or snnc targets show {shortened(manifest.target)}."
    )
