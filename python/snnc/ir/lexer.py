"""Tokens of the text form."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLANK = re.compile(r"(?:\s+|(?://|;)[^\n]*)*")
_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\\n]|\\.)*)"|(?P<dots>\.\.=?)|(?P<mark>[=()\[\]{}:,%@])'
    r"|(?P<atom>(?:[A-Za-z0-9_+\-]|\.(?!\.))+)"
)
_LIST = re.compile(r"[^\[\]]*")
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|(.))")
_ESCAPED = {'"': '"', "\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


class TextError(ValueError):
    """Text that is not a network; says in which line."""


@dataclass(frozen=True)
class Token:
    """A piece of text: ``quoted`` (escapes resolved, no quotes), ``dots``, ``mark``, ``atom``, ``end``."""

    kind: str
    text: str


class Lexer:
    """Takes tokens one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def error(self, message: str) -> TextError:
        """An error at the place that was reached."""
        return TextError(f"line {self._text.count(chr(10), 0, self._at) + 1} of the network: {message}")

    def peek(self) -> Token:
        """The next token, which stays."""
        at = self._at
        token = self.next()
        self._at = at
        return token

    def next(self) -> Token:
        """The next token; kind ``end`` after the last."""
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at
        if self._at == len(self._text):
            return Token("end", "")
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            raise self.error(f"unexpected {self._text[self._at : self._at + 1]!r}")
        self._at = match.end()
        kind = match.lastgroup or ""
        text = match.group(kind)
        return Token(kind, self._unquoted(text) if kind == "quoted" else text)

    def accept(self, text: str) -> bool:
        """Takes a mark or word if it is the next."""
        token = self.peek()
        if token.kind in ("mark", "atom", "dots") and token.text == text:
            self.next()
            return True
        return False

    def expect(self, text: str) -> None:
        """Takes a mark or word that has to be the next."""
        if not self.accept(text):
            raise self.error(f"'{text}' is expected where '{self.peek().text[:40]}' stands")

    def take(self, kind: str, what: str) -> str:
        """The text of the next token, which has to be of that kind."""
        token = self.next()
        if token.kind != kind:
            raise self.error(f"{what} is expected where '{token.text[:40]}' stands")
        return token.text

    def items(self) -> list[str]:
        """The items of a list in brackets, as text. Lists are long: they are not taken token by token."""
        self.expect("[")
        match = _LIST.match(self._text, self._at)
        inner = match.group() if match else ""
        self._at += len(inner)
        self.expect("]")
        return [item.strip() for item in inner.split(",")] if inner.strip() else []

    def _unquoted(self, text: str) -> str:
        def resolved(match: re.Match[str]) -> str:
            code, letter = match.groups()
            if code is None and letter in _ESCAPED:
                return _ESCAPED[letter]
            if code is None or int(code, 16) > 0x10FFFF:
                raise self.error(f"unknown escape {match.group()}")
            return chr(int(code, 16))

        return _ESCAPE.sub(resolved, text)
