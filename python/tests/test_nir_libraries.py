"""Conventions against the importers of the libraries, where those are installed and work together.

Some of their releases do not: Norse 1.1 and sinabs 3.1 build NIR graphs of torch modules, which a nir that
checks types refuses, and SpikingJelly 2.0 asks for another nirtorch. What cannot run is skipped.
"""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest

nir = pytest.importorskip("nir")
torch = pytest.importorskip("torch")
from nir_support import MODELS, run
from snnc.nir import from_nir

STEPS = 30
HAS_V_RESET = "v_reset" in {field.name for field in dataclasses.fields(nir.LIF)}
CHECKS_TYPES = "type_check" in inspect.signature(nir.NIRGraph.__init__).parameters


def neuron(kind, size, dt, *, unit):
    """A neuron whose r and w_in are 1 (unit), or such that input enters as it is."""
    full = lambda value: np.full(size, value)
    fields = {"v_threshold": full(0.15 if unit and kind != "IF" else 1.0)}
    if HAS_V_RESET:
        fields["v_reset"] = full(0.0)
    if kind == "IF":
        return nir.IF(r=full(1.0 if unit else 1 / dt), **fields)
    if kind == "LIF":
        return nir.LIF(tau=full(8 * dt), r=full(1.0 if unit else 8.0), v_leak=full(0.0), **fields)
    return nir.CubaLIF(
        tau_mem=full(8 * dt),
        tau_syn=full(2 * dt),
        r=full(1.0 if unit else 8.0),
        w_in=full(1.0 if unit else 2.0),
        v_leak=full(0.0),
        **fields,
    )


def network(kind, dt, unit):
    rng = np.random.default_rng(0)
    layer = lambda out, size: nir.Affine(
        rng.normal(size=(out, size)).astype(np.float32), rng.normal(size=out).astype(np.float32) / 10
    )
    return nir.NIRGraph.from_list(
        nir.Input(np.array([6])),
        layer(5, 6),
        neuron(kind, 5, dt, unit=unit),
        layer(4, 5),
        neuron(kind, 4, dt, unit=unit),
        nir.Output(np.array([4])),
    )


def events():
    return (np.random.default_rng(1).random((STEPS, 6)) < 0.4).astype(np.float32)


def ours(graph, dt, convention):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        model = from_nir(graph, dt=dt, steps=STEPS, convention=convention)
    return run(model, {"input": events()}, STEPS)["output"]


def theirs(module):
    state, out = None, []
    with torch.no_grad():
        for step in events():
            value, state = module(torch.from_numpy(step[None]), state)
            out.append(value[0].numpy())
    return np.stack(out)


@pytest.mark.parametrize(("kind", "unit"), [("LIF", False), ("LIF", True), ("CubaLIF", False)])
def test_snntorch(kind, unit):
    importer = pytest.importorskip("snntorch.import_nir")
    dt = 1e-4
    expected = theirs(importer.import_from_nir(network(kind, dt, unit)))
    assert expected.any()
    np.testing.assert_array_equal(ours(network(kind, dt, unit), dt, "snntorch"), expected)


@pytest.mark.skipif(CHECKS_TYPES, reason="Norse makes NIR graphs of torch modules, which this nir refuses")
@pytest.mark.parametrize(("kind", "unit"), [("IF", True), ("LIF", True), ("CubaLIF", True), ("CubaLIF", False)])
def test_norse(kind, unit):
    norse = pytest.importorskip("norse.torch")
    dt = 1e-3
    expected = theirs(norse.from_nir(network(kind, dt, unit), dt=dt))
    assert expected.any()
    np.testing.assert_array_equal(ours(network(kind, dt, unit), dt, "norse"), expected)


@pytest.mark.skipif(not HAS_V_RESET, reason="SpikingJelly reads v_reset, which this nir does not have")
@pytest.mark.parametrize(("kind", "unit"), [("IF", False), ("LIF", True), ("LIF", False), ("CubaLIF", False)])
def test_spikingjelly(kind, unit):
    """Its neurons, wired by hand: its importer asks for another nirtorch."""
    mappers = pytest.importorskip("spikingjelly.activation_based.nir_exchange.from_nir")
    dt = 1e-3
    graph = network(kind, dt, unit)
    mapper = mappers._NodeMapper(dt)
    modules = [mapper.map_dict[type(n)](n) for n in list(graph.nodes.values())[1:-1]]
    out, states = [], [None] * len(modules)
    with torch.no_grad():
        for step in events():
            x = torch.from_numpy(step[None])
            for k, module in enumerate(modules):
                if k % 2 == 0:
                    x = module(x)
                else:
                    x, states[k] = module(x, states[k])
            out.append(x[0].numpy())
    expected = np.stack(out)
    assert expected.any()
    np.testing.assert_array_equal(ours(graph, dt, "spikingjelly"), expected)


@pytest.mark.skipif(CHECKS_TYPES, reason="sinabs makes NIR graphs of torch modules, which this nir refuses")
@pytest.mark.skipif(not (MODELS / "cnn_sinabs.nir").is_file(), reason="no reference models here")
def test_sinabs_reads_its_network_as_we_do():
    importer = pytest.importorskip("sinabs.nir")
    path = MODELS / "cnn_sinabs.nir"
    x = (np.random.default_rng(2).random((STEPS, 2, 34, 34)) < 0.1).astype(np.float32)
    with torch.no_grad():
        value = importer.from_nir(nir.read(path), batch_size=1)(torch.from_numpy(x))
    expected = (value[0] if isinstance(value, tuple) else value).numpy()
    model = from_nir(path, dt=1e-3, steps=STEPS, convention="sinabs")
    found = run(model, {"input": x}, STEPS)["output"]
    assert expected.sum() > STEPS and expected.max() > 1
    np.testing.assert_array_equal(found, expected)


def test_what_sinabs_exports_is_read():
    """It puts torch tensors where NIR has arrays."""
    exporter = pytest.importorskip("sinabs.nir")
    layers = pytest.importorskip("sinabs.layers")
    torch.manual_seed(0)
    threshold = torch.tensor(0.25)
    neurons = layers.IAFSqueeze(batch_size=1, spike_threshold=threshold, min_v_mem=-threshold)
    module = torch.nn.Sequential(torch.nn.Linear(6, 5), neurons)
    x = torch.from_numpy(events())
    with torch.no_grad():
        module(x[:1])
        graph = exporter.to_nir(module, x[:1])
        neurons.reset_states()
        expected = module(x).numpy()
    assert expected.max() > 1
    np.testing.assert_array_equal(ours(graph, 1e-3, "sinabs"), expected)


@pytest.mark.skipif(CHECKS_TYPES, reason="sinabs makes NIR graphs of torch modules, which this nir refuses")
def test_sinabs_counts_time_constants_in_steps():
    importer = pytest.importorskip("sinabs.nir")
    expected = None
    graph = network("LIF", 1.0, True)
    with torch.no_grad():
        value = importer.from_nir(network("LIF", 1.0, True), batch_size=1)(torch.from_numpy(events()))
    expected = (value[0] if isinstance(value, tuple) else value).numpy()
    assert expected.max() > 1
    np.testing.assert_array_equal(ours(graph, 1e-3, "sinabs"), expected)
