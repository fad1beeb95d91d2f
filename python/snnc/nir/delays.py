"""Delays of a network as NIR says them: whole ones, and edges that lead back."""

from __future__ import annotations

import numpy as np

from .errors import NirError
from .graph import Flat, Node
from .order import Edge, feedback


class Delays:
    """Takes Delay nodes out of a graph that says the same without them."""

    def __init__(self, flat: Flat, steps: dict[str, int], dt: float) -> None:
        self._flat = flat
        #: Steps of each Delay node.
        self._steps = dict(steps)
        self._dt = dt

    def flat(self) -> Flat:
        """The graph, with as few Delay nodes as it needs."""
        for name in list(self._steps):
            self._merge(name)
        return self._without_feedback()

    def _merge(self, name: str) -> None:
        """Makes one Delay of two if the one before is read by this one alone."""
        flat = self._flat
        into = [a for a, b in flat.edges if b == name]
        if len(into) != 1 or into[0] not in self._steps or into[0] == name:
            return
        first = into[0]
        if sum(a == first for a, _ in flat.edges) != 1:
            return
        self._steps[name] += self._steps.pop(first)
        shape = np.asarray(flat.nodes[name].fields["delay"]).shape
        flat.nodes[name] = Node(name, "Delay", {"delay": np.full(shape, self._steps[name] * self._dt)})
        del flat.nodes[first]
        flat.edges = [(a, name if b == first else b) for a, b in flat.edges if (a, b) != (first, name)]

    def _without_feedback(self) -> Flat:
        """The graph with edges that lead back in place of Delays of one step, if they are read as such."""
        flat = self._flat
        targets: dict[str, list[str]] = {}
        sources: dict[str, list[str]] = {}
        for a, b in flat.edges:
            targets.setdefault(a, []).append(b)
            sources.setdefault(b, []).append(a)
        bare = {name for name, count in self._steps.items() if count == 1 and _leads_back(targets, name)}
        edges = [(a, b) for a, b in flat.edges if a not in bare and b not in bare]
        back: set[Edge] = {(a, b) for name in bare for a in sources[name] for b in targets[name]}
        if not bare or any(end in bare for edge in back for end in edge) or back & set(edges):
            return flat
        nodes = {name: node for name, node in flat.nodes.items() if name not in bare}
        without = Flat(nodes, [*edges, *sorted(back)])
        try:
            same = feedback(without, [name for name in self._steps if name not in bare]) == back
        except NirError:
            return flat
        return without if same else flat


def _leads_back(targets: dict[str, list[str]], start: str) -> bool:
    seen: set[str] = set()
    stack = [start]
    while stack:
        for target in targets.get(stack.pop(), []):
            if target == start:
                return True
            if target not in seen:
                seen.add(target)
                stack.append(target)
    return False
