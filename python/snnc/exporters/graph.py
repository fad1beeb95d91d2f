"""The traced graph becomes a model of one step: outputs and inputs of that step, nothing else, named by module."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from ..errors import ExportError
from ..opset import DOMAIN, Operator
from ..opset.order import in_order

#: Operators that move values and do not change them.
_MOVING = ("Transpose", "Reshape", "Unsqueeze", "Squeeze", "Identity", "Cast", "Flatten")
#: States of snnTorch's neurons that are no spikes.
WRITTEN_OUT_STATES = ("mem", "syn", "syn_exc", "syn_inh")
#: Operators that take a part of their first input.
_TAKING = ("Gather", "Slice", "Split")


class Step:
    """Edits the graph of a traced step in place."""

    def __init__(self, graph: onnx.GraphProto, states: Sequence[str]) -> None:
        self.graph = graph
        self.states = list(states)
        self._index()

    def _index(self) -> None:
        self._made = {output: node for node in self.graph.node for output in node.output if output}
        self._constants = {value.name for value in self.graph.initializer}

    def _is_step(self, node: onnx.NodeProto) -> bool:
        """Whether a neuron is that of the exported step: its states are graph inputs."""
        operator = Operator.parse(node.op_type)
        return all(name in self.states for name in node.input[1 : 1 + len(operator.states)])

    def take_outputs(self, count: int, looped: bool) -> None:
        """Keeps the first ``count`` outputs as they are in the exported step, and drops states among them.

        A model without neurons keeps them all.
        """
        given = list(self.graph.output)
        wanted: dict[str, str] = {}
        # Membranes and currents of neurons that stay in torch's operators.
        inner = [f"{name}_out" for name in self.states if name.rpartition(".")[2] in WRITTEN_OUT_STATES]
        written = {self._plain(name) for name in inner}
        for info in given[:count]:
            value = self._of_step(info.name) if looped else info.name
            if value is None or self._is_state(value) or self._plain(value) in written:
                continue
            if self.states and not self._frontier(value) and not self._reads_state(value):
                continue
            wanted.setdefault(self._plain(value), info.name)
        if not wanted:
            raise ExportError(
                "the model gives out neither spikes nor values that depend on them: return the spikes of its last "
                "layer (of every step, if it loops over time)"
            )
        names = ["output"] if len(wanted) == 1 else [f"output_{k}" for k in range(len(wanted))]
        del self.graph.output[:]
        for value, name in zip(wanted, names):
            self.graph.node.append(helper.make_node("Identity", [value], [name], name=f"{name}.identity"))
            self.graph.output.append(onnx.ValueInfoProto(name=name))
        self.graph.output.extend(given[count:])
        self._index()

    def take_inputs(self) -> None:
        """Makes what the step takes of an input over time an input, and drops inputs that are not read."""
        live = self._live()
        if any(n.domain == DOMAIN and not self._is_step(n) and set(n.output) & live for n in self.graph.node):
            raise ExportError(
                "a step depends on the step before through more than the states of its neurons: something else keeps a "
                "value between the steps of the model's loop"
            )
        for info in list(self.graph.input):
            if info.name in self.states:
                continue
            parts = self._parts(info.name)
            if len(parts) > 1:
                raise ExportError(f"the step reads several steps of the input '{info.name}'")
            if parts:
                self._replace(info, parts[0])
        self.prune()

    def _parts(self, source: str) -> list[str]:
        """What live nodes take of an input, by a node that takes a part of it."""
        live = self._live()
        moved, parts = {source}, []
        for node in self.graph.node:
            if not (set(node.output) & live) or not node.input or node.input[0] not in moved:
                continue
            if node.op_type in _TAKING:
                parts += [output for output in node.output if output in live]
            elif node.op_type in _MOVING:
                moved.update(node.output)
        return [self._squeezed(part) for part in dict.fromkeys(parts)]

    def _squeezed(self, value: str) -> str:
        readers = [node for node in self.graph.node if value in node.input]
        if len(readers) == 1 and readers[0].op_type in ("Squeeze", "Reshape"):
            return str(readers[0].output[0])
        return value

    def _replace(self, info: onnx.ValueInfoProto, value: str) -> None:
        node = self._made[value]
        shape = next((v.type for v in self.graph.value_info if v.name == value), None)
        if shape is None:
            raise ExportError(f"the shape of one step of the input '{info.name}' is not known")
        node.output[list(node.output).index(value)] = f"{value}.unused"
        for reader in self.graph.node:
            reader.input[:] = [info.name if name == value else name for name in reader.input]
        info.type.CopyFrom(shape)
        self._index()

    def prune(self) -> None:
        """Drops nodes, constants, inputs and shapes that no output depends on."""
        live = self._live()
        nodes = [node for node in self.graph.node if set(node.output) & live]
        used = {name for node in nodes for name in node.input}
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        # Some exporters list constants as inputs.
        read = used - self._constants
        inputs = [info for info in self.graph.input if info.name in read or info.name in self.states]
        del self.graph.input[:]
        self.graph.input.extend(inputs)
        constants = [value for value in self.graph.initializer if value.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(constants)
        del self.graph.value_info[:]
        self._index()

    def _live(self) -> set[str]:
        live = {info.name for info in self.graph.output}
        for node in reversed(in_order(self.graph.node)):
            if set(node.output) & live:
                live.update(name for name in node.input if name)
        return live

    def _frontier(self, value: str) -> list[onnx.NodeProto]:
        """The neurons whose outputs a value is computed from, without looking behind them."""
        found, seen, left = [], set(), [value]
        while left:
            name = left.pop()
            node = self._made.get(name)
            if name in seen or node is None:
                continue
            seen.add(name)
            if node.domain == DOMAIN:
                found.append(node)
            else:
                left.extend(node.input)
        return found

    def _reads_state(self, value: str) -> bool:
        seen, left = set(), [value]
        while left:
            name = left.pop()
            if name in self.states:
                return True
            node = self._made.get(name)
            if name not in seen and node is not None and node.domain != DOMAIN:
                seen.add(name)
                left.extend(node.input)
        return False

    def _of_step(self, output: str) -> str | None:
        """The part of an output over time that belongs to the exported step."""
        left, seen, found = [output], set(), []
        while left:
            value = left.pop()
            if value in seen:
                continue
            seen.add(value)
            frontier = self._frontier(value)
            own = [node for node in frontier if self._is_step(node)]
            if own and len(own) == len(frontier):
                found.append(value)
            elif own:
                left.extend(self._made[value].input)
        if len(set(found)) > 1:
            raise ExportError(f"the output '{output}' mixes several values of a step: return them apart")
        return self._unwrapped(found[0]) if found else None

    def _unwrapped(self, value: str) -> str:
        """The value without the axis that stacks it with those of other steps."""
        node = self._made.get(value)
        return str(node.input[0]) if node is not None and node.op_type == "Unsqueeze" else value

    def _plain(self, value: str) -> str:
        node = self._made.get(value)
        return self._plain(str(node.input[0])) if node is not None and node.op_type == "Identity" else value

    def _is_state(self, value: str) -> bool:
        value = self._plain(value)
        node = self._made.get(value)
        return node is not None and node.domain == DOMAIN and value != node.output[0]

    def _join(self) -> None:
        """Lets a neuron give out its state by itself, where the exporter put an Identity behind it."""
        outputs = {info.name for info in self.graph.output}
        for node in list(self.graph.node):
            source = self._made.get(node.input[0]) if node.op_type == "Identity" else None
            if source is None or source.domain != DOMAIN or node.output[0] not in outputs:
                continue
            old, new = node.input[0], node.output[0]
            if old == source.output[0] or old in outputs:
                continue
            source.output[list(source.output).index(old)] = new
            self.graph.node.remove(node)
            for reader in self.graph.node:
                reader.input[:] = [new if name == old else name for name in reader.input]
            self._index()

    def name(self) -> None:
        """Names nodes by their modules and values by their nodes; parameters of neurons are not shared."""
        self._join()
        self._own_parameters()
        kept = {info.name for info in (*self.graph.input, *self.graph.output)}
        taken: set[str] = set()
        values: dict[str, str] = {}
        # What a module is for has its name; what the exporter adds around it is numbered.
        for node in sorted(self.graph.node, key=_rank):
            if node.domain == DOMAIN:
                node.name = _unique(node.input[1].rpartition(".")[0], taken)
            else:
                node.name = _unique(_scope(node) or node.op_type.lower(), taken)
            del node.metadata_props[:]
            node.ClearField("doc_string")
            parts = Operator.parse(node.op_type).outputs if node.domain == DOMAIN else ["out"]
            for k, output in enumerate(node.output):
                part = parts[k] if k < len(parts) else f"out{k}"
                values[output] = f"{node.name}.{part}"
        for value in self.graph.initializer:
            values[value.name] = _module(value.name)
        self._rename({old: new for old, new in values.items() if old and old not in kept}, kept)
        for info in (*self.graph.input, *self.graph.output, *self.graph.initializer):
            del info.metadata_props[:]
            info.ClearField("doc_string")
        del self.graph.metadata_props[:]
        self.graph.ClearField("doc_string")

    def start(self, state: str, value: npt.NDArray[np.float32]) -> None:
        """Gives a state its first value, where that is not zero."""
        if value.any():
            self.graph.initializer.append(numpy_helper.from_array(value, state))

    def _own_parameters(self) -> None:
        stored = {value.name: value for value in self.graph.initializer}
        for node in self.graph.node:
            if node.domain != DOMAIN:
                continue
            operator = Operator.parse(node.op_type)
            layer = node.input[1].rpartition(".")[0]
            first = 1 + len(operator.states)
            for k, parameter in enumerate(operator.parameters, first):
                constant = self._value(node.input[k], stored)
                name = f"{layer}.{parameter}"
                self.graph.initializer.append(numpy_helper.from_array(constant, name))
                node.input[k] = name
        self.prune()

    def _value(self, name: str, stored: dict[str, onnx.TensorProto]) -> npt.NDArray[Any]:
        if name in stored:
            return numpy_helper.to_array(stored[name])
        node = self._made.get(name)
        if node is not None and node.op_type == "Constant":
            return numpy_helper.to_array(node.attribute[0].t)
        if node is not None and node.op_type == "Identity":
            return self._value(node.input[0], stored)
        raise ExportError(f"a parameter of a neuron, '{name}', is not a constant of the traced graph")

    def _rename(self, wanted: dict[str, str], kept: set[str]) -> None:
        taken = set(kept)
        new = {old: _unique(name, taken) for old, name in wanted.items()}
        for node in self.graph.node:
            node.input[:] = [new.get(name, name) for name in node.input]
            node.output[:] = [new.get(name, name) for name in node.output]
        for value in self.graph.initializer:
            value.name = new.get(value.name, value.name)
        self._index()


def _rank(node: onnx.NodeProto) -> int:
    """Which nodes are named first: neurons, then layers."""
    if node.domain == DOMAIN:
        return 0
    return 2 if node.op_type in (*_MOVING, "DequantizeLinear", "QuantizeLinear") else 1


def _scope(node: onnx.NodeProto) -> str:
    """Path of the module that a node comes from; empty where the exporter does not say."""
    for entry in node.metadata_props:
        if entry.key.endswith("name_scopes"):
            scopes = ast.literal_eval(entry.value)
            return _module(scopes[-2]) if len(scopes) > 1 else ""
    path: list[str] = []
    for part in node.name.strip("/").split("/")[:-1]:
        # The TorchScript exporter repeats the name of a container in front of its members.
        if path and part.startswith(f"{path[-1]}."):
            path[-1] = part
        else:
            path.append(part)
    return _module(".".join(path))


def _module(name: str) -> str:
    """A name below the wrapper of the model, as one below the model."""
    return name.removeprefix("model.") if name != "model" else ""


def _unique(name: str, taken: set[str]) -> str:
    new, k = name, 1
    while new in taken:
        k += 1
        new = f"{name}_{k}"
    taken.add(new)
    return new
