"""``.nir`` files, which are HDF5, with limits: a file may come from anywhere."""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any

import numpy as np

from .errors import NirError
from .graph import MAX_DEPTH, PRIMITIVES, Field, Graph, Node, checked
from .heaps import DamagedError, Texts

#: Most bytes of all arrays of a file together.
MAX_BYTES = 1 << 30
#: A dataset may be this small without anything stored for it.
SMALL = 1 << 20
#: Deflate makes at most 1032 bytes of one.
EXPANSION = 1040
MAX_NODES = 10_000
MAX_EDGES = 100_000
_EDGES_AT_ONCE = 256
_MAX_EDGE_TEXT = 16 << 20


def read(path: str | PathLike[str]) -> Graph:
    """The graph in a file."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise NirError("reading .nir files needs h5py: pip install 'snnc[nir]'") from error
    try:
        with open(fspath(path), "rb") as raw:
            texts = Texts(raw)
        texts.check()
        file = h5py.File(fspath(path), "r")
    except FileNotFoundError:
        raise NirError(f"there is no file {fspath(path)}") from None
    except OSError as error:
        raise NirError(f"{fspath(path)} is not an HDF5 file: {error}") from None
    except DamagedError as error:
        raise NirError(f"{fspath(path)} is damaged: {error}") from None
    with file:
        try:
            return _Reader(h5py, texts).root(file)
        except NirError:
            raise
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, MemoryError) as error:
            raise NirError(f"{fspath(path)} is damaged: {error}") from error


class _Reader:
    def __init__(self, h5py: Any, texts: Texts) -> None:
        self._h5py = h5py
        self._texts = texts
        self._bytes = 0
        self._nodes = 0

    def root(self, file: Any) -> Graph:
        node = self._member(file, "node", "")
        if not isinstance(node, self._h5py.Group):
            raise NirError("the file has no group 'node': it is not a NIR file")
        kind = self._text(self._member(node, "type", ""), "")
        if kind != "NIRGraph":
            raise NirError(f"the file holds a single '{kind}', not a NIRGraph; put an Input and an Output around it")
        return self._graph(node, "", 0)

    def _graph(self, group: Any, name: str, depth: int) -> Graph:
        if depth > MAX_DEPTH:
            raise NirError(f"graphs are nested more than {MAX_DEPTH} deep", name)
        nodes = self._member(group, "nodes", name)
        if not isinstance(nodes, self._h5py.Group):
            raise NirError("the graph has no group 'nodes'", name or None)
        out: dict[str, Node | Graph] = {}
        for key in sorted(nodes):
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise NirError(f"the file has more than {MAX_NODES} nodes")
            full = f"{name}/{key}" if name else key
            part = self._member(nodes, key, full)
            if not isinstance(part, self._h5py.Group):
                raise NirError("a node is an HDF5 group, this is a dataset", full)
            kind = self._text(self._member(part, "type", full), full)
            out[key] = self._graph(part, full, depth + 1) if kind == "NIRGraph" else self._node(part, kind, full, key)
        return Graph(out, self._edges(self._member(group, "edges", name), name))

    def _node(self, group: Any, kind: str, full: str, key: str) -> Node:
        known = PRIMITIVES.get(kind)
        names = () if known is None else (*known.required, *known.optional)
        fields: dict[str, Field] = {}
        for field in sorted(group):
            if field in ("type", "metadata"):
                continue
            # A field that the primitive does not have is named in the error, not read.
            fields[field] = self._value(self._member(group, field, full), full, field) if field in names else ""
        node = checked(full, kind, fields)
        return Node(key, node.kind, node.fields)

    def _member(self, group: Any, key: str, name: str) -> Any:
        """A member that stands in this very file; None where there is none."""
        link = group.get(key, getlink=True)
        if link is None:
            return None
        if not isinstance(link, self._h5py.HardLink):
            raise NirError(f"'{key}' is a link to somewhere else, which is not followed", name or None)
        return group[key]

    def _value(self, dataset: Any, name: str, field: str) -> Field:
        if not isinstance(dataset, self._h5py.Dataset):
            raise NirError(f"field {field} is an HDF5 group, not a dataset", name)
        if dataset.dtype.kind in "OS":
            return self._text(dataset, name)
        if dataset.dtype.kind not in "fiub":
            raise NirError(f"field {field} is of type {dataset.dtype}, not numbers", name)
        self._take(dataset, name, field)
        return np.asarray(dataset[()])

    def _take(self, dataset: Any, name: str, field: str) -> None:
        size = int(dataset.size or 0) * dataset.dtype.itemsize
        self._bytes += size
        if dataset.external or dataset.is_virtual:
            raise NirError(f"field {field} is stored in another file, which is not followed", name)
        if self._bytes > MAX_BYTES:
            raise NirError(f"with field {field} the arrays of the file take more than {MAX_BYTES >> 20} MiB", name)
        if size > SMALL and size > EXPANSION * dataset.id.get_storage_size():
            raise NirError(f"field {field} declares {size} bytes that are not in the file", name)

    def _text(self, dataset: Any, name: str) -> str:
        if not isinstance(dataset, self._h5py.Dataset):
            raise NirError("it has no 'type'", name or None)
        plain = dataset.shape == () and dataset.dtype.kind in "OS" and dataset.dtype.itemsize <= SMALL
        value = self._strings(dataset, 0, 1)[0] if plain else None
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str) or len(value) > 64:
            raise NirError("text is expected where there is something else", name or None)
        return value

    def _strings(self, dataset: Any, start: int, stop: int) -> list[Any]:
        """Some of the texts of a dataset: a single one, or one of pairs."""
        kind = self._h5py.check_string_dtype(dataset.dtype)
        if kind is None:
            raise NirError("text is expected where there is something else")
        offset = dataset.id.get_offset()
        if kind.length is None and offset is not None:
            if dataset.id.get_storage_size() != Texts.SIZE * dataset.size:
                raise NirError("the file has addresses that are not of 8 bytes")
            return list(self._texts.read(offset + start * Texts.SIZE, stop - start))
        read = dataset[()] if dataset.shape == () else dataset[start // 2 : stop // 2]
        return list(np.ravel(np.asarray(read, dtype=object)))

    def _edges(self, dataset: Any, name: str) -> tuple[tuple[str, str], ...]:
        if not isinstance(dataset, self._h5py.Dataset):
            raise NirError("the graph has no dataset 'edges'", name or None)
        if dataset.size == 0:
            return ()
        if dataset.ndim != 2 or dataset.shape[1] != 2 or dataset.dtype.kind not in "OS":
            raise NirError("'edges' are not pairs of names", name or None)
        count, text = int(dataset.shape[0]), 0
        if count > MAX_EDGES or dataset.dtype.itemsize > SMALL:
            raise NirError(f"the graph has more than {MAX_EDGES} edges", name or None)
        edges: list[tuple[str, str]] = []
        for start in range(0, count, _EDGES_AT_ONCE):
            stop = min(start + _EDGES_AT_ONCE, count)
            names = self._strings(dataset, 2 * start, 2 * stop)
            for pair in zip(names[::2], names[1::2], strict=True):
                if not all(isinstance(end, (bytes, str)) for end in pair):
                    raise NirError("'edges' are not pairs of names", name or None)
                text += sum(map(len, pair))
                if text > _MAX_EDGE_TEXT:
                    raise NirError("the names in 'edges' are too long", name or None)
                a, b = (e.decode("utf-8", "replace") if isinstance(e, bytes) else e for e in pair)
                edges.append((a, b))
        return tuple(edges)
