"""Reading JSON that was written elsewhere: every value is checked, and an error says where it stands."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import NoReturn

from .errors import ManifestError

#: The largest integer that a manifest holds; the compiler's numbers have 64 bits.
MAX_INTEGER = 2**64 - 1
_MAX_DIGITS = 20


def parse(text: str) -> dict[str, object]:
    """The object that ``text`` is, with integers of at most 64 bits and no other numbers."""
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_no_number,
            parse_constant=_no_number,
            object_pairs_hook=_object,
        )
        # An escaped half of a surrogate pair is no text and could not be shown.
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ManifestError("not a manifest: the JSON is nested too deeply") from None
    except UnicodeEncodeError as error:
        raise ManifestError(f"not a manifest: a string is not Unicode: {error.reason}") from None
    except json.JSONDecodeError as error:
        raise ManifestError(f"not a manifest: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ManifestError(f"not a manifest: the JSON is {_kind(value)}, not an object")
    return value


def _integer(digits: str) -> int:
    # The length first: int() is slow for millions of digits.
    if len(digits) <= _MAX_DIGITS and -MAX_INTEGER <= (value := int(digits)) <= MAX_INTEGER:
        return value
    raise ManifestError(f"not a manifest: the number {digits[:_MAX_DIGITS]}… does not fit 64 bits")


def _no_number(text: str) -> NoReturn:
    raise ManifestError(f"not a manifest: a manifest has integers only, not {text[:_MAX_DIGITS]}")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    out = dict(pairs)
    if len(out) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ManifestError(f"not a manifest: an object has {_shown(twice)} twice")
    return out


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the string {_shown(value)}"
    return "a list" if isinstance(value, list) else "an object"


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 40 else text[:39] + "…")


class Fields:
    """An object of a manifest; ``path`` is where it stands, as in ``cores[3].parts[0]``."""

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise ManifestError(f"{path or 'the manifest'} must be an object, not {_kind(value)}")
        self._value: dict[str, object] = value
        self._path = path

    def path(self, key: str) -> str:
        """Where the value of ``key`` stands."""
        key = key if key.isidentifier() else _shown(key)
        return f"{self._path}.{key}" if self._path else key

    def _get(self, key: str) -> object:
        if key not in self._value:
            raise ManifestError(f"{self.path(key)} is missing; was the file cut or edited?")
        return self._value[key]

    def _wrong(self, key: str, wanted: str) -> NoReturn:
        raise ManifestError(f"{self.path(key)} must be {wanted}, not {_kind(self._value[key])}")

    def has(self, key: str) -> bool:
        """Whether there is a value other than null; a field that may be null may be left out too."""
        return self._value.get(key) is not None

    def text(self, key: str) -> str:
        value = self._get(key)
        return value if isinstance(value, str) else self._wrong(key, "a string")

    def text_or_none(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def integer(self, key: str) -> int:
        """An integer that is not negative."""
        value = self.signed(key)
        return value if value >= 0 else self._wrong(key, "an integer that is not negative")

    def integer_or_none(self, key: str) -> int | None:
        return self.integer(key) if self.has(key) else None

    def signed(self, key: str) -> int:
        value = self._get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._wrong(key, "an integer")

    def _list(self, key: str) -> list[object]:
        value = self._get(key)
        return value if isinstance(value, list) else self._wrong(key, "a list")

    def children(self, key: str) -> Iterator[Fields]:
        for k, value in enumerate(self._list(key)):
            yield Fields(value, f"{self.path(key)}[{k}]")

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        texts = tuple(v for v in values if isinstance(v, str))
        return texts if len(texts) == len(values) else self._wrong(key, "a list of strings")

    def integers(self, key: str, count: int) -> tuple[int, ...]:
        """``count`` integers that are not negative."""
        values = self._list(key)
        found = tuple(v for v in values if isinstance(v, int) and not isinstance(v, bool) and v >= 0)
        if len(found) == len(values) == count:
            return found
        self._wrong(key, f"a list of {count} integers that are not negative")

    def names(self) -> tuple[str, ...]:
        return tuple(self._value)

    def child(self, key: str) -> Fields:
        return Fields(self._get(key), self.path(key))

    def child_or_none(self, key: str) -> Fields | None:
        return self.child(key) if self.has(key) else None
