"""Names of the operator set."""

import unittest

from snnc.opset import Operator, OperatorNameError, all_operators, make_node


class Names(unittest.TestCase):
    def test_every_name_reads_back(self) -> None:
        for sequence in (False, True):
            operators = list(all_operators(sequence))
            self.assertEqual(len(operators), 1946)
            self.assertEqual(len({op.name for op in operators}), len(operators))
            for op in operators:
                self.assertEqual(Operator.parse(op.name), op)

    def test_parts(self) -> None:
        op = Operator.parse("CUBASeq_value_next_gt_scaled_iafter_gain_rest_after_vmin")
        self.assertTrue(op.sequence)
        self.assertEqual(op.family, "CUBA")
        self.assertEqual(op["reset"], "value")
        self.assertEqual(op["activation"], "")
        self.assertEqual(
            op.inputs,
            ("x", "v", "i", "beta", "alpha", "threshold", "gain", "v_rest", "v_reset", "v_min", "spike_value"),
        )
        self.assertEqual(op.outputs, ("s", "v_out", "i_out"))
        self.assertEqual(op.states, (("v", "v_out"), ("i", "i_out")))
        self.assertEqual(op.attributes["options"], "iafter,gain,rest,after,vmin")

    def test_inputs_of_each_family(self) -> None:
        expected = {
            "LIF_subtract_next_gt_binary": "x v beta threshold",
            "LIF_none_none_ge_count_max": "x v beta threshold max_count",
            "CUBAInt_zero_same_gt_binary_bias": "x v i decay_v decay_i threshold bias",
            "SigmaDelta_relu_ge_bias": "x sigma ref threshold bias",
            "Delta_gt": "x ref threshold",
            "LI_gain_rest": "x v beta gain v_rest",
            "LI": "x v beta",
        }
        for name, inputs in expected.items():
            self.assertEqual(Operator.parse(name).inputs, tuple(inputs.split()), name)

    def test_first_output(self) -> None:
        self.assertEqual(Operator.parse("LI").outputs, ("y", "v_out"))
        self.assertEqual(Operator.parse("Delta_ge").outputs, ("s", "ref_out"))

    def test_illegal_names(self) -> None:
        for name in (
            "",
            "LIF",
            "Izhikevich_zero_same_gt_binary",
            "lif_subtract_next_gt_binary",
            "LIF_subtract_next_gt",
            "LIF_subtract_later_gt_binary",
            "LIF_subtract_next_gt_binary_",
            "LIF_subtract_next_gt_binary_rest_gain",
            "LIF_subtract_next_gt_binary_gain_gain",
            "LIF_subtract_next_gt_binary_iafter",
            "LIF_none_next_gt_binary",
            "LIF_subtract_none_gt_binary",
            "LIF_zero_refund_gt_binary",
            "LIF_subtract_same_gt_count",
            "LIF_subtract_next_ge_count",
            "LIF_subtract_same_ge_binary_max",
            "CUBAInt_subtract_next_gt_binary",
            "CUBAInt_value_same_gt_binary",
            "CUBAInt_zero_same_gt_scaled",
            "SigmaDelta_tanh_ge",
            "Delta_ge_bias",
            "LI_rest_gain",
            "LISeqSeq",
        ):
            with self.assertRaises(OperatorNameError, msg=name):
                Operator.parse(name)


class Nodes(unittest.TestCase):
    def test_node(self) -> None:
        node = make_node("LI_gain", ["x", "v", "beta", "gain"], ["y", "v_out"], "readout")
        self.assertEqual((node.domain, node.op_type, node.name), ("ai.snnc", "LI_gain", "readout"))
        self.assertEqual([(a.name, a.s) for a in node.attribute], [("options", b"gain")])

    def test_wrong_number_of_values(self) -> None:
        with self.assertRaisesRegex(ValueError, "takes 3 inputs"):
            make_node("LI", ["x", "v"], ["y", "v_out"])
        with self.assertRaisesRegex(ValueError, "takes 3 inputs"):
            make_node("LI", ["x", "", "beta"], ["y", "v_out"])
        with self.assertRaisesRegex(ValueError, "has 2 outputs"):
            make_node("LI", ["x", "v", "beta"], ["y"])


if __name__ == "__main__":
    unittest.main()
