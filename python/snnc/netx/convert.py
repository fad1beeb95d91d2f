"""From the layers of a ``.net`` file to an ONNX model with ``ai.snnc`` operators."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from snnc.opset import Builder, Scaled, Value

from .layers import Conv, Dense, Flatten, Input, Layer
from .neurons import FULL_DECAY, INTEGRATOR, Cuba, SigmaDelta
from .store import Integers

#: Synaptic input, bias and threshold are shifted left by this many bits against the states.
SHIFT = 6

#: What a threshold mantissa of 1 is in the state of a sigma-delta unit: spike and state exponent, 6 each.
SIGMA_UNIT = 1 << 12
#: A message of a sigma-delta unit counts in these.
MESSAGE_UNIT = 1 << 6

#: float32 holds every whole number up to this.
EXACT = 1 << 24


@dataclass(frozen=True)
class Signal:
    """What goes from layer to layer: ``value * unit`` is the message that lava sends."""

    value: Value
    unit: int


def convert(layers: Sequence[Layer], steps: int | None, dt: float | None) -> onnx.ModelProto:
    """The model of one time step."""
    _check_kinds(layers)
    builder = Builder("netx")
    signal: Signal | None = None
    for layer in layers:
        if signal is None:
            signal = Signal(builder.input("input", _source_shape(layer)), 1)
        if isinstance(layer, Input):
            signal = _input(builder, layer, signal)
        elif isinstance(layer, Flatten):
            signal = Signal(_flat(builder, signal.value, layer.name), signal.unit)
        else:
            signal = _neurons(builder, layer, _connection(builder, layer, signal))
    assert signal is not None
    builder.output(signal.value, "output")
    model = builder.model(1 if steps is None else steps, dt)
    if steps is None:
        _remove(model, "snnc.steps")
    if isinstance(first := layers[0], Input) and (first.weight is not None or first.bias is not None):
        transform = {"weight": first.weight or 0, "bias": first.bias or 0}
        model.metadata_props.add(key="snnc.netx.input", value=json.dumps(transform, separators=(",", ":")))
    return model


def _check_kinds(layers: Sequence[Layer]) -> None:
    """Integer and sigma-delta neurons do not go together: the one takes spikes, the other changes."""
    kinds = {type(layer.neuron) for layer in layers if layer.neuron is not None}
    if kinds != {SigmaDelta}:
        for layer in layers:
            if isinstance(layer.neuron, SigmaDelta) and (len(kinds) > 1 or _lacks_neuron(layers)):
                raise layer.group.error(
                    "neuron/type",
                    "SDNN neurons beside CUBA neurons (or layers without a neuron, which are CUBA)",
                    "give every layer neurons of one kind",
                )
        return
    for layer in layers:
        if isinstance(layer, Dense) and layer.neuron is None:
            raise layer.group.error(
                "neuron",
                "it is missing in a sigma-delta network, where it would add up changes as spikes",
                "give the layer an SDNN neuron with sigma_output",
            )


def _lacks_neuron(layers: Sequence[Layer]) -> bool:
    return any(isinstance(layer, Dense) and layer.neuron is None for layer in layers)


def _source_shape(layer: Layer) -> tuple[int, ...]:
    return (layer.weight.shape[1],) if isinstance(layer, Dense) else layer.shape


def _input(builder: Builder, layer: Input, signal: Signal) -> Signal:
    """The neurons of an input layer. lava sets their bias in every step; here it is their input."""
    x = signal.value
    if isinstance(layer.neuron, Cuba):
        shifted = builder.multiply(x, np.float32(1 << SHIFT), f"{layer.name}.shift")
        # The bias goes into the membrane: nothing of it stays in the current.
        return Signal(_cuba(builder, layer, layer.neuron, shifted, current_decay=FULL_DECAY), 1)
    if isinstance(layer.neuron, SigmaDelta):
        spikes = builder.neuron("Delta_ge", x, {"threshold": layer.neuron.threshold}, layer.name)
        return Signal(spikes, MESSAGE_UNIT)
    return signal


def _flat(builder: Builder, x: Value, name: str) -> Value:
    return x if len(x.shape) == 1 else builder.flatten(x, name)


def _connection(builder: Builder, layer: Layer, signal: Signal) -> Value:
    """Weighted sums in units of the states."""
    neuron = INTEGRATOR if layer.neuron is None else layer.neuron
    exponent = SHIFT + neuron.weight_exponent if isinstance(neuron, Cuba) else 0
    unit = signal.unit << exponent
    name = f"{layer.name}.synapses"
    if isinstance(layer, Conv):
        _check_exact(layer, "weight", layer.weight)
        return builder.conv2d(
            signal.value,
            _scaled(layer.weight, unit),
            name,
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
            groups=layer.groups,
        )
    assert isinstance(layer, Dense)
    x = _flat(builder, signal.value, f"{layer.name}.flat")
    _check_exact(layer, "weight", layer.weight)
    for step in range(layer.delay):
        x = builder.delayed(f"{layer.name}.delay{step + 1}", x.shape, x.name)
    forward = builder.linear(x, _scaled(layer.weight, unit), name)
    if layer.recurrent is None:
        return forward
    _check_exact(layer, "weight_rec", layer.recurrent)
    before = builder.delayed(f"{layer.name}.before", layer.shape, _result(layer))
    back = builder.linear(before, _scaled(layer.recurrent, 1 << exponent), f"{layer.name}.recurrent")
    return builder.add([forward, back], f"{layer.name}.sum")


def _scaled(weight: Integers, unit: int) -> Scaled:
    """Integers of 8 bits where the weights allow it."""
    if weight.min() >= -128 and weight.max() <= 127:
        return Scaled(weight.astype(np.int8), unit)
    if not (weight & 1).any():
        # Mixed signs are stored without the lowest bit.
        return Scaled((weight >> 1).astype(np.int8), 2 * unit)
    return Scaled(weight.astype(np.uint8 if weight.min() >= 0 else np.int32), unit)


def _check_exact(layer: Layer, key: str, weight: Integers) -> None:
    """Spikes are 0 or 1: their sums are exact when the weights of a neuron add up to less than 2^24."""
    largest = int(np.abs(weight).reshape(weight.shape[0], -1).sum(axis=1).max())
    if largest >= EXACT:
        raise layer.group.error(
            key,
            f"the weights of a neuron add up to {largest}; sums below {EXACT} are exact in ONNX",
            "split the layer",
        )


def _neurons(builder: Builder, layer: Layer, total: Value) -> Signal:
    neuron = layer.neuron
    if isinstance(neuron, SigmaDelta):
        return _sigma_delta(builder, layer, neuron, total)
    cuba = INTEGRATOR if neuron is None else neuron
    return Signal(_cuba(builder, layer, cuba, total, current_decay=cuba.current_decay), 1)


def _result(layer: Layer) -> str:
    """Name of the value that a layer with a recurrent connection gives out."""
    return f"{layer.name}.{'messages' if isinstance(layer.neuron, SigmaDelta) else 'spikes'}.out"


def _cuba(builder: Builder, layer: Layer, neuron: Cuba, x: Value, *, current_decay: int) -> Value:
    bias = layer.bias if isinstance(layer, Dense | Conv) else None
    parameters: dict[str, Integers | int] = {
        "decay_v": neuron.voltage_decay,
        "decay_i": current_decay,
        "threshold": neuron.threshold << SHIFT,
    }
    if bias is not None:
        parameters["bias"] = bias << SHIFT
    operator = "CUBAInt_zero_same_gt_binary" + ("_bias" if bias is not None else "")
    whole = builder.cast(x, TensorProto.INT32, f"{layer.name}.input")
    spikes = builder.neuron(operator, whole, parameters, layer.name)
    return builder.cast(spikes, TensorProto.FLOAT, f"{layer.name}.spikes")


def _sigma_delta(builder: Builder, layer: Layer, neuron: SigmaDelta, total: Value) -> Signal:
    bias = layer.bias if isinstance(layer, Dense | Conv) else None
    if neuron.sigma_output:
        if bias is not None and bias.any():
            raise layer.group.error(
                "bias", "a unit that gives out its sum has no bias", "put the bias into the layer before"
            )
        return Signal(builder.neuron("LI", total, {"beta": 1.0}, layer.name), 1)
    parameters: dict[str, Integers | int] = {"threshold": neuron.threshold * SIGMA_UNIT}
    if bias is not None:
        parameters["bias"] = bias * SIGMA_UNIT
    operator = "SigmaDelta_relu_ge" + ("_bias" if bias is not None else "")
    changes = builder.neuron(operator, total, parameters, layer.name)
    # What a message does not hold is lost: the unit has noted the whole change as sent.
    units = builder.multiply(changes, np.float32(1 / MESSAGE_UNIT), f"{layer.name}.units")
    return Signal(builder.floor(units, f"{layer.name}.messages"), 1)


def _remove(model: onnx.ModelProto, key: str) -> None:
    kept = [p for p in model.metadata_props if p.key != key]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
