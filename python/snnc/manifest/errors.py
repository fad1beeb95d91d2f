"""What goes wrong with a manifest."""

from __future__ import annotations

from ..errors import SnncError


class ManifestError(SnncError, ValueError):
    """A file is not a manifest that this package can read, or a request to it cannot be met."""


class MissingLibraryError(ManifestError, ImportError):
    """A frame was asked for and the library for it is not installed."""
