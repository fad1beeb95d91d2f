"""SpikingJelly: an untrained network in multi step mode, to Loihi 2 and Loihi 1."""

import torch
from spikingjelly.activation_based import functional, layer, neuron
from torch import nn

import snnc

torch.manual_seed(0)
net = nn.Sequential(
    layer.Conv2d(1, 8, 3, padding=1, bias=False),
    layer.BatchNorm2d(8),
    neuron.IFNode(),
    layer.AvgPool2d(2),
    layer.Flatten(),
    layer.Linear(128, 10),
    neuron.LIFNode(tau=2.0),
)
functional.set_step_mode(net, "m")
snnc.export(net, torch.zeros(8, 1, 1, 8, 8), "spikingjelly.onnx")
print(snnc.compare("spikingjelly.onnx", activity=0.1))
