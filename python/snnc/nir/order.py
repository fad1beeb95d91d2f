"""The order of nodes within a step, and the edges that carry the step before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

from .errors import NirError
from .graph import Flat

Edge = tuple[str, str]

#: Primitives that make events, or hold a state: a feedback edge starts behind one of them.
NEURONS = frozenset({"Threshold", "I", "IF", "LI", "LIF", "CubaLI", "CubaLIF"})


def feedback(flat: Flat, late: Iterable[str]) -> frozenset[Edge]:
    """The edges whose target reads what the source gave in the step before.

    NIR's time is continuous, so a cycle is no contradiction; in steps something in it has to come later.
    Seen from the inputs one edge closes the cycle. It is moved back over connections, to where the neuron is:
    so it is spikes that are kept, and the bias of a recurrent connection acts from the first step on.
    ``late`` are the Delay nodes of a step or more: a cycle through one needs nothing else.
    """
    late = frozenset(late)
    targets = _targets(flat, late)
    plain = {n: [t for t in ts if _plain(flat, t)] for n, ts in targets.items() if _plain(flat, n)}
    for source, target in _closing(plain, sorted(plain)):
        raise NirError(
            f"it closes a cycle through '{source}' in which there is neither a neuron nor a Delay of a step",
            target,
        )
    starts = sorted(targets, key=lambda name: (flat.nodes[name].kind != "Input", name))
    sources = flat.sources()
    return frozenset(_moved_back(flat, edge, sources, targets) for edge in _closing(targets, starts))


def in_order(flat: Flat, late: Iterable[str], delayed: frozenset[Edge]) -> list[str]:
    """Every node after those that it reads in the same step; of those that are free the first by name."""
    targets = _targets(flat, frozenset(late), delayed)
    waiting = dict.fromkeys(flat.nodes, 0)
    for ends in targets.values():
        for end in ends:
            waiting[end] += 1
    free = [name for name, count in waiting.items() if count == 0]
    heapify(free)
    order = []
    while free:
        name = heappop(free)
        order.append(name)
        for end in targets[name]:
            waiting[end] -= 1
            if waiting[end] == 0:
                heappush(free, end)
    return order


def _plain(flat: Flat, name: str) -> bool:
    return flat.nodes[name].kind not in NEURONS


def _targets(flat: Flat, late: frozenset[str], delayed: frozenset[Edge] = frozenset()) -> dict[str, list[str]]:
    """The nodes that read each node in the same step, sorted by name."""
    out: dict[str, list[str]] = {name: [] for name in flat.nodes}
    for source, target in sorted(flat.edges):
        if source not in late and (source, target) not in delayed:
            out[source].append(target)
    return out


def _closing(targets: Mapping[str, list[str]], starts: Iterable[str]) -> list[Edge]:
    """The edges that lead back to a node on the way to them, of a walk in depth."""
    closing: list[Edge] = []
    done: set[str] = set()
    for start in starts:
        if start in done:
            continue
        on_the_way = {start}
        stack = [(start, iter(targets[start]))]
        while stack:
            name, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                stack.pop()
                on_the_way.discard(name)
                done.add(name)
            elif target in on_the_way:
                closing.append((name, target))
            elif target not in done:
                on_the_way.add(target)
                stack.append((target, iter(targets[target])))
    return closing


def _moved_back(flat: Flat, edge: Edge, sources: Mapping[str, list[str]], targets: Mapping[str, list[str]]) -> Edge:
    source, target = edge
    while _plain(flat, source) and len(sources[source]) == 1 and len(targets[source]) == 1:
        source, target = sources[source][0], source
    return source, target
