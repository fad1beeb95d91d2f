//! Mutated models: whatever was done to a file, a network or diagnostics, in time, never a panic.
//!
//! The models of this repository and the small ones of the corpus, where it is there, with bytes or the
//! message changed at random. The same mutations in every run: case `k` is made from seed `k` alone.
//! `SNNC_MUTATIONS=N` tries `N` of them, `SNNC_MUTATION_FIRST=K` starts at case `K`.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;
use snnc_frontends::onnx::proto::attribute_proto::AttributeType;
use snnc_frontends::onnx::proto::tensor_shape_proto::dimension::Value as Dim;
use snnc_frontends::onnx::proto::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TypeProto, type_proto,
};
use snnc_frontends::onnx::{Options, decode, import};
use snnc_ir::diag::Code;
use snnc_tests::corpus::{onnx_files, shared_models};

/// Cases of a usual run.
const CASES: u64 = 5_000;

/// Longest time of a case; more in a debug build.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });

/// Whether what panics now is the importer.
static IMPORTING: AtomicBool = AtomicBool::new(false);

/// Largest file that is mutated.
const LARGEST: u64 = 200_000;

/// A small linear congruential generator: the same mutations everywhere.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        for _ in 0..4 {
            dice.roll(2);
        }
        dice
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.roll(list.len());
        list.get(at)
    }

    fn pick_mut<'a, T>(&mut self, list: &'a mut [T]) -> Option<&'a mut T> {
        let at = self.roll(list.len());
        list.get_mut(at)
    }

    /// A number that is likely to be a bad size, axis or count.
    fn size(&mut self) -> i64 {
        let sizes = [
            0,
            1,
            2,
            3,
            4,
            5,
            7,
            8,
            16,
            31,
            64,
            127,
            128,
            255,
            256,
            1000,
            -1,
            -2,
            -3,
            -128,
            1 << 16,
            1 << 20,
            1 << 31,
            (1 << 31) - 1,
            1 << 32,
            1 << 40,
            1 << 62,
            i64::MAX,
            i64::MIN,
            i64::MIN + 1,
            -(1 << 31),
        ];
        sizes[self.roll(sizes.len())]
    }

    /// A number that is likely to be a bad parameter.
    fn real(&mut self) -> f32 {
        let reals = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-30, 1e30, f32::MAX, f32::MIN];
        let wild = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        if self.roll(4) == 0 { wild[self.roll(3)] } else { reals[self.roll(reals.len())] }
    }
}

#[test]
fn a_mutated_model_is_imported_or_refused() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let (first, cases) =
        (number("SNNC_MUTATION_FIRST").unwrap_or(0), number("SNNC_MUTATIONS").unwrap_or(CASES));
    let models = models();
    let whole: Vec<Source> = models.iter().filter(|m| run(&m.bytes, Some(3))).cloned().collect();
    assert!(whole.len() > 50, "only {} models are imported", whole.len());
    // A panic of the importer is a result here: its text is printed once, below.
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !IMPORTING.load(Ordering::Relaxed) {
            usual(info);
        }
    }));
    let started = Instant::now();
    let mut failures = Vec::new();
    let (mut imported, mut slowest) = (0u64, (Duration::ZERO, 0));
    for seed in first..first + cases {
        let mut dice = Dice::new(seed);
        // Most of them from models that are imported as they are: there is more to break.
        let from = if dice.roll(3) > 0 { &whole } else { &models };
        let Source { path, bytes, model } = dice.pick(from).unwrap();
        let mutated = mutate(&mut dice, bytes, model);
        let steps = [None, Some(1), Some(3)][dice.roll(3)];
        let start = Instant::now();
        IMPORTING.store(true, Ordering::Relaxed);
        let result = catch_unwind(AssertUnwindSafe(|| run(&mutated, steps)));
        IMPORTING.store(false, Ordering::Relaxed);
        let took = start.elapsed();
        if (seed - first) % 1_000_000 == 999_999 {
            println!("{} cases, {:.0} s", seed - first + 1, started.elapsed().as_secs_f64());
        }
        slowest = slowest.max((took, seed));
        let problem = match result {
            Ok(ok) if took <= LIMIT => {
                imported += u64::from(ok);
                continue;
            }
            Ok(_) => format!("took {took:?}"),
            Err(cause) => {
                let text = cause.downcast_ref::<String>().map(String::as_str);
                format!("panics: {}", text.or(cause.downcast_ref::<&str>().copied()).unwrap_or("?"))
            }
        };
        let kept = std::env::temp_dir().join(format!("snnc-mutation-{seed}.onnx"));
        std::fs::write(&kept, &mutated).unwrap();
        failures.push(format!("case {seed}, from {}: {problem}; kept as {}", path.display(), kept.display()));
        if failures.len() == 20 {
            break;
        }
    }
    println!(
        "{cases} cases from {} models ({} imported as they are) in {:.1} s: {imported} imported, {} failures, the slowest took {:?} (case {})",
        models.len(),
        whole.len(),
        started.elapsed().as_secs_f64(),
        failures.len(),
        slowest.0,
        slowest.1
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether it is imported. A refusal must say something.
fn run(bytes: &[u8], steps: Option<u32>) -> bool {
    let options = Options { steps, ..Options::default() };
    let imported = decode(Bytes::copy_from_slice(bytes), None).and_then(|model| import(&model, &options));
    match imported {
        Ok(_) => true,
        Err(refusals) => {
            assert!(!refusals.is_empty(), "refused without a reason");
            for refusal in &refusals {
                assert!(!refusal.message.is_empty(), "a diagnostic without a message: {refusal:?}");
                // That what it makes passes the verifier is the importer's promise, not the file's.
                assert!(refusal.code != Code::Unverified, "{refusal}");
            }
            false
        }
    }
}

/// A model that is mutated.
#[derive(Clone)]
struct Source {
    path: PathBuf,
    bytes: Vec<u8>,
    model: ModelProto,
}

fn models() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = onnx_files(&root.join("models"));
    files.extend(onnx_files(&root.join("../examples")));
    files.extend(shared_models().iter().flat_map(|folder| onnx_files(folder)));
    let small = |path: &PathBuf| std::fs::metadata(path).is_ok_and(|m| m.len() < LARGEST);
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).ok()?;
        let model = ModelProto::decode(&bytes[..]).ok()?;
        Some(Source { path, bytes, model })
    };
    files.into_iter().filter(small).filter_map(read).collect()
}

fn mutate(dice: &mut Dice, bytes: &[u8], model: &ModelProto) -> Vec<u8> {
    let mut out = bytes.to_vec();
    // Above the bytes, of the bytes, or both.
    let kind = dice.roll(8);
    if kind < 6 {
        let mut model = model.clone();
        for _ in 0..1 + dice.roll(3) {
            mutate_model(dice, &mut model);
        }
        out = model.encode_to_vec();
    }
    if kind > 4 {
        for _ in 0..1 + dice.roll(4) {
            mutate_bytes(dice, &mut out);
        }
    }
    out
}

fn mutate_bytes(dice: &mut Dice, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.roll(bytes.len());
    let end = bytes.len().min(at + 1 + dice.roll(64));
    match dice.roll(7) {
        0 => bytes[at] = dice.roll(256) as u8,
        1 => bytes[at] ^= 1 << dice.roll(8),
        2 => bytes.insert(at, dice.roll(256) as u8),
        3 => drop(bytes.drain(at..end)),
        4 => {
            let chunk = bytes[at..end].to_vec();
            let to = dice.roll(bytes.len());
            bytes.splice(to..to, chunk);
        }
        5 => bytes.truncate(at),
        // A length that is as long as lengths can be.
        _ => bytes[at..end].fill(0xff),
    }
}

fn mutate_model(dice: &mut Dice, model: &mut ModelProto) {
    match dice.roll(24) {
        0 => model.ir_version = dice.size(),
        1 => {
            let size = dice.size();
            if let Some(opset) = dice.pick_mut(&mut model.opset_import) {
                opset.version = size;
            }
        }
        2 => {
            let values = ["", "-1", "0", "4294967295", "99999999999", "[]", "[[\"a\",\"b\"]]", "{", "[[[["];
            let value = values[dice.roll(values.len())];
            if let Some(entry) = dice.pick_mut(&mut model.metadata_props) {
                entry.value = value.into();
            }
        }
        3 => {
            let at = dice.roll(model.functions.len());
            if at < model.functions.len() {
                drop(model.functions.remove(at));
            }
        }
        4 => {
            // A function that calls itself, or that comes twice.
            let name = model.functions.first().map(|f| (f.domain.clone(), f.name.clone()));
            if let (Some((domain, op_type)), Some(function)) = (name, dice.pick_mut(&mut model.functions))
                && let Some(node) = dice.pick_mut(&mut function.node)
            {
                node.domain = domain;
                node.op_type = op_type;
            }
        }
        5 if !model.functions.is_empty() => {
            let at = dice.roll(model.functions.len());
            mutate_nodes(dice, &mut model.functions[at].node);
        }
        _ => {
            if let Some(graph) = &mut model.graph {
                mutate_graph(dice, graph);
            }
        }
    }
}

fn mutate_graph(dice: &mut Dice, graph: &mut GraphProto) {
    match dice.roll(12) {
        0 => {
            let at = dice.roll(graph.initializer.len());
            if at < graph.initializer.len() {
                drop(graph.initializer.remove(at));
            }
        }
        1..=3 => {
            if let Some(tensor) = dice.pick(&graph.initializer).cloned() {
                let mut tensor = tensor;
                mutate_tensor(dice, &mut tensor);
                let at = graph.initializer.iter().position(|t| t.name == tensor.name);
                match at.and_then(|k| graph.initializer.get_mut(k)) {
                    Some(place) if dice.roll(8) > 0 => *place = tensor,
                    // Twice, or beside one of another name.
                    _ => graph.initializer.push(tensor),
                }
            }
        }
        4 => {
            let infos = match dice.roll(3) {
                0 => &mut graph.output,
                1 => &mut graph.value_info,
                _ => &mut graph.input,
            };
            if let Some(info) = dice.pick_mut(infos)
                && let Some(ty) = &mut info.r#type
            {
                mutate_type(dice, ty);
            }
        }
        5 => {
            let infos = if dice.roll(2) == 0 { &mut graph.input } else { &mut graph.output };
            let at = dice.roll(infos.len());
            match (dice.roll(3), infos.get(at).cloned()) {
                (0, Some(info)) => infos.push(info),
                (_, Some(_)) => drop(infos.remove(at)),
                _ => {}
            }
        }
        _ => mutate_nodes(dice, &mut graph.node),
    }
}

fn mutate_nodes(dice: &mut Dice, nodes: &mut Vec<NodeProto>) {
    if nodes.is_empty() {
        return;
    }
    let all: Vec<String> = nodes.iter().flat_map(|n| n.input.iter().chain(&n.output)).cloned().collect();
    let types: Vec<(String, String)> = nodes.iter().map(|n| (n.domain.clone(), n.op_type.clone())).collect();
    let at = dice.roll(nodes.len());
    match dice.roll(10) {
        0 => drop(nodes.remove(at)),
        1 => {
            let other = dice.roll(nodes.len());
            nodes.swap(at, other);
        }
        2 => {
            // Again, with other outputs or with the same.
            let mut copy = nodes[at].clone();
            if dice.roll(2) == 0 {
                copy.output.iter_mut().for_each(|o| o.push('2'));
            }
            nodes.push(copy);
        }
        3 => {
            let (domain, op_type) = if dice.roll(2) == 0 {
                types[dice.roll(types.len())].clone()
            } else {
                let known = snnc_frontends::onnx::operators().collect::<Vec<_>>();
                let (domain, op) = known[dice.roll(known.len())];
                (if domain == "ai.onnx" { "" } else { domain }.to_owned(), op.to_owned())
            };
            nodes[at].domain = domain;
            nodes[at].op_type = op_type;
        }
        4 => {
            let list = &mut nodes[at].input;
            let (a, b) = (dice.roll(list.len()), dice.roll(list.len()));
            if !list.is_empty() {
                list.swap(a, b);
            }
        }
        5 | 6 => {
            let name = if dice.roll(6) == 0 { None } else { dice.pick(&all) };
            let name = name.cloned().unwrap_or_default();
            let list = if dice.roll(3) == 0 { &mut nodes[at].output } else { &mut nodes[at].input };
            match (dice.roll(4), dice.pick_mut(list)) {
                (0, _) => list.push(name),
                (1, _) => drop(list.pop()),
                (_, Some(place)) => *place = name,
                _ => {}
            }
        }
        _ => mutate_attributes(dice, &mut nodes[at].attribute),
    }
}

fn mutate_attributes(dice: &mut Dice, attributes: &mut Vec<AttributeProto>) {
    let names = ["axis", "axes", "pads", "strides", "perm", "group", "transB", "alpha", "to", "kernel_shape"];
    if attributes.is_empty() || dice.roll(6) == 0 {
        let (name, i) = (names[dice.roll(names.len())], dice.size());
        let list = dice.roll(2) == 0;
        attributes.push(AttributeProto {
            name: name.into(),
            i,
            ints: if list { vec![i; 1 + dice.roll(5)] } else { Vec::new() },
            r#type: if list { AttributeType::Ints } else { AttributeType::Int } as i32,
            ..AttributeProto::default()
        });
        return;
    }
    let at = dice.roll(attributes.len());
    match dice.roll(8) {
        0 => drop(attributes.remove(at)),
        1 => attributes.push(attributes[at].clone()),
        2 => attributes[at].r#type = dice.roll(16) as i32,
        3 => attributes[at].name = names[dice.roll(names.len())].into(),
        4 => match (&mut attributes[at].g, dice.roll(2)) {
            (Some(graph), _) => mutate_graph(dice, graph),
            (_, 0) => attributes[at].s = b"not what it was".to_vec(),
            _ => attributes[at].f = dice.real(),
        },
        _ => {
            let (size, real) = (dice.size(), dice.real());
            let attribute = &mut attributes[at];
            attribute.i = size;
            attribute.f = real;
            if let Some(value) = dice.pick_mut(&mut attribute.ints) {
                *value = size;
            } else if let Some(value) = dice.pick_mut(&mut attribute.floats) {
                *value = real;
            } else if let Some(tensor) = &mut attribute.t {
                mutate_tensor(dice, tensor);
            }
        }
    }
}

fn mutate_tensor(dice: &mut Dice, tensor: &mut TensorProto) {
    let size = dice.size();
    match dice.roll(9) {
        0 => tensor.dims.push(size),
        1 => drop(tensor.dims.pop()),
        2 | 3 => {
            if let Some(dim) = dice.pick_mut(&mut tensor.dims) {
                *dim = size;
            }
        }
        4 => tensor.data_type = dice.roll(30) as i32,
        5 => tensor.dims.reverse(),
        6 => {
            let mut raw = tensor.raw_data.to_vec();
            mutate_bytes(dice, &mut raw);
            tensor.raw_data = raw.into();
        }
        7 => {
            let word = dice.real().to_le_bytes();
            let mut raw = tensor.raw_data.to_vec();
            let at = dice.roll(raw.len() / 4) * 4;
            if let Some(place) = raw.get_mut(at..at + 4) {
                place.copy_from_slice(&word);
            }
            tensor.raw_data = raw.into();
            if let Some(value) = dice.pick_mut(&mut tensor.float_data) {
                *value = f32::from_le_bytes(word);
            }
            if let Some(value) = dice.pick_mut(&mut tensor.int64_data) {
                *value = size;
            }
        }
        _ => tensor.data_location = dice.roll(3) as i32,
    }
}

fn mutate_type(dice: &mut Dice, ty: &mut TypeProto) {
    let Some(type_proto::Value::TensorType(tensor)) = &mut ty.value else {
        ty.value = None;
        return;
    };
    let size = dice.size();
    match (dice.roll(5), &mut tensor.shape) {
        (0, _) => tensor.elem_type = dice.roll(30) as i32,
        (1, shape) => *shape = None,
        (2, Some(shape)) => drop(shape.dim.pop()),
        (_, Some(shape)) => {
            if let Some(dim) = dice.pick_mut(&mut shape.dim) {
                dim.value = if size == 5 { None } else { Some(Dim::DimValue(size)) };
            }
        }
        _ => {}
    }
}
