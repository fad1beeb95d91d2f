"""Norse: an untrained network of cells, to Loihi 2 and Loihi 1."""

import norse.torch as norse
import torch
from torch import nn

import snnc

torch.manual_seed(0)
net = norse.SequentialState(
    nn.Conv2d(1, 8, 3, padding=1),
    norse.LIFCell(),
    nn.AvgPool2d(2),
    nn.Flatten(),
    nn.Linear(128, 10),
    norse.LIFCell(),
)
snnc.export(net, torch.zeros(1, 1, 8, 8), "norse.onnx", steps=8, dt=1e-3)
print(snnc.compare("norse.onnx", activity=0.1))
