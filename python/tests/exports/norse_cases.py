"""Norse: cells in a SequentialState, modules over time, recurrence, readouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import norse.torch as norse
import torch
from torch import Tensor, nn

from case import Case


def _cells(first: nn.Module, second: nn.Module) -> nn.Module:
    return norse.SequentialState(
        nn.Conv2d(2, 4, 3, padding=1), first, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 5), second
    )


def _run(model: nn.Module, x: Tensor) -> Tensor:
    state: Any = None
    out = []
    for step in x:
        y, state = model(step, state)
        out.append(y)
    return torch.stack(out)


def _parameters() -> Any:
    return norse.LIFParameters(v_leak=torch.tensor(0.1), v_th=torch.tensor(0.3), v_reset=torch.tensor(-0.1))


NEURONS: dict[str, Callable[[], nn.Module]] = {
    "lif": lambda: norse.LIFCell(norse.LIFParameters(v_th=torch.tensor(0.3))),
    "lif_rest_reset_dt": lambda: norse.LIFCell(_parameters(), dt=0.002),
    "lif_box": lambda: norse.LIFBoxCell(norse.LIFBoxParameters(v_th=torch.tensor(0.2))),
    "iaf": lambda: norse.IAFCell(),
}


def cases() -> Iterator[Case]:
    for name, make in NEURONS.items():
        yield Case(f"norse_{name}", _cells(make(), make()), _run, weights=6.0)
    yield Case("norse_readout", _cells(NEURONS["lif"](), norse.LICell()), _run, compare="values")
    yield Case("norse_readout_box", _cells(NEURONS["lif"](), norse.LIBoxCell()), _run, compare="values")
    linear = norse.LILinearCell(5, 3)
    weighted = norse.SequentialState(*_cells(NEURONS["lif"](), NEURONS["lif"]()), linear)
    yield Case("norse_readout_linear", weighted, _run, compare="values")
    recurrent = norse.SequentialState(nn.Flatten(), norse.LIFRecurrentCell(72, 8), nn.Linear(8, 5), NEURONS["lif"]())
    yield Case("norse_recurrent", recurrent, _run)
    timed = norse.SequentialState(
        norse.Lift(nn.Conv2d(2, 4, 3, padding=1)),
        norse.LIF(norse.LIFParameters(v_th=torch.tensor(0.3))),
        norse.Lift(nn.Flatten()),
        norse.Lift(nn.Linear(144, 5)),
        norse.LIF(norse.LIFParameters(v_th=torch.tensor(0.3))),
    )
    yield Case("norse_over_time", timed, lambda m, x: m(x)[0], lambda x: x, {})
