"""The reader of the text form."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nir_support import ROOT
from snnc.ir import TextError, parse

EXAMPLE = re.search(r"```snn\n(.*?)```", (ROOT / "docs" / "text-form.md").read_text(), re.DOTALL).group(1)
SMALL = """network "a\\n\\u{3b1}" steps 2 real { // a comment
  @0 = weights f32 [2, 3, 1, 1] [1.5, -inf, 0, 1e-3, 2, 3] ; another
  %0 = input "x" : 3x1x1 {values -1..=4}
  %1 = linear "w" (%0, @0) : 2x1x1 {bias neuron [0.5, -1]} from ["a", "b"]
  %2 = output "y" (%1) : 2x1x1
}"""


def test_the_example_of_the_documentation():
    seeded = "seeded [4, 4, 1, 1] scale 0.0625 seed 7 range -8..=8 density_ppm 250000"
    with pytest.raises(TextError, match="seeded"):
        parse(EXAMPLE)
    network = parse(EXAMPLE.replace(seeded, f"i8 [4, 4, 1, 1] [{', '.join('0' * 16)}]"))
    assert (network.name, network.steps, network.real) == ("digits", 8, True)
    assert [layer.op for layer in network.layers][:5] == ["input", "conv2d", "delay", "add", "lif"]
    conv, lif = network.layers[1], network.layers[4]
    assert conv.weights.real()[0, 0, 0, 1] == 3 * np.float32(0.0078125)
    assert conv.attributes["pad"] == (1, 1, 1, 1)
    assert lif.parameter("decay").spread(lif.shape).shape == (4, 4, 4)
    assert (lif.attributes["reset"].effect, lif.attributes["reset"].timing) == ("subtract", "next")
    dense = network.layers[7].weights.real()
    assert dense.shape == (2, 16, 1, 1) and dense[0, 5] == -0.5 and dense[1, 3] == 1.75
    assert network.layers[2].origin == ()


def test_names_numbers_and_comments():
    network = parse(SMALL)
    assert network.name == "a\nα"
    assert network.layers[0].attributes["values"] == (-1, 4)
    assert network.layers[1].weights.values.tolist()[0][1] == [[-np.inf]]
    assert network.layers[1].origin == ("a", "b")
    assert network.layers[1].parameter("bias").per == "neuron"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("%1 = linear", "%2 = linear", "numbered in order"),
        ("linear", "convolution", "no operator"),
        ("[0.5, -1]", "[0.5, -1, 2]", "bias has 3 values"),
        ("bias neuron", "offset neuron", "no attribute 'offset'"),
        ("{bias neuron [0.5, -1]}", "{bias 1, bias 2}", "no attribute 'bias', or has it twice"),
        ("[1.5, -inf, 0, 1e-3, 2, 3]", "[1, 2]", "2 weights stand where 6"),
        ("[1.5, -inf, 0, 1e-3, 2, 3]", "[1, 2, a, 3, 4, 5]", "something else"),
        ("[1.5, -inf, 0, 1e-3, 2, 3]", "blob 0..24", "another file"),
        ("[2, 3, 1, 1]", "[99999, 99999, 1, 1]", "too large"),
        ("(%0, @0)", "(%0, @7)", "no weights @7"),
        ("(%0, @0)", "(%0)", "reads weights"),
        ("(%1)", "(%9)", "not there"),
        ("3x1x1", "3x1", "channels x rows x columns"),
        ("steps 2", "steps two", "whole number"),
        ("real {", "complex {", "real, integer"),
        ('"w"', '"w', "line 4"),
        ("\n}", "\n} more", "follows"),
        ("\n}", "", "'' stands"),
        ("u{3b1}", "u{zz}", "unknown escape"),
    ],
)
def test_errors(old, new, message):
    assert old in SMALL
    with pytest.raises(TextError, match=message):
        parse(SMALL.replace(old, new, 1))
