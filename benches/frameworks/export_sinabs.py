"""Writes the digits network with neurons of sinabs as an ONNX model: ``export_sinabs.py WEIGHTS MODEL``."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
import snnc
from digits_sinabs import network

weights, model = map(Path, sys.argv[1:])
snnc.export(network(weights, 1), torch.zeros(8, 1, 8, 8), model)
