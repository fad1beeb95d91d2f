"""Exports the network with the weights of weights.npz to digits.onnx, through torch.onnx.export."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import snntorch
import torch
from network import LAYERS, SCALE, STEPS, Network, connect
from torch import nn

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "python"))

from snnc.opset import DOMAIN, VERSION, Operator, complete

OPSET = 20
NEURON = Operator.parse("LIF_subtract_next_gt_binary")
STATES = [(f"lif{k}.v", f"lif{k}.v_out") for k in (1, 2, 3)]


class Dequantised(nn.Module):
    """A layer that holds int8 weights and a scale: in ONNX, DequantizeLinear in front of it."""

    def __init__(self, layer: nn.Conv2d | nn.Linear, weights: np.ndarray) -> None:
        super().__init__()
        self.layer = layer
        layer.weight = None
        self.register_buffer("weight", torch.from_numpy(weights))
        self.register_buffer("scale", torch.tensor(SCALE))
        self.register_buffer("zero_point", torch.tensor(0, dtype=torch.int8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = torch.onnx.ops.symbolic(
            "DequantizeLinear",
            (self.weight, self.scale, self.zero_point),
            dtype=torch.float32,
            shape=self.weight.shape,
        )
        return connect(self.layer, x, weight)


class Neuron(nn.Module):
    """A snntorch.Leaky as one node of ai.snnc."""

    def __init__(self, leaky: snntorch.Leaky) -> None:
        super().__init__()
        if leaky.reset_mechanism != "subtract" or not leaky.reset_delay or leaky.inhibition or leaky.state_quant:
            raise ValueError("not a neuron that " + NEURON.name + " describes")
        self.register_buffer("beta", leaky.beta.detach().clamp(0, 1))
        self.register_buffer("threshold", leaky.threshold.detach())

    def forward(self, x: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        s, v_out = torch.onnx.ops.symbolic_multi_out(
            f"{DOMAIN}::{NEURON.name}",
            (x, v, self.beta, self.threshold),
            NEURON.attributes,
            dtypes=(torch.float32, torch.float32),
            shapes=(v.shape, v.shape),
            version=VERSION,
        )
        return s, v_out


class Step(nn.Module):
    """One step with the outputs of the graph."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, x: torch.Tensor, v1: torch.Tensor, v2: torch.Tensor, v3: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        spikes, states = self.net(x, v1, v2, v3)
        return spikes[-1], *states


def network() -> Network:
    """The trained network with layers and neurons that export."""
    net = Network()
    with np.load(HERE / "weights.npz") as stored:
        for name in LAYERS:
            setattr(net, name, Dequantised(getattr(net, name).layer, stored[name]))
    for name in ("lif1", "lif2", "lif3"):
        setattr(net, name, Neuron(getattr(net, name)))
    return net.eval()


def tidy(model: onnx.ModelProto) -> None:
    """Gives nodes and values names from the modules, and drops what depends on where the export ran.

    A value gets the name of its node, an initialiser that several layers share loses the name of the first.
    """
    graph = model.graph
    fixed = {value.name for value in (*graph.input, *graph.output)}
    users = Counter(name for node in graph.node for name in set(node.input))
    names = {}
    for value in graph.initializer:
        layer, _, part = value.name.removeprefix("net.").rpartition(".")
        names[value.name] = part if users[value.name] > 1 else f"{layer}.{part}"
    for node in graph.node:
        scopes = ast.literal_eval(next(p.value for p in node.metadata_props if p.key.endswith("name_scopes")))
        layer = scopes[-2].removeprefix("net.")
        if node.op_type == "DequantizeLinear":
            layer += ".dequantize"
        elif node.op_type == "Reshape":
            layer = "flatten"
            names[node.input[1]] = "flatten.shape"
        node.name = layer
        for name, part in zip(node.output, NEURON.outputs if node.domain == DOMAIN else ["out"]):
            names[name] = f"{layer}.{part}"
    new = {old: name for old, name in names.items() if old not in fixed}
    if len(set(new.values()) | fixed) != len(new) + len(fixed):
        raise RuntimeError("two values of one name")
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
        del node.metadata_props[:]
        node.ClearField("doc_string")
    for value in (*graph.initializer, *graph.value_info):
        value.name = new.get(value.name, value.name)
    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        del value.metadata_props[:]
    del graph.metadata_props[:]
    del model.metadata_props[:]
    graph.name = "digits"
    model.producer_version = model.producer_version.partition("+")[0]


def main() -> None:
    net = network()
    example = (torch.zeros(1, 1, 8, 8), *net.states(1))
    program = torch.onnx.export(
        Step(net).eval(),
        example,
        dynamo=True,
        opset_version=OPSET,
        input_names=["x", *(source for source, _ in STATES)],
        output_names=["spk", *(target for _, target in STATES)],
        external_data=False,
    )
    model = program.model_proto
    tidy(model)
    complete(model, STEPS, STATES)
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    (HERE / "digits.onnx").write_bytes(content)
    print(f"digits.onnx: {len(content)} bytes")


if __name__ == "__main__":
    main()
