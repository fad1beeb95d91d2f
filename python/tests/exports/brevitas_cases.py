"""Brevitas: quantised layers and activations, and quantised layers between spiking neurons."""

from __future__ import annotations

from collections.abc import Iterator

import brevitas.nn as qnn
from torch import nn

from case import Case, stepwise


def cases() -> Iterator[Case]:
    activations = nn.Sequential(
        qnn.QuantIdentity(bit_width=8, return_quant_tensor=True),
        qnn.QuantConv2d(2, 4, 3, weight_bit_width=4),
        qnn.QuantReLU(bit_width=4, return_quant_tensor=True),
        nn.Flatten(),
        qnn.QuantLinear(64, 5, bias=True, weight_bit_width=4),
        qnn.QuantReLU(bit_width=4),
    )
    yield Case("brevitas_activations", activations, stepwise, options={"steps": 1}, compare="values")
    import snntorch

    spiking = nn.Sequential(
        qnn.QuantConv2d(2, 4, 3, weight_bit_width=4),
        snntorch.Leaky(0.9, init_hidden=True),
        nn.Flatten(),
        qnn.QuantLinear(64, 5, bias=True, weight_bit_width=4),
        snntorch.Leaky(0.9, init_hidden=True),
    )
    yield Case("brevitas_snntorch", spiking, stepwise)
