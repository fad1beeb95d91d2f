"""The compiler's commands as functions. Each runs the program ``snnc`` and reads what it writes."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .binary import run
from .errors import CompilerError, Diagnostic, SnncError
from .explanation import Explanation
from .manifest import Comparison, Manifest, comparison
from .results import Array, Layer, Network, Simulation

if TYPE_CHECKING:
    import onnx

#: A file (``.onnx``, ``.snn``), or a model that is held in memory.
Model: TypeAlias = "str | PathLike[str] | onnx.ModelProto"
#: Samples: an array, arrays by name, or a file.
Samples: TypeAlias = "Array | Mapping[str, Array] | str | PathLike[str]"
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
def model_file(model: Model) -> Iterator[str]:
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
    model: Model,
    target: str,
    *,
    output: str | PathLike[str] | None = None,
    emit: Sequence[str] = (),
    steps: int | None = None,
    shape: Mapping[str, Sequence[int]] | None = None,
    activity: float | str | Mapping[str, float] | None = None,
    samples: Samples | None = None,
    profile: str | PathLike[str] | None = None,
    objective: str | None = None,
    max_cores: int | None = None,
    chips: int | None = None,
    period: str | None = None,
    effort: int | None = None,
    pareto: bool = False,
    mapping: str | PathLike[str] | None = None,
    like: str | PathLike[str] | None = None,
    against: str | PathLike[str] | None = None,
    chip: str | PathLike[str] | None = None,
    verify: bool = False,
    **reading: Any,
) -> Manifest:
    """Maps a network onto the cores of a chip, as ``snnc compile`` does.

    Args:
        model: A file (``.onnx``, ``.snn``), or a model that :func:`export` gave.
        target: The chip, for example ``"loihi2"``; ``snnc targets`` lists them.
        output: Folder for the bundle; ``None`` writes nothing.
        emit: Files for people beside the bundle: ``"floorline"``, ``"layers"``.
        steps: Steps of an inference, in place of what the file says.
        shape: Shapes of inputs whose dimensions are not fixed, by name.
        activity: Events per neuron and step, 0 to 1: one rate, or rates by layer with the key ``""`` for the rest.
            Without it bounds run from silent to all-firing.
        samples: Measure the activity by running these, as :func:`simulate` takes them.
        profile: A file that :func:`profile` wrote: activity that was measured before.
        objective: ``"time"`` (default) or ``"cores"``.
        max_cores: Use at most so many cores.
        chips: Number of chips, 1 by default.
        period: Deadline of one step, for example ``"20us"``.
        effort: How hard the search tries, 0 to 3; 1 by default.
        pareto: Give the front of time and cores too, as ``pareto`` of the manifest.
        mapping: A file with a mapping by hand, which is checked and bounded, or pins a part of the search.
        like: The bundle of another mapping, whose cores are kept in place where nothing forces a move.
        against: The bundle of another mapping, whose points ``floorline.svg`` shows too; needs ``output``.
        chip: A chip file in place of the one that the compiler has.
        verify: Run the network before and after each phase, and on its cores.
        reading: How ``samples`` are read: ``limit``, ``encode``, ``max``, ``threshold``, ``seed``, ``bin``,
            ``time_unit``, ``event_order``, ``binary`` and ``threads`` of :func:`simulate`.

    Returns:
        The mapping with its bounds. Warnings are told as :class:`CompilerWarning`.

    Raises:
        CompilerError: The network does not fit the chip or is not read; ``diagnostics`` says why and what to do.
    """
    given = {
        "steps": steps,
        "activity": None if activity is None else rates(activity),
        "objective": objective,
        "max-cores": max_cores,
        "chips": chips,
        "period": period,
        "effort": effort,
        "mapping": None if mapping is None else fspath(mapping),
        "like": None if like is None else fspath(like),
        "against": None if against is None else fspath(against),
        "chip": None if chip is None else fspath(chip),
        "output": None if output is None else fspath(output),
        "emit": ",".join(emit) or None,
        "profile": None if profile is None else fspath(profile),
    }
    flags = [*_reading(**reading), *(["--verify"] if verify else []), *(["--pareto"] if pareto else [])]
    with model_file(model) as path, tempfile.TemporaryDirectory(prefix="snnc-") as folder:
        if samples is not None:
            given["input"] = _sample_file(samples, None, Path(folder))
        text, found = call(["compile", path, "--target", target, *options(**given), *flags, *shapes(shape)])
    tell(found)
    return Manifest.from_json(text)


def explain(bundle: Manifest | str | PathLike[str], layer: str) -> Explanation:
    """How a layer was mapped and why: rules, choice and runner-up, loads, the time of each term, what binds.

    Args:
        bundle: A manifest, the folder of a bundle, or its ``manifest.json``.
        layer: Name of a layer, or of an ONNX node that it was made of.

    Raises:
        CompilerError: There is no such layer, or the file is no manifest; the diagnostic says what is near.
    """
    with tempfile.TemporaryDirectory(prefix="snnc-") as folder:
        path = Path(folder) / "manifest.json"
        if isinstance(bundle, Manifest):
            path.write_text(bundle.to_json(), "utf-8")
        else:
            path = Path(bundle)
        command = ["explain", str(path), "--layer", layer]
        text, _ = call(command)
        return Explanation.from_json(json.loads(text), run(command).stdout)


def profile(
    model: Model,
    samples: Samples,
    output: str | PathLike[str],
    *,
    target: str = "loihi2",
    steps: int | None = None,
    **reading: Any,
) -> dict[str, Any]:
    """Measures the activity that samples cause in a network as it would be mapped, and keeps it in a file.

    Args:
        model: A file or a model, as for :func:`compile`.
        samples: As for :func:`simulate`.
        output: The file to write, an ``.npz`` archive; :func:`compile` takes it as ``profile``.
        target: The chip whose integers are run.
        steps: Steps of an inference, in place of what the file says.
        reading: As for :func:`compile`.

    Returns:
        What ``snnc profile --format json`` prints: samples, steps, and for each layer its events and how dense its
        steps are.

    Raises:
        CompilerError: The samples do not fit the network, or it is not read.
    """
    given = options(target=target, steps=steps, output=fspath(output))
    with model_file(model) as path, tempfile.TemporaryDirectory(prefix="snnc-") as folder:
        source = _sample_file(samples, None, Path(folder))
        text, found = call(["profile", path, "--input", source, *given, *_reading(**reading)])
    tell(found)
    measured: dict[str, Any] = json.loads(text)
    return measured


def _reading(
    *,
    limit: int | None = None,
    encode: str | None = None,
    max: float | None = None,
    threshold: float | None = None,
    seed: int | None = None,
    bin: str | None = None,
    time_unit: str | None = None,
    event_order: str | None = None,
    binary: bool = False,
    threads: int | None = None,
) -> list[str]:
    """Options that say how samples are read."""
    given = {
        "limit": limit,
        "encode": encode,
        "max": None if max is None else float(max),
        "threshold": None if threshold is None else float(threshold),
        "seed": seed,
        "bin": bin,
        "time-unit": time_unit,
        "event-order": event_order,
        "threads": threads,
    }
    return [*options(**given), *(["--binary"] if binary else [])]


def compare(model: Model, targets: Sequence[str] | None = None, **given: Any) -> Comparison:
    """Compiles a network for several chips with the same options, those of :func:`compile`.

    Args:
        model: A file or a model, as for :func:`compile`.
        targets: Names of chips; by default all that can be compiled for.
        given: Options of :func:`compile`.

    Returns:
        A table with a row per chip; a chip that refuses the network shows its first reason.

    Raises:
        CompilerError: The request cannot be met for any chip, such as an option that does not exist.
    """
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


def inspect(model: Model, *, steps: int | None = None, shape: Mapping[str, Sequence[int]] | None = None) -> Network:
    """What the compiler reads from a model: layers, neurons, and notes on what it left out.

    Args:
        model: A file or a model, as for :func:`compile`.
        steps: Steps of an inference, in place of what the file says.
        shape: Shapes of inputs whose dimensions are not fixed, by name.

    Raises:
        CompilerError: The model is not read.
    """
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


def simulate(
    model: Model,
    samples: Samples,
    *,
    labels: Array | None = None,
    target: str | None = None,
    steps: int | None = None,
    record: Sequence[str] = (),
    limit: int | None = None,
    encode: str | None = None,
    max: float | None = None,
    threshold: float | None = None,
    seed: int | None = None,
    bin: str | None = None,
    time_unit: str | None = None,
    event_order: str | None = None,
    binary: bool = False,
    threads: int | None = None,
) -> Simulation:
    """Runs samples through a network, each from the initial state. The options are those of ``snnc simulate``.

    Args:
        model: A file or a model as for :func:`compile`, or the folder of a bundle: the mapped network, whose
            outputs come ``latency_steps`` later.
        samples: ``[N, T, ...]`` or ``[T, ...]`` with the shape of the input behind, ``[N, ...]`` for images with
            ``encode``, an array of events with fields ``t``, ``x``, ``y``, ``p``; several arrays by their names in
            the file; or the path of a ``.npz`` or ``.npy`` file of any size.
        labels: Class of each sample, ``[N]``; a file has its own.
        target: Run the integers that this chip would run.
        steps: Steps made of each image or event list; for others the steps of an inference recorded in the network,
            as a sample runs for as many steps as it has.
        record: Layers to give out in place of the outputs.
        limit: Run the first samples only.
        encode: ``"rate"``, ``"direct"`` or ``"delta"``.
        max: Divide the numbers by this before ``encode``.
        threshold: Least change of ``encode="delta"``.
        seed: What the draws of ``encode="rate"`` depend on.
        bin: Time of a step of an event list, for example ``"1ms"``.
        time_unit: Unit of the times of an event list: ``"ns"``, ``"us"`` (default), ``"ms"``, ``"s"``.
        event_order: What the columns of an event list ``[E, columns]`` are, for example ``"txyp"``.
        binary: Several events in one place and step are one.
        threads: Threads that run samples side by side; the results do not depend on it.

    Raises:
        CompilerError: The samples do not fit the network, or it is not read.
    """
    given = {
        "target": target,
        "steps": steps,
        "record": ",".join(record) or None,
    }
    reading = _reading(
        limit=limit,
        encode=encode,
        max=max,
        threshold=threshold,
        seed=seed,
        bin=bin,
        time_unit=time_unit,
        event_order=event_order,
        binary=binary,
        threads=threads,
    )
    with model_file(model) as path, tempfile.TemporaryDirectory(prefix="snnc-") as folder:
        source, taken = _sample_file(samples, labels, Path(folder)), Path(folder) / "outputs.npz"
        arguments = ["simulate", path, "--input", source, "-o", str(taken)]
        text, found = call([*arguments, *options(**given), *reading])
        with np.load(taken) as stored:
            outputs = {name: stored[name] for name in stored.files}
    return Simulation.from_json(json.loads(text), outputs, tuple(found))


def _sample_file(samples: Samples, labels: Array | None, folder: Path) -> str:
    """The file of samples; arrays are written to one."""
    if isinstance(samples, (str, PathLike)):
        if labels is not None:
            raise SnncError("labels of a sample file stand in it, in an array 'labels'")
        return fspath(samples)
    if isinstance(samples, Mapping):
        arrays = dict(samples)
    else:
        array = np.asarray(samples)
        arrays = {"events" if array.dtype.names else "x": array}
    if labels is not None:
        arrays["labels"] = np.asarray(labels, np.int64)
    path = folder / "samples.npz"
    np.savez(path, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]
    return str(path)
