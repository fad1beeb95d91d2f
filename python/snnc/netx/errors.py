"""What is wrong with a ``.net`` file."""

from __future__ import annotations

from ..errors import SnncError


class NetxError(SnncError, ValueError):
    """A ``.net`` file that cannot be read, or that has no form as an ONNX model.

    The message names the layer and the key, says what is wrong and what to do.
    """
