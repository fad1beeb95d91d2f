"""A network as a NIR graph in plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..ir import Layer, Network
from .delays import Delays
from .errors import NirError
from .fields import Real
from .graph import Field, Flat, Node
from .spell import Speller

_NEURONS = ("if", "lif", "cuba", "integrator", "sigma_delta", "delta", "activation")
#: Layers whose result has the axes of what they read.
_KEEPING = (*_NEURONS, "add", "delay", "output")


def unbuild(network: Network, speller: Speller) -> Flat:
    """The graph; all layers that NIR has no words for are named in one :class:`NirError`."""
    if not network.real:
        raise NirError("the network calculates with integers; NIR has real numbers only")
    return _Unbuilder(network, speller).flat()


class _Unbuilder:
    def __init__(self, network: Network, speller: Speller) -> None:
        self._layers = network.layers
        self._speller = speller
        self._dt = speller.dt
        self._flat = Flat()
        self._taken: set[str] = set()
        self._names = [self._fresh(layer.name) for layer in network.layers]
        self._readers = Counter(i for layer in network.layers for i in layer.inputs)
        self._scales = {k: scale for k in range(len(self._layers)) if (scale := self._scale(k)) is not None}
        self._flatness = self._flat_layers()
        #: The nodes whose sum is the value of a layer.
        self._ends: list[list[str]] = [[name] for name in self._names]
        #: Steps of the Delay nodes.
        self._delays: dict[str, int] = {}

    def flat(self) -> Flat:
        refused: list[NirError] = []
        for index, layer in enumerate(self._layers):
            if layer.op == "add":
                self._ends[index] = [end for k in layer.inputs for end in self._ends[k]]
            try:
                self._write(index, layer)
            except NirError as error:
                refused.append(error)
        if refused:
            first = refused[0]
            if len(refused) == 1:
                raise first
            raise NirError("\n".join(str(error) for error in refused))
        return Delays(self._flat, self._delays, self._dt).flat()

    def _write(self, index: int, layer: Layer) -> None:
        name, shape = self._names[index], self._shape(index)
        if layer.op == "add" or self._is_inner(index):
            return
        if layer.op in ("input", "output"):
            self._put(name, layer.op.capitalize(), {"shape": np.array(shape, np.int64)})
        elif index in self._scales:
            source, factor = self._scales[index]
            self._put(name, "Scale", {"scale": factor.reshape(shape).astype(np.float32)})
            self._connect(source, index)
            return
        elif layer.op in _NEURONS:
            self._neuron(index, layer, shape)
        elif layer.op == "delay":
            steps = layer.attributes["steps"]
            assert isinstance(steps, int)
            self._put(name, "Delay", {"delay": np.full(shape, steps * self._dt)})
            self._delays[name] = steps
        elif layer.op == "conv2d":
            self._convolution(index, layer)
        elif layer.op == "linear":
            self._linear(index, layer)
        elif layer.op == "sum_pool":
            self._pool(index, layer)
        elif layer.op == "reshape":
            if self._reshape(index, layer):
                return
        else:
            raise NirError(f"NIR has no primitive for {layer.op}", layer.name)
        for source in layer.inputs:
            self._connect(source, index)

    # Layers.

    def _neuron(self, index: int, layer: Layer, shape: tuple[int, ...]) -> None:
        spelled = self._speller.neuron(layer)
        fields: dict[str, Field] = {key: np.asarray(value).reshape(shape) for key, value in spelled.fields.items()}
        self._put(self._names[index], spelled.kind, fields)
        if spelled.scale is not None:
            scaled = self._fresh(f"{layer.name}.value")
            self._put(scaled, "Scale", {"scale": spelled.scale.reshape(shape)})
            self._flat.edges.append((self._names[index], scaled))
            self._ends[index] = [scaled]

    def _linear(self, index: int, layer: Layer) -> None:
        assert layer.weights is not None
        outputs = layer.shape[0]
        weight = layer.weights.real().reshape(outputs, -1)
        bias = layer.parameter("bias")
        values = np.zeros(layer.shape, np.float32) if bias is None else bias.spread(layer.shape)
        # Not every library reads Linear.
        fields: dict[str, Field] = {"weight": weight, "bias": values.reshape(-1).astype(np.float32)}
        self._put(self._names[index], "Affine", fields)

    def _convolution(self, index: int, layer: Layer) -> None:
        assert layer.weights is not None
        weight: npt.NDArray[np.float32] = layer.weights.real().reshape(
            _sizes(layer, "kernel") or layer.weights.values.shape
        )
        stride, dilation = _pair(layer, "stride"), _pair(layer, "dilation")
        pad: tuple[int, ...] = _sizes(layer, "pad") or (0, 0, 0, 0)
        groups = layer.attributes.get("groups", 1)
        source = self._layers[layer.inputs[0]].shape
        bias = layer.parameter("bias")
        ones = weight.shape[:2] == (source[0], 1) and groups == source[0] and (weight == 1).all()
        if ones and bias is None and dilation == (1, 1) and pad[:2] == pad[2:]:
            self._window(index, "SumPool2d", weight.shape[2:], stride, pad[:2])
            return
        if bias is not None and bias.per == "neuron":
            raise NirError("its bias differs within a channel, which NIR cannot say", layer.name)
        values = np.zeros(1, np.float32) if bias is None else bias.values.astype(np.float32)
        kernel = weight.shape[2:]
        same = tuple(dilation[k] * (kernel[k] - 1) for k in range(2))
        padding: Field = np.array(pad[:2], np.int64)
        if pad[:2] != pad[2:]:
            if stride != (1, 1) or pad != (*(t // 2 for t in same), *(t - t // 2 for t in same)):
                raise NirError(f"its padding {list(pad)} is not the same on both sides; pad the input", layer.name)
            padding = "same"
        fields: dict[str, Field] = {
            "input_shape": np.array(source[1:], np.int64),
            "weight": weight,
            "stride": np.array(stride, np.int64),
            "padding": padding,
            "dilation": np.array(dilation, np.int64),
            "groups": np.array(groups, np.int64),
            "bias": np.array(np.broadcast_to(values.reshape(-1), (weight.shape[0],))),
        }
        self._put(self._names[index], "Conv2d", fields)

    def _pool(self, index: int, layer: Layer) -> None:
        kernel, pad = _pair(layer, "kernel"), _sizes(layer, "pad") or (0, 0, 0, 0)
        if pad[:2] != pad[2:]:
            raise NirError(f"its padding {list(pad)} is not the same on both sides; pad the input", layer.name)
        divisor = layer.attributes.get("divisor", 1)
        assert isinstance(divisor, int)
        mean = divisor == kernel[0] * kernel[1] and divisor != 1
        self._window(index, "AvgPool2d" if mean else "SumPool2d", kernel, _pair(layer, "stride"), pad[:2])
        if not mean and divisor != 1:
            scaled = self._fresh(f"{layer.name}.mean")
            self._put(scaled, "Scale", {"scale": np.full(self._shape(index), 1 / divisor, np.float32)})
            self._flat.edges.append((self._names[index], scaled))
            self._ends[index] = [scaled]

    def _window(self, index: int, kind: str, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]) -> None:
        fields: dict[str, Field] = {
            "kernel_size": np.array(kernel, np.int64),
            "stride": np.array(stride, np.int64),
            "padding": np.array(pad, np.int64),
        }
        self._put(self._names[index], kind, fields)

    def _reshape(self, index: int, layer: Layer) -> bool:
        """Whether the layer is left out, as nothing changes."""
        source = layer.inputs[0]
        if self._shape(index) == self._shape(source):
            self._ends[index] = self._ends[source]
            return True
        if not self._flatness[index]:
            raise NirError(
                f"it makes {list(layer.shape)} of {list(self._layers[source].shape)}; NIR can only flatten",
                layer.name,
            )
        self._put(self._names[index], "Flatten", _flatten_fields(self._shape(source)))
        return False

    # Scales: a convolution of one weight for each channel, or that on a flattened layer.

    def _scale(self, index: int) -> tuple[int, Real] | None:
        """The layer that is scaled and the factor for each of its neurons."""
        layer = self._layers[index]
        if layer.op == "conv2d":
            factor = self._channel_factor(layer)
            return None if factor is None else (layer.inputs[0], factor)
        if layer.op != "reshape":
            return None
        inner = self._layers[layer.inputs[0]]
        factor = self._channel_factor(inner) if inner.op == "conv2d" else None
        if factor is None:
            return None
        outer = self._layers[inner.inputs[0]]
        alone = all(self._readers[k] == 1 for k in (layer.inputs[0], inner.inputs[0]))
        if outer.op != "reshape" or not alone or self._layers[outer.inputs[0]].shape != layer.shape:
            return None
        return outer.inputs[0], factor

    def _channel_factor(self, layer: Layer) -> Real | None:
        channels = layer.shape[0]
        weights = layer.weights
        if weights is None or layer.parameter("bias") is not None or layer.attributes.get("groups", 1) != channels:
            return None
        kernel = _sizes(layer, "kernel") or weights.values.shape
        plain = _pair(layer, "stride") == (1, 1) and not any(_sizes(layer, "pad") or (0,))
        if tuple(kernel) != (channels, 1, 1, 1) or not plain:
            return None
        factor = np.broadcast_to(weights.real().reshape(channels, 1, 1), layer.shape)
        return factor.astype(np.float64)

    def _is_inner(self, index: int) -> bool:
        """Whether the layer is a part of a scale that a later layer stands for."""
        for k, (source, _) in self._scales.items():
            scale = self._layers[k]
            if scale.op == "reshape":
                inner = scale.inputs[0]
                if index in (inner, self._layers[inner].inputs[0]) and index != source:
                    return True
        return False

    # Names, shapes and edges.

    def _fresh(self, name: str) -> str:
        """A name for an HDF5 group, which has no slashes, that is not taken."""
        base = name.replace("/", ".").strip(".") or "layer"
        fresh, count = base, 1
        while fresh in self._taken:
            count += 1
            fresh = f"{base}_{count}"
        self._taken.add(fresh)
        return fresh

    def _flat_layers(self) -> list[bool]:
        """Which layers NIR counts as ``(N,)``: in a network a map of one pixel is Nx1x1 as well."""
        flat: list[bool | None] = [None if layer.shape[1:] == (1, 1) else False for layer in self._layers]
        for k, layer in enumerate(self._layers):
            if flat[k] is None and layer.op not in (*_KEEPING, "input") and k not in self._scales:
                flat[k] = layer.op in ("linear", "reshape")
        for k, layer in enumerate(self._layers):
            if flat[k] is None and layer.op == "input":
                flat[k] = not self._reaches_window(k)
        changed = True
        while changed:
            changed = False
            for k, layer in enumerate(self._layers):
                known = [flat[i] for i in layer.inputs if flat[i] is not None]
                if flat[k] is None and known:
                    flat[k] = any(known)
                    changed = True
        return [bool(f) for f in flat]

    def _reaches_window(self, start: int) -> bool:
        seen, stack = {start}, [start]
        while stack:
            source = stack.pop()
            for k, layer in enumerate(self._layers):
                if source not in layer.inputs or k in seen:
                    continue
                if layer.op in ("conv2d", "sum_pool") and k not in self._scales:
                    return True
                if layer.op in _KEEPING or k in self._scales:
                    seen.add(k)
                    stack.append(k)
        return False

    def _shape(self, index: int) -> tuple[int, ...]:
        shape = self._layers[index].shape
        return shape[:1] if self._flatness[index] else shape

    def _put(self, name: str, kind: str, fields: dict[str, Field]) -> None:
        self._flat.nodes[name] = Node(name, kind, fields)

    def _connect(self, source: int, target: int) -> None:
        wants_flat = self._layers[target].op == "linear" or (
            self._flatness[target] and (self._layers[target].op in _KEEPING or target in self._scales)
        )
        for end, count in sorted(Counter(self._ends[source]).items()):
            shape = self._shape(source)
            if count > 1:
                end = self._between(end, f"times{count}", "Scale", {"scale": np.full(shape, count, np.float32)})
            if wants_flat and len(shape) > 1:
                end = self._between(end, "flatten", "Flatten", _flatten_fields(shape))
            self._flat.edges.append((end, self._names[target]))

    def _between(self, source: str, what: str, kind: str, fields: dict[str, Field]) -> str:
        """A node of that kind behind the source, the same for all that need it."""
        name = f"{source}.{what}"
        if name not in self._flat.nodes:
            self._taken.add(name)
            self._put(name, kind, fields)
            self._flat.edges.append((source, name))
        return name


def _flatten_fields(shape: tuple[int, ...]) -> dict[str, Field]:
    return {
        "input_type": np.array(shape, np.int64),
        "start_dim": np.array(0, np.int64),
        "end_dim": np.array(-1, np.int64),
    }


def _sizes(layer: Layer, name: str) -> tuple[int, ...] | None:
    value = layer.attributes.get(name)
    return value if isinstance(value, tuple) else None


def _pair(layer: Layer, name: str) -> tuple[int, int]:
    y, x = _sizes(layer, name) or (1, 1)
    return y, x
