"""Operator set ``ai.snnc``: spiking neurons as ONNX functions.

The specification is ``docs/ai.snnc.md``. :mod:`snnc.ops` holds the names, :mod:`snnc.bodies` the
equations as ONNX nodes, :mod:`snnc.model` what turns a graph with such nodes into a complete file.
"""

from .bodies import function, sequence_function
from .model import complete
from .ops import DOMAIN, VERSION, Operator, OperatorNameError, all_operators, make_node

__all__ = [
    "DOMAIN",
    "VERSION",
    "Operator",
    "OperatorNameError",
    "all_operators",
    "complete",
    "function",
    "make_node",
    "sequence_function",
]
