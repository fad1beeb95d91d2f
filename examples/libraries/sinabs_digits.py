"""sinabs: an untrained network of single spikes, to Loihi 2 and Loihi 1."""

import sinabs.layers as sl
import torch
from sinabs.activation import SingleSpike
from torch import nn

import snnc

torch.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1, bias=False),
    sl.IAFSqueeze(batch_size=1, spike_fn=SingleSpike),
    nn.AvgPool2d(2),
    nn.Flatten(),
    nn.Linear(128, 10, bias=False),
    sl.LIFSqueeze(tau_mem=10.0, batch_size=1, spike_fn=SingleSpike),
)
snnc.export(net, torch.zeros(8, 1, 8, 8), "sinabs.onnx")
print(snnc.compare("sinabs.onnx", activity=0.1))
