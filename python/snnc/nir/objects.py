"""Graphs of the ``nir`` package, any version from 1.0, as plain data. Needs no import of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .errors import NirError
from .graph import MAX_DEPTH, Field, Graph, Node, checked

#: Fields of the Python objects that no primitive has.
_DERIVED = ("input_type", "output_type", "metadata")


def read(graph: Any) -> Graph:
    """The plain form of a ``nir.NIRGraph``."""
    if type(graph).__name__ != "NIRGraph":
        raise NirError(f"from_nir takes a path or a nir.NIRGraph, not {type(graph).__name__}")
    return _graph(graph, "", 0)


def _graph(graph: Any, name: str, depth: int) -> Graph:
    if depth > MAX_DEPTH:
        raise NirError(f"graphs are nested more than {MAX_DEPTH} deep", name)
    out: dict[str, Node | Graph] = {}
    for key, node in graph.nodes.items():
        full = f"{name}/{key}" if name else str(key)
        kind = type(node).__name__
        out[str(key)] = _graph(node, full, depth + 1) if kind == "NIRGraph" else _node(node, kind, full, str(key))
    return Graph(out, tuple((str(a), str(b)) for a, b in graph.edges))


def _node(node: Any, kind: str, full: str, key: str) -> Node:
    if not dataclasses.is_dataclass(node):
        raise NirError(f"'{kind}' is no primitive of NIR", full)
    fields: dict[str, Field] = {
        field.name: _value(getattr(node, field.name), full, field.name)
        for field in dataclasses.fields(node)
        if field.name not in _DERIVED
    }
    typed = {"Input": "shape", "Output": "shape", "Flatten": "input_type"}
    if kind in typed:
        side = "output" if kind == "Output" else "input"
        declared = getattr(node, f"{side}_type", None) or {}
        fields[typed[kind]] = _value(declared.get(side), full, typed[kind])
    return Node(key, kind, checked(full, kind, fields).fields)


def _value(value: Any, name: str, field: str) -> Field:
    if value is None or isinstance(value, str):
        return value
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise NirError(f"field {field} is of type {array.dtype}, not numbers", name)
    return array
