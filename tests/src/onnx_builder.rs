//! Small ONNX models, built in a test.

use bytes::Bytes;
use prost::Message;
use snnc_frontends::onnx::proto::attribute_proto::AttributeType;
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Dim};
use snnc_frontends::onnx::proto::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    StringStringEntryProto, TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

/// A model under construction.
#[derive(Clone, Debug)]
pub struct Builder {
    /// Everything but the graph.
    pub model: ModelProto,
    /// The graph.
    pub graph: GraphProto,
}

impl Default for Builder {
    fn default() -> Self {
        let model = ModelProto {
            ir_version: 10,
            producer_name: "snnc-tests".into(),
            opset_import: vec![opset("", 21), opset("ai.snnc", 1), opset("com.microsoft", 1)],
            ..ModelProto::default()
        };
        Self { model, graph: GraphProto { name: "net".into(), ..GraphProto::default() } }
    }
}

impl Builder {
    /// A float input; a dimension of -1 is symbolic.
    #[must_use]
    pub fn input(self, name: &str, dims: &[i64]) -> Self {
        self.typed_input(name, DataType::Float, dims)
    }

    /// An input of any type.
    #[must_use]
    pub fn typed_input(mut self, name: &str, ty: DataType, dims: &[i64]) -> Self {
        self.graph.input.push(info(name, ty, dims));
        self
    }

    /// An output; its type and shape are not needed.
    #[must_use]
    pub fn output(mut self, name: &str) -> Self {
        self.graph.output.push(ValueInfoProto { name: name.into(), ..ValueInfoProto::default() });
        self
    }

    /// A float initialiser.
    #[must_use]
    pub fn floats(self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        self.raw(name, DataType::Float, dims, &raw)
    }

    /// A float initialiser with one value, without dimensions.
    #[must_use]
    pub fn scalar(self, name: &str, value: f32) -> Self {
        self.floats(name, &[], &[value])
    }

    /// An `INT64` initialiser of one dimension.
    #[must_use]
    pub fn shape(self, name: &str, values: &[i64]) -> Self {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        self.raw(name, DataType::Int64, &[values.len() as i64], &raw)
    }

    /// An `INT32` initialiser.
    #[must_use]
    pub fn int32s(self, name: &str, dims: &[i64], values: &[i32]) -> Self {
        let raw = values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        self.raw(name, DataType::Int32, dims, &raw)
    }

    /// An initialiser of any type, from its bytes.
    #[must_use]
    pub fn raw(mut self, name: &str, ty: DataType, dims: &[i64], raw: &[u8]) -> Self {
        self.graph.initializer.push(TensorProto {
            name: name.into(),
            data_type: ty as i32,
            dims: dims.to_vec(),
            raw_data: Bytes::copy_from_slice(raw),
            ..TensorProto::default()
        });
        self
    }

    /// A node; `domain::Op` for another domain than the default one. The node is named like its first
    /// output with `/` in front.
    #[must_use]
    pub fn node(self, op: &str, inputs: &[&str], outputs: &[&str]) -> Self {
        self.node_with(op, inputs, outputs, Vec::new())
    }

    /// A node with attributes.
    #[must_use]
    pub fn node_with(
        mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> Self {
        self.graph.node.push(node(op, inputs, outputs, attribute));
        self
    }

    /// A function of the model; its domain is imported.
    #[must_use]
    pub fn function(mut self, function: FunctionProto) -> Self {
        if !self.model.opset_import.iter().any(|o| o.domain == function.domain) {
            self.model.opset_import.push(opset(&function.domain, 1));
        }
        self.model.functions.push(function);
        self
    }

    /// An entry of the model's metadata.
    #[must_use]
    pub fn metadata(mut self, key: &str, value: &str) -> Self {
        self.model.metadata_props.push(StringStringEntryProto { key: key.into(), value: value.into() });
        self
    }

    /// The message.
    pub fn build(self) -> ModelProto {
        ModelProto { graph: Some(self.graph), ..self.model }
    }

    /// The bytes of a file.
    pub fn bytes(self) -> Bytes {
        self.build().encode_to_vec().into()
    }
}

/// A version of a domain.
pub fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: domain.into(), version }
}

/// A node, named like its first output with `/` in front; `domain::Op` for another domain than the
/// default one.
pub fn node(op: &str, inputs: &[&str], outputs: &[&str], attribute: Vec<AttributeProto>) -> NodeProto {
    let (domain, op_type) = op.split_once("::").unwrap_or(("", op));
    NodeProto {
        name: format!("/{}", outputs.first().unwrap_or(&"")),
        domain: domain.into(),
        op_type: op_type.into(),
        input: names(inputs),
        output: names(outputs),
        attribute,
        ..NodeProto::default()
    }
}

/// A function `domain::Name` with a body.
pub fn function(op: &str, inputs: &[&str], outputs: &[&str], body: Vec<NodeProto>) -> FunctionProto {
    let (domain, name) = op.split_once("::").unwrap_or(("", op));
    FunctionProto {
        domain: domain.into(),
        name: name.into(),
        input: names(inputs),
        output: names(outputs),
        node: body,
        opset_import: vec![opset("", 21)],
        ..FunctionProto::default()
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_owned()).collect()
}

/// Name, type and shape of an input.
pub fn info(name: &str, ty: DataType, dims: &[i64]) -> ValueInfoProto {
    let dim = |size: &i64| Dimension {
        value: Some(if *size < 0 { Dim::DimParam("N".into()) } else { Dim::DimValue(*size) }),
        ..Dimension::default()
    };
    let shape = Some(TensorShapeProto { dim: dims.iter().map(dim).collect() });
    let tensor = type_proto::Tensor { elem_type: ty as i32, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value, ..TypeProto::default() }),
        ..ValueInfoProto::default()
    }
}

/// An integer attribute.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, r#type: AttributeType::Int as i32, ..AttributeProto::default() }
}

/// An attribute of a function's body that is the call's attribute `from`.
pub fn referred(name: &str, ty: AttributeType, from: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ref_attr_name: from.into(),
        r#type: ty as i32,
        ..AttributeProto::default()
    }
}

/// A real attribute.
pub fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, r#type: AttributeType::Float as i32, ..AttributeProto::default() }
}

/// An attribute with a subgraph.
pub fn subgraph(name: &str, g: GraphProto) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        g: Some(g),
        r#type: AttributeType::Graph as i32,
        ..AttributeProto::default()
    }
}

/// An attribute with a list of integers.
pub fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        ints: ints.to_vec(),
        r#type: AttributeType::Ints as i32,
        ..AttributeProto::default()
    }
}

/// A string attribute.
pub fn string(name: &str, s: &str) -> AttributeProto {
    AttributeProto {
        name: name.into(),
        s: s.as_bytes().to_vec(),
        r#type: AttributeType::String as i32,
        ..AttributeProto::default()
    }
}

/// A network of convolution, LIF, average pool and linear layer with LIF, in step form with paired states.
pub fn small_spiking() -> Builder {
    let weights: Vec<f32> = (0..36).map(|k| (k % 7) as f32 * 0.125 - 0.25).collect();
    let linear: Vec<f32> = (0..48).map(|k| (k % 5) as f32 * 0.25 - 0.5).collect();
    Builder::default()
        .input("x", &[-1, 2, 4, 4])
        .input("v1", &[-1, 2, 4, 4])
        .input("v2", &[-1, 6])
        .floats("w1", &[2, 2, 3, 3], &weights)
        .floats("b1", &[2], &[0.5, -0.5])
        .floats("w2", &[6, 8], &linear)
        .scalar("beta", 0.5)
        .scalar("threshold", 1.0)
        .node_with("Conv", &["x", "w1", "b1"], &["c"], vec![ints("pads", &[1, 1, 1, 1])])
        .node("ai.snnc::LIF_subtract_next_gt_binary", &["c", "v1", "beta", "threshold"], &["s1", "v1o"])
        .node_with(
            "AveragePool",
            &["s1"],
            &["p"],
            vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])],
        )
        .node("Flatten", &["p"], &["f"])
        .node_with("Gemm", &["f", "w2"], &["g"], vec![int("transB", 1)])
        .node("ai.snnc::LIF_zero_same_ge_binary", &["g", "v2", "beta", "threshold"], &["s2", "v2o"])
        .output("s2")
        .output("v1o")
        .output("v2o")
        .metadata("snnc.states", r#"[["v1","v1o"],["v2","v2o"]]"#)
        .metadata("snnc.steps", "4")
}
