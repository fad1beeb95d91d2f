//! Constant evaluation against ONNX's own node tests.
//!
//! `onnx_node_tests.txt` has a line for each case: `passes`, `not folded`, or `listed` with the reason for
//! which it cannot pass. The cases are not part of the workspace; without them the test says so and passes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use prost::Message as _;
use snnc_frontends::onnx::evaluate;
use snnc_frontends::onnx::proto::tensor_proto::DataType;
use snnc_frontends::onnx::proto::{ModelProto, TensorProto};
use snnc_ir::diag::Code;
use snnc_tests::corpus::shared_models;
use snnc_tests::golden;

/// Greatest difference of FLOAT and DOUBLE, for each unit of the expected value.
const TOLERANCE: f64 = 1e-5;

/// Greatest difference of reals of 16 bits, in steps of the type.
const STEPS: i32 = 1;

/// What came of a case.
enum Verdict {
    Passes,
    NotFolded,
    /// It cannot pass, for a reason that is named.
    Listed(String),
    Differs(String),
}

/// The tensors `input_k.pb` or `output_k.pb` of a case.
fn series(folder: &Path, prefix: &str) -> Result<Vec<TensorProto>, String> {
    let mut out = Vec::new();
    loop {
        let path = folder.join(format!("test_data_set_0/{prefix}_{}.pb", out.len()));
        let Ok(bytes) = std::fs::read(path) else { return Ok(out) };
        out.push(TensorProto::decode(&bytes[..]).map_err(|_| "values that are no tensors".to_owned())?);
    }
}

fn words<const N: usize, T>(bytes: &[u8], word: fn([u8; N]) -> T) -> Vec<T> {
    bytes.chunks_exact(N).map(|chunk| word(chunk.try_into().unwrap())).collect()
}

/// The expected tensor with its elements in `raw_data`.
fn raw(mut t: TensorProto) -> TensorProto {
    if t.raw_data.is_empty() {
        let narrow =
            |width: usize| t.int32_data.iter().flat_map(|v| v.to_le_bytes()[..width].to_vec()).collect();
        let bytes: Vec<u8> = match DataType::try_from(t.data_type).unwrap() {
            DataType::Float => t.float_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            DataType::Double => t.double_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            DataType::Int64 => t.int64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            DataType::Uint64 => t.uint64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            DataType::Uint32 => t.uint64_data.iter().flat_map(|v| (*v as u32).to_le_bytes()).collect(),
            DataType::Int32 => narrow(4),
            DataType::Float16 | DataType::Bfloat16 | DataType::Int16 | DataType::Uint16 => narrow(2),
            _ => narrow(1),
        };
        t.raw_data = bytes.into();
    }
    t
}

fn same(got: &TensorProto, want: TensorProto) -> Result<(), String> {
    let want = raw(want);
    let name = |ty: i32| DataType::try_from(ty).unwrap().as_str_name();
    if got.data_type != want.data_type || got.dims != want.dims {
        let [got, want] = [got, &want].map(|t| format!("{} {:?}", name(t.data_type), t.dims));
        return Err(format!("{got} instead of {want}"));
    }
    if got.raw_data == want.raw_data {
        return Ok(());
    }
    let (a, b) = (&got.raw_data, &want.raw_data);
    let close = |a: Vec<f64>, b: Vec<f64>| {
        let differs = |(a, b): (&f64, &f64)| {
            let same = a == b || (a.is_nan() && b.is_nan());
            !same && (a - b).abs().partial_cmp(&(TOLERANCE * b.abs().max(1.0))).is_none_or(|o| o.is_gt())
        };
        let at = a.iter().zip(&b).position(differs);
        at.map_or(Ok(()), |k| Err(format!("element {k} is {} instead of {}", a[k], b[k])))
    };
    match DataType::try_from(got.data_type).unwrap() {
        DataType::Float => {
            let reals = |v| words(v, f32::from_le_bytes).into_iter().map(f64::from).collect();
            close(reals(a), reals(b))
        }
        DataType::Double => close(words(a, f64::from_le_bytes), words(b, f64::from_le_bytes)),
        DataType::Float16 | DataType::Bfloat16 => {
            // Order of the values: those with the sign bit count down from zero.
            let step = |v: [u8; 2]| {
                let bits = i32::from(u16::from_le_bytes(v));
                if bits < 0x8000 { bits } else { 0x8000 - bits }
            };
            let (a, b) = (words(a, step), words(b, step));
            let at = a.iter().zip(&b).position(|(a, b)| (a - b).abs() > STEPS);
            at.map_or(Ok(()), |k| Err(format!("element {k} is {} steps off", a[k] - b[k])))
        }
        _ => Err(format!("{:?} instead of {:?}", &a[..a.len().min(64)], &b[..b.len().min(64)])),
    }
}

fn run(folder: &Path) -> Result<Verdict, String> {
    let bytes = std::fs::read(folder.join("model.onnx")).map_err(|e| e.to_string())?;
    let model = ModelProto::decode(&bytes[..]).map_err(|e| e.to_string())?;
    let graph = model.graph.ok_or("no graph")?;
    let version = |domain: &str| {
        let plain = |d: &str| if d == "ai.onnx" { String::new() } else { d.to_owned() };
        model.opset_import.iter().find(|o| plain(&o.domain) == plain(domain)).map_or(1, |o| o.version)
    };
    // An operator that is not folded says so whatever its inputs are.
    if graph.node.iter().any(|n| evaluate(n, version(&n.domain), &[]).is_none()) {
        return Ok(Verdict::NotFolded);
    }
    let (inputs, outputs) = match (series(folder, "input"), series(folder, "output")) {
        (Ok(inputs), Ok(outputs)) => (inputs, outputs),
        (Err(e), _) | (_, Err(e)) => return Ok(Verdict::Listed(e)),
    };
    let given = |name: &&str| !graph.initializer.iter().any(|t| t.name == *name);
    let free: Vec<&str> = graph.input.iter().map(|i| i.name.as_str()).filter(given).collect();
    if inputs.len() != free.len() || outputs.len() != graph.output.len() {
        return Ok(Verdict::Listed("its tensors are not all there".into()));
    }
    let mut values: BTreeMap<String, TensorProto> =
        graph.initializer.iter().map(|t| (t.name.clone(), t.clone())).collect();
    values.extend(free.iter().map(|name| (*name).to_owned()).zip(inputs));
    for node in &graph.node {
        let inputs: Vec<Option<TensorProto>> =
            node.input.iter().map(|name| values.get(name).cloned()).collect();
        let results = match evaluate(node, version(&node.domain), &inputs).unwrap() {
            Ok(results) => results,
            // A type or a form of an operator that is not folded; whatever else is refused is wrong.
            Err(d) if matches!(d[0].code, Code::UnsupportedAttribute | Code::UnsupportedType) => {
                return Ok(Verdict::Listed(d[0].message.clone()));
            }
            Err(d) => return Err(d[0].to_string()),
        };
        values.extend(node.output.iter().cloned().zip(results));
    }
    for (output, want) in graph.output.iter().zip(outputs) {
        same(values.get(&output.name).ok_or("an output is missing")?, want)?;
    }
    Ok(Verdict::Passes)
}

#[test]
fn nodes_are_evaluated_as_onnx_says() {
    let folder = shared_models().map(|models| models.join("onnx_node_tests"));
    let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
        println!("skipped: no node tests beside the workspace");
        return;
    };
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    cases.sort();
    let (mut fresh, mut passed, mut failed) = (String::new(), 0, Vec::new());
    for case in &cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let verdict = run(case).unwrap_or_else(Verdict::Differs);
        passed += usize::from(matches!(verdict, Verdict::Passes));
        let text = match verdict {
            Verdict::Passes => "passes".to_owned(),
            Verdict::NotFolded => "not folded".to_owned(),
            Verdict::Listed(reason) => format!("listed: {reason}"),
            Verdict::Differs(problem) => {
                failed.push(format!("{name}: {problem}"));
                format!("differs: {problem}")
            }
        };
        fresh += &format!("{name} {text}\n");
    }
    println!("{passed} of {} cases pass", cases.len());
    assert!(failed.is_empty(), "{} differ:\n{}", failed.len(), failed.join("\n"));
    golden::compare(&golden::root().join("tests/onnx_node_tests.txt"), &fresh).unwrap();
}
