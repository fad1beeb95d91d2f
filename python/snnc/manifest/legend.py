"""The legend below the plot."""

from __future__ import annotations

from collections.abc import Collection

from .drawing import NETWORK_STYLE, RING_STYLE, STATES, THIN_LINE, Drawing
from .summary import state_name

_ROW = 190
_LEFT, _RIGHT = 280, 4160


def legend(out: Drawing, top: int, lines: list[tuple[str, str]], states: Collection[str], binds: bool) -> int:
    """Two columns, lines on the left and marks on the right; gives the height in tenths of a pixel.

    ``lines`` have their style and what they are; ``states`` are those of the layers, ``binds`` whether one of
    them is the bottleneck.
    """

    def row(k: int) -> int:
        return top + k * _ROW + 40

    for k, (style, what) in enumerate(lines):
        out.line((_LEFT, row(k)), (_LEFT + 300, row(k)), style)
        out.text(_LEFT + 380, row(k) + 40, what)
    if not lines:
        out.text(_LEFT, row(0) + 40, "slope, floor and barrier: not known to the manifest")
    k = max(len(lines), 1)
    out.line((_LEFT + 150, row(k) - 60), (_LEFT + 150, row(k) + 60), THIN_LINE)
    for end in (-60, 60):
        out.line((_LEFT + 110, row(k) + end), (_LEFT + 190, row(k) + end), THIN_LINE)
    out.text(_LEFT + 380, row(k) + 40, "lower to upper bound")
    marks = [(name, *look) for name, look in STATES.items() if name in states]
    for k, (name, colour, shape) in enumerate(marks):
        out.shape(_RIGHT + 100, row(k), shape, f'fill="{colour}"')
        out.text(_RIGHT + 260, row(k) + 40, f"{state_name(name)} layer")
    k = len(marks)
    if binds:
        out.shape(_RIGHT + 100, row(k), "ring", RING_STYLE, " scale(0.8)")
        out.text(_RIGHT + 260, row(k) + 40, "the bottleneck (estimate)")
        k += 1
    out.shape(_RIGHT + 100, row(k), "network", NETWORK_STYLE, " scale(0.8)")
    out.text(_RIGHT + 260, row(k) + 40, "whole network, at its busiest core")
    return (max(len(lines), 1, k) + 1) * _ROW + 60
