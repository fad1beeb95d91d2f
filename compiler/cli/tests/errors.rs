//! One case per diagnostic code: how to raise it, what the run says and how it ends, and where the remedy
//! can be followed by a machine, that it passes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use prost::Message;
use snnc_frontends::onnx::proto::tensor_proto::DataLocation;
use snnc_frontends::onnx::proto::{StringStringEntryProto, TensorProto};
use snnc_ir::diag::{Code, Severity};
use snnc_tests::onnx_builder::{Builder, int, small_spiking};

/// How a code is raised.
struct Case {
    code: Code,
    /// Writes the files that the command needs.
    files: fn(&Path),
    /// The command.
    arguments: &'static str,
    /// The command with the remedy followed; empty where a person must.
    remedied: &'static str,
}

const fn case(code: Code, files: fn(&Path), arguments: &'static str) -> Case {
    Case { code, files, arguments, remedied: "" }
}

const fn with_remedy(code: Code, files: fn(&Path), arguments: &'static str, remedied: &'static str) -> Case {
    Case { code, files, arguments, remedied }
}

/// Codes that no command can raise, with the reason.
const UNREACHABLE: &[(Code, &str)] = &[];

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

fn many_inputs(folder: &Path) {
    snn(
        folder,
        &format!(
            "network \"n\" steps 4 integer {{\n  @0 = weights seeded [4, 20000, 1, 1] seed 1 range -8..=7 density_ppm 500000\n  \
             %0 = input \"x\" : 20000x1x1 {{values binary}}\n  %1 = linear \"fc\" (%0, @0) : 4x1x1\n  \
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
fn external(folder: &Path) {
    let mut model = small_spiking().build();
    let entry = |key: &str, value: &str| StringStringEntryProto { key: key.into(), value: value.into() };
    if let Some(weights) =
        model.graph.as_mut().and_then(|g| g.initializer.iter_mut().find(|t| t.name == "w1"))
    {
        *weights = TensorProto {
            raw_data: Vec::new().into(),
            data_location: DataLocation::External as i32,
            external_data: vec![entry("location", "gone.bin"), entry("offset", "0"), entry("length", "144")],
            ..weights.clone()
        };
    }
    put(folder, "m.onnx", model.encode_to_vec());
}

const CASES: &[Case] = &[
    case(Code::FileUnreadable, nothing, "compile none.onnx -t loihi2"),
    case(Code::EmptyFile, |f| put(f, "m.onnx", ""), "compile m.onnx -t loihi2"),
    case(Code::NotOnnx, |f| put(f, "m.onnx", "hello, this is text"), "compile m.onnx -t loihi2"),
    case(
        Code::TruncatedFile,
        |f| put(f, "m.onnx", &small_spiking().bytes()[..500]),
        "compile m.onnx -t loihi2",
    ),
    case(Code::ExternalData, external, "compile m.onnx -t loihi2"),
    case(
        Code::BudgetExceeded,
        |f| {
            onnx(
                f,
                (0..100_001).fold(small_spiking(), |b, k| b.node("Identity", &["x"], &[&format!("i{k}")])),
            )
        },
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            put(f, "taken", "");
        },
        "compile m.onnx -t loihi2 -o taken",
    ),
    case(Code::UnknownCode, nothing, "explain E9999"),
    case(
        Code::UnsupportedOperator,
        |f| onnx(f, small_spiking().node("Erf", &["x"], &["e"])),
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::UnsupportedAttribute,
        |f| {
            onnx(f, small_spiking().node_with("Gemm", &["f", "w2"], &["e"], vec![int("transA", 1)]));
        },
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::BadGraph,
        |f| onnx(f, small_spiking().node("Identity", &["b"], &["a"]).node("Identity", &["a"], &["b"])),
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::BadShape,
        |f| onnx(f, small_spiking().node("MatMul", &["f", "w2"], &["e"])),
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::NotConstant,
        |f| onnx(f, small_spiking().node("MatMul", &["f", "g"], &["e"])),
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::UnsupportedType,
        |f| {
            onnx(
                f,
                small_spiking()
                    .raw(
                        "f8",
                        snnc_frontends::onnx::proto::tensor_proto::DataType::Float8e4m3fn,
                        &[6, 8],
                        &[0; 48],
                    )
                    .node("MatMul", &["f", "f8"], &["e"]),
            );
        },
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::UnknownNeuron,
        |f| {
            onnx(
                f,
                small_spiking().node(
                    "ai.snnc::LIF_subtract_next_gt",
                    &["c", "v1", "beta", "threshold"],
                    &["s9", "v9"],
                ),
            )
        },
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::NeuronMismatch,
        |f| {
            let mut model = small_spiking().build();
            let node =
                model.graph.as_mut().and_then(|g| g.node.iter_mut().find(|n| n.op_type.starts_with("LIF")));
            node.unwrap().attribute.push(snnc_tests::onnx_builder::string("reset", "zero"));
            put(f, "m.onnx", model.encode_to_vec());
        },
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::NoSpikingNeuron,
        |f| {
            onnx(
                f,
                Builder::default()
                    .input("x", &[1, 1, 4, 4])
                    .floats("w", &[2, 1, 3, 3], &[0.5; 18])
                    .node("Conv", &["x", "w"], &["c"])
                    .node("Relu", &["c"], &["y"])
                    .output("y"),
            );
        },
        "compile m.onnx -t loihi2",
    ),
    case(
        Code::StateNotPaired,
        |f| {
            let mut model = small_spiking().build();
            model.metadata_props.retain(|p| p.key != "snnc.states");
            model.metadata_props.push(StringStringEntryProto {
                key: "snnc.states".into(),
                value: r#"[["v1","v2o"],["v2","v1o"]]"#.into(),
            });
            put(f, "m.onnx", model.encode_to_vec());
        },
        "compile m.onnx -t loihi2",
    ),
    with_remedy(
        Code::MissingSteps,
        |f| {
            let mut model = small_spiking().build();
            model.metadata_props.retain(|p| p.key != "snnc.steps");
            put(f, "m.onnx", model.encode_to_vec());
        },
        "compile m.onnx -t loihi2",
        "compile m.onnx -t loihi2 --steps 4",
    ),
    case(Code::LoopTooFast, |f| loop_of(f, 1), "compile m.snn -t loihi2"),
    case(
        Code::BadText,
        |f| snn(f, "network \"n\" steps 1 real {\n  %0 = wobble \"x\" : 1x1x1\n}\n"),
        "compile m.snn -t loihi2",
    ),
    case(
        Code::Unverified,
        |f| snn(f, "network \"n\" steps 1 real {\n  %0 = input \"x\" : 1x1x1 {values binary}\n}\n"),
        "compile m.snn -t loihi2",
    ),
    case(
        Code::NotQuantisable,
        |f| real(f, "1.0, 2.0", "decay 1.5, threshold 1.0, compare gt, reset subtract next"),
        "compile m.snn -t loihi2",
    ),
    case(
        Code::AllWeightsZero,
        |f| real(f, "0.0, 0.0", "decay 0.5, threshold 1.0, compare gt, reset subtract next"),
        "compile m.snn -t loihi2",
    ),
    case(
        Code::LossyQuantisation,
        |f| real(f, "0.3, 0.7", "decay 0.3, threshold 1.0, compare gt, reset subtract next"),
        "compile m.snn -t loihi2",
    ),
    case(
        Code::UnsupportedLayer,
        |f| {
            snn(
                f,
                "network \"n\" steps 4 integer {\n  %0 = input \"x\" : 1x4x4 {values binary}\n  \
                 %1 = max_pool \"p\" (%0) : 1x2x2 {kernel [2, 2], stride [2, 2]}\n  \
                 %2 = if \"n\" (%1) : 1x2x2 {threshold 2, compare ge, reset subtract same}\n  %3 = output \"o\" (%2) : 1x2x2\n}\n",
            );
        },
        "compile m.snn -t loihi2",
    ),
    case(Code::LayerTooLarge, many_inputs, "compile m.snn -t loihi2"),
    with_remedy(Code::ChipFull, large, "compile m.snn -t loihi2", "compile m.snn -t loihi2 --chips 3"),
    case(
        Code::DelayTooLong,
        |f| {
            snn(
                f,
                "network \"n\" steps 4 integer {\n  %0 = input \"x\" : 1x1x1 {values binary}\n  \
                 %1 = delay \"d\" (%0) : 1x1x1 {steps 100}\n  \
                 %2 = if \"n\" (%1) : 1x1x1 {threshold 2, compare ge, reset subtract same}\n  %3 = output \"o\" (%2) : 1x1x1\n}\n",
            );
        },
        "compile m.snn -t loihi2",
    ),
    with_remedy(Code::TargetNotReady, good, "compile m.onnx -t speck", "compile m.onnx -t loihi2"),
    case(
        Code::BadChipFile,
        |f| {
            good(f);
            put(f, "c.toml", "name = \"x\"");
        },
        "compile m.onnx -t loihi2 --chip c.toml",
    ),
    with_remedy(
        Code::UnsourcedObjective,
        good,
        "compile m.onnx -t loihi2 --objective energy",
        "compile m.onnx -t loihi2 --objective cores",
    ),
    with_remedy(
        Code::NoActivity,
        good,
        "compile m.onnx -t loihi2",
        "compile m.onnx -t loihi2 --activity 0.1",
    ),
    case(
        Code::BadSample,
        |f| {
            good(f);
            put(f, "s.npz", "no archive");
        },
        "simulate m.onnx --input s.npz",
    ),
    with_remedy(
        Code::BadActivity,
        good,
        "compile m.onnx -t loihi2 --activity 1.5",
        "compile m.onnx -t loihi2 --activity 0.1",
    ),
];

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
    if found["message"].as_str().is_none_or(str::is_empty)
        || found["remedy"].as_str().is_none_or(str::is_empty)
    {
        return Err(format!("no message or no remedy: {found}"));
    }
    if !case.remedied.is_empty() {
        let (status, after) = run(folder.path(), case.remedied);
        if status != 0 || after.iter().any(|d| d["code"] == case.code.as_str()) {
            return Err(format!("the remedy '{}' ends with {status} and {after:?}", case.remedied));
        }
    }
    Ok(())
}

#[test]
fn every_code_is_raised_and_its_remedy_passes() {
    let failed: Vec<String> =
        CASES.iter().filter_map(|c| check(c).err().map(|e| format!("{}: {e}", c.code))).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_code_has_a_case_and_a_page() {
    let known: BTreeSet<Code> =
        CASES.iter().map(|c| c.code).chain(UNREACHABLE.iter().map(|(c, _)| *c)).collect();
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
