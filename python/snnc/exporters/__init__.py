"""Exporting spiking networks of torch: one step as ONNX, each neuron layer one ``ai.snnc`` operator."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from ..errors import ExportError
from ..opset import complete
from . import libraries
from .graph import Step as Graph
from .session import Session, Step, leaves
from .trace import trace

OPSET = 20


def export(
    model: nn.Module,
    example_input: Tensor | Sequence[Tensor],
    path: str | PathLike[str] | None,
    *,
    steps: int | None,
    dt: float | None,
) -> onnx.ModelProto:
    """What :func:`snnc.export` does; see there."""
    given = [example_input] if isinstance(example_input, Tensor) else list(example_input)
    if not given or not all(isinstance(value, Tensor) for value in given):
        raise ExportError("example_input is a tensor, or a sequence of the tensors that the model takes")
    given = [value.detach().to("cpu") for value in given]
    training = model.training
    places = {parameter.device.type for parameter in model.parameters()} - {"cpu"}
    if places:
        raise ExportError(f"the model is on {', '.join(sorted(places))}: move it with model.cpu()")
    model.eval()
    try:
        return _export(model, given, path, steps, dt)
    finally:
        model.train(training)


def _export(
    model: nn.Module, given: list[Tensor], path: str | PathLike[str] | None, steps: int | None, dt: float | None
) -> onnx.ModelProto:
    session = Session(model, libraries.layers(model))
    axis, squeezed = _time(session)
    length = None
    timed: list[bool] = []
    if axis is not None:
        length = given[0].shape[axis]
        given[0] = given[0].narrow(axis, 0, 1)
        if not squeezed:
            timed = _timed(session, given, axis)
    result = leaves(session.collect(given))
    written_out = [layer.name for layer in session.layers if layer.found.written_out]
    if session.calls > 1:
        length = session.calls
        if written_out:
            raise ExportError(
                f"neurons with quantised states ({', '.join(written_out)}) are exported from a model of one step: use "
                "init_hidden=True and no loop over time in forward"
            )
    steps = steps or length
    if steps is None:
        raise ExportError("how many steps an inference has is not in the example: give steps=T")
    if axis is not None and not squeezed:
        given[0] = given[0].squeeze(axis)
    else:
        axis = None
    states = list(session.states.values())
    inputs = _names(model, len(given))
    traced = trace(
        Step(session, len(given), axis, timed).eval(),
        [*given, *(state.first() for state in states)],
        [*inputs, *(state.name for state in states)],
        [*(f"output_{k}" for k in range(len(result))), *(f"{state.name}_out" for state in states)],
        OPSET,
        bool(written_out),
    )
    finished = _finish(traced, session, len(result), steps, dt)
    if path is not None:
        Path(path).write_bytes(finished.SerializeToString(deterministic=True))
    return finished


def _names(model: nn.Module, count: int) -> list[str]:
    """Names of the graph's inputs: those of the model's arguments where there are several."""
    if count == 1:
        return ["x"]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    named = [name for name, p in inspect.signature(model.forward).parameters.items() if p.kind in kinds]
    return named[:count] if len(named) >= count else [f"x_{k}" for k in range(count)]


def _time(session: Session) -> tuple[int | None, bool]:
    """Axis of the model's input that holds the steps, and whether it holds the batch as well."""
    kinds = {(layer.found.time_axis, layer.found.squeezed) for layer in session.layers}
    if len(kinds) > 1:
        raise ExportError("some neurons take one step and some take all: use one kind in a model")
    return kinds.pop() if kinds else (None, False)


def _timed(session: Session, given: list[Tensor], axis: int) -> list[bool]:
    """For each output whether it has the axis of the steps: it grows with the input."""

    def shapes(count: int) -> list[torch.Size]:
        repeated = torch.cat([given[0]] * count, axis)
        with torch.no_grad(), session.kept():
            return [value.shape for value in leaves(session.model(repeated, *given[1:]))]

    one, two = shapes(1), shapes(2)
    return [a != b for a, b in zip(one, two)]


def _finish(traced: onnx.ModelProto, session: Session, outputs: int, steps: int, dt: float | None) -> onnx.ModelProto:
    names = [state.name for state in session.states.values()]
    graph = Graph(traced.graph, names)
    graph.take_outputs(outputs, session.calls > 1)
    graph.take_inputs()
    graph.name()
    for state in session.states.values():
        graph.start(state.name, state.first().numpy())
    traced.graph.name = type(session.model).__name__
    del traced.metadata_props[:]
    del traced.functions[:]
    traced.producer_name, traced.producer_version = "snnc", ""
    complete(traced, steps, [(name, f"{name}_out") for name in names], dt)
    inferred = onnx.shape_inference.infer_shapes(traced, strict_mode=False)
    del traced.graph.output[:]
    traced.graph.output.extend(inferred.graph.output)
    onnx.checker.check_model(traced, full_check=True)
    return traced
