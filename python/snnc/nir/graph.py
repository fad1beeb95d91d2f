"""A NIR graph as plain data: what files and objects of the ``nir`` package are turned into first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .errors import NirError

Array = npt.NDArray[np.generic]
#: The value of a field: an array or number as read, text, or None where the graph leaves it open.
Field = Array | str | None

#: Deepest nesting of graphs in graphs.
MAX_DEPTH = 32


@dataclass(frozen=True)
class Primitive:
    """The fields of one kind of node."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


_CONVOLUTION = Primitive(("weight", "stride", "padding", "dilation", "groups", "bias"), ("input_shape",))
_POOL = Primitive(("kernel_size", "stride", "padding"))

#: Every primitive of NIR 1.0.
PRIMITIVES: Mapping[str, Primitive] = {
    "Input": Primitive(("shape",)),
    "Output": Primitive((), ("shape",)),
    "Affine": Primitive(("weight", "bias")),
    "Linear": Primitive(("weight",)),
    "Scale": Primitive(("scale",)),
    "Conv1d": _CONVOLUTION,
    "Conv2d": _CONVOLUTION,
    "SumPool2d": _POOL,
    "AvgPool2d": _POOL,
    "Flatten": Primitive((), ("start_dim", "end_dim", "input_type")),
    "Delay": Primitive(("delay",)),
    "Threshold": Primitive(("threshold",)),
    "I": Primitive(("r",)),
    "IF": Primitive(("r", "v_threshold"), ("v_reset",)),
    "LI": Primitive(("tau", "r", "v_leak")),
    "LIF": Primitive(("tau", "r", "v_leak", "v_threshold"), ("v_reset",)),
    "CubaLI": Primitive(("tau_syn", "tau_mem", "r", "v_leak"), ("w_in",)),
    "CubaLIF": Primitive(("tau_syn", "tau_mem", "r", "v_leak", "v_threshold"), ("v_reset", "w_in")),
}

#: Where the input or output of a nested graph was: hands its value on.
PASS = "Pass"


@dataclass(frozen=True)
class Node:
    """A node that is no graph."""

    name: str
    #: Name of the primitive.
    kind: str
    fields: Mapping[str, Field]


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of the source, and edges from name to name."""

    nodes: Mapping[str, Node | Graph]
    edges: tuple[tuple[str, str], ...]


@dataclass
class Flat:
    """A graph without graphs in it."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def sources(self) -> dict[str, list[str]]:
        """The nodes that each node reads, sorted by name."""
        out: dict[str, list[str]] = {name: [] for name in self.nodes}
        for source, target in sorted(self.edges):
            out[target].append(source)
        return out


def checked(name: str, kind: str, fields: Mapping[str, Field]) -> Node:
    """The node, if it has the fields of its kind and no others."""
    primitive = PRIMITIVES.get(kind)
    if primitive is None:
        raise NirError(f"primitive '{kind}' is not known; NIR 1.0 has {', '.join(PRIMITIVES)} and NIRGraph", name)
    present = {key for key, value in fields.items() if value is not None}
    missing = [key for key in primitive.required if key not in present]
    if missing:
        raise NirError(f"{kind} has no field {', '.join(missing)}", name)
    unknown = sorted(present - set(primitive.required) - set(primitive.optional))
    if unknown:
        raise NirError(f"{kind} of NIR 1.0 has no field {', '.join(unknown)}; remove it", name)
    return Node(name, kind, dict(fields))


def flatten(graph: Graph) -> Flat:
    """The graph with nested graphs put in its place; their nodes are called ``<graph>/<node>``."""
    flat = Flat()
    _put(flat, graph, "", 0)
    return flat


def _put(flat: Flat, graph: Graph, prefix: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NirError(f"graphs are nested more than {MAX_DEPTH} deep", prefix.rstrip("/"))
    for name, node in graph.nodes.items():
        full = prefix + name
        if isinstance(node, Graph):
            _put(flat, node, f"{full}/", depth + 1)
            continue
        if full in flat.nodes:
            raise NirError("there are two nodes of this name", full)
        inner = depth > 0 and node.kind in ("Input", "Output")
        flat.nodes[full] = Node(full, PASS if inner else node.kind, node.fields)
    seen = set()
    for source, target in graph.edges:
        if (source, target) in seen:
            raise NirError(
                f"the edge to '{target}' occurs twice; put a Scale of 2 between them if that is meant",
                prefix + source,
            )
        seen.add((source, target))
        start = _end(graph, prefix, source, "Output")
        stop = _end(graph, prefix, target, "Input")
        flat.edges.append((start, stop))


def _end(graph: Graph, prefix: str, name: str, port: str) -> str:
    """The node that an edge touches; for a graph the one output or input in it."""
    node = graph.nodes.get(name)
    if node is None:
        raise NirError("an edge names it, but there is no such node", prefix + name)
    if not isinstance(node, Graph):
        wrong = "Input" if port == "Input" else "Output"
        if node.kind == wrong:
            verb = "into an Input" if wrong == "Input" else "out of an Output"
            raise NirError(f"an edge leads {verb}; take it off", prefix + name)
        return prefix + name
    ports = sorted(inner for inner, part in node.nodes.items() if not isinstance(part, Graph) and part.kind == port)
    if len(ports) != 1:
        raise NirError(
            f"a nested graph needs exactly one {port} to be connected, this one has {len(ports)}; "
            "put its nodes into the graph around it",
            prefix + name,
        )
    return f"{prefix}{name}/{ports[0]}"
