"""A network of integer LIF neurons, read from its ONNX file, in plain torch: convolutions, and neurons written out.

All numbers are whole and small enough for float32 to be exact.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional

FULL = 4096


class Neuron:
    """`v = trunc(v * factor) + i + bias; s = v > threshold; v = 0 where s`, the current without memory."""

    def __init__(self, params: list[np.ndarray]) -> None:
        decay_v, decay_i, threshold = (int(p) for p in params[:3])
        if decay_i != FULL:
            raise ValueError("a current with memory is not written out here")
        self.factor = (FULL - decay_v) / FULL
        self.threshold = float(threshold)
        self.bias = torch.from_numpy(params[3].astype(np.float32)) if len(params) > 3 else None

    def step(self, i: torch.Tensor, v: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        v = i.clone() if v is None else v.mul_(self.factor).trunc_().add_(i)
        if self.bias is not None:
            v.add_(self.bias)
        s = v > self.threshold
        return s.float(), v.masked_fill_(s, 0.0)

    def run(self, steps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Spikes of every step from rest."""
        v, spikes = None, []
        for i in steps:
            s, v = self.step(i, v)
            spikes.append(s)
        return spikes


class Network:
    def __init__(self, model: Path, _shape: tuple[int, ...], threads: int) -> None:
        torch.set_num_threads(threads)
        graph = onnx.load(model).graph
        stored = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
        weights: dict[str, torch.Tensor] = {}
        #: Name of the layer's spikes (or nothing), function.
        self.layers: list[tuple[str, object]] = []
        for node in graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "DequantizeLinear":
                w, scale = (stored[name].astype(np.float32) for name in node.input[:2])
                weights[node.output[0]] = torch.from_numpy(w * scale)
            elif node.op_type == "Conv":
                top, left, bottom, right = attributes["pads"]
                if (top, left) != (bottom, right):
                    raise ValueError("padding that is not symmetric is not written out here")
                self.layers.append(("", self.convolution(weights[node.input[1]], attributes["strides"], (top, left))))
            elif node.op_type == "Gemm":
                self.layers.append(("", self.linear(weights[node.input[1]])))
            elif node.op_type == "Mul":
                factor = float(stored[node.input[1]])
                self.layers.append(("", lambda x, factor=factor: x * factor))
            elif node.op_type == "Flatten":
                self.layers.append(("", lambda x: x.flatten(1)))
            elif node.op_type.startswith("CUBAInt_zero_same_gt_binary"):
                name = node.output[0].removesuffix(".s")
                self.layers.append((name, Neuron([stored[i] for i in node.input[3:]])))
            elif node.op_type not in ("Cast", "Identity"):
                raise ValueError(f"{node.op_type} is not written out here")

    @staticmethod
    def convolution(weight: torch.Tensor, stride: list[int], padding: tuple[int, int]) -> object:
        return lambda x: functional.conv2d(x, weight, None, stride, padding)

    @staticmethod
    def linear(weight: torch.Tensor) -> object:
        return lambda x: functional.linear(x, weight)

    def prepare(self, samples: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(samples).float()

    @torch.inference_mode()
    def run(self, samples: torch.Tensor, keep: str | None = None) -> torch.Tensor:
        """Spikes [N, T, ...] of a layer; of the last without a name."""
        states: dict[int, torch.Tensor] = {}
        kept = []
        for x in samples.unbind(1):
            for k, (name, layer) in enumerate(self.layers):
                if isinstance(layer, Neuron):
                    x, states[k] = layer.step(x, states.get(k))
                else:
                    x = layer(x)
                if name and name == keep:
                    kept.append(x)
            if keep is None:
                kept.append(x)
        return torch.stack(kept, 1)

    def spikes(self, samples: torch.Tensor, name: str) -> np.ndarray:
        return self.run(samples, name).numpy()
