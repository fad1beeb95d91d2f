"""Writing a network as an ONNX model, layer by layer; for readers of other formats and for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from .model import complete
from .operators import DOMAIN, VERSION, Operator, make_node
from .order import in_order

OPSET = 20
IR_VERSION = 10

Array = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Value:
    """A value of one time step."""

    name: str
    #: Without the batch axis: ``(C, H, W)`` or ``(N,)``.
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Scaled:
    """Integer weights that stand for ``integers * scale``."""

    #: int8, or another integer type that DequantizeLinear takes.
    integers: Array
    scale: float


Weight = Array | Scaled


class DuplicateNameError(ValueError):
    """Two layers, or a layer and a value that another one makes, are called the same."""

    def __init__(self, name: str) -> None:
        super().__init__(f"two layers or values are called '{name}'")
        self.name = name


class Builder:
    """A graph of one time step with batch 1; every state becomes a graph input and a graph output.

    Methods that add a layer take the layer's name, which has to be new, and give the value it makes.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._states: list[tuple[str, str]] = []
        self._state_inputs: list[onnx.ValueInfoProto] = []
        self._state_outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[int]) -> Value:
        """A graph input of shape ``[1, *shape]``, float32."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *shape]))
        return Value(name, tuple(shape))

    def conv2d(
        self,
        x: Value,
        weight: Weight,
        name: str,
        *,
        bias: Array | None = None,
        stride: tuple[int, int] = (1, 1),
        padding: tuple[int, int] | tuple[int, int, int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
        groups: int = 1,
    ) -> Value:
        """A convolution with weights ``[out, in / groups, kernel height, kernel width]``; sizes are (y, x).

        ``padding`` is (y, x) on both sides, or (top, left, bottom, right).
        """
        kernel = _shape(weight)
        pads = padding if len(padding) == 4 else (*padding, *padding)
        size = tuple(
            (x.shape[k + 1] + pads[k] + pads[k + 2] - dilation[k] * (kernel[k + 2] - 1) - 1) // stride[k] + 1
            for k in range(2)
        )
        return self._node(
            "Conv",
            [x.name, self._weight(weight, name), *self._bias(bias, name)],
            name,
            (kernel[0], *size),
            kernel_shape=list(kernel[2:]),
            strides=list(stride),
            pads=list(pads),
            dilations=list(dilation),
            group=groups,
        )

    def linear(self, x: Value, weight: Weight, name: str, *, bias: Array | None = None) -> Value:
        """A linear layer with weights ``[out, in]`` on a flat value."""
        inputs = [x.name, self._weight(weight, name), *self._bias(bias, name)]
        return self._node("Gemm", inputs, name, (_shape(weight)[0],), transB=1)

    def flatten(self, x: Value, name: str) -> Value:
        """All axes but the batch as one, in the order (C, H, W)."""
        return self._node("Flatten", [x.name], name, (int(np.prod(x.shape)),), axis=1)

    def reshape(self, x: Value, shape: Sequence[int], name: str) -> Value:
        """The same elements in the same order in another shape."""
        target = self._constant(f"{name}.shape", np.array([1, *shape], np.int64))
        return self._node("Reshape", [x.name, target], name, tuple(shape))

    def average_pool(
        self,
        x: Value,
        name: str,
        *,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        padding: tuple[int, int] = (0, 0),
    ) -> Value:
        """The mean of each window, padding included; sizes are (y, x)."""
        size = tuple((x.shape[k + 1] + 2 * padding[k] - kernel[k]) // stride[k] + 1 for k in range(2))
        return self._node(
            "AveragePool",
            [x.name],
            name,
            (x.shape[0], *size),
            kernel_shape=list(kernel),
            strides=list(stride),
            pads=[*padding, *padding],
            count_include_pad=1,
        )

    def add(self, values: Sequence[Value], name: str) -> Value:
        """The sum of values of one shape."""
        total = values[0]
        for k, value in enumerate(values[1:], 1):
            part = name if k == len(values) - 1 else f"{name}.{k}"
            total = self._node("Add", [total.name, value.name], part, total.shape)
        return total

    def multiply(self, x: Value, factor: Array, name: str) -> Value:
        """``x`` times a constant that broadcasts to it."""
        return self._node("Mul", [x.name, self._constant(f"{name}.factor", factor)], name, x.shape)

    def floor(self, x: Value, name: str) -> Value:
        """The greatest whole numbers that are not greater than ``x``."""
        return self._node("Floor", [x.name], name, x.shape)

    def cast(self, x: Value, element: int, name: str) -> Value:
        """``x`` as another ``onnx.TensorProto`` type: what goes into ``CUBAInt`` is INT32."""
        return self._node("Cast", [x.name], name, x.shape, to=element)

    def neuron(
        self,
        operator: Operator | str,
        x: Value,
        parameters: Mapping[str, Array | float | int],
        name: str,
        *,
        initial: Mapping[str, Array] | None = None,
    ) -> Value:
        """A layer of neurons of ``ai.snnc`` with its states; gives its first output.

        ``parameters`` has a value for each parameter of the operator; ``initial`` holds first values of states
        (by their input name) that do not start at zero.
        """
        op = Operator.parse(operator) if isinstance(operator, str) else operator
        if set(parameters) != set(op.parameters):
            raise ValueError(f"{op.name} takes the parameters {', '.join(op.parameters)}")
        dtype = helper.tensor_dtype_to_np_dtype(op.element)
        given = [self._constant(f"{name}.{key}", np.asarray(parameters[key], dtype)) for key in op.parameters]
        for source, target in op.states:
            first = (initial or {}).get(source)
            self._state(f"{name}.{source}", f"{name}.{target}", x.shape, op.element, first)
        inputs = [x.name, *(f"{name}.{source}" for source, _ in op.states), *given]
        outputs = [f"{name}.{output}" for output in op.outputs]
        self._nodes.append(make_node(op, inputs, outputs, name))
        return Value(outputs[0], x.shape)

    def delayed(self, name: str, shape: Sequence[int], source: str) -> Value:
        """What the value called ``source`` was in the step before; it may be made later. Zero in the first step.

        ``name`` is the name of the state; the source gets the output name ``<name>_out``.
        """
        shape = tuple(shape)
        self._state(name, f"{name}_out", shape, TensorProto.FLOAT, None)
        self._nodes.append(helper.make_node("Identity", [source], [f"{name}_out"], name=f"{name}_out"))
        return Value(name, shape)

    def output(self, x: Value, name: str) -> None:
        """Makes the value a graph output of that name."""
        self._nodes.append(helper.make_node("Identity", [x.name], [name], name=f"{name}.output"))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, *x.shape]))

    def model(self, steps: int, dt: float | None = None) -> onnx.ModelProto:
        """The complete model for ``steps`` steps of ``dt`` seconds; checked by the ONNX checker."""
        self._check_names()
        graph = helper.make_graph(
            in_order(self._nodes),
            self._name,
            [*self._inputs, *self._state_inputs],
            [*self._outputs, *self._state_outputs],
            initializer=self._initializers,
        )
        model = helper.make_model(
            graph,
            producer_name="snnc",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(DOMAIN, VERSION)],
        )
        complete(model, steps, self._states, dt)
        onnx.checker.check_model(model, full_check=True)
        return model

    def _check_names(self) -> None:
        first_values = {tensor.name for tensor in self._initializers}
        fed = [v.name for v in (*self._inputs, *self._state_inputs) if v.name not in first_values]
        made = [*fed, *(t.name for t in self._initializers), *(o for n in self._nodes for o in n.output)]
        for names in (made, [node.name for node in self._nodes]):
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            if twice:
                raise DuplicateNameError(twice[0])

    def _node(self, kind: str, inputs: list[str], name: str, shape: tuple[int, ...], **attributes: Any) -> Value:
        output = f"{name}.out"
        self._nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        return Value(output, shape)

    def _constant(self, name: str, value: Array) -> str:
        array = np.ascontiguousarray(value).reshape(np.shape(value))
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        self._initializers.append(numpy_helper.from_array(array, name))
        return name

    def _weight(self, weight: Weight, name: str) -> str:
        if not isinstance(weight, Scaled):
            return self._constant(f"{name}.weight", np.asarray(weight, np.float32))
        stored = self._constant(f"{name}.weight", weight.integers)
        scale = self._constant(f"{name}.scale", np.float32(weight.scale))
        output = f"{name}.dequantize.out"
        self._nodes.append(helper.make_node("DequantizeLinear", [stored, scale], [output], name=f"{name}.dequantize"))
        return output

    def _bias(self, bias: Array | None, name: str) -> list[str]:
        return [] if bias is None else [self._constant(f"{name}.bias", np.asarray(bias, np.float32))]

    def _state(self, source: str, target: str, shape: Sequence[int], element: int, first: Array | None) -> None:
        self._states.append((source, target))
        self._state_inputs.append(helper.make_tensor_value_info(source, element, [1, *shape]))
        self._state_outputs.append(helper.make_tensor_value_info(target, element, [1, *shape]))
        if first is not None:
            dtype = helper.tensor_dtype_to_np_dtype(element)
            value = np.broadcast_to(np.asarray(first, dtype), (1, *shape))
            self._constant(source, np.ascontiguousarray(value))


def _shape(weight: Weight) -> tuple[int, ...]:
    return tuple(np.shape(weight.integers if isinstance(weight, Scaled) else weight))
