//! Operators, one file each, and the table that finds them.

mod abs;
mod activation;
mod add;
mod affine;
mod average_pool;
mod batch_normalization;
mod cast;
mod clip;
mod concat;
mod constant;
mod conv;
mod conv_integer;
mod dequantize_linear;
mod div;
mod dropout;
mod flatten;
mod gemm;
mod global_average_pool;
mod identity;
mod matmul;
mod matmul_integer;
mod max_pool;
mod mul;
mod neg;
mod pad;
mod pow;
mod quantize_linear;
mod reduce;
mod refused;
mod relu;
mod remedy;
mod reshape;
mod sign;
mod slice;
mod squeeze;
mod sub;
mod sum;
mod transpose;
mod unsqueeze;
mod whole;
mod window;

pub(crate) use remedy::remedy;

use super::call::Call;
use super::importer::{Importer, domain};
use super::proto::NodeProto;
use super::refusal::Refusal;
use super::{ai_snnc, lift, lifted};

/// Makes of a node what it is in the network.
pub(crate) type Import = for<'m> fn(&mut Importer<'m>, &Call<'m>) -> Result<(), Refusal>;

/// Every operator that is read, by domain and name, except the neurons.
const TABLE: &[(&str, &str, Import)] = &[
    ("ai.onnx", "Abs", abs::import),
    ("ai.onnx", "Add", add::import),
    ("ai.onnx", "AveragePool", average_pool::import),
    ("ai.onnx", "BatchNormalization", batch_normalization::import),
    ("ai.onnx", "Cast", cast::import),
    ("ai.onnx", "Clip", clip::import),
    ("ai.onnx", "Concat", concat::import),
    ("ai.onnx", "Constant", constant::import),
    ("ai.onnx", "Conv", conv::import),
    ("ai.onnx", "ConvInteger", conv_integer::import),
    ("ai.onnx", "DequantizeLinear", dequantize_linear::import),
    ("ai.onnx", "Div", div::import),
    ("ai.onnx", "Dropout", dropout::import),
    ("ai.onnx", "Flatten", flatten::import),
    ("ai.onnx", "Gemm", gemm::import),
    ("ai.onnx", "GlobalAveragePool", global_average_pool::import),
    ("ai.onnx", "Identity", identity::import),
    ("ai.onnx", "MatMul", matmul::import),
    ("ai.onnx", "MatMulInteger", matmul_integer::import),
    ("ai.onnx", "MaxPool", max_pool::import),
    ("ai.onnx", "Mul", mul::import),
    ("ai.onnx", "Neg", neg::import),
    ("ai.onnx", "Pad", pad::import),
    ("ai.onnx", "Pow", pow::import),
    ("ai.onnx", "QuantizeLinear", quantize_linear::import),
    ("ai.onnx", "ReduceMean", reduce::mean),
    ("ai.onnx", "ReduceSum", reduce::sum),
    ("ai.onnx", "Relu", relu::import),
    ("ai.onnx", "Reshape", reshape::import),
    ("ai.onnx", "Sign", sign::import),
    ("ai.onnx", "Slice", slice::import),
    ("ai.onnx", "Squeeze", squeeze::import),
    ("ai.onnx", "Sub", sub::import),
    ("ai.onnx", "Sum", sum::import),
    ("ai.onnx", "Transpose", transpose::import),
    ("ai.onnx", "Unsqueeze", unsqueeze::import),
    ("com.microsoft", "DequantizeLinear", dequantize_linear::import),
    ("com.microsoft", "QuantizeLinear", quantize_linear::import),
];

/// Every operator that is read, by domain and name, except the neurons.
pub fn operators() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.iter().map(|(domain, name, _)| (*domain, *name))
}

/// How the operator of a node is read; `None` when it is not supported.
pub(crate) fn find(node: &NodeProto) -> Option<Import> {
    let name = domain(&node.domain);
    if name == ai_snnc::DOMAIN {
        return Some(ai_snnc::import);
    }
    if name == lift::DOMAIN {
        return lifted::find(&node.op_type);
    }
    TABLE.iter().find(|(d, op, _)| *d == name && *op == node.op_type).map(|(_, _, import)| *import).or_else(
        || {
            let refused: Import = refused::import;
            refused::is_known(node).then_some(refused)
        },
    )
}

/// Whether the operator of a node is one that is read.
pub(crate) fn is_supported(call: &Call<'_>) -> bool {
    find(call.node).is_some()
}

/// Whether a node is a neuron or a quantised activation, supported or not.
pub(crate) fn is_neuron(node: &NodeProto) -> bool {
    let quantised = ["QLinear", "QGemm", "DynamicQuantize", "ConvInteger", "MatMulInteger", "QuantizeLinear"];
    node.domain == ai_snnc::DOMAIN
        || node.domain == lift::DOMAIN
        || quantised.iter().any(|prefix| node.op_type.starts_with(prefix))
        || node.domain == "com.brainchip"
        || node.domain.starts_with("qonnx.")
        || node.domain == "onnx.brevitas"
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_in_order() {
        assert!(super::TABLE.windows(2).all(|p| (p[0].0, p[0].1) < (p[1].0, p[1].1)));
    }
}
