//! Whatever is in a file: a network or diagnostics, in bounded time, never a panic.
#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use prost::Message;
use snnc_frontends::onnx::proto::attribute_proto::AttributeType;
use snnc_frontends::onnx::proto::tensor_proto::{DataLocation, DataType};
use snnc_frontends::onnx::proto::{AttributeProto, StringStringEntryProto, TensorProto};
use snnc_frontends::onnx::{Options, decode, import, read};
use snnc_ir::diag::{Code, Diagnostics};
use snnc_tests::onnx_builder::{Builder, int, small_spiking};
use std::path::Path;
use std::time::{Duration, Instant};

fn run(bytes: &[u8]) -> Result<(), Diagnostics> {
    let model = decode(Bytes::copy_from_slice(bytes), None)?;
    import(&model, &Options { steps: Some(2), ..Options::default() }).map(drop)
}

/// Every word that the diagnostics of a model say.
fn said(bytes: &[u8]) -> String {
    run(bytes).err().unwrap_or_default().iter().map(|d| format!("{d}\n")).collect()
}

fn codes(result: Result<(), Diagnostics>) -> Vec<Code> {
    result.err().into_iter().flatten().map(|d| d.code).collect()
}

fn in_time(limit: u64, what: impl FnOnce()) {
    let start = Instant::now();
    what();
    let limit = Duration::from_secs(limit);
    assert!(start.elapsed() < limit, "took {:?}, allowed {limit:?}", start.elapsed());
}

/// A small linear congruential generator: the same mutations everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn the_whole_model_is_imported() {
    assert_eq!(codes(run(&small_spiking().bytes())), []);
}

#[test]
fn every_cut_is_an_error() {
    // The fields that a model needs come before its metadata, as every exporter writes them.
    let mut model = small_spiking().build();
    model.metadata_props.clear();
    model.opset_import.retain(|o| o.domain != "com.microsoft");
    let bytes = model.encode_to_vec();
    assert_eq!(codes(run(&bytes)), []);
    for cut in 0..bytes.len() {
        let found = codes(run(&bytes[..cut]));
        assert!(!found.is_empty(), "cut at {cut} of {} is read as a whole model", bytes.len());
        let told = [Code::EmptyFile, Code::TruncatedFile, Code::NotOnnx, Code::BadGraph];
        assert!(told.contains(&found[0]), "cut at {cut}: {found:?}");
    }
}

#[test]
fn mutated_bytes() {
    in_time(120, || {
        let bytes = small_spiking().bytes();
        let mut dice = Dice(1);
        for _ in 0..20_000 {
            let mut mutated = bytes.to_vec();
            for _ in 0..1 + dice.roll(4) {
                let at = dice.roll(mutated.len());
                match dice.roll(4) {
                    0 => mutated[at] = dice.roll(256) as u8,
                    1 => mutated[at] ^= 1 << dice.roll(8),
                    2 => mutated.insert(at, dice.roll(256) as u8),
                    _ => drop(mutated.remove(at)),
                }
            }
            let _ = run(&mutated);
        }
    });
}

#[test]
fn mutated_names_and_dimensions() {
    // Above the bytes: the message stays whole and what it says is wrong.
    in_time(120, || {
        let whole = small_spiking().build();
        let mut dice = Dice(2);
        for _ in 0..5_000 {
            let mut model = whole.clone();
            let graph = model.graph.as_mut().expect("a graph");
            let names = ["x", "v1", "c", "s1", "w1", "beta", "", "nothing", "s2", "v1o"];
            let sizes = [-1, 0, 1, 2, 3, 1 << 20, 1 << 40, i64::MAX, i64::MIN];
            for _ in 0..1 + dice.roll(3) {
                let k = dice.roll(graph.node.len());
                match dice.roll(5) {
                    0 => {
                        let at = dice.roll(graph.node[k].input.len());
                        graph.node[k].input[at] = names[dice.roll(names.len())].into();
                    }
                    1 => {
                        let at = dice.roll(graph.node[k].output.len());
                        graph.node[k].output[at] = names[dice.roll(names.len())].into();
                    }
                    2 => {
                        let t = dice.roll(graph.initializer.len());
                        let dims = &mut graph.initializer[t].dims;
                        dims.push(sizes[dice.roll(sizes.len())]);
                    }
                    3 => {
                        let attributes = &mut graph.node[k].attribute;
                        let values = attributes.iter_mut().flat_map(|a| &mut a.ints);
                        values.for_each(|v| *v = sizes[dice.roll(sizes.len())]);
                    }
                    _ => {
                        let t = dice.roll(graph.initializer.len());
                        graph.initializer[t].data_type = dice.roll(30) as i32;
                    }
                }
            }
            let _ = run(&model.encode_to_vec());
        }
    });
}

#[test]
fn deeply_nested_groups() {
    in_time(20, || {
        let mut bytes = small_spiking().bytes().to_vec();
        bytes.extend(std::iter::repeat_n([0xe3, 0x3e], 200_000).flatten()); // field 1004, start of a group
        assert!(!codes(run(&bytes)).is_empty());
        // The same within the graph.
        let mut nested = vec![0x08, 10, 0x3a];
        prost::encoding::encode_varint(400_000, &mut nested);
        nested.extend(std::iter::repeat_n([0xe3, 0x3e], 200_000).flatten());
        assert!(!codes(run(&nested)).is_empty());
    });
}

/// A model whose graph has an `If` in an `If`, so many deep.
fn nested_ifs(depth: usize) -> Vec<u8> {
    // From the inside out: how long each message is.
    fn field(number: u8, length: usize) -> Vec<u8> {
        let mut out = vec![number << 3 | 2];
        prost::encoding::encode_varint(length as u64, &mut out);
        out
    }
    // An attribute says that it holds a graph; the node says that it is an If.
    let (name, op) = (b"\x0a\x0bthen_branch\xa0\x01\x05", b"\x22\x02If");
    let mut headers = Vec::new();
    let mut length = 0;
    for _ in 0..depth {
        let graph = field(6, length);
        let attribute = field(5, graph.len() + length + name.len());
        let node = field(1, attribute.len() + graph.len() + length + name.len() + op.len());
        length += graph.len() + attribute.len() + node.len() + name.len() + op.len();
        headers.push((node, attribute, graph));
    }
    let mut out = vec![0x08, 10, 0x42, 2, 0x10, 20];
    out.extend(field(7, length));
    for (node, attribute, graph) in headers.iter().rev() {
        out.extend(node);
        out.extend(op);
        out.extend(attribute);
        out.extend(name);
        out.extend(graph);
    }
    out
}

#[test]
fn deeply_nested_subgraphs() {
    in_time(20, || {
        // As deep as the decoder goes: read, and refused for the If.
        assert!(said(&nested_ifs(20)).contains("'If'"), "{}", said(&nested_ifs(20)));
        for depth in [100, 10_000, 100_000] {
            assert_eq!(codes(run(&nested_ifs(depth))), [Code::BudgetExceeded], "{depth} deep");
        }
    });
}

#[test]
fn a_name_that_is_given_twice() {
    let refused = |builder: Builder, name: &str| {
        let said = said(&builder.bytes());
        assert!(said.contains("E0103") && said.contains(name), "{name}: {said}");
    };
    refused(small_spiking().floats("w1", &[2, 2, 3, 3], &[0.5; 36]), "'w1'");
    refused(small_spiking().input("x", &[-1, 2, 4, 4]), "'x'");
    refused(small_spiking().node("Identity", &["x"], &["c"]), "'c'");
    refused(small_spiking().input("u", &[-1, 4]).node("Identity", &["u"], &["w1"]), "'w1'");
    refused(small_spiking().input("u", &[-1, 4]).node("Identity", &["u"], &["x"]), "'x'");
    refused(
        small_spiking().node("ai.snnc::LI", &["c", "v3", "beta"], &["e", "e"]).input("v3", &[-1, 2, 4, 4]),
        "'e'",
    );
    refused(small_spiking().output("s2"), "'s2'");
}

#[test]
fn what_is_not_finite_is_named() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for name in ["w1", "b1", "w2", "beta", "threshold"] {
            let mut model = small_spiking().build();
            let graph = model.graph.as_mut().expect("a graph");
            let tensor = graph.initializer.iter_mut().find(|t| t.name == name).expect("a tensor");
            let mut raw = tensor.raw_data.to_vec();
            let at = raw.len() - 4;
            raw[at..].copy_from_slice(&value.to_le_bytes());
            tensor.raw_data = raw.into();
            let said = said(&model.encode_to_vec());
            assert!(said.contains(&format!("'{name}' is not finite")), "{name} with {value}: {said}");
            assert!(!said.contains("E0302"), "{said}");
        }
        // Parameters of the operators.
        for attribute in ["alpha", "beta"] {
            let mut model = small_spiking().floats("b2", &[6], &[1.0; 6]).build();
            let nodes = &mut model.graph.as_mut().expect("a graph").node;
            let gemm = nodes.iter_mut().find(|n| n.op_type == "Gemm").expect("a Gemm");
            gemm.input.push("b2".into());
            gemm.attribute.push(float(attribute, value));
            let said = said(&model.encode_to_vec());
            assert!(said.contains("not finite") && !said.contains("E0302"), "{attribute} {value}: {said}");
        }
        // A scale of quantised weights.
        let model = small_spiking()
            .raw("q", DataType::Int8, &[6, 8], &[1; 48])
            .scalar("qs", value)
            .node("DequantizeLinear", &["q", "qs"], &["d"])
            .node_with("Gemm", &["f", "d"], &["g2"], vec![int("transB", 1)])
            .output("g2");
        let said = said(&model.bytes());
        assert!(said.contains("'d' is not finite") && !said.contains("E0302"), "{value}: {said}");
    }
    // Numbers that are finite, and whose product is not.
    let integers: Vec<u8> = [1_000_000i32; 6].iter().flat_map(|v| v.to_le_bytes()).collect();
    let model = small_spiking()
        .raw("q", DataType::Int32, &[6], &integers)
        .scalar("qs", 1e35)
        .node("DequantizeLinear", &["q", "qs"], &["d"])
        .node_with("Gemm", &["f", "w2", "d"], &["g2"], vec![int("transB", 1)])
        .output("g2");
    let said = said(&model.bytes());
    assert!(said.contains("'d' is not finite") && !said.contains("E0302"), "{said}");
}

#[test]
fn much_made_of_little() {
    // Whether these operators are read or not: nothing like what they ask for is allocated.
    in_time(20, || {
        for sizes in [&[1 << 40, 4][..], &[1 << 20, 1 << 20], &[1 << 28, 16], &[i64::MAX, i64::MAX], &[-7, 4]]
        {
            let base = || {
                Builder::default()
                    .input("x", &[1, 4])
                    .input("v", &[1, 4])
                    .scalar("one", 1.0)
                    .shape("to", sizes)
                    .floats("few", &[1, 4], &[0.5; 4])
                    .output("s")
                    .output("vo")
            };
            for (op, inputs) in [
                ("Expand", &["few", "to"][..]),
                ("Tile", &["few", "to"]),
                ("ConstantOfShape", &["to"]),
                ("Reshape", &["few", "to"]),
            ] {
                let model = base().node(op, inputs, &["w"]).node("MatMul", &["x", "w"], &["y"]).node(
                    "ai.snnc::LI",
                    &["y", "v", "one"],
                    &["s", "vo"],
                );
                assert!(!codes(run(&model.bytes())).is_empty(), "{op} to {sizes:?}");
            }
        }
        // Little by little.
        let mut builder =
            Builder::default().input("x", &[1, 4]).output("s").scalar("t0", 1.0).shape("twice", &[2]);
        builder = builder.shape("to", &[1]).node("Reshape", &["t0", "to"], &["t1"]);
        for k in 1..60 {
            builder = builder.node("Tile", &[&format!("t{k}"), "twice"], &[&format!("t{}", k + 1)]);
        }
        assert!(!codes(run(&builder.node("Add", &["x", "t60"], &["s"]).bytes())).is_empty());
    });
}

#[test]
fn huge_dimensions_allocate_nothing() {
    in_time(20, || {
        let tensor = |dims: &[i64]| Builder::default().raw("w", DataType::Float, dims, &[0; 16]);
        for dims in [&[1 << 62, 4][..], &[1 << 33, 1 << 33], &[-1], &[1 << 40], &[5]] {
            let model = tensor(dims)
                .input("x", &[1, 4])
                .input("v", &[1, 4])
                .scalar("one", 1.0)
                .node("MatMul", &["x", "w"], &["y"])
                .node("ai.snnc::LI", &["y", "v", "one"], &["s", "vo"])
                .output("s")
                .output("vo");
            assert!(!codes(run(&model.bytes())).is_empty(), "{dims:?}");
        }
        for dims in [&[1, 1 << 40][..], &[1, 1 << 20, 1 << 20, 1 << 20], &[1, 0], &[i64::MAX, i64::MAX]] {
            let model = Builder::default()
                .input("x", dims)
                .input("v", &[1, 4])
                .scalar("one", 1.0)
                .node("ai.snnc::LI", &["x", "v", "one"], &["s", "vo"])
                .output("s")
                .output("vo");
            assert!(!codes(run(&model.bytes())).is_empty(), "{dims:?}");
        }
    });
}

#[test]
fn an_empty_tensor_with_huge_dimensions() {
    for dims in [[0, 1 << 40, 1 << 40], [1 << 40, 0, 1 << 40], [1 << 40, 1 << 40, 0]] {
        let model = small_spiking()
            .raw("e", DataType::Int8, &dims, &[])
            .raw("n", DataType::Int8, &[0], &[])
            .shape("to", &dims)
            .floats("scale", &[1], &[1.0])
            .node("DequantizeLinear", &["e", "scale"], &["d"])
            .node("Transpose", &["d"], &["t"])
            .node_with("Reshape", &["n", "to"], &["r"], vec![int("allowzero", 1)])
            .node("Transpose", &["r"], &["u"])
            .node("Add", &["c", "d"], &["y"])
            .node("Add", &["c", "r"], &["z"]);
        let found = codes(run(&model.bytes()));
        assert!(found.iter().all(|c| *c == Code::BadShape) && found.len() > 1, "{found:?}");
    }
}

#[test]
fn cycles_and_missing_values() {
    let cycle = Builder::default()
        .input("x", &[1, 4])
        .node("Add", &["x", "b"], &["a"])
        .node("Identity", &["a"], &["b"])
        .output("b");
    assert!(codes(run(&cycle.bytes())).contains(&Code::BadGraph));
    let itself = Builder::default().input("x", &[1, 4]).node("Add", &["x", "a"], &["a"]).output("a");
    assert!(codes(run(&itself.bytes())).contains(&Code::BadGraph));
    let missing = Builder::default().input("x", &[1, 4]).node("Add", &["x", "b"], &["a"]).output("a");
    assert!(codes(run(&missing.bytes())).contains(&Code::BadGraph));
    let twice = small_spiking().node("Identity", &["x"], &["c"]);
    assert!(codes(run(&twice.bytes())).contains(&Code::BadGraph));
}

#[test]
fn more_nodes_than_allowed() {
    in_time(60, || {
        let mut builder = small_spiking();
        let node = builder.graph.node[3].clone();
        builder.graph.node.extend(std::iter::repeat_n(node, 100_001));
        assert_eq!(codes(run(&builder.bytes())), [Code::BudgetExceeded]);
        // As many as allowed, each of them bad.
        let mut builder = Builder::default().input("x", &[1, 4]).output("x");
        let bad = Builder::default().node("ai.snnc::LIF_what_is_this", &["x"], &["y"]).graph.node[0].clone();
        builder.graph.node.extend((0..2_000).map(|k| {
            let mut node = bad.clone();
            node.op_type = format!("LIF_what_is_{k}");
            node.output = vec![format!("y{k}")];
            node
        }));
        assert!(codes(run(&builder.bytes())).contains(&Code::UnknownNeuron));
    });
}

#[test]
fn many_copies_of_a_large_constant_meet_the_budget() {
    in_time(60, || {
        let mut builder = Builder::default().input("x", &[1, 4]).output("x").raw(
            "w",
            DataType::Int8,
            &[1024, 1024],
            &vec![1; 1 << 20],
        );
        builder = builder.shape("flat", &[-1]);
        for k in 0..2_000 {
            builder = builder.node("Reshape", &["w", "flat"], &[&format!("t{k}")]);
        }
        assert!(codes(run(&builder.bytes())).contains(&Code::BudgetExceeded));
    });
}

fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, r#type: AttributeType::Float as i32, ..AttributeProto::default() }
}

fn external(location: &str, offset: &str, length: &str) -> TensorProto {
    let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    TensorProto {
        name: "w".into(),
        data_type: DataType::Float as i32,
        dims: vec![4, 1],
        data_location: DataLocation::External as i32,
        external_data: vec![entry("location", location), entry("offset", offset), entry("length", length)],
        ..TensorProto::default()
    }
}

fn with_external(folder: &Path, tensor: TensorProto) -> Vec<Code> {
    let mut builder = Builder::default()
        .input("x", &[1, 4])
        .input("v", &[1, 1])
        .scalar("one", 1.0)
        .node("MatMul", &["x", "w"], &["y"])
        .node("ai.snnc::LI", &["y", "v", "one"], &["s", "vo"])
        .output("s")
        .output("vo");
    builder.graph.initializer.push(tensor);
    let path = folder.join("model.onnx");
    std::fs::write(&path, builder.bytes()).expect("written");
    let options = Options { steps: Some(2), ..Options::default() };
    codes(read(&path).and_then(|model| import(&model, &options)).map(drop))
}

#[test]
fn external_data_stays_in_the_folder() {
    let outside = tempfile::tempdir().expect("a folder");
    let folder = outside.path().join("model");
    std::fs::create_dir(&folder).expect("created");
    std::fs::create_dir(folder.join("below")).expect("created");
    std::fs::write(outside.path().join("secret"), [0; 64]).expect("written");
    std::fs::write(folder.join("data"), [0; 64]).expect("written");
    std::fs::write(folder.join("below/data"), [0; 64]).expect("written");
    let go = |location: &str, offset: &str, length: &str| {
        with_external(&folder, external(location, offset, length))
    };
    assert_eq!(go("data", "0", "16"), []);
    assert_eq!(go("./below/data", "48", "16"), []);
    let refused = vec![Code::ExternalData];
    let absolute = outside.path().join("secret");
    for location in
        ["../secret", "below/../../secret", "missing", "", ".", "below", absolute.to_str().expect("text")]
    {
        assert_eq!(go(location, "0", "16"), refused, "{location}");
    }
    for (offset, length) in
        [("49", "16"), ("0", "65"), ("18446744073709551615", "16"), ("-1", "16"), ("a", "16")]
    {
        assert_eq!(go("data", offset, length), refused, "{offset} {length}");
    }
    // Within the file, and not what the shape needs.
    assert_eq!(go("data", "0", "12"), [Code::BadGraph]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(outside.path().join("secret"), folder.join("link")).expect("linked");
        std::os::unix::fs::symlink(outside.path(), folder.join("up")).expect("linked");
        std::os::unix::fs::symlink("data", folder.join("inside")).expect("linked");
        assert_eq!(go("link", "0", "16"), refused);
        assert_eq!(go("up/secret", "0", "16"), refused);
        assert_eq!(go("inside", "0", "16"), []);
    }
}
