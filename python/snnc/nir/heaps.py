"""A look at the text in an HDF5 file before the HDF5 library takes one: it never comes back from some damage."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from typing import IO

#: What a collection of texts (a global heap) starts with, and its version.
_MAGIC = b"GCOL\x01"
#: Index, references, reserved, size.
_OBJECT = struct.Struct("<HH4xQ")


def damaged(file: IO[bytes]) -> bool:
    """Whether an object in a collection of texts does not lie in it.

    The library steps from object to object by their sizes, without a check in releases up to 1.14: by a size
    of zero it steps for ever.
    """
    file.seek(0, 2)
    if file.tell() == 0:
        return False
    with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        return any(not _whole(data, start) for start in _collections(data))


def _collections(data: mmap) -> Iterator[int]:
    at = data.find(_MAGIC)
    while at >= 0:
        yield at
        at = data.find(_MAGIC, at + 1)


def _whole(data: mmap, start: int) -> bool:
    header = data[start + 8 : start + 16]
    size = int.from_bytes(header, "little") if len(header) == 8 else 0
    end = start + size
    if end > len(data):
        # The library refuses that itself.
        return True
    at = start + 16
    while at + _OBJECT.size <= end:
        index, _, length = _OBJECT.unpack_from(data, at)
        # Index 0 is the space that is left; its length counts this header.
        step = (length + 7) // 8 * 8 if index == 0 else _OBJECT.size + (length + 7) // 8 * 8
        if step < _OBJECT.size or step > end - at:
            return False
        at += step
    return True
