"""A ``.net`` file in lava-dl's simulator (netx): the bit-accurate model on the CPU.

lava knows no batches: samples run one after the other. A network with neurons in its input layer takes one picture per
sample, as their bias; one without takes spikes.
"""

from __future__ import annotations

import logging
from pathlib import Path

import h5py
import numpy as np
from lava.lib.dl import netx
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc import io

logging.disable(logging.WARNING)


def to_lava(samples: np.ndarray) -> np.ndarray:
    """[N, T, C, H, W] as [N, T, W, H, C]."""
    return samples.transpose(0, 1, 4, 3, 2)


class Network:
    def __init__(self, model: Path, shape: tuple[int, ...], threads: int) -> None:
        self.model = model
        self.shape = shape[::-1]
        with h5py.File(model) as file:
            self.neurons = "neuron" in file["layer/0"]
            kinds = [file[f"layer/{k}/type"][0].decode() for k in range(len(file["layer"]))]
        self.names = {f"{kind}{k}": k for k, kind in enumerate(kinds)}
        #: Steps by which a layer lags.
        self.lags = [sum(kind != "flatten" for kind in kinds[1 : k + 1]) for k in range(len(kinds))]
        self.running: tuple[int, netx.hdf5.Network, object] | None = None

    def build(self, sample: np.ndarray, steps: int, layers: int | None = None) -> tuple[netx.hdf5.Network, object]:
        if self.neurons:
            net = netx.hdf5.Network(net_config=str(self.model), num_layers=layers, reset_interval=len(sample))
            net.in_layer.neuron.bias_mant.init = sample[0].astype(np.int32)
        else:
            # The first layer here lags a step behind the spikes, as the second does behind neurons.
            net = netx.hdf5.Network(
                net_config=str(self.model),
                num_layers=layers,
                skip_layers=1,
                reset_interval=len(sample),
                reset_offset=1,
            )
            source = io.source.RingBuffer(data=np.moveaxis(sample, 0, -1).astype(np.int32))
            source.s_out.connect(net.inp)
        sink = io.sink.RingBuffer(shape=net.out.shape, buffer=steps)
        net.out.connect(sink.a_in)
        return net, sink

    def prepare(self, samples: np.ndarray) -> np.ndarray:
        samples = to_lava(samples)
        if self.running is None:
            net, sink = self.build(samples[0], len(samples[0]))
            # Compiles the network and starts its processes.
            net.run(condition=RunSteps(num_steps=1), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            self.running = (len(samples[0]), net, sink)
        return samples

    def run(self, samples: np.ndarray) -> None:
        """As many steps as one sample has; each layer is reset after so many."""
        if len(samples) != 1:
            raise ValueError("lava runs one sample at a time")
        _, net, _ = self.running
        net.run(condition=RunSteps(num_steps=samples.shape[1]), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))

    def spikes(self, samples: np.ndarray, name: str) -> np.ndarray:
        """A layer lags a step behind the one before it, and is reset as much later.

        lava hands over what was recorded element by element, which takes long for large layers.
        """
        kept = []
        index = self.names[name]
        lag = self.lags[index]
        for sample in samples:
            steps = len(sample) + lag
            net, sink = self.build(sample, steps, index + 1)
            net.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
            seen = sink.data.get()
            net.stop()
            # (x, y, c, t) or (neuron, t)
            kept.append(seen.T[lag : lag + len(sample)])
        return np.stack(kept)
