"""The compiler's commands as functions. Each runs the program ``snnc`` and reads what it writes."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .binary import run
from .errors import CompilerError, Diagnostic, SnncError
from .manifest import Comparison, Manifest, comparison

Array = npt.NDArray[Any]
#: The chips that can be compiled for.
TARGETS = ("loihi2", "loihi1")


class CompilerWarning(UserWarning):
    """A warning of the compiler."""


def call(arguments: Sequence[str | PathLike[str]]) -> tuple[str, list[Diagnostic]]:
    """Standard output of a command and the warnings that came with it.

    Raises:
        CompilerError: The command failed; it carries the diagnostics.
    """
    done = run([*arguments, "--format", "json"])
    found, rest = _diagnostics(done.stderr)
    if done.returncode != 0:
        raise CompilerError(found, done.returncode, rest)
    return done.stdout, found


def _diagnostics(text: str) -> tuple[list[Diagnostic], str]:
    found, rest = [], []
    for line in text.splitlines():
        try:
            data = json.loads(line)
        except ValueError:
            data = None
        if isinstance(data, dict) and "code" in data:
            found.append(Diagnostic.from_json(data))
        else:
            rest.append(line)
    return found, "\n".join(rest)


def tell(found: Iterable[Diagnostic]) -> None:
    """Gives the warnings of a command to Python's :mod:`warnings`."""
    for diagnostic in found:
        warnings.warn(str(diagnostic), CompilerWarning, stacklevel=3)


@contextmanager
def model_file(model: Any) -> Iterator[str]:
    """The path of a model; one that is held in memory is written to a temporary file."""
    if isinstance(model, (str, PathLike)):
        yield fspath(model)
        return
    if not hasattr(model, "SerializeToString"):
        raise TypeError(f"a model is a path or an onnx.ModelProto, not {type(model).__name__}")
    with tempfile.TemporaryDirectory(prefix="snnc-") as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model.SerializeToString(deterministic=True))
        yield str(path)


def rates(activity: float | str | Mapping[str, float]) -> str:
    """``--activity`` of a rate, or of rates by layer with the key ``""`` for all others."""
    if isinstance(activity, str):
        return activity
    if isinstance(activity, Mapping):
        if "" not in activity:
            raise SnncError('activity by layer needs the key "" with the rate of all other layers')
        others = [f"{name}={rate!r}" for name, rate in activity.items() if name]
        return ",".join([repr(activity[""]), *others])
    return repr(float(activity))


def options(**given: Any) -> list[str]:
    """Options of the command line; those that are ``None`` are left out."""
    return [part for name, value in given.items() if value is not None for part in (f"--{name}", str(value))]


def shapes(given: Mapping[str, Sequence[int]] | None) -> list[str]:
    """``--shape`` for each input."""
    return [
        part for name, shape in (given or {}).items() for part in ("--shape", f"{name}={','.join(map(str, shape))}")
    ]


def compile(
    model: Any,
    target: str,
    *,
    output: str | PathLike[str] | None = None,
    emit: Sequence[str] = (),
    steps: int | None = None,
    shape: Mapping[str, Sequence[int]] | None = None,
    activity: float | str | Mapping[str, float] | None = None,
    objective: str | None = None,
    max_cores: int | None = None,
    chips: int | None = None,
    period: str | None = None,
    chip: str | PathLike[str] | None = None,
) -> Manifest:
    """What :func:`snnc.compile` does."""
    given = {
        "steps": steps,
        "activity": None if activity is None else rates(activity),
        "objective": objective,
        "max-cores": max_cores,
        "chips": chips,
        "period": period,
        "chip": None if chip is None else fspath(chip),
        "output": None if output is None else fspath(output),
        "emit": ",".join(emit) or None,
    }
    with model_file(model) as path:
        text, found = call(["compile", path, "--target", target, *options(**given), *shapes(shape)])
    tell(found)
    return Manifest.from_json(text)


def compare(model: Any, targets: Sequence[str] | None = None, **given: Any) -> Comparison:
    """What :func:`snnc.compare` does."""
    results: dict[str, Manifest | BaseException] = {}
    with model_file(model) as path, warnings.catch_warnings():
        warnings.simplefilter("ignore", CompilerWarning)
        for target in targets or TARGETS:
            try:
                results[target] = compile(path, target, **given)
            except CompilerError as error:
                if error.status != 1:
                    raise
                results[target] = error
    return comparison(results)


@dataclass(frozen=True)
class Layer:
    """A layer as the compiler read it."""

    name: str
    #: ``conv2d``, ``linear``, ``lif``, …
    op: str
    #: ``(C, H, W)``.
    shape: tuple[int, ...]
    #: Names of the layers that it reads.
    inputs: tuple[str, ...]
    #: ONNX nodes that it was read from.
    onnx_nodes: tuple[str, ...]
    #: Fields of a neuron as text; ``None`` for other layers.
    neuron: str | None
    #: How a written-out neuron was recognised.
    form: str | None
    #: Number of weights, and of those that are not zero.
    weights: int | None
    nonzero_weights: int | None
    #: Bits of an integer weight; ``None`` for floats.
    weight_bits: int | None


@dataclass(frozen=True)
class Network:
    """What is in a model file."""

    name: str
    steps: int
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]
    warnings: tuple[Diagnostic, ...]
    #: All that the compiler said, as parsed JSON.
    data: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        rows = [f"{self.name}: {self.steps} step(s) per inference"]
        width = max((len(layer.name) for layer in self.layers), default=0)
        for layer in self.layers:
            shape = "x".join(map(str, layer.shape))
            rows.append(f"  {layer.name:<{width}}  {layer.op:<10} {shape:>12}  {layer.neuron or ''}".rstrip())
        return "\n".join(rows)


def inspect(model: Any, *, steps: int | None = None, shape: Mapping[str, Sequence[int]] | None = None) -> Network:
    """What :func:`snnc.inspect` does."""
    with model_file(model) as path:
        text, found = call(["inspect", path, *options(steps=steps), *shapes(shape)])
    data = json.loads(text)
    layers = tuple(
        Layer(
            name=entry["name"],
            op=entry["op"],
            shape=tuple(entry["shape"]),
            inputs=tuple(entry["inputs"]),
            onnx_nodes=tuple(entry["onnx_nodes"]),
            neuron=entry["neuron"],
            form=entry["form"],
            weights=entry["weights"],
            nonzero_weights=entry["nonzero_weights"],
            weight_bits=entry["weight_bits"],
        )
        for entry in data["layers"]
    )
    return Network(data["name"], data["steps"], layers, tuple(data["notes"]), tuple(found), data)


@dataclass(frozen=True)
class Simulation:
    """What a network gave for samples."""

    #: What each output (or recorded layer) gave: ``[N, T, C, H, W]``, or ``[N, T, C]`` of a map with one position.
    outputs: Mapping[str, Array]
    #: Class of each sample, ``[N]``: the element of the first output with the greatest sum over the steps.
    predicted: npt.NDArray[np.int64]
    #: Share of samples whose class is their label; ``None`` without labels.
    accuracy: float | None
    #: Events per neuron and step of each layer of neurons and each input.
    activity: Mapping[str, float]
    warnings: tuple[Diagnostic, ...]

    @property
    def output(self) -> Array:
        """The only output.

        Raises:
            SnncError: The network has several.
        """
        if len(self.outputs) != 1:
            raise SnncError(f"the network has the outputs {', '.join(self.outputs)}: choose one of .outputs")
        return next(iter(self.outputs.values()))


def simulate(
    model: Any,
    samples: Array | Mapping[str, Array],
    *,
    labels: Array | None = None,
    target: str | None = None,
    steps: int | None = None,
    record: Sequence[str] = (),
) -> Simulation:
    """What :func:`snnc.simulate` does."""
    arrays = dict(samples) if isinstance(samples, Mapping) else {"x": samples}
    if labels is not None:
        arrays["y"] = np.asarray(labels, np.int64)
    with model_file(model) as path, tempfile.TemporaryDirectory(prefix="snnc-") as folder:
        given, taken = Path(folder) / "samples.npz", Path(folder) / "outputs.npz"
        np.savez(given, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]
        arguments = ["simulate", path, "--input", str(given), "-o", str(taken)]
        text, found = call([*arguments, *options(target=target, steps=steps, record=",".join(record) or None)])
        with np.load(taken) as stored:
            outputs = {name: stored[name] for name in stored.files}
    data = json.loads(text)
    opportunities = data["samples"] * data["steps"]
    return Simulation(
        outputs=outputs,
        predicted=np.asarray(data["predicted"], np.int64),
        accuracy=None if data["correct"] is None or not data["samples"] else data["correct"] / data["samples"],
        activity={
            layer["name"]: layer["events"] / (layer["neurons"] * opportunities) if opportunities else 0.0
            for layer in data["layers"]
        },
        warnings=tuple(found),
    )
