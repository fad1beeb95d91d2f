//! Two independent decoders read the same from every model: prost, which ships, and rust-protobuf, which
//! is a dependency of tests only and never sees a user's file.
#![allow(clippy::unwrap_used, clippy::panic)]

use onnx_protobuf::ModelProto as Other;
use onnx_protobuf::{AttributeProto as OtherAttribute, GraphProto as OtherGraph, TensorProto as OtherTensor};
use prost::Message as _;
use protobuf::Message as _;
use snnc_frontends::onnx::proto::{AttributeProto, GraphProto, ModelProto, TensorProto};
use snnc_tests::corpus::{onnx_files, shared_models};
use snnc_tests::onnx_builder::small_spiking;
use std::path::Path;

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn same_tensor(a: &TensorProto, b: &OtherTensor) {
    assert_eq!(a.name, b.name);
    assert_eq!(a.dims, b.dims);
    // Types that are newer than the other decoder are kept as numbers by both.
    assert_eq!(a.data_type, b.data_type, "{}", a.name);
    assert_eq!(&a.raw_data[..], &b.raw_data[..], "{}", a.name);
    assert_eq!(bits(&a.float_data), bits(&b.float_data), "{}", a.name);
    assert_eq!(a.int32_data, b.int32_data);
    assert_eq!(a.int64_data, b.int64_data);
    assert_eq!(a.uint64_data, b.uint64_data);
    let doubles = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(doubles(&a.double_data), doubles(&b.double_data));
    assert_eq!(a.string_data, b.string_data);
    assert_eq!(a.data_location, b.data_location.value());
    let external: Vec<_> = a.external_data.iter().map(|e| (&e.key, &e.value)).collect();
    assert_eq!(external, b.external_data.iter().map(|e| (&e.key, &e.value)).collect::<Vec<_>>());
}

fn same_attribute(a: &AttributeProto, b: &OtherAttribute) {
    assert_eq!((&a.name, &a.ref_attr_name, a.r#type), (&b.name, &b.ref_attr_name, b.type_.value()));
    assert_eq!((a.f.to_bits(), a.i, &a.s), (b.f.to_bits(), b.i, &b.s), "{}", a.name);
    assert_eq!((bits(&a.floats), &a.ints, &a.strings), (bits(&b.floats), &b.ints, &b.strings), "{}", a.name);
    assert_eq!((a.t.is_some(), a.g.is_some()), (b.t.is_some(), b.g.is_some()), "{}", a.name);
    a.t.iter().zip(b.t.as_ref()).for_each(|(a, b)| same_tensor(a, b));
    a.g.iter().zip(b.g.as_ref()).for_each(|(a, b)| same_graph(a, b));
    assert_eq!((a.tensors.len(), a.graphs.len()), (b.tensors.len(), b.graphs.len()), "{}", a.name);
    a.tensors.iter().zip(&b.tensors).for_each(|(a, b)| same_tensor(a, b));
    a.graphs.iter().zip(&b.graphs).for_each(|(a, b)| same_graph(a, b));
}

fn same_graph(a: &GraphProto, b: &OtherGraph) {
    assert_eq!(a.name, b.name);
    assert_eq!(a.node.len(), b.node.len());
    for (a, b) in a.node.iter().zip(&b.node) {
        assert_eq!(
            (&a.name, &a.domain, &a.op_type, &a.overload),
            (&b.name, &b.domain, &b.op_type, &b.overload)
        );
        assert_eq!((&a.input, &a.output), (&b.input, &b.output), "{}", a.name);
        assert_eq!(a.attribute.len(), b.attribute.len(), "{}", a.name);
        a.attribute.iter().zip(&b.attribute).for_each(|(a, b)| same_attribute(a, b));
    }
    assert_eq!(a.initializer.len(), b.initializer.len());
    a.initializer.iter().zip(&b.initializer).for_each(|(a, b)| same_tensor(a, b));
    let names = |list: &[snnc_frontends::onnx::proto::ValueInfoProto]| {
        list.iter().map(|i| i.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&a.input), b.input.iter().map(|i| i.name.clone()).collect::<Vec<_>>());
    assert_eq!(names(&a.output), b.output.iter().map(|i| i.name.clone()).collect::<Vec<_>>());
}

fn same_model(bytes: &[u8]) {
    let a = ModelProto::decode(bytes).expect("prost reads it");
    let b = Other::parse_from_bytes(bytes).expect("rust-protobuf reads it");
    assert_eq!((a.ir_version, &a.producer_name, &a.domain), (b.ir_version, &b.producer_name, &b.domain));
    let opsets: Vec<_> = a.opset_import.iter().map(|o| (o.domain.as_str(), o.version)).collect();
    assert_eq!(opsets, b.opset_import.iter().map(|o| (o.domain.as_str(), o.version)).collect::<Vec<_>>());
    let metadata: Vec<_> = a.metadata_props.iter().map(|e| (&e.key, &e.value)).collect();
    assert_eq!(metadata, b.metadata_props.iter().map(|e| (&e.key, &e.value)).collect::<Vec<_>>());
    match (&a.graph, b.graph.as_ref()) {
        (Some(a), Some(b)) => same_graph(a, b),
        (a, b) => assert_eq!(a.is_some(), b.is_some()),
    }
    assert_eq!(a.functions.len(), b.functions.len());
    for (a, b) in a.functions.iter().zip(&b.functions) {
        assert_eq!((&a.domain, &a.name, &a.input, &a.output), (&b.domain, &b.name, &b.input, &b.output));
        assert_eq!(a.node.len(), b.node.len(), "{}", a.name);
        for (a, b) in a.node.iter().zip(&b.node) {
            assert_eq!((&a.op_type, &a.input, &a.output), (&b.op_type, &b.input, &b.output));
            assert_eq!(a.attribute.len(), b.attribute.len());
            a.attribute.iter().zip(&b.attribute).for_each(|(a, b)| same_attribute(a, b));
        }
    }
}

#[test]
fn a_built_model() {
    same_model(&small_spiking().bytes());
}

#[test]
fn models_of_the_workspace() {
    for path in onnx_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models")) {
        println!("{}", path.display());
        same_model(&std::fs::read(&path).expect("readable"));
    }
}

#[test]
fn models_of_the_corpus() {
    let Some(models) = shared_models() else {
        println!("skipped: no corpus beside the workspace");
        return;
    };
    let files = onnx_files(&models);
    for path in &files {
        println!("{}", path.display());
        same_model(&std::fs::read(path).expect("readable"));
    }
    println!("{} files read the same", files.len());
    assert!(!files.is_empty());
}
