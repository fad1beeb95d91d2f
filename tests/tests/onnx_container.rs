//! What holds a network: files and their external data, versions, where weights are stored and as what,
//! the order of nodes, dimensions that are not known. Each form gives the network of the plain one.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost::Message;
use snnc_frontends::onnx::proto::attribute_proto::AttributeType;
use snnc_frontends::onnx::proto::tensor_proto::{DataLocation, DataType};
use snnc_frontends::onnx::proto::tensor_shape_proto::dimension::Value as Dim;
use snnc_frontends::onnx::proto::{
    AttributeProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto, type_proto,
};
use snnc_frontends::onnx::{Imported, Options, decode, import, read};
use snnc_ir::diag::{Code, Diagnostics};
use snnc_ir::graph::Graph;
use snnc_tests::onnx_builder::{Builder, info, int, small_spiking};

fn imported(model: &ModelProto, options: &Options) -> Result<Imported, Diagnostics> {
    decode(model.encode_to_vec().into(), None).and_then(|model| import(&model, options))
}

fn graph(model: &ModelProto) -> Graph {
    imported(model, &Options::default()).unwrap().graph
}

/// The network that every form of the small model must give.
fn plain() -> Graph {
    graph(&small_spiking().build())
}

fn from_file(path: &Path) -> Result<Imported, Diagnostics> {
    import(&read(path)?, &Options::default())
}

fn shapes(list: &[(&str, &[u64])]) -> Options {
    let shapes: BTreeMap<_, _> = list.iter().map(|(n, s)| ((*n).to_owned(), s.to_vec())).collect();
    Options { shapes, ..Options::default() }
}

fn initialiser<'m>(model: &'m mut ModelProto, name: &str) -> &'m mut TensorProto {
    model.graph.as_mut().unwrap().initializer.iter_mut().find(|t| t.name == name).unwrap()
}

/// Says that the bytes of a tensor are in another file.
fn point(tensor: &mut TensorProto, location: &str, offset: Option<u64>, length: Option<u64>) {
    let entry = |key: &str, value: String| StringStringEntryProto { key: key.into(), value };
    tensor.raw_data = Vec::new().into();
    tensor.data_location = DataLocation::External as i32;
    tensor.external_data = vec![entry("location", location.into())];
    tensor.external_data.extend(offset.map(|o| entry("offset", o.to_string())));
    tensor.external_data.extend(length.map(|l| entry("length", l.to_string())));
    tensor.external_data.push(entry("checksum", "not looked at".into()));
}

fn save(folder: &Path, model: &ModelProto) -> PathBuf {
    let path = folder.join("model.onnx");
    std::fs::write(&path, model.encode_to_vec()).unwrap();
    path
}

#[test]
fn external_data_in_many_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = small_spiking().build();
    for (k, tensor) in model.graph.as_mut().unwrap().initializer.iter_mut().enumerate() {
        let location = format!("weights/part.{k}/data");
        let file = folder.path().join(&location);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &tensor.raw_data).unwrap();
        // Without offset and length: the file is the tensor.
        point(tensor, &location, None, None);
    }
    assert_eq!(from_file(&save(folder.path(), &model)).unwrap().graph, plain());
}

#[test]
fn external_data_at_any_offset_of_one_file() {
    let folder = tempfile::tempdir().unwrap();
    for align in [1, 4, 4096] {
        let mut model = small_spiking().build();
        let mut data = vec![0xee; 3];
        for tensor in model.graph.as_mut().unwrap().initializer.iter_mut().rev() {
            data.resize(data.len().next_multiple_of(align), 0xee);
            let (offset, length) = (data.len() as u64, tensor.raw_data.len() as u64);
            data.extend(&tensor.raw_data);
            point(tensor, "./model.onnx.data", Some(offset), Some(length));
        }
        std::fs::write(folder.path().join("model.onnx.data"), data).unwrap();
        assert_eq!(from_file(&save(folder.path(), &model)).unwrap().graph, plain(), "aligned to {align}");
    }
}

#[test]
fn the_fingerprint_has_the_external_data_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = small_spiking().build();
    let weights = initialiser(&mut model, "w1");
    let bytes = weights.raw_data.to_vec();
    point(weights, "data", Some(8), Some(bytes.len() as u64));
    let write = |before: u8, first: u8| {
        let mut data = vec![before; 8];
        data.extend(&bytes);
        data[8] = first;
        std::fs::write(folder.path().join("data"), data).unwrap();
        from_file(&save(folder.path(), &model)).unwrap().fingerprint
    };
    let first = write(0, bytes[0]);
    assert_eq!(first, write(1, bytes[0]), "what no tensor refers to does not count");
    assert_ne!(first, write(0, bytes[0] ^ 1));
}

#[test]
fn a_file_of_external_data_that_is_missing_or_short_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = small_spiking().build();
    point(initialiser(&mut model, "w1"), "gone.data", Some(0), Some(144));
    point(initialiser(&mut model, "w2"), "short.data", Some(0), Some(192));
    std::fs::write(folder.path().join("short.data"), [0; 100]).unwrap();
    let found = from_file(&save(folder.path(), &model)).unwrap_err();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|d| d.code == Code::ExternalData));
    let says = |words: &[&str]| found.iter().any(|d| words.iter().all(|w| d.message.contains(w)));
    assert!(says(&["'w1'", "'gone.data'"]), "{found:?}");
    assert!(says(&["'w2'", "'short.data'", "0..192", "100"]), "{found:?}");
    // From memory there is no folder.
    let found = imported(&model, &Options::default()).unwrap_err();
    assert!(found.iter().all(|d| d.code == Code::ExternalData), "{found:?}");
}

/// As download caches keep models: links with telling names to files with others.
#[cfg(unix)]
#[test]
fn a_link_to_a_model_finds_the_data_beside_either() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let (blobs, links) = (root.path().join("blobs"), root.path().join("snapshots/1"));
    std::fs::create_dir_all(&blobs).unwrap();
    std::fs::create_dir_all(&links).unwrap();
    let mut model = small_spiking().build();
    let weights = initialiser(&mut model, "w1");
    std::fs::write(blobs.join("aaaa"), &weights.raw_data).unwrap();
    point(weights, "model.onnx.data", None, None);
    std::fs::write(blobs.join("bbbb"), model.encode_to_vec()).unwrap();
    symlink("../../blobs/bbbb", links.join("model.onnx")).unwrap();
    symlink("../../blobs/aaaa", links.join("model.onnx.data")).unwrap();
    assert_eq!(from_file(&links.join("model.onnx")).unwrap().graph, plain());
    // The model alone is a link; its data lie beside what it links to.
    std::fs::remove_file(links.join("model.onnx.data")).unwrap();
    std::fs::rename(blobs.join("aaaa"), blobs.join("model.onnx.data")).unwrap();
    assert_eq!(from_file(&links.join("model.onnx")).unwrap().graph, plain());
    // A link in the folder of the model to anywhere else leads out, also where the model is a link.
    let secret = root.path().join("secret");
    std::fs::write(&secret, vec![0; 144]).unwrap();
    symlink(&secret, links.join("model.onnx.data")).unwrap();
    let found = from_file(&links.join("model.onnx")).unwrap_err();
    assert_eq!(found[0].code, Code::ExternalData);
    assert!(found[0].message.contains("leads out"), "{found:?}");
    // The folder itself may be a link.
    std::fs::remove_file(links.join("model.onnx.data")).unwrap();
    symlink(&links, root.path().join("latest")).unwrap();
    assert_eq!(from_file(&root.path().join("latest/model.onnx")).unwrap().graph, plain());
}

/// Behind the first 4 GiB, in a file that takes no room on the disk.
#[cfg(all(unix, target_pointer_width = "64"))]
#[test]
fn external_data_behind_four_gigabytes() {
    use std::os::unix::fs::FileExt;
    let folder = tempfile::tempdir().unwrap();
    let mut model = small_spiking().build();
    let file = std::fs::File::create(folder.path().join("data")).unwrap();
    let mut offset = 5u64 << 30;
    for tensor in &mut model.graph.as_mut().unwrap().initializer {
        let length = tensor.raw_data.len() as u64;
        file.write_all_at(&tensor.raw_data, offset).unwrap();
        point(tensor, "data", Some(offset), Some(length));
        offset += 1 << 20;
    }
    assert_eq!(from_file(&save(folder.path(), &model)).unwrap().graph, plain());
}

#[test]
fn every_version_of_the_format_and_of_the_operators() {
    for ir_version in 3..=14 {
        for opset in 7..=28 {
            let mut model = small_spiking().build();
            model.ir_version = ir_version;
            model.opset_import.iter_mut().filter(|o| o.domain.is_empty()).for_each(|o| o.version = opset);
            if ir_version == 3 {
                declare_initialisers(&mut model);
            }
            assert_eq!(graph(&model), plain(), "IR {ir_version}, operators {opset}");
        }
    }
}

/// Makes every initialiser an input too, as files of IR version 3 do.
fn declare_initialisers(model: &mut ModelProto) {
    let graph = model.graph.as_mut().unwrap();
    let all = graph.initializer.iter().map(|t| info(&t.name, DataType::Float, &t.dims));
    let mut inputs: Vec<_> = all.collect();
    inputs.append(&mut graph.input);
    graph.input = inputs;
}

#[test]
fn initialisers_that_are_inputs_too() {
    let mut model = small_spiking().build();
    declare_initialisers(&mut model);
    assert_eq!(graph(&model), plain());
    // The default value of a state is where it starts.
    let model = small_spiking().floats("v2", &[1, 6], &[0.25; 6]).build();
    assert_ne!(graph(&model), plain());
}

#[test]
fn weights_in_constant_nodes() {
    let mut model = small_spiking().build();
    let graph_proto = model.graph.as_mut().unwrap();
    let tensors = std::mem::take(&mut graph_proto.initializer);
    for tensor in tensors {
        let node = NodeProto {
            op_type: "Constant".into(),
            output: vec![tensor.name.clone()],
            attribute: vec![AttributeProto {
                name: "value".into(),
                r#type: AttributeType::Tensor as i32,
                t: Some(TensorProto { name: String::new(), ..tensor }),
                ..AttributeProto::default()
            }],
            ..NodeProto::default()
        };
        // Behind the nodes that read them, too.
        graph_proto.node.push(node);
    }
    assert_eq!(graph(&model), plain());
}

#[test]
fn weights_in_typed_fields() {
    let mut model = small_spiking().build();
    for tensor in &mut model.graph.as_mut().unwrap().initializer {
        let words = tensor.raw_data.chunks_exact(4).map(|w| f32::from_le_bytes(w.try_into().unwrap()));
        tensor.float_data = words.collect();
        tensor.raw_data = Vec::new().into();
    }
    assert_eq!(graph(&model), plain());
}

#[test]
fn nodes_in_any_order() {
    let whole = small_spiking().build();
    let count = whole.graph.as_ref().unwrap().node.len();
    for turn in 0..count {
        let mut model = whole.clone();
        let nodes = &mut model.graph.as_mut().unwrap().node;
        nodes.reverse();
        nodes.rotate_left(turn);
        assert_eq!(graph(&model), plain(), "turned by {turn}");
    }
}

/// The small network with dimensions of its first input as given: numbers, names, or -1 as some write it.
fn with_dims(dims: &[Option<Dim>]) -> ModelProto {
    let mut model = small_spiking().build();
    let input = &mut model.graph.as_mut().unwrap().input[0];
    let Some(type_proto::Value::TensorType(tensor)) = input.r#type.as_mut().and_then(|t| t.value.as_mut())
    else {
        panic!("the input is a tensor")
    };
    for (dim, value) in tensor.shape.as_mut().unwrap().dim.iter_mut().zip(dims) {
        dim.value.clone_from(value);
    }
    model
}

#[test]
fn dimensions_that_are_not_known() {
    let known = Dim::DimValue;
    let name = |n: &str| Some(Dim::DimParam(n.into()));
    // The batch may be anything that is no number above one.
    for batch in [Some(known(1)), Some(known(-1)), Some(known(0)), name("N"), name("?"), name(""), None] {
        let model = with_dims(&[batch.clone(), Some(known(2)), Some(known(4)), Some(known(4))]);
        assert_eq!(graph(&model), plain(), "{batch:?}");
    }
    // The others must be given.
    for open in [Some(known(-1)), name("H"), name("floor(H/2) + 1"), None] {
        let model = with_dims(&[name("N"), Some(known(2)), open.clone(), open.clone()]);
        let found = imported(&model, &Options::default()).unwrap_err();
        assert!(found.iter().any(|d| d.code == Code::BadShape), "{open:?}: {found:?}");
        let remedy = found.iter().find_map(|d| d.remedy.clone().filter(|r| r.contains("--shape"))).unwrap();
        assert!(remedy.contains("--shape x="), "{remedy}");
        let given = imported(&model, &shapes(&[("x", &[1, 2, 4, 4])])).unwrap();
        assert_eq!(given.graph, plain(), "{open:?}");
    }
}

#[test]
fn a_shape_of_the_user_that_is_wrong() {
    let model = small_spiking().build();
    let refused = |name: &str, shape: &[u64]| {
        let found = imported(&model, &shapes(&[(name, shape)])).unwrap_err();
        assert!(found.iter().any(|d| d.code == Code::BadShape), "{found:?}");
        found.iter().map(|d| format!("{d} / {}\n", d.remedy.clone().unwrap_or_default())).collect::<String>()
    };
    let said = refused("x", &[1, 3, 4, 4]);
    assert!(said.contains("dimension 1") && said.contains("is 2") && said.contains("not 3"), "{said}");
    let said = refused("x", &[1, 2, 4]);
    assert!(said.contains("4 dimensions") && said.contains("not 3"), "{said}");
    let said = refused("y", &[1, 2, 4, 4]);
    assert!(said.contains("'y'") && said.contains("x"), "{said}");
    let said = refused("x", &[2, 2, 4, 4]);
    assert!(said.contains("batch"), "{said}");
    // Stating what the model says is no mistake.
    assert_eq!(imported(&model, &shapes(&[("x", &[1, 2, 4, 4])])).unwrap().graph, plain());
}

/// Stores the weights of the convolution as another type.
fn stored_as(ty: DataType, bytes: impl Fn(f32) -> Vec<u8>, cast: bool) -> ModelProto {
    let mut model = small_spiking().build();
    let weights = initialiser(&mut model, "w1");
    let values = weights.raw_data.chunks_exact(4).map(|w| f32::from_le_bytes(w.try_into().unwrap()));
    weights.raw_data = values.flat_map(&bytes).collect::<Vec<u8>>().into();
    weights.data_type = ty as i32;
    if cast {
        weights.name = "stored".into();
        let node = Builder::default().node_with("Cast", &["stored"], &["w1"], vec![int("to", 1)]).graph.node;
        model.graph.as_mut().unwrap().node.extend(node);
    }
    model
}

/// A number that half precision has, and no subnormal one.
fn half(v: f32) -> Vec<u8> {
    let bits = v.to_bits();
    let exponent = (bits >> 23 & 0xff).saturating_sub(112);
    let half = if v == 0.0 { 0 } else { bits >> 16 & 0x8000 | exponent << 10 | bits >> 13 & 0x3ff };
    (half as u16).to_le_bytes().to_vec()
}

#[test]
fn weights_of_other_precision() {
    // The weights of the small network have few bits: each of these types holds them.
    for cast in [false, true] {
        let sixteen = stored_as(DataType::Float16, half, cast);
        assert_eq!(graph(&sixteen), plain());
        let brain =
            stored_as(DataType::Bfloat16, |v| ((v.to_bits() >> 16) as u16).to_le_bytes().to_vec(), cast);
        assert_eq!(graph(&brain), plain());
        let double = stored_as(DataType::Double, |v| f64::from(v).to_le_bytes().to_vec(), cast);
        assert_eq!(graph(&double), plain());
    }
    // More than single precision holds.
    let huge = stored_as(DataType::Double, |_| 1e300f64.to_le_bytes().to_vec(), true);
    let found = imported(&huge, &Options::default()).unwrap_err();
    assert!(found.iter().any(|d| d.message.contains("'w1'") && d.message.contains("finite")), "{found:?}");
}
