//! Quantised operators that no network of layers can hold, each with its reason.

use crate::onnx::call::Call;
use crate::onnx::importer::{Importer, domain};
use crate::onnx::proto::NodeProto;
use crate::onnx::refusal::{Refusal, refuse_with};
use snnc_ir::diag::Code;

const STATIC: &str =
    "quantise statically (quantize_static of ONNX Runtime with QuantFormat.QDQ and calibration data)";

/// Whether a node is one of them.
pub(super) fn is_known(node: &NodeProto) -> bool {
    reason(node).is_some()
}

pub(super) fn import<'m>(_: &mut Importer<'m>, call: &Call<'m>) -> Result<(), Refusal> {
    let Some((problem, remedy)) = reason(call.node) else { return Err(call.unsupported()) };
    let message = format!("operator '{}' is not supported: {problem}", call.operator());
    Err(refuse_with(Code::UnsupportedOperator, message, remedy))
}

fn reason(node: &NodeProto) -> Option<(&'static str, &'static str)> {
    let text = |name: &str| node.attribute.iter().find(|a| a.name == name).map(|a| a.s.as_slice());
    Some(match (domain(&node.domain), node.op_type.as_str()) {
        ("ai.onnx", "DynamicQuantizeLinear")
        | ("com.microsoft", "DynamicQuantizeMatMul" | "MatMulIntegerToFloat" | "DynamicQuantizeLSTM") => {
            ("its scale is that of the data of each run, and no chip can be given it", STATIC)
        }
        ("com.microsoft", "QLinearSigmoid" | "QLinearLeakyRelu" | "QLinearSoftmax") => {
            ("its function is no quantised Relu", "use Relu in the network")
        }
        ("qonnx.custom_op.general" | "onnx.brevitas", "FloatQuant") => (
            "levels that are floating-point numbers of few bits are not those of an integer",
            "train with integer quantisers (Int8WeightPerTensorFloat and the like in Brevitas)",
        ),
        ("qonnx.custom_op.general" | "onnx.brevitas", "BipolarQuant") => (
            "it is read for weights, not for activations: no neuron gives out -1 or 1",
            "quantise activations with Quant (an unsigned integer quantiser in Brevitas)",
        ),
        ("qonnx.custom_op.general" | "onnx.brevitas", "Trunc") => {
            ("bits of an average are cut off", "use AvgPool2d instead of TruncAvgPool2d")
        }
        ("qonnx.custom_op.general" | "onnx.brevitas", "Quant") => match text("rounding_mode") {
            None | Some(b"ROUND" | b"round" | b"HALF_EVEN") => (
                "scale, zero point and width must be constants: of an activation one positive scale, an even zero \
                 point and 2 to 16 bits, of a weight one scale or one per channel",
                "export with export_onnx_qcdq of Brevitas, whose operators are those of ONNX",
            ),
            Some(_) => (
                "an activation is rounded to the nearest level, halves to even (rounding_mode ROUND)",
                "train with float_to_int_impl_type=FloatToIntImplType.ROUND",
            ),
        },
        _ => return None,
    })
}
