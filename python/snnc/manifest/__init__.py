"""Reading the manifest of a compilation, and showing it.

``Manifest.load(path)`` reads what ``snnc compile`` wrote. docs/manifest.md describes the fields,
docs/floorline.md the bounds, docs/notebook.md the use from Python.
"""

from .bounds import (
    Binding,
    Bottleneck,
    Bounds,
    Constant,
    Deadline,
    GapReason,
    HostEvents,
    LinkLoad,
    Optimality,
    ParetoPoint,
    Site,
)
from .compare import Comparison, comparison
from .cores import Core, Load, Memory, Part, Slice, Usage
from .errors import ManifestError, MissingLibraryError
from .manifest import SCHEMA, Assumption, CompileWarning, Manifest
from .network import Activity, Inputs, Layer, LayerBound, LayerChoice, LayerInput, ModelFile, Options, RunnerUp
from .quantities import EnergyInterval, Rate, TimeInterval

__all__ = [
    "SCHEMA",
    "Activity",
    "Assumption",
    "Binding",
    "Bottleneck",
    "Bounds",
    "Comparison",
    "CompileWarning",
    "Constant",
    "Core",
    "Deadline",
    "EnergyInterval",
    "GapReason",
    "HostEvents",
    "Inputs",
    "Layer",
    "LayerBound",
    "LayerChoice",
    "LayerInput",
    "LinkLoad",
    "Load",
    "Manifest",
    "ManifestError",
    "Memory",
    "MissingLibraryError",
    "ModelFile",
    "Optimality",
    "Options",
    "ParetoPoint",
    "Part",
    "Rate",
    "RunnerUp",
    "Site",
    "Slice",
    "TimeInterval",
    "Usage",
    "comparison",
]
