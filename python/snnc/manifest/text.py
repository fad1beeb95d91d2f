"""Text for terminals and pages from names that anybody may have chosen."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape as _escape

#: Columns that a name may take in a table, and in a tooltip.
NAME = 40
TITLE = 200

#: Rows of a table before it is cut.
ROWS = 40

#: Control and format characters (which turn the direction of text, or hide), halves of surrogate pairs, and
#: separators of lines and paragraphs.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))

REPLACEMENT = "\ufffd"


def visible(text: str) -> str:
    """``text`` with every character that cannot be seen replaced."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(REPLACEMENT if unicodedata.category(c) in _UNSEEN else c for c in text)


def width(text: str) -> int:
    """Columns on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(c: str) -> int:
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def shortened(text: str, columns: int = NAME) -> str:
    """``text``, visible, in at most ``columns``; the middle is left out, as the ends tell names apart."""
    # Far more than can be shown is not looked at.
    if len(text) > 4 * columns:
        text = text[: 2 * columns] + text[-2 * columns :]
        cut = True
    else:
        cut = False
    text = visible(text)
    if not cut and width(text) <= columns:
        return text
    head = _prefix(text, columns // 2)
    tail = _prefix(text[::-1], columns - columns // 2 - 1)[::-1]
    return f"{head}…{tail}"


def _prefix(text: str, columns: int) -> str:
    taken = 0
    for k, c in enumerate(text):
        taken += _columns(c)
        if taken > columns:
            return text[:k]
    return text


class Names:
    """Names that are shown together: what the long ones have in common is left out first."""

    def __init__(self, names: Iterable[str], columns: int = NAME) -> None:
        self._columns = columns
        long = [name for name in names if len(name) > columns]
        # One name has nothing in common with others.
        self._prefix = _common(long) if len(long) > 1 else ""
        ends = [name[len(self._prefix) :][::-1] for name in long]
        self._suffix = _common(ends)[::-1] if len(long) > 1 else ""

    def short(self, name: str) -> str:
        """``name``, visible, in the columns there are."""
        kept, before, after = name, "", ""
        if len(kept) > self._columns and self._suffix and kept.endswith(self._suffix):
            kept, after = kept[: -len(self._suffix)], "…"
        if len(kept) + len(after) > self._columns and self._prefix and kept.startswith(self._prefix):
            kept, before = kept[len(self._prefix) :], "…"
        if not kept:
            return shortened(name, self._columns)
        return before + shortened(kept, self._columns - len(before) - len(after)) + after


def _common(texts: Sequence[str]) -> str:
    """What all of them start with, up to a separator: whole words."""
    first, last = min(texts), max(texts)
    length = next((k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    text = first[:length]
    return text[: 1 + max(text.rfind(c) for c in "/._:")]


def escaped(text: str) -> str:
    """``text``, visible, for HTML and SVG, in elements and in quoted attributes."""
    return _escape(visible(text), quote=True)


@dataclass(frozen=True)
class Left:
    """A count of rows that were left out."""

    count: int


def excerpt(count: int, keep: Sequence[int] = (), rows: int = ROWS) -> list[int | Left]:
    """Indices of a table that is cut: first, last and those to ``keep``; what is left out is counted."""
    if count <= rows:
        return list(range(count))
    tail = rows // 4
    shown = sorted({*range(rows - tail), *range(count - tail, count), *(k for k in keep if 0 <= k < count)})
    out: list[int | Left] = []
    last = -1
    for k in shown:
        if k > last + 1:
            out.append(Left(k - last - 1))
        out.append(k)
        last = k
    return out


def table(header: Sequence[str], rows: Sequence[Sequence[str] | str], right: frozenset[str]) -> str:
    """A table for a terminal, two blanks between columns; a row that is one string stands as it is."""
    cells = [header, *(row for row in rows if not isinstance(row, str))]
    widths = [max(width(row[k]) for row in cells) for k in range(len(header))]
    lines = []
    for row in (header, *rows):
        if isinstance(row, str):
            lines.append(row)
            continue
        padded = []
        for name, cell, columns in zip(header, row, widths, strict=True):
            blanks = " " * (columns - width(cell))
            padded.append(blanks + cell if name in right else cell + blanks)
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)
