"""The training libraries whose neurons are exported, one file each.

A library's ``neuron`` takes a module and gives what stands in for its ``forward`` while the model is traced, or
``None`` for a module that is no neuron of the library. Neurons that no operator describes are an
:class:`~snnc.errors.ExportError`. Only libraries that the program has imported are looked at: no other can have
made a module.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable

from torch import nn

from ...errors import ExportError
from ..session import Found, Layer

#: Package of the library to module of this folder.
_LIBRARIES = {
    "snntorch": "snntorch",
    "spikingjelly": "spikingjelly",
    "sinabs": "sinabs",
    "norse": "norse",
}

Reader = Callable[[nn.Module], Found | None]


def readers() -> list[Reader]:
    """The readers of the libraries in use."""
    found = [name for package, name in _LIBRARIES.items() if package in sys.modules]
    return [importlib.import_module(f"{__name__}.{name}").neuron for name in found]


def layers(model: nn.Module) -> list[Layer]:
    """The neuron modules of a model, in the order of its modules."""
    known = readers()
    out: list[Layer] = []
    inside: list[str] = []
    for name, module in model.named_modules():
        if any(name.startswith(f"{outer}.") for outer in inside):
            continue
        shown = name or type(module).__name__
        for read in known:
            try:
                found = read(module)
            except ExportError as error:
                raise ExportError(f"'{shown}' ({type(module).__name__}): {error}") from None
            if found is not None:
                out.append(Layer(name or "neuron", module, found))
                inside.append(name)
                break
    return out


def own_methods(module: nn.Module, base: type, names: tuple[str, ...] = ("forward",)) -> None:
    """Refuses a subclass that calculates something else than its base: one that replaces any of these methods."""
    for name in names:
        if getattr(type(module), name, None) is not getattr(base, name, None):
            raise ExportError(
                f"it changes the {name} of {base.__name__}, so its equations are not known; export it with "
                "torch.onnx.export, and snnc reads its equations from the graph"
            )
