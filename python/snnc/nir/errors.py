"""What goes wrong between NIR and snnc."""

from __future__ import annotations

from ..errors import SnncError


class NirError(SnncError, ValueError):
    """A NIR graph that cannot be read, or a network that NIR cannot say.

    ``node`` is the name of the node or layer at fault, None when it is the file or the graph as a whole.
    """

    def __init__(self, message: str, node: str | None = None) -> None:
        super().__init__(message if node is None else f"node '{node}': {message}")
        self.node = node


class NirWarning(UserWarning):
    """A NIR graph leaves something open, and snnc took the usual reading."""
