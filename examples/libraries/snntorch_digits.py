"""snnTorch: an untrained network that loops over time, to Loihi 2 and Loihi 1."""

import snntorch
import torch
from torch import nn

import snnc


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.lif1 = nn.Conv2d(1, 8, 3, padding=1), snntorch.Leaky(0.9)
        self.fc1, self.lif2 = nn.Linear(512, 10), snntorch.Leaky(0.9)

    def forward(self, x):
        mem1, mem2, spikes = self.lif1.reset_mem(), self.lif2.reset_mem(), []
        for step in x:
            spk1, mem1 = self.lif1(self.conv1(step), mem1)
            spk2, mem2 = self.lif2(self.fc1(spk1.flatten(1)), mem2)
            spikes.append(spk2)
        return torch.stack(spikes)


torch.manual_seed(0)
snnc.export(Net(), torch.zeros(8, 1, 1, 8, 8), "snntorch.onnx")
print(snnc.compare("snntorch.onnx", activity=0.1))
