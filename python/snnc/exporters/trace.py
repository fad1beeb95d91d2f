"""From a step of a model to an ONNX graph, through the exporters of torch."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from ..errors import ExportError
from ..opset import DOMAIN, VERSION
from .neuron import Node


def trace(
    step: nn.Module,
    arguments: Sequence[Tensor],
    inputs: Sequence[str],
    outputs: Sequence[str],
    opset: int,
    written_out: bool,
) -> onnx.ModelProto:
    """The ONNX model of a module, as torch writes it; ``written_out`` says that it has neurons without a node."""
    exporter = _torchscript if written_out else _exporter(step)
    try:
        with _quiet(), torch.no_grad():
            return exporter(step, tuple(arguments), list(inputs), list(outputs), opset)
    except ExportError:
        raise
    except Exception as error:
        # The exporters of torch raise what the module or their own passes raise.
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(f"torch cannot export the model: {first}") from error


Arguments = tuple[Tensor, ...]
Exporter = Callable[[nn.Module, Arguments, list[str], list[str], int], onnx.ModelProto]


def _exporter(step: nn.Module) -> Exporter:
    """What exports the modules of a model: quantisers are known to one exporter only."""
    if any(type(module).__module__.partition(".")[0] == "brevitas" for module in step.modules()):
        return _brevitas
    fake = torch.ao.quantization.FakeQuantizeBase
    if any(isinstance(module, fake) for module in step.modules()):
        return _torchscript
    return _dynamo


def _dynamo(step: nn.Module, args: Arguments, inputs: list[str], outputs: list[str], opset: int) -> onnx.ModelProto:
    program = torch.onnx.export(
        step,
        args,
        dynamo=True,
        opset_version=opset,
        input_names=inputs,
        output_names=outputs,
        external_data=False,
        verbose=False,
    )
    if program is None:
        raise ExportError("torch.onnx.export gave no model")
    return program.model_proto


def _torchscript(
    step: nn.Module, args: Arguments, inputs: list[str], outputs: list[str], opset: int
) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            step,
            args,
            path,
            dynamo=False,
            opset_version=opset,
            input_names=inputs,
            output_names=outputs,
            custom_opsets=_domains(step),
        )
        return onnx.load(path)


def _brevitas(step: nn.Module, args: Arguments, inputs: list[str], outputs: list[str], opset: int) -> onnx.ModelProto:
    from brevitas.export import export_onnx_qcdq

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export_onnx_qcdq(
            step,
            args=args,
            export_path=str(path),
            opset_version=opset,
            input_names=inputs,
            output_names=outputs,
            custom_opsets=_domains(step),
            dynamo=False,
        )
        return onnx.load(path)


def _domains(step: nn.Module) -> dict[str, int]:
    return {DOMAIN: VERSION} if any(isinstance(module, Node) for module in step.modules()) else {}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the notes that the exporters print about their own progress."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
