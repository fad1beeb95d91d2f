"""Brevitas: layers of 4-bit weights between neurons of snnTorch, to Loihi 2 and Loihi 1."""

import brevitas.nn as qnn
import snntorch
import torch
from torch import nn

import snnc

torch.manual_seed(0)
net = nn.Sequential(
    qnn.QuantConv2d(1, 8, 3, padding=1, weight_bit_width=4),
    snntorch.Leaky(0.9, init_hidden=True),
    nn.Flatten(),
    qnn.QuantLinear(512, 10, bias=True, weight_bit_width=4),
    snntorch.Leaky(0.9, init_hidden=True),
)
snnc.export(net, torch.zeros(1, 1, 8, 8), "brevitas.onnx", steps=8)
print(snnc.compare("brevitas.onnx", activity=0.1))
