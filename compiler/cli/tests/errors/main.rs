//! Cases for every diagnostic code: how to raise it, that the run names the cause and how it ends, and
//! where the remedy can be followed by a machine, that it passes.
#![allow(clippy::unwrap_used, clippy::panic)]

mod chips;
mod mappings;
mod models;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use prost::Message;
use snnc_frontends::onnx::proto::tensor_proto::{DataLocation, DataType};
use snnc_frontends::onnx::proto::{ModelProto, NodeProto, StringStringEntryProto, TensorProto};
use snnc_ir::diag::{Code, Severity};
use snnc_tests::onnx_builder::{Builder, int, small_spiking, string};

/// Files of a run, put into a folder.
type Files = fn(&Path);

/// How a code is raised.
struct Case {
    code: Code,
    /// Writes the files that the command needs.
    files: Files,
    /// The command.
    arguments: &'static str,
    /// What the diagnostic says of this cause: words of its message, label, node or rule.
    says: &'static [&'static str],
    /// The files and the command with the remedy followed; none where a person must.
    remedied: Option<(Files, &'static str)>,
}

const fn case(code: Code, files: Files, arguments: &'static str, says: &'static [&'static str]) -> Case {
    Case { code, files, arguments, says, remedied: None }
}

impl Case {
    /// The remedy is another command.
    const fn command(mut self, arguments: &'static str) -> Self {
        self.remedied = Some((self.files, arguments));
        self
    }

    /// The remedy is another file.
    const fn mended(mut self, files: Files) -> Self {
        self.remedied = Some((files, self.arguments));
        self
    }
}

/// Codes that no command can raise, with the reason.
const UNREACHABLE: &[(Code, &str)] = &[
    (Code::PhaseDiffers, "a bug of snnc; tests/tests/verify.rs puts defects into what phases make"),
    (Code::MappedDiffers, "a bug of snnc; tests/tests/verify.rs gives cores other weights"),
];

fn nothing(_: &Path) {}

fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), bytes).unwrap();
}

fn onnx(folder: &Path, model: Builder) {
    put(folder, "m.onnx", model.bytes());
}

fn snn(folder: &Path, text: &str) {
    put(folder, "m.snn", text);
}

fn good(folder: &Path) {
    onnx(folder, small_spiking());
}

/// The small network with something of it changed.
fn changed(folder: &Path, change: fn(&mut ModelProto)) {
    let mut model = small_spiking().build();
    change(&mut model);
    put(folder, "m.onnx", model.encode_to_vec());
}

fn first_neuron(model: &mut ModelProto) -> &mut NodeProto {
    let nodes = &mut model.graph.as_mut().unwrap().node;
    nodes.iter_mut().find(|n| n.op_type.starts_with("LIF")).unwrap()
}

fn set_metadata(model: &mut ModelProto, key: &str, value: Option<&str>) {
    model.metadata_props.retain(|p| p.key != key);
    model.metadata_props.extend(value.map(|v| StringStringEntryProto { key: key.into(), value: v.into() }));
}

/// A file with an array of signed bytes.
fn npy(folder: &Path, name: &str, shape: &[usize], value: i8) {
    let sizes: String = shape.iter().map(|d| format!("{d},")).collect();
    let header = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({sizes})}}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(118u16.to_le_bytes());
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend(vec![value as u8; shape.iter().product()]);
    put(folder, name, bytes);
}

/// A file with the columns of an event list, one signed byte a number.
fn events(folder: &Path, t: &[i8], x: &[i8], p: &[i8]) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(folder.join("s.npz")).unwrap());
    for (name, column) in [("t", t), ("x", x), ("y", &vec![0; t.len()]), ("p", p)] {
        npy(folder, "column.npy", &[column.len()], 0);
        let mut bytes = std::fs::read(folder.join("column.npy")).unwrap();
        bytes.truncate(128);
        bytes.extend(column.iter().map(|v| *v as u8));
        archive.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// A delay between an input and a neuron.
fn delayed(folder: &Path, steps: u32) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  %0 = input \"x\" : 2x1x1 {{values binary}}\n  \
             %1 = delay \"d\" (%0) : 2x1x1 {{steps {steps}}}\n  \
             %2 = if \"n\" (%1) : 2x1x1 {{threshold 2, compare ge, reset subtract same}}\n  %3 = output \"o\" (%2) : 2x1x1\n}}\n"
        ),
    );
}

const LIF: &str = "decay 3584, gain 64, threshold 4096, compare gt, reset subtract next, shift 12";

fn large(folder: &Path) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  @0 = weights seeded [64, 2, 3, 3] seed 1 range -8..=7 density_ppm 500000\n  \
             %0 = input \"x\" : 2x128x128 {{values binary}}\n  %1 = conv2d \"c\" (%0, @0) : 64x128x128 {{pad [1, 1, 1, 1]}}\n  \
             %2 = lif \"wide\" (%1) : 64x128x128 {{{LIF}}}\n  %3 = output \"o\" (%2) : 64x128x128\n}}\n"
        ),
    );
}

fn many_inputs(folder: &Path, inputs: u32) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  @0 = weights seeded [4, {inputs}, 1, 1] seed 1 range -8..=7 density_ppm 500000\n  \
             %0 = input \"x\" : {inputs}x1x1 {{values binary}}\n  %1 = linear \"fc\" (%0, @0) : 4x1x1\n  \
             %2 = lif \"n\" (%1) : 4x1x1 {{{LIF}}}\n  %3 = output \"o\" (%2) : 4x1x1\n}}\n"
        ),
    );
}

fn loop_of(folder: &Path, delay: u32) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  @0 = weights i8 [2, 2, 1, 1] [1, 2, 3, 4]\n  \
             %0 = input \"x\" : 2x1x1 {{values binary}}\n  %1 = delay \"back\" (%5) : 2x1x1 {{steps {delay}}}\n  \
             %2 = add \"sum\" (%0, %1) : 2x1x1\n  %3 = if \"a\" (%2) : 2x1x1 {{threshold 2, compare ge, reset subtract same}}\n  \
             %4 = linear \"fc\" (%3, @0) : 2x1x1\n  %5 = if \"b\" (%4) : 2x1x1 {{threshold 2, compare ge, reset subtract same}}\n  \
             %6 = output \"o\" (%5) : 2x1x1\n}}\n"
        ),
    );
}

fn real(folder: &Path, weights: &str, neuron: &str) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 real {{\n  @0 = weights f32 [1, 2, 1, 1] [{weights}]\n  \
             %0 = input \"x\" : 2x1x1 {{values binary}}\n  %1 = linear \"fc\" (%0, @0) : 1x1x1\n  \
             %2 = lif \"n\" (%1) : 1x1x1 {{{neuron}}}\n  %3 = output \"o\" (%2) : 1x1x1\n}}\n"
        ),
    );
}

/// A model whose weights lie in a file that is not there.
fn external(folder: &Path, location: &str) {
    let mut model = small_spiking().build();
    let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    let graph = model.graph.as_mut().unwrap();
    let weights = graph.initializer.iter_mut().find(|t| t.name == "w1").unwrap();
    *weights = TensorProto {
        raw_data: Vec::new().into(),
        data_location: DataLocation::External as i32,
        external_data: vec![entry("location", location), entry("offset", "0"), entry("length", "144")],
        ..weights.clone()
    };
    put(folder, "m.onnx", model.encode_to_vec());
}

/// A linear layer, and after it the operators of `neuron`, which reads `y` and `m` and gives `s` and `n`.
fn written_out(folder: &Path, neuron: fn(Builder) -> Builder) {
    let layer = Builder::default()
        .input("x", &[1, 4])
        .input("m", &[1, 2])
        .floats("w", &[4, 2], &[0.5; 8])
        .scalar("beta", 0.5)
        .scalar("threshold", 1.0)
        .node("MatMul", &["x", "w"], &["y"]);
    onnx(folder, neuron(layer).output("s").output("n").metadata("snnc.steps", "4"));
}

/// Three steps of a layer of neurons one after the other, with weights of a value each; the membranes are
/// an output too where `recorded`.
fn unrolled(folder: &Path, weights: [f32; 3], recorded: bool) {
    let mut model = Builder::default()
        .input("x", &[3, 1, 4])
        .floats("m", &[1, 2], &[0.0; 2])
        .shape("front", &[0])
        .scalar("beta", 0.5)
        .scalar("threshold", 1.0);
    let mut before = "m".to_owned();
    for (t, weight) in weights.into_iter().enumerate() {
        let n = |name: &str| format!("{name}{t}");
        model = model
            .raw(&n("t"), DataType::Int64, &[], &(t as i64).to_le_bytes())
            .floats(&n("w"), &[4, 2], &[weight; 8])
            .node_with("Gather", &["x", &n("t")], &[&n("x")], vec![int("axis", 0)])
            .node("MatMul", &[&n("x"), &n("w")], &[&n("y")])
            .node("Mul", &[&before, "beta"], &[&n("leaked")])
            .node("Add", &[&n("leaked"), &n("y")], &[&n("sum")])
            .node("Greater", &[&n("sum"), "threshold"], &[&n("over")])
            .node_with("Cast", &[&n("over")], &[&n("s")], vec![int("to", 1)])
            .node("Mul", &[&n("s"), "threshold"], &[&n("back")])
            .node("Sub", &[&n("sum"), &n("back")], &[&n("m")])
            .node("Unsqueeze", &[&n("s"), "front"], &[&n("spikes")])
            .node("Unsqueeze", &[&n("m"), "front"], &[&n("membranes")]);
        before = n("m");
    }
    for name in ["spikes", "membranes"].into_iter().take(1 + usize::from(recorded)) {
        let parts: Vec<String> = (0..3).map(|t| format!("{name}{t}")).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        model = model.node_with("Concat", &parts, &[name], vec![int("axis", 0)]).output(name);
    }
    onnx(folder, model);
}

/// A neuron that the chip's integers give exactly, with weights of which the largest is 127.
const EXACT: &str = "decay 0.5, threshold 1.0, compare gt, reset subtract next";

/// The command of most cases.
const MAP: &str = "compile m.onnx -t loihi2";
/// The same for the text form.
const MAP_TEXT: &str = "compile m.snn -t loihi2";
/// The same with a mapping.
const GIVEN: &str = "compile m.snn -t loihi2 --activity 0.1 --mapping map.json";

/// All cases, in the order of the codes.
fn cases() -> impl Iterator<Item = &'static Case> {
    models::CASES.iter().chain(chips::CASES).chain(mappings::CASES)
}

fn good_and_sample(folder: &Path) {
    good(folder);
    npy(folder, "s.npy", &[4, 2, 4, 4], 1);
}

/// A profile of `m.snn`, in `p.npz`.
fn profiled(folder: &Path) {
    npy(folder, "s.npy", &[4, 2], 1);
    profile(folder, "m.snn");
}

fn profile(folder: &Path, model: &str) {
    let command = format!("profile {model} --input s.npy -o p.npz");
    let (status, diagnostics) = run(folder, &command);
    assert_eq!(status, 0, "{diagnostics:?}");
}

/// The bundle of a layer of two neurons in which the slices of its core say that there is one.
fn lost_neuron(folder: &Path) {
    bundle(folder);
    edited(folder, |manifest| {
        manifest["cores"][0]["parts"][0]["slice"]["channels"] = serde_json::json!([0, 1])
    });
}

/// Changes the manifest of the bundle.
fn edited(folder: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.join("out/manifest.json");
    let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    std::fs::write(path, manifest.to_string()).unwrap();
}

fn bundle(folder: &Path) {
    delayed(folder, 1);
    npy(folder, "s.npy", &[1, 4, 2, 1, 1], 1);
    assert_eq!(run(folder, "compile m.snn -t loihi2 --activity 0.1 -o out -q").0, 0);
}

/// Two layers, `a` of 16 and `b` of 4 channels with 32 rows and columns, and a mapping of them.
fn mapping(folder: &Path, layers: &str) {
    let lif = "decay 3584, gain 64, threshold 4096, compare gt, reset subtract same, shift 12";
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  @0 = weights seeded [16, 2, 3, 3] seed 1 range -8..=7 density_ppm 500000\n  \
             @1 = weights seeded [4, 16, 1, 1] seed 2 range -8..=7 density_ppm 500000\n  \
             %0 = input \"x\" : 2x32x32 {{values binary}}\n  %1 = conv2d \"c\" (%0, @0) : 16x32x32 {{pad [1, 1, 1, 1]}}\n  \
             %2 = lif \"a\" (%1) : 16x32x32 {{{lif}}}\n  %3 = conv2d \"d\" (%2, @1) : 4x32x32\n  \
             %4 = lif \"b\" (%3) : 4x32x32 {{{lif}}}\n  %5 = output \"o\" (%4) : 4x32x32\n}}\n"
        ),
    );
    put(folder, "map.json", format!(r#"{{"schema": "snnc-mapping/1", "layers": [{layers}]}}"#));
}

/// `a` on the cores 0 to 7 and `b` on these two: half of it with an eighth of `a` has a neuron too many for a core.
fn both(folder: &Path, cores: [u32; 2]) {
    let part = |core: u32, first: u32, rows: u32| {
        format!(r#"{{"core": {core}, "rows": [{first}, {}]}}"#, first + rows)
    };
    let a: Vec<String> = (0..8).map(|k| part(k, 4 * k, 4)).collect();
    let b = [part(cores[0], 0, 16), part(cores[1], 16, 16)].join(", ");
    let a = a.join(", ");
    mapping(folder, &format!(r#"{{"layer": "a", "parts": [{a}]}}, {{"layer": "b", "parts": [{b}]}}"#));
}

/// A bundle whose two layers were both made of a node.
fn shared_node(folder: &Path) {
    bundle(folder);
    edited(folder, |manifest| {
        for layer in manifest["layers"].as_array_mut().unwrap() {
            layer["onnx_nodes"].as_array_mut().unwrap().push("pool".into());
        }
    });
}

fn broken_manifest(folder: &Path) {
    bundle(folder);
    put(folder, "out/manifest.json", "{}");
}

/// A neuron whose threshold no input reaches.
fn never_fires(folder: &Path, threshold: u32) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  @0 = weights i8 [1, 2, 1, 1] [1, 2]\n  \
             %0 = input \"x\" : 2x1x1 {{values binary}}\n  %1 = linear \"fc\" (%0, @0) : 1x1x1\n  \
             %2 = lif \"deaf\" (%1) : 1x1x1 {{decay 0, gain 64, threshold {threshold}, compare gt, reset zero same, shift 12}}\n  \
             %3 = output \"o\" (%2) : 1x1x1\n}}\n"
        ),
    );
}

/// Exit status and the diagnostics of a run, one JSON object per line of standard error.
fn run(folder: &Path, arguments: &str) -> (i32, Vec<serde_json::Value>) {
    let done = Command::new(env!("CARGO_BIN_EXE_snnc"))
        .args(arguments.split_whitespace())
        .args(["--format", "json"])
        .current_dir(folder)
        .output()
        .unwrap();
    let text = String::from_utf8(done.stderr).unwrap();
    let lines = text.lines().filter(|l| l.starts_with('{'));
    (done.status.code().unwrap(), lines.map(|l| serde_json::from_str(l).unwrap()).collect())
}

fn check(case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    (case.files)(folder.path());
    let (status, diagnostics) = run(folder.path(), case.arguments);
    let Some(found) = diagnostics.iter().find(|d| d["code"] == case.code.as_str()) else {
        return Err(format!("'{}' ends with {status} and {diagnostics:?}", case.arguments));
    };
    let want = match case.code {
        Code::FileUnreadable | Code::FileUnwritable => 3,
        code if code.severity() == Severity::Warning => 0,
        _ => 1,
    };
    if status != want {
        return Err(format!("'{}' ends with {status} instead of {want}", case.arguments));
    }
    let texts = [&found["message"], &found["node"], &found["label"], &found["rule"]];
    let said: String = texts.iter().map(|t| format!("{t} ")).collect();
    if let Some(missing) = case.says.iter().find(|s| !said.contains(*s)) {
        return Err(format!("'{}' does not say {missing}: {found}", case.arguments));
    }
    let remedy = found["remedy"].as_str().unwrap_or_default();
    if found["message"].as_str().is_none_or(str::is_empty) || remedy.is_empty() {
        return Err(format!("no message or no remedy: {found}"));
    }
    case.remedied.map_or(Ok(()), |(files, arguments)| follow(case, remedy, files, arguments))
}

/// The remedy says what the other command does, and the command passes.
fn follow(case: &Case, remedy: &str, files: Files, arguments: &str) -> Result<(), String> {
    let old: Vec<&str> = case.arguments.split_whitespace().collect();
    let says = |word: &str| remedy.split(|c: char| c.is_whitespace() || ",;".contains(c)).any(|w| w == word);
    let mut option = "";
    for word in arguments.split_whitespace() {
        if word.starts_with('-') {
            option = word;
        }
        // A number that only the user knows stands as T; layers are listed.
        let left_open = remedy.contains(&format!("{option} T")) || word.contains('=');
        if !old.contains(&word) && !says(word) && !left_open && word != "folder" {
            return Err(format!("'{word}' of '{arguments}' is not in the remedy: {remedy}"));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    files(folder.path());
    let (status, after) = run(folder.path(), arguments);
    if status != 0 || after.iter().any(|d| d["code"] == case.code.as_str()) {
        return Err(format!("the remedy '{arguments}' ends with {status} and {after:?}"));
    }
    Ok(())
}

#[test]
fn every_code_is_raised_and_its_remedy_passes() {
    let failed: Vec<String> =
        cases().filter_map(|c| check(c).err().map(|e| format!("{}: {e}", c.code))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_code_has_a_case_and_a_page() {
    let known: BTreeSet<Code> = cases().map(|c| c.code).chain(UNREACHABLE.iter().map(|(c, _)| *c)).collect();
    let missing: Vec<&Code> = Code::ALL.iter().filter(|c| !known.contains(c)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for code in Code::ALL {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/errors/{code}.md"));
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.lines().count() > 10, "docs/errors/{code}.md says too little");
    }
}

#[test]
fn a_wrong_argument_is_a_usage_error() {
    for arguments in ["compile", "compile m.onnx -t loihi3", "compile m.onnx -t loihi2 --chips 0", "wobble"] {
        assert_eq!(run(&std::env::temp_dir(), arguments).0, 2, "{arguments}");
    }
}

#[test]
fn a_code_is_explained_however_it_is_written() {
    for code in ["E0503", "e0503"] {
        let done = Command::new(env!("CARGO_BIN_EXE_snnc")).args(["explain", code]).output().unwrap();
        let page = String::from_utf8(done.stdout).unwrap();
        assert!(done.status.success() && page.starts_with("# E0503"), "{page}");
    }
}
