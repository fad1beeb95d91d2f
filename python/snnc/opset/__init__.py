"""Operator set ``ai.snnc``: spiking neurons as ONNX functions.

The specification is ``docs/ai.snnc.md``. :mod:`snnc.opset.operators` holds the names,
:mod:`snnc.opset.bodies` the equations as ONNX nodes, :mod:`snnc.opset.model` what turns a graph with such
nodes into a complete file, :mod:`snnc.opset.builder` writes whole networks layer by layer.
"""

from .bodies import function, sequence_function
from .builder import Builder, DuplicateNameError, Scaled, Value
from .model import complete
from .operators import DOMAIN, VERSION, Operator, OperatorNameError, all_operators, make_node

__all__ = [
    "DOMAIN",
    "VERSION",
    "Builder",
    "DuplicateNameError",
    "Operator",
    "OperatorNameError",
    "Scaled",
    "Value",
    "all_operators",
    "complete",
    "function",
    "make_node",
    "sequence_function",
]
