"""Text in HDF5 files, read without the HDF5 library: on damaged text it crashes or never comes back.

Text of any length lies in collections of objects (global heaps, section III.E of the HDF5 format); a dataset holds
its length, the address of the collection and the index of the object.
"""

from __future__ import annotations

import struct
from mmap import ACCESS_READ, mmap
from typing import IO

#: What a collection starts with, and its version.
_MAGIC = b"GCOL\x01"
#: Index, references, reserved, size.
_OBJECT = struct.Struct("<HH4xQ")
#: Length, address of the collection, index.
_REFERENCE = struct.Struct("<IQI")


class DamagedError(ValueError):
    """A text that is not in the file."""


class Texts:
    """The texts of a file."""

    #: Bytes of a text in a dataset, in files with addresses of 8 bytes.
    SIZE = _REFERENCE.size

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0, 2)
        self._data: mmap | bytes = mmap(file.fileno(), 0, access=ACCESS_READ) if file.tell() else b""
        self._collections: dict[int, dict[int, tuple[int, int]]] = {}

    def check(self) -> None:
        """Raises :class:`DamagedError` if an object of any collection does not lie in it."""
        at = self._data.find(_MAGIC)
        while at >= 0:
            self._collection(at)
            at = self._data.find(_MAGIC, at + 1)

    def read(self, offset: int, count: int) -> list[bytes]:
        """The texts of which the references start at that byte of the file."""
        if offset < 0 or offset + count * self.SIZE > len(self._data):
            raise DamagedError("a list of texts lies outside the file")
        out = []
        for k in range(count):
            length, address, index = _REFERENCE.unpack_from(self._data, offset + k * self.SIZE)
            if length == 0:
                out.append(b"")
                continue
            start, size = self._collection(address).get(index, (0, 0))
            if length > size:
                raise DamagedError("a text is longer than what is stored of it")
            out.append(bytes(self._data[start : start + length]))
        return out

    def _collection(self, start: int) -> dict[int, tuple[int, int]]:
        """Place and size of the objects of a collection, by index."""
        if start in self._collections:
            return self._collections[start]
        header = self._data[start : start + 16] if start < len(self._data) else b""
        if len(header) < 16 or header[:5] != _MAGIC:
            raise DamagedError("a text is not where it should be")
        end = min(start + int.from_bytes(header[8:], "little"), len(self._data))
        objects = {}
        at = start + 16
        while at + _OBJECT.size <= end:
            index, _, length = _OBJECT.unpack_from(self._data, at)
            # Index 0 is the space that is left; its length counts this header.
            step = (length + 7) // 8 * 8 + (_OBJECT.size if index else 0)
            if step < _OBJECT.size or step > end - at:
                raise DamagedError("a text is cut off")
            if index:
                objects[index] = (at + _OBJECT.size, length)
            at += step
        self._collections[start] = objects
        return objects
