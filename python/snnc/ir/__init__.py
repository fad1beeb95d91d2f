"""The network that the compiler reads from a model, in its text form (``docs/text-form.md``).

``snnc inspect MODEL --ir`` prints it; :func:`parse` reads what it prints.
"""

from .network import Layer, Network, Parameter, Reset, Weights
from .parse import TextError, parse

__all__ = ["Layer", "Network", "Parameter", "Reset", "TextError", "Weights", "parse"]
