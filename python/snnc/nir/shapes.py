"""Shapes of what flows between nodes, found from the inputs on."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from . import fields
from .errors import NirError
from .graph import Flat, Node

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """A kernel that slides over rows and columns; sizes are (y, x)."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    #: Top, left, bottom, right.
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int] = (1, 1)

    def over(self, size: tuple[int, int], node: str) -> tuple[int, int]:
        """Rows and columns of the result."""
        out = [
            (size[k] + self.padding[k] + self.padding[k + 2] - self.dilation[k] * (self.kernel[k] - 1) - 1)
            // self.stride[k]
            + 1
            for k in range(2)
        ]
        if min(out) < 1:
            raise NirError(f"a kernel of {list(self.kernel)} does not fit into {list(size)} with its padding", node)
        return out[0], out[1]


def canonical(shape: Shape) -> Shape:
    """The shape in ONNX: ``(N,)``, or ``(C, H, W)``; a line ``(C, L)`` is ``(C, L, 1)``."""
    return (*shape, 1) if len(shape) == 2 else shape


def shapes(flat: Flat) -> dict[str, tuple[Shape, Shape]]:
    """What comes into each node and what goes out of it."""
    sources = flat.sources()
    targets: dict[str, list[str]] = {name: [] for name in flat.nodes}
    for source, target in sorted(flat.edges):
        targets[source].append(target)
    found: dict[str, tuple[Shape, Shape]] = {}
    queue: deque[str] = deque()

    def settle(name: str, shape: Shape) -> None:
        found[name] = (shape, fields.sized(name, _result(flat.nodes[name], shape)))
        queue.append(name)

    for name, node in flat.nodes.items():
        if node.kind == "Input":
            settle(name, fields.shape(node, "shape") or ())
        elif not sources[name]:
            raise NirError(f"nothing leads into this {node.kind}; connect it, or put an Input before it", name)
    while queue:
        source = queue.popleft()
        for target in targets[source]:
            if target not in found:
                settle(target, found[source][1])
    for name in flat.nodes:
        if name not in found:
            raise NirError("no way leads here from an Input, so its shape is not known", name)
        for source in sources[name]:
            if found[source][1] != found[name][0]:
                raise NirError(
                    f"'{source}' gives {list(found[source][1])} where {list(found[name][0])} is expected",
                    name,
                )
    return found


def window(node: Node, kernel: tuple[int, int] | None) -> Window:
    """The window of a convolution (whose kernel is that of its weights) or of a pool (None)."""
    line = node.kind == "Conv1d"
    stride = _pair(node, "stride", 1, line)
    if kernel is None:
        y, x = fields.pair(node, "padding", 0)
        return Window(fields.pair(node, "kernel_size", 1), stride, (y, x, y, x))
    dilation = _pair(node, "dilation", 1, line)
    word = node.fields["padding"]
    if not isinstance(word, str):
        y, x = _pair(node, "padding", 0, line)
        return Window(kernel, stride, (y, x, y, x), dilation)
    if word not in ("same", "valid"):
        raise NirError(f"padding is whole numbers, 'same' or 'valid', not '{word}'", node.name)
    if word == "valid":
        return Window(kernel, stride, (0, 0, 0, 0), dilation)
    if stride != (1, 1):
        raise NirError("padding 'same' needs a stride of 1; give the padding as numbers", node.name)
    # As PyTorch does: where a kernel is even, the longer side is the end.
    total = [dilation[k] * (kernel[k] - 1) for k in range(2)]
    before = [t // 2 for t in total]
    return Window(kernel, stride, (before[0], before[1], total[0] - before[0], total[1] - before[1]), dilation)


def convolution(node: Node) -> tuple[fields.Real, Window]:
    """Weights ``[out, in / groups, rows, columns]`` and window; a line lies along the rows."""
    line = node.kind == "Conv1d"
    weight = fields.real(node, "weight", ndim=3 if line else 4)
    weight = weight[..., None] if line else weight
    if 0 in weight.shape:
        raise NirError(f"field weight has the shape {list(weight.shape)}", node.name)
    return weight, window(node, (weight.shape[2], weight.shape[3]))


def _pair(node: Node, name: str, least: int, line: bool) -> tuple[int, int]:
    y, x = fields.pair(node, name, least)
    return (y, least) if line else (y, x)


def _result(node: Node, shape: Shape) -> Shape:
    if node.kind in ("Input", "Output", "Pass"):
        declared = fields.shape(node, "shape")
        if declared is not None and declared != shape:
            raise NirError(f"its shape is {list(declared)}, but {list(shape)} comes in", node.name)
        return shape
    if node.kind in ("Affine", "Linear"):
        return _linear(node, shape)
    if node.kind in ("Conv1d", "Conv2d"):
        return _convolved(node, shape)
    if node.kind in ("SumPool2d", "AvgPool2d"):
        channels, rows, columns = _axes(node, shape, 3)
        return (channels, *window(node, None).over((rows, columns), node.name))
    if node.kind == "Flatten":
        return _flattened(node, shape)
    return shape


def _axes(node: Node, shape: Shape, count: int) -> Shape:
    if len(shape) != count:
        form = {1: "(N)", 2: "(C, L)", 3: "(C, H, W)"}[count]
        remedy = "; put a Flatten with start_dim 0 before it" if count == 1 else ""
        raise NirError(f"{node.kind} reads {form}, but {list(shape)} comes in{remedy}", node.name)
    return shape


def _linear(node: Node, shape: Shape) -> Shape:
    (size,) = _axes(node, shape, 1)
    weight = fields.real(node, "weight")
    if weight.ndim != 2:
        raise NirError(
            f"weights {list(weight.shape)} are no matrix; use one {node.kind} for each matrix in them",
            node.name,
        )
    outputs, inputs = weight.shape
    if inputs != size or outputs == 0:
        raise NirError(f"weights [{outputs}, {inputs}] do not fit the {size} values that come in", node.name)
    if node.kind == "Affine" and fields.real(node, "bias").shape not in ((outputs,), (1,), ()):
        raise NirError(f"field bias is not {outputs} values", node.name)
    return (outputs,)


def _convolved(node: Node, shape: Shape) -> Shape:
    line = node.kind == "Conv1d"
    channels, rows, columns = canonical(_axes(node, shape, 2 if line else 3))
    weight, over = convolution(node)
    groups = fields.whole(node, "groups")
    if groups < 1 or weight.shape[0] % groups or weight.shape[1] * groups != channels:
        raise NirError(f"weights {list(weight.shape)} in {groups} groups do not fit {channels} channels", node.name)
    if fields.real(node, "bias").shape not in ((weight.shape[0],), (1,), ()):
        raise NirError(f"field bias is not {weight.shape[0]} values, one for each channel", node.name)
    declared = fields.shape(node, "input_shape")
    if declared is not None and declared not in (shape[1:], shape[:0:-1]):
        raise NirError(f"its input_shape is {list(declared)}, but {list(shape[1:])} comes in", node.name)
    size = over.over((rows, columns), node.name)
    return (weight.shape[0], size[0]) if line else (weight.shape[0], *size)


def _flattened(node: Node, shape: Shape) -> Shape:
    declared = fields.shape(node, "input_type")
    if declared is not None and declared != shape:
        raise NirError(f"its input_type is {list(declared)}, but {list(shape)} comes in", node.name)
    first, last = (
        d + len(shape) if d < 0 else d for d in (fields.whole(node, "start_dim", 1), fields.whole(node, "end_dim", -1))
    )
    if not 0 <= first <= last < len(shape):
        raise NirError(
            f"it flattens axes {first} to {last} of {list(shape)}; axes count from 0, without the batch",
            node.name,
        )
    size = 1
    for axis in shape[first : last + 1]:
        size *= axis
    return (*shape[:first], size, *shape[last + 1 :])


Shapes = Mapping[str, tuple[Shape, Shape]]
