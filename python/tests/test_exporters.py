"""What the exporters refuse, and that they leave a model as it was. Needs torch and the libraries."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
snntorch = pytest.importorskip("snntorch")

from torch import Tensor, nn

import snnc

X = torch.zeros(1, 4)


def net(neuron: nn.Module | None = None) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3), neuron or snntorch.Leaky(0.9, init_hidden=True))


def refused(model: nn.Module, example: object, match: str, **options: object) -> None:
    with pytest.raises(snnc.ExportError, match=match):
        snnc.export(model, example, steps=4, **options)  # type: ignore[arg-type]


def test_the_model_is_left_as_it_was() -> None:
    model = net().train()
    model(torch.ones(2, 4))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    membrane = model[1].mem.detach().clone()
    snnc.export(model, X, steps=4)
    assert model.training
    assert "forward" not in vars(model[1])
    assert torch.equal(model[1].mem, membrane)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_names_and_metadata() -> None:
    model = nn.Sequential()
    model.add_module("hidden", nn.Linear(4, 3))
    model.add_module("spikes", snntorch.Leaky(0.9, init_hidden=True))
    exported = snnc.export(model, X, steps=4, dt=1e-3)
    names = {node.op_type: node.name for node in exported.graph.node}
    assert names["Gemm"] == "hidden"
    assert names["LIF_subtract_next_gt_binary"] == "spikes"
    metadata = {p.key: p.value for p in exported.metadata_props}
    assert metadata["snnc.states"] == '[["spikes.v","spikes.v_out"]]'
    assert (metadata["snnc.steps"], metadata["snnc.dt"]) == ("4", "0.001")
    weights = {t.name: t for t in exported.graph.initializer}
    stored = np.frombuffer(weights["hidden.weight"].raw_data, np.float32)
    np.testing.assert_array_equal(stored, model.hidden.weight.detach().numpy().reshape(-1))


def test_neurons_without_an_operator() -> None:
    class Mine(snntorch.Leaky):  # type: ignore[misc]
        def forward(self, input_: Tensor, mem: Tensor | None = None) -> Tensor:
            return input_

    refused(net(Mine(0.9, init_hidden=True)), X, r"'1' \(Mine\).*changes the forward of Leaky")
    refused(net(snntorch.Leaky(0.9, init_hidden=True, inhibition=True)), X, "inhibition")
    refused(net(snntorch.Leaky(0.9, init_hidden=True, reset_mechanism="zero", reset_delay=False)), X, "reset_delay")
    refused(net(snntorch.Alpha(0.9, 0.8, init_hidden=True)), X, "Alpha with reset_mechanism='zero'")
    refused(net(snntorch.SLSTM(3, 3)), X, r"'1' \(SLSTM\)")
    refused(net(snntorch.LeakyParallel(3, 3)), X, "takes all steps at once")

    class Faster(snntorch.Leaky):  # type: ignore[misc]
        def _base_state_function(self, input_: Tensor) -> Tensor:
            return 2 * input_

    refused(net(Faster(0.9, init_hidden=True)), X, "changes the _base_state_function of Leaky")


def test_modules_with_a_state_that_are_no_neurons() -> None:
    layers = pytest.importorskip("spikingjelly.activation_based.layer")
    refused(net(layers.SynapseFilter()), X, "keeps a state between steps")
    norse = pytest.importorskip("norse.torch")
    refused(nn.Sequential(nn.Linear(4, 3), norse.CobaLIFCell(3, 3)), X, "'1' \\(CobaLIFCell\\)")


def test_examples_that_do_not_fit() -> None:
    refused(net(), torch.zeros(2, 4), "batch of 2")
    refused(net(), "x", "example_input is a tensor")
    refused(net(), (), "example_input is a tensor")
    with pytest.raises(snnc.ExportError, match="give steps=T"):
        snnc.export(net(), X)


class TwoCalls(nn.Module):
    """The first layer's neurons are used twice in a step."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.lif1 = snntorch.Leaky(0.9, init_hidden=True)
        self.lif2 = snntorch.Leaky(0.9, init_hidden=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lif2(self.lif1(self.fc(self.lif1(self.fc(x)))))
        return y


class LastOnly(nn.Module):
    """A loop that gives out the number of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.lif = nn.Linear(4, 4), snntorch.Leaky(0.9)

    def forward(self, x: Tensor) -> Tensor:
        mem = self.lif.reset_mem()
        for step in x:
            _, mem = self.lif(self.fc(step), mem)
        return mem


class Remembers(nn.Module):
    """A loop with a value of its own from step to step."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.lif = nn.Linear(4, 4), snntorch.Leaky(0.9)

    def forward(self, x: Tensor) -> Tensor:
        mem, trace, out = self.lif.reset_mem(), torch.zeros(1, 4), []
        for step in x:
            spikes, mem = self.lif(self.fc(step) + trace, mem)
            trace = 0.5 * trace + spikes
            out.append(trace)
        return torch.stack(out)


def test_a_value_that_is_kept_beside_the_neurons() -> None:
    refused(Remembers(), torch.zeros(4, 1, 4), "through more than the states")


def test_models_whose_step_is_not_clear() -> None:
    refused(TwoCalls(), X, "different number of times.*lif1 2x, lif2 1x")
    refused(LastOnly(), torch.zeros(3, 1, 4), "neither spikes nor values")
    unused = net()
    unused.extra = snntorch.Leaky(0.9)
    unused.forward = lambda x: unused[1](unused[0](x))  # type: ignore[method-assign]
    refused(unused, X, "does not call: extra")


def test_a_model_without_neurons_or_with_an_error_of_its_own() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x if x.sum() > 0 else -x

    refused(Broken(), X, "torch cannot export the model")


def test_spikes_of_a_loop_that_reads_batches_last(tmp_path: object) -> None:
    """The example's steps and the loop's may be given by any part of the input."""

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.lif = nn.Linear(4, 3), snntorch.Leaky(0.9)

        def forward(self, x: Tensor) -> Tensor:
            mem, out = self.lif.reset_mem(), []
            for k in range(x.shape[1]):
                spikes, mem = self.lif(self.fc(x[:, k]), mem)
                out.append(spikes)
            return torch.stack(out, 1)

    exported = snnc.export(Loop(), torch.zeros(1, 5, 4))
    assert [d.dim_value for d in exported.graph.input[0].type.tensor_type.shape.dim] == [1, 4]
    assert {p.key: p.value for p in exported.metadata_props}["snnc.steps"] == "5"
