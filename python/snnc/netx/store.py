"""Reading a file that is not trusted: one HDF5 group at a time, each value checked before it is used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .errors import NetxError

if TYPE_CHECKING:
    import h5py

#: Most elements of one dataset. HDF5 stores a shape of any size in a few bytes.
MAX_ELEMENTS = 1 << 24

#: Most elements of all datasets that are read. A compressed file holds any number of zeros.
MAX_TOTAL = 1 << 26

#: Longest text.
MAX_TEXT = 64

Integers = npt.NDArray[np.int64]


@contextmanager
def open_file(path: str | Path) -> Iterator[Group]:
    """The root group of a file."""
    try:
        import h5py
    except ImportError as error:
        raise NetxError(
            "reading .net files needs h5py, which is not installed: pip install 'snnc[netx]' (or h5py)"
        ) from error
    if not Path(path).is_file():
        raise NetxError(f"{path}: no such file")
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise NetxError(f"{path}: not an HDF5 file, or a damaged one ({error})") from error
    with file:
        yield Group(file, str(path), "", Budget())


class Budget:
    """How many elements may still be read of a file."""

    def __init__(self) -> None:
        self.left = MAX_TOTAL


class Group:
    """A group of the file. ``where`` and ``path`` say where it stands: a layer, and keys from there."""

    def __init__(self, handle: h5py.Group, where: str, path: str, budget: Budget) -> None:
        self._handle = handle
        self._budget = budget
        self.where = where
        self._path = path

    def error(self, key: str, problem: str, remedy: str = "") -> NetxError:
        """An error about a key of this group."""
        end = f"; {remedy}" if remedy else ""
        return NetxError(f"{self.where}, key '{self._path}{key}': {problem}{end}")

    def named(self, where: str) -> Group:
        """The same group, called ``where`` in messages."""
        return Group(self._handle, where, "", self._budget)

    def names(self) -> list[str]:
        """Names of all members, sorted."""
        with self._reading(""):
            return sorted(str(key) for key in self._handle)

    def warn_unread(self, known: set[str]) -> None:
        """Warns of members that this reader does not know."""
        for key in sorted(set(self.names()) - known):
            warnings.warn(f"{self.where}: the key '{self._path}{key}' is not known and not read", stacklevel=2)

    def has(self, key: str) -> bool:
        """Whether there is a member of that name, of whatever kind."""
        with self._reading(key):
            return bool(self._handle.id.links.exists(key.encode()))

    def group(self, key: str) -> Group:
        """A group in this one."""
        import h5py

        member = self._member(key)
        if not isinstance(member, h5py.Group):
            raise self.error(key, "it is a dataset where a group is needed")
        return Group(member, self.where, f"{self._path}{key}/", self._budget)

    def is_group(self, key: str) -> bool:
        """Whether a member is a group."""
        import h5py

        return isinstance(self._member(key), h5py.Group)

    def text(self, key: str) -> str:
        """A name: a string, or an array of one string as older files have it."""
        with self._reading(key):
            dataset = self._dataset(key)
            if dataset.size != 1 or dataset.dtype.itemsize > MAX_TEXT or dataset.dtype.kind not in "SO":
                raise self.error(key, f"{_described(dataset)} where a short text is needed")
            value = np.asarray(dataset[()]).reshape(-1)[0]
            if isinstance(value, str):
                value = value.encode()
            if not isinstance(value, bytes) or len(value) > MAX_TEXT or not value.isascii():
                raise self.error(key, "it is no short ASCII text")
            return value.rstrip(b"\0").decode("ascii")

    def integers(self, key: str, low: int, high: int) -> Integers:
        """An array of whole numbers within a range, stored as integers or as floating point."""
        with self._reading(key):
            dataset = self._dataset(key)
            if dataset.dtype.kind not in "iufb":
                raise self.error(key, f"{_described(dataset)} where numbers are needed")
            if dataset.size > MAX_ELEMENTS or dataset.dtype.itemsize > 16:
                raise self.error(key, f"it has {dataset.size} elements; at most {MAX_ELEMENTS} are read")
            if dataset.size == 0:
                raise self.error(key, "it is empty")
            self._budget.left -= dataset.size
            if self._budget.left < 0:
                raise self.error(key, f"the file has more than {MAX_TOTAL} elements up to here")
            raw = np.asarray(dataset[()])
        if raw.dtype.kind == "f":
            bad = ~np.isfinite(raw) | (raw != np.trunc(raw))
            if bad.any():
                raise self.error(
                    key,
                    f"{_first(raw, bad)} is not a whole number",
                    "export the network after quantisation (lava-dl's export_hdf5 writes integers)",
                )
        outside = (raw < low) | (raw > high)
        if outside.any():
            raise self.error(key, f"{_first(raw, outside)} is outside {low}..{high}")
        return raw.astype(np.int64)

    def integer(self, key: str, low: int, high: int) -> int:
        """One whole number, as a scalar or as an array of one."""
        values = self.integers(key, low, high)
        if values.size != 1:
            raise self.error(key, f"it has the shape {values.shape} where one number is needed")
        return int(values.reshape(-1)[0])

    def flag(self, key: str) -> bool:
        """Whether a truth value is there and set."""
        return self.has(key) and self.integer(key, 0, 1) == 1

    def _dataset(self, key: str) -> h5py.Dataset:
        """Nothing of it is read yet; what h5py raises about it is the caller's."""
        import h5py

        member = self._member(key)
        if not isinstance(member, h5py.Dataset):
            raise self.error(key, "it is a group where a dataset is needed")
        if member.shape is None:
            raise self.error(key, "it is empty")
        if member.external or member.is_virtual:
            raise self.error(key, "its values are in another file", "store them in the file itself")
        return member

    def _member(self, key: str) -> Any:
        import h5py

        if not self.has(key):
            raise self.error(key, "it is missing")
        with self._reading(key):
            if self._handle.id.links.get_info(key.encode()).type != h5py.h5l.TYPE_HARD:
                raise self.error(key, "it is a link", "store the value itself; links are not followed")
            return self._handle[key]

    @contextmanager
    def _reading(self, key: str) -> Iterator[None]:
        """What h5py raises for a damaged file, as an error about the key."""
        try:
            yield
        except NetxError:
            raise
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, MemoryError) as error:
            raise self.error(key, f"it cannot be read ({error})") from error


def _described(dataset: h5py.Dataset) -> str:
    return f"values of type {dataset.dtype} and shape {dataset.shape}"


def _first(values: npt.NDArray[Any], bad: npt.NDArray[np.bool_]) -> str:
    """The first bad value, with where it is in an array of several."""
    at = tuple(int(k) for k in np.argwhere(bad)[0])
    value = values[at]
    shown = value.item() if isinstance(value, np.generic) else value
    return f"{shown} at {list(at)}" if at and values.size > 1 else f"{shown}"
