"""Tracing one time step of a model, with the states of its neurons as inputs and outputs."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from ..errors import ExportError
from .neuron import Neuron, Node, constant


class Call(Protocol):
    """What stands in for a neuron module's ``forward``: called with the same arguments, gives the same structure."""

    def __call__(self, tracer: Tracer, *args: Any, **kwargs: Any) -> Any:
        """The module's result, with nodes in place of its calculations."""


@dataclass(frozen=True)
class Found:
    """A neuron of a library."""

    call: Call
    #: Axis of its input that holds the steps; ``None`` where a call is one step.
    time_axis: int | None = None
    #: Whether that axis holds batch and steps together.
    squeezed: bool = False
    #: Whether it stays in operators of torch, which only the TorchScript exporter may know.
    written_out: bool = False


@dataclass
class State:
    """A value that goes from one step to the next."""

    #: Name of the graph input; the output is called ``<name>_out``.
    name: str
    #: ``[N, C, H, W]`` or ``[N, C]``.
    shape: torch.Size
    initial: float | Tensor = 0.0

    def first(self) -> Tensor:
        """The state before the first step."""
        value = self.initial if isinstance(self.initial, Tensor) else torch.tensor(float(self.initial))
        return value.to(torch.float32).expand(self.shape).clone()


@dataclass
class Layer:
    """A neuron module of the model."""

    name: str
    module: nn.Module
    found: Found


@dataclass
class Session:
    """The neuron modules of a model and the states that they need."""

    model: nn.Module
    layers: list[Layer]
    nodes: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    states: dict[str, State] = field(default_factory=dict)
    #: How often each neuron is called in one run: 1, or the number of steps of a model that loops over time.
    calls: int = 1

    def collect(self, arguments: Sequence[Any]) -> Any:
        """Runs the model once with neurons that stay silent, to find states and how often each neuron is called."""
        tracer = Tracer(self, None)
        with torch.no_grad(), self.patched(tracer):
            result = self.model(*arguments)
        counts = {layer.name: tracer.calls.get(layer.name, 0) for layer in self.layers}
        unused = [name for name, count in counts.items() if not count]
        if unused:
            raise ExportError(f"the model has neurons that it does not call: {', '.join(unused)}; remove them")
        if len(set(counts.values())) > 1:
            found = ", ".join(f"{name} {count}x" for name, count in counts.items())
            raise ExportError(
                f"neurons are called a different number of times in one run ({found}): give each place of the "
                "network its own neuron module"
            )
        self.calls = max(counts.values(), default=1)
        batched = next((state for state in self.states.values() if state.shape[0] != 1), None)
        if batched:
            raise ExportError(
                f"the example has a batch of {batched.shape[0]} at '{batched.name}': give one sample, for example x[:1]"
            )
        return result

    @contextmanager
    def kept(self) -> Iterator[None]:
        """The model's modules are as before when this closes."""
        with _kept(self.model):
            yield

    @contextmanager
    def patched(self, tracer: Tracer) -> Iterator[None]:
        """Neurons become nodes while this is open."""
        with _kept(self.model):
            for layer in self.layers:
                layer.module.forward = types.MethodType(_entry(tracer, layer), layer.module)
            yield


class Tracer:
    """One run of the model in which neurons become nodes.

    The functions that stand in for neurons call :meth:`neuron` and :meth:`feedback`; a first run
    (``collecting``) finds the states, the one under the exporter has them as graph inputs.
    """

    def __init__(self, session: Session, given: Sequence[Tensor] | None) -> None:
        self._session = session
        self._collecting = given is None
        self._given = dict(zip(session.states, given or ()))
        #: State inputs to what they are after the exported step.
        self.after: dict[str, Tensor] = {}
        #: The latest value of each state in this run.
        self._latest: dict[str, Tensor] = {}
        #: How often each neuron was called, by its name.
        self.calls: dict[str, int] = {}
        self._layer = ""

    def enter(self, layer: Layer) -> None:
        """A neuron module is called."""
        self._layer = layer.name
        self.calls[layer.name] = self.calls.get(layer.name, 0) + 1

    def neuron(self, neuron: Neuron, x: Tensor, part: str = "") -> tuple[Tensor, ...]:
        """The operator applied to ``x``: its result and its new states; ``part`` tells apart the nodes of a module."""
        layer = self._layer
        name = f"{layer}.{part}" if part else layer
        key = name.replace(".", "/")
        if key not in self._session.nodes:
            self._session.nodes[key] = Node(neuron)
        states = []
        for source, _ in neuron.operator.states:
            initial = neuron.initial.get(source, 0.0)
            states.append(self._before(f"{name}.{source}", x, initial))
        if self._collecting:
            result, *after = (torch.zeros_like(x) for _ in neuron.operator.outputs)
        else:
            result, *after = self._session.nodes[key](x, *states)
        for (source, _), value in zip(neuron.operator.states, after):
            self._put(f"{name}.{source}", value)
        return (result, *after)

    def feedback(self, name: str, like: Tensor) -> Tensor:
        """A value of the step before, zero in the first; :meth:`feed` says what it is after this step."""
        return self._before(f"{self._layer}.{name}", like, 0.0)

    def feed(self, name: str, value: Tensor) -> None:
        """Gives the value that :meth:`feedback` has in the next step."""
        self._put(f"{self._layer}.{name}", value)

    def _before(self, state: str, like: Tensor, initial: float | Tensor) -> Tensor:
        if self._collecting and state not in self._session.states:
            start = constant(initial) if isinstance(initial, Tensor) else initial
            self._session.states[state] = State(state, like.shape, start)
        if not self._collecting and self._at_step():
            return self._given[state]
        if state in self._latest:
            return self._latest[state]
        return torch.zeros_like(like) + self._session.states[state].initial

    def _put(self, state: str, value: Tensor) -> None:
        self._latest[state] = value
        if not self._collecting and self._at_step():
            self.after[state] = value

    def _at_step(self) -> bool:
        return self.calls[self._layer] == self._session.calls


class Step(nn.Module):
    """The model as a function of its inputs of one step and the states: outputs, then states after the step."""

    def __init__(self, session: Session, inputs: int, time_axis: int | None, timed: Sequence[bool]) -> None:
        super().__init__()
        self.model = session.model
        self.nodes = session.nodes
        self._session = session
        self._inputs = inputs
        self._time_axis = time_axis
        self._timed = timed

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Outputs of the step, then the states after it."""
        given = list(values[: self._inputs])
        axis = self._time_axis
        if axis is not None:
            given[0] = given[0].unsqueeze(axis)
        tracer = Tracer(self._session, values[self._inputs :])
        with self._session.patched(tracer):
            outputs = leaves(self.model(*given))
        if axis is not None:
            outputs = [o.squeeze(axis) if timed else o for o, timed in zip(outputs, self._timed)]
        return (*outputs, *(tracer.after[name] for name in self._session.states))


def leaves(result: Any) -> list[Tensor]:
    """The tensors of what a model gives, in order."""
    return [leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, Tensor)]


def _entry(tracer: Tracer, layer: Layer) -> Callable[..., Any]:
    def forward(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        tracer.enter(layer)
        return layer.found.call(tracer, *args, **kwargs)

    return forward


@contextmanager
def _kept(model: nn.Module) -> Iterator[None]:
    """Puts back every attribute and buffer of the model's modules at the end."""
    saved = []
    for module in model.modules():
        content = {k: dict(v) if isinstance(v, dict) else v for k, v in module.__dict__.items()}
        saved.append((module, content))
    try:
        yield
    finally:
        for module, content in saved:
            for key in set(module.__dict__) - set(content):
                del module.__dict__[key]
            for key, value in content.items():
                current = module.__dict__.get(key)
                if isinstance(value, dict) and isinstance(current, dict):
                    current.clear()
                    current.update(value)
                else:
                    module.__dict__[key] = value
