"""Errors of the package. All derive from :class:`SnncError`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class SnncError(Exception):
    """What a user of the package can mend: the message says where and how."""


class ExportError(SnncError):
    """A module that cannot be exported."""


class BinaryNotFoundError(SnncError):
    """The program ``snnc`` is not where it is looked for."""


@dataclass(frozen=True)
class Rule:
    """A limit and what was found instead."""

    name: str
    limit: str
    found: str


@dataclass(frozen=True)
class Diagnostic:
    """One message of the compiler; ``snnc explain CODE`` says more about its code."""

    code: str
    #: ``"error"`` or ``"warning"``.
    severity: str
    message: str
    #: Name of the layer or ONNX node, and where it is in the model.
    node: str | None = None
    path: str | None = None
    #: The line of the network that is meant, and what is wrong with it.
    line: str | None = None
    label: str | None = None
    rule: Rule | None = None
    #: What to do.
    remedy: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Diagnostic:
        """The diagnostic of one object that ``snnc --format json`` writes to standard error."""
        rule = data.get("rule")
        texts = {key: data.get(key) for key in ("node", "path", "line", "label", "remedy")}
        return cls(
            code=str(data.get("code", "")),
            severity=str(data.get("severity", "error")),
            message=str(data.get("message", "")),
            rule=Rule(str(rule["name"]), str(rule["limit"]), str(rule["found"])) if rule else None,
            **texts,
        )

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.message}"]
        if self.rule:
            parts.append(f"  {self.rule.name}: limit {self.rule.limit}, found {self.rule.found}")
        if self.remedy:
            parts.append(f"  help: {self.remedy}")
        return "\n".join(parts)


class CompilerError(SnncError):
    """The compiler refused a model or a request.

    ``diagnostics`` has what it said, errors before warnings; ``status`` is its exit status: 1 for a model that is
    refused, 2 for wrong arguments, 3 for files, 101 for a bug of the compiler.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic], status: int, text: str = "") -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: d.severity != "error"))
        self.status = status
        shown = [str(d) for d in self.diagnostics if d.severity == "error"]
        super().__init__("\n".join(shown) or text.strip() or f"snnc ended with status {status}")

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the errors, in order."""
        return tuple(d.code for d in self.diagnostics if d.severity == "error")
