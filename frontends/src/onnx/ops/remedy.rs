//! What to do about an operator that is not supported.

use crate::onnx::file::has_subgraph;
use crate::onnx::importer::domain;
use crate::onnx::proto::NodeProto;

/// What to change so that the node is read.
pub(crate) fn remedy(node: &NodeProto) -> &'static str {
    let name = domain(&node.domain);
    match (name, node.op_type.as_str()) {
        ("ai.onnx", "Relu") => {
            "quantise the activation (QuantizeLinear and DequantizeLinear after it), or use spiking neurons"
        }
        ("ai.onnx", "BatchNormalization") => {
            "fold it into the layer before it: call model.eval() and let the exporter optimise"
        }
        ("ai.onnx", "If" | "Loop" | "Scan") => {
            "export one time step with its states as inputs and outputs; snnc runs it --steps T times"
        }
        _ if has_subgraph(node) => "export without control flow",
        ("ai.onnx" | "com.microsoft", op)
            if ["QLinear", "QGemm", "DynamicQuantize", "ConvInteger", "MatMulInteger"]
                .iter()
                .any(|prefix| op.starts_with(prefix)) =>
        {
            "quantise in the QDQ format (quant_format=QuantFormat.QDQ in ONNX Runtime)"
        }
        ("ai.onnx", op)
            if [
                "Greater",
                "GreaterOrEqual",
                "Less",
                "Where",
                "Sub",
                "Mul",
                "Div",
                "Floor",
                "Sign",
                "Abs",
            ]
            .contains(&op) =>
        {
            "if this is part of a neuron, export the neuron as one ai.snnc node; see docs/ai.snnc.md"
        }
        ("ai.onnx", _) => "`snnc ops` lists what is supported; compute it before or after the network",
        _ => "inline the function or write it with supported operators; `snnc ops` lists them",
    }
}
