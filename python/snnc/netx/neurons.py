"""The ``neuron`` group of a layer."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import NetxError
from .store import Group

#: A decay of this many 4096ths drops the state.
FULL_DECAY = 4096

#: Greatest threshold mantissa: 17 bits. One more is the threshold of a layer without a neuron.
MAX_THRESHOLD = 1 << 17

#: What older files and training keep beside what runs.
_TRAINING = {"scaleRho", "tauRho", "theta", "activation", "messageBits", "type"}


@dataclass(frozen=True)
class Cuba:
    """Current-based integrate-and-fire in the chip's fixed point."""

    current_decay: int
    voltage_decay: int
    #: Before the shift by 6.
    threshold: int
    weight_exponent: int = 0


@dataclass(frozen=True)
class SigmaDelta:
    """A unit that gives out changes."""

    #: Before the shift by 12.
    threshold: int
    #: Whether it gives out its sum instead of changes of its activation.
    sigma_output: bool


Neuron = Cuba | SigmaDelta

#: A layer without a neuron integrates: its current never decays, its membrane shows it, it never spikes.
INTEGRATOR = Cuba(current_decay=0, voltage_decay=FULL_DECAY, threshold=MAX_THRESHOLD)


def read(layer: Group) -> Neuron | None:
    """The neuron of a layer; ``None`` when the file has none."""
    if not layer.has("neuron"):
        return None
    group = layer.group("neuron")
    kind = group.text("type")
    if kind in ("CUBA", "LOIHI"):
        return _cuba(group)
    if kind == "SDNN":
        return _sigma_delta(group)
    raise _no_form(group, kind)


def _no_form(group: Group, kind: str) -> NetxError:
    if kind.startswith(("RF", "ADRF")):
        return group.error(
            "type",
            f"resonate-and-fire neurons ('{kind}') have no form as an ONNX operator",
            "train the layer with CUBA or sigma-delta (SDNN) neurons",
        )
    return group.error("type", f"'{kind}' is none of CUBA, LOIHI, SDNN", "train the layer with one of them")


def _cuba(group: Group) -> Cuba:
    group.warn_unread(_TRAINING | {"iDecay", "vDecay", "vThMant", "refDelay", "wgtExp", "gradedSpike"})
    if group.has("refDelay") and group.integer("refDelay", 0, 1 << 16) > 1:
        raise group.error(
            "refDelay",
            "refractory steps have no form in CUBAInt (and lava's netx ignores them)",
            "train with refractory delay 1, which is none",
        )
    if group.flag("gradedSpike"):
        raise group.error(
            "gradedSpike",
            "graded spikes of CUBA neurons have no form in CUBAInt",
            "train with binary spikes, or with sigma-delta (SDNN) neurons",
        )
    _message_bits(group)
    return Cuba(
        current_decay=group.integer("iDecay", 0, FULL_DECAY),
        voltage_decay=group.integer("vDecay", 0, FULL_DECAY),
        threshold=group.integer("vThMant", 0, MAX_THRESHOLD),
        weight_exponent=group.integer("wgtExp", -6, 7) if group.has("wgtExp") else 0,
    )


def _sigma_delta(group: Group) -> SigmaDelta:
    group.warn_unread(_TRAINING | {"vThMant", "sigma_output"})
    _message_bits(group)
    if group.has("activation") and (name := group.text("activation")) != "relu":
        raise group.error(
            "activation",
            f"'{name}' has no form as an ONNX operator (lava's netx runs every activation as relu)",
            "train the layer with relu",
        )
    sigma_output = group.has("sigma_output")
    # lava reads the threshold of a unit without one from nowhere, so it may be missing there.
    wanted = not sigma_output or group.has("vThMant")
    threshold = group.integer("vThMant", 0, MAX_THRESHOLD) if wanted else 0
    return SigmaDelta(threshold=threshold, sigma_output=sigma_output)


def _message_bits(group: Group) -> None:
    if group.has("messageBits"):
        group.integer("messageBits", 0, 32)
