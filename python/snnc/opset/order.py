"""The order of a graph's nodes."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

import onnx


def in_order(nodes: Sequence[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """The nodes so that each comes after those it reads; otherwise in the order given."""
    maker = {output: index for index, node in enumerate(nodes) for output in node.output}
    reads = [{maker[name] for name in node.input if name in maker} for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for index, sources in enumerate(reads):
        for source in sources:
            readers[source].append(index)
    missing = [len(sources) for sources in reads]
    free = [index for index, count in enumerate(missing) if count == 0]
    order: list[int] = []
    while free:
        index = heappop(free)
        order.append(index)
        for reader in readers[index]:
            missing[reader] -= 1
            if missing[reader] == 0:
                heappush(free, reader)
    if len(order) < len(nodes):
        left = [node.name for node, count in zip(nodes, missing) if count > 0]
        raise ValueError("a cycle within one step: " + ", ".join(left[:10]))
    return [nodes[index] for index in order]
