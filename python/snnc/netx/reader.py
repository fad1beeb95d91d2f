"""From a file to its layers, each checked against the layer before."""

from __future__ import annotations

import numpy as np

from . import neurons, values
from .layers import Conv, Dense, Flatten, Input, Layer
from .store import MAX_ELEMENTS, Group

MAX_LAYERS = 1024

_REFUSED = {
    "pool": "use a convolution with a stride",
    "convT": "use a convolution",
    "unpool": "leave it out",
    "average": "take the average of the outputs after the network, and write the file without this layer",
    "concat": "give the layers one input each",
    "dense_comp": "train the layer with real weights and CUBA or sigma-delta (SDNN) neurons",
}

#: Keys that every layer may have.
_COMMON = {"type", "shape", "neuron"}


def read(root: Group) -> list[Layer]:
    """The layers in order, with every shape checked against the layer before."""
    group = root.group("layer")
    count = len(group.names())
    if not 0 < count <= MAX_LAYERS:
        raise group.error("", f"it has {count} layers; 1 to {MAX_LAYERS} are read")
    layers: list[Layer] = []
    for index in range(count):
        if not group.has(str(index)):
            raise group.error(str(index), "it is missing", f"the {count} layers are numbered from 0")
        member = group.group(str(index)).named(f"layer {index}")
        kind = member.text("type")
        member = member.named(f"layer {index} ({kind})")
        layers.append(_layer(member, kind, f"{kind}{index}", layers[-1] if layers else None))
    if not any(layer.neuron is not None or isinstance(layer, Dense) for layer in layers):
        raise group.error("", "it has no layer of neurons")
    return layers


def _layer(group: Group, kind: str, name: str, before: Layer | None) -> Layer:
    if kind == "input":
        if before is not None:
            raise group.error("type", "an input layer after another layer", "it has to be layer 0")
        return _input(group, name)
    if kind in ("dense", "dense_rec"):
        return _dense(group, name, before, recurrent=kind == "dense_rec")
    if kind == "conv":
        return _conv(group, name, before)
    if kind == "flatten":
        return _flatten(group, name, before)
    if kind in _REFUSED:
        raise group.error("type", f"'{kind}' layers are not read (nor are they by lava's netx)", _REFUSED[kind])
    raise group.error("type", f"'{kind}' is none of input, dense, dense_rec, conv, flatten")


def _input(group: Group, name: str) -> Input:
    group.warn_unread(_COMMON | {"weight", "bias"})
    weight = group.integer("weight", -(1 << 16), 1 << 16) if group.has("weight") else None
    bias = group.integer("bias", -(1 << 16), 1 << 16) if group.has("bias") else None
    return Input(name, group, values.shape(group), neurons.read(group), weight, bias)


def _dense(group: Group, name: str, before: Layer | None, *, recurrent: bool) -> Dense:
    own = {"inFeatures", "outFeatures", "weight", "bias", "delay"} | ({"weight_rec"} if recurrent else set())
    group.warn_unread(_COMMON | own)
    outputs = int(np.prod(values.shape(group)))
    if group.has("weight") and group.is_group("weight"):
        raise group.error(
            "weight",
            "complex weights (real and imag) have no form as an ONNX operator",
            "train the layer with real weights and CUBA or sigma-delta (SDNN) neurons",
        )
    weight = values.matrix(group, "weight", outputs)
    for key, size in (("outFeatures", weight.shape[0]), ("inFeatures", weight.shape[1])):
        if group.has(key) and (found := group.integer(key, 1, MAX_ELEMENTS)) != size:
            raise group.error(key, f"it is {found} where the weights have {size}")
    if before is not None:
        _check_flat(group, before, weight.shape[1])
    loop = values.matrix(group, "weight_rec", outputs) if recurrent else None
    if loop is not None and loop.shape[1] != outputs:
        raise group.error("weight_rec", f"its shape is {loop.shape}, not {(outputs, outputs)}")
    bias = values.bias(group, outputs)
    delay = values.delay(group, weight.shape)
    if delay and recurrent:
        raise group.error(
            "delay",
            "delays in a recurrent layer are not read (lava's netx gives them to both connections, without "
            "the weight exponent)",
            "put the delay into the layer before, or train without it",
        )
    return Dense(name, group, (outputs,), neurons.read(group), weight, loop, bias, delay)


def _check_flat(group: Group, before: Layer, inputs: int) -> None:
    size = int(np.prod(before.shape))
    if size != inputs:
        raise group.error("weight", f"it takes {inputs} inputs; the layer before has {size}: {before.shape}")
    if sum(n > 1 for n in before.shape) > 1:
        raise group.error(
            "weight",
            f"the layer before has the shape {before.shape}, and the order of its elements is not told",
            "put a flatten layer between them",
        )


def _conv(group: Group, name: str, before: Layer | None) -> Conv:
    own = {
        "inChannels",
        "outChannels",
        "kernelSize",
        "stride",
        "padding",
        "dilation",
        "groups",
        "weight",
        "bias",
    }
    group.warn_unread(_COMMON | own | {"delay"})
    if before is None:
        raise group.error(
            "shape",
            "the shape of what the layer reads is not known",
            "write an input layer with a shape before it",
        )
    if len(before.shape) != 3:
        raise group.error(
            "type", f"it reads a layer of shape {before.shape}; a convolution needs channels, rows, columns"
        )
    if group.has("delay") and group.integers("delay", 0, 1 << 16).any():
        raise group.error(
            "delay", "delays of convolutions are not read (lava's netx drops them)", "train without delays"
        )
    weight = values.kernel(group)
    stride, dilation = values.pair(group, "stride", 1, (1, 1)), values.pair(group, "dilation", 1, (1, 1))
    padding = values.pair(group, "padding", 0, (0, 0))
    groups = group.integer("groups", 1, MAX_ELEMENTS) if group.has("groups") else 1
    out, per_group, *kernel = weight.shape
    if per_group * groups != before.shape[0] or out % groups:
        raise group.error(
            "weight", f"its shape {weight.shape} in {groups} group(s) does not fit the input {before.shape}"
        )
    for key, size in (("inChannels", before.shape[0]), ("outChannels", out)):
        if group.has(key) and (found := group.integer(key, 1, MAX_ELEMENTS)) != size:
            raise group.error(key, f"it is {found} where the weights and the input say {size}")
    if group.has("kernelSize") and values.pair(group, "kernelSize", 1, (1, 1)) != tuple(kernel):
        raise group.error("kernelSize", f"it is not that of the weights, {tuple(kernel)}")
    spans = [dilation[k] * (kernel[k] - 1) + 1 for k in range(2)]
    room = [before.shape[k + 1] + 2 * padding[k] - spans[k] for k in range(2)]
    if min(room) < 0:
        raise group.error("weight", f"a window of {spans} is larger than the input {before.shape[1:]} with its padding")
    shape = (out, *(room[k] // stride[k] + 1 for k in range(2)))
    if (declared := values.shape(group)) != shape:
        raise group.error("shape", f"it is {declared} where weights, stride and padding give {shape}")
    neuron = neurons.read(group)
    if neuron is None:
        raise group.error("neuron", "it is missing", "only a dense layer may do without (it then integrates)")
    bias = values.map_bias(group, shape)
    return Conv(name, group, shape, neuron, weight, bias, stride, padding, dilation, groups)


def _flatten(group: Group, name: str, before: Layer | None) -> Flatten:
    group.warn_unread(_COMMON)
    if before is None:
        raise group.error("type", "a flatten layer without a layer before it")
    size = int(np.prod(before.shape))
    if group.has("shape") and (declared := int(np.prod(values.shape(group)))) != size:
        raise group.error("shape", f"it has {declared} elements; the layer before has {size}")
    return Flatten(name, group, (size,), None)
