//! Cases for every diagnostic code: how to raise it, that the run names the cause and how it ends, and
//! where the remedy can be followed by a machine, that it passes.
#![allow(clippy::unwrap_used, clippy::panic)]

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

const CASES: &[Case] = &[
    case(Code::FileUnreadable, nothing, "compile none.onnx -t loihi2", &["none.onnx", "No such file"]),
    case(Code::FileUnreadable, nothing, "inspect none.snn", &["none.snn", "No such file"]),
    case(
        Code::FileUnreadable,
        |f| std::fs::create_dir(f.join("m.onnx")).unwrap(),
        MAP,
        &["'m.onnx' is a folder"],
    ),
    case(Code::FileUnreadable, good, "simulate m.onnx --input none.npz", &["none.npz"]),
    case(Code::FileUnreadable, good, "compile m.onnx -t loihi2 --chip none.toml", &["none.toml"]),
    case(Code::FileUnreadable, |f| npy(f, "s.npy", &[1], 0), "simulate . --input s.npy", &["manifest.json"]),
    case(Code::EmptyFile, |f| put(f, "m.onnx", ""), MAP, &["empty"]).mended(good),
    case(Code::NotOnnx, |f| put(f, "m.onnx", "hello, this is text"), MAP, &["looks like text"]).mended(good),
    case(Code::NotOnnx, |f| put(f, "m.onnx", b"PK\x03\x04 and more of an archive"), MAP, &["looks like"]),
    case(
        Code::NotOnnx,
        |f| put(f, "m.onnx", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"),
        MAP,
        &["not an ONNX model"],
    ),
    case(
        Code::TruncatedFile,
        |f| put(f, "m.onnx", &small_spiking().bytes()[..500]),
        MAP,
        &["cut", "'graph'"],
    )
    .mended(good),
    case(Code::ExternalData, |f| external(f, "gone.bin"), MAP, &["'w1'", "'gone.bin'"]),
    case(Code::ExternalData, |f| external(f, "../outside.bin"), MAP, &["'w1'", "outside.bin"]),
    case(
        Code::BudgetExceeded,
        |f| {
            onnx(
                f,
                (0..100_001).fold(small_spiking(), |b, k| b.node("Identity", &["x"], &[&format!("i{k}")])),
            )
        },
        MAP,
        &["more nodes than allowed", "100000"],
    ),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            put(f, "taken", "");
        },
        "compile m.onnx -t loihi2 -o taken",
        &["'taken'"],
    )
    .command("compile m.onnx -t loihi2 -o folder"),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            std::fs::create_dir_all(f.join("out/network.snn")).unwrap();
        },
        "compile m.onnx -t loihi2 -o out",
        &["network.snn"],
    ),
    case(
        Code::FileUnwritable,
        |f| {
            good(f);
            put(f, "taken", "");
        },
        "compile m.onnx -t loihi2 --dump-phases taken/dumps",
        &["taken"],
    ),
    case(Code::UnknownCode, nothing, "explain E9999", &["'E9999'"]).command("explain E0503"),
    case(
        Code::UnsupportedOperator,
        |f| onnx(f, small_spiking().node("Erf", &["x"], &["e"])),
        MAP,
        &["'Erf'", "/e"],
    ),
    case(
        Code::UnsupportedAttribute,
        |f| {
            onnx(f, small_spiking().node_with("Gemm", &["f", "w2"], &["e"], vec![int("transA", 1)]));
        },
        MAP,
        &["Gemm", "transA=1"],
    ),
    case(
        Code::BadGraph,
        |f| onnx(f, small_spiking().node("Identity", &["b"], &["a"]).node("Identity", &["a"], &["b"])),
        MAP,
        &["cycle", "/a, /b"],
    ),
    case(
        Code::BadShape,
        |f| onnx(f, small_spiking().node("MatMul", &["f", "w2"], &["e"])),
        MAP,
        &["MatMul", "6 inputs", "8 elements"],
    ),
    case(Code::BadShape, good, "compile m.onnx -t loihi2 --shape z=1,2", &["'z'"]),
    case(
        Code::NotConstant,
        |f| onnx(f, small_spiking().node("MatMul", &["f", "g"], &["e"])),
        MAP,
        &["'g'", "constant"],
    ),
    case(
        Code::UnsupportedType,
        |f| {
            let model = small_spiking().raw("f8", DataType::Float8e4m3fn, &[6, 8], &[0; 48]);
            onnx(f, model.node("MatMul", &["f", "f8"], &["e"]));
        },
        MAP,
        &["FLOAT8E4M3FN"],
    ),
    case(
        Code::UnknownNeuron,
        |f| changed(f, |m| first_neuron(m).op_type = "LIF_subtract_next_gt".into()),
        MAP,
        &["'LIF_subtract_next_gt'"],
    )
    .mended(|f| changed(f, |m| first_neuron(m).op_type = "LIF_subtract_next_gt_binary".into())),
    case(
        Code::NeuronMismatch,
        |f| changed(f, |m| first_neuron(m).attribute.push(string("reset", "zero"))),
        MAP,
        &["reset='zero'", "'subtract'", "/s1"],
    )
    .mended(|f| changed(f, |m| first_neuron(m).attribute.push(string("reset", "subtract")))),
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
        MAP,
        &["no ai.snnc neuron"],
    ),
    case(
        Code::NoSpikingNeuron,
        |f| {
            snn(
                f,
                "network \"n\" steps 1 real {\n  @0 = weights f32 [1, 1, 1, 1] [1.0]\n  \
                 %0 = input \"x\" : 1x1x1 {values binary}\n  %1 = linear \"fc\" (%0, @0) : 1x1x1\n  \
                 %2 = output \"o\" (%1) : 1x1x1\n}\n",
            );
        },
        MAP_TEXT,
        &["neither a spiking neuron nor a quantised activation"],
    ),
    case(
        Code::StateNotPaired,
        |f| changed(f, |m| set_metadata(m, "snnc.states", Some(r#"[["v1","v2o"],["v2","v1o"]]"#))),
        MAP,
        &["'v1' with 'v2o'", "'v1o'"],
    )
    .mended(good),
    case(
        Code::MissingSteps,
        |f| changed(f, |m| set_metadata(m, "snnc.steps", None)),
        MAP,
        &["how many steps"],
    )
    .command("compile m.onnx -t loihi2 --steps 4"),
    case(
        Code::UnrecognisedNeuron,
        |f| {
            written_out(f, |layer| {
                layer
                    .node("Mul", &["m", "beta"], &["leaked"])
                    .node("Add", &["leaked", "y"], &["n"])
                    .node("Mul", &["n", "m"], &["square"])
                    .node("Greater", &["square", "threshold"], &["over"])
                    .node_with("Cast", &["over"], &["s"], vec![int("to", 1)])
            })
        },
        MAP,
        &["no form of neuron that is known"],
    ),
    case(
        Code::HiddenState,
        |f| {
            written_out(f, |layer| {
                layer
                    .node("Greater", &["y", "threshold"], &["over"])
                    .node_with("Cast", &["over"], &["s"], vec![int("to", 1)])
                    .node("Identity", &["s"], &["n"])
            })
        },
        MAP,
        &["without a state"],
    ),
    case(Code::UnlikeSteps, |f| unrolled(f, [0.5, 0.5, 0.25], false), MAP, &["not alike"])
        .mended(|f| unrolled(f, [0.5; 3], false)),
    case(Code::OutputLeftOut, |f| unrolled(f, [0.5; 3], true), MAP, &["'membranes'", "state of a neuron"])
        .mended(|f| unrolled(f, [0.5; 3], false)),
    case(Code::LoopTooFast, |f| loop_of(f, 1), MAP_TEXT, &["a, b", "at least 2"]).mended(|f| loop_of(f, 2)),
    case(
        Code::BadText,
        |f| snn(f, "network \"n\" steps 1 real {\n  %0 = wobble \"x\" : 1x1x1\n}\n"),
        MAP_TEXT,
        &["m.snn:2:8", "'wobble'"],
    ),
    case(Code::BadText, |f| snn(f, ""), MAP_TEXT, &["m.snn:1:1"]),
    case(
        Code::Unverified,
        |f| snn(f, "network \"n\" steps 1 real {\n  %0 = input \"x\" : 1x1x1 {values binary}\n}\n"),
        MAP_TEXT,
        &["no output"],
    ),
    case(
        Code::NotQuantisable,
        |f| real(f, "1.0, 2.0", "decay 1.5, threshold 1.0, compare gt, reset subtract next"),
        MAP_TEXT,
        &["decay factor", "1.5"],
    )
    .mended(|f| real(f, "1.0, 2.0", "decay 1.0, threshold 1.0, compare gt, reset subtract next")),
    case(Code::AllWeightsZero, |f| real(f, "0.0, 0.0", EXACT), MAP_TEXT, &["'fc'"])
        .mended(|f| real(f, "0.0, 1.0", EXACT)),
    case(
        Code::LossyQuantisation,
        |f| real(f, "0.3, 0.7", "decay 0.3, threshold 1.0, compare gt, reset subtract next"),
        MAP_TEXT,
        &["'n' was rounded", "weight", "decay"],
    )
    .mended(|f| real(f, "1.0, 127.0", EXACT)),
    case(
        Code::UnsupportedLayer,
        |f| {
            snn(
                f,
                "network \"n\" steps 4 integer {\n  %0 = input \"x\" : 1x4x4 {values 0..=3}\n  \
                 %1 = max_pool \"p\" (%0) : 1x2x2 {kernel [2, 2], stride [2, 2]}\n  \
                 %2 = if \"n\" (%1) : 1x2x2 {threshold 2, compare ge, reset subtract same}\n  %3 = output \"o\" (%2) : 1x2x2\n}\n",
            );
        },
        MAP_TEXT,
        &["max pooling"],
    ),
    case(Code::LayerTooLarge, |f| many_inputs(f, 20_000), MAP_TEXT, &["axons", "20000"])
        .mended(|f| many_inputs(f, 2_000)),
    case(Code::ChipFull, large, MAP_TEXT, &["273", "'wide'", "120"])
        .command("compile m.snn -t loihi2 --chips 3"),
    case(Code::ChipFull, large, "compile m.snn -t loihi2 --chips 2", &["273", "240"])
        .command("compile m.snn -t loihi2 --chips 3"),
    case(Code::ChipFull, large, "compile m.snn -t loihi2 --chips 3 --max-cores 200", &["273", "200"])
        .command("compile m.snn -t loihi2 --chips 3 --max-cores 273"),
    case(Code::DelayTooLong, |f| delayed(f, 100), MAP_TEXT, &["'x'", "100", "62"]).mended(|f| delayed(f, 60)),
    case(Code::TargetNotReady, good, "compile m.onnx -t speck", &["'speck'"]).command(MAP),
    case(Code::TargetNotReady, good, "compile m.onnx -t akd1000", &["'akd1000'"]).command(MAP),
    case(Code::TargetNotReady, good, "simulate m.onnx -t akd1000 --input s.npz", &["'akd1000'"]),
    case(
        Code::BadChipFile,
        |f| {
            good(f);
            put(f, "c.toml", "name = \"x\"");
        },
        "compile m.onnx -t loihi2 --chip c.toml",
        &["`title`"],
    ),
    case(
        Code::BadChipFile,
        |f| {
            good(f);
            put(f, "c.toml", "name = ");
        },
        "compile m.onnx -t loihi2 --chip c.toml",
        &["line 1"],
    ),
    case(
        Code::UnsourcedObjective,
        good,
        "compile m.onnx -t loihi2 --objective energy",
        &["energy", "'loihi2'"],
    )
    .command("compile m.onnx -t loihi2 --objective cores"),
    case(Code::NoActivity, good, MAP, &["silent to all-firing"])
        .command("compile m.onnx -t loihi2 --activity 0.1"),
    case(Code::NoActivity, good, "compile m.onnx -t loihi2 --activity x=0.1", &["for /s1, /s2"]),
    case(
        Code::BadSample,
        |f| {
            good(f);
            put(f, "s.npz", "no archive");
        },
        "simulate m.onnx --input s.npz",
        &["'s.npz'"],
    ),
    case(
        Code::BadSample,
        |f| {
            good(f);
            npy(f, "s.npy", &[4, 2, 5, 5], 1);
        },
        "simulate m.onnx --input s.npy",
        &["'x'", "2, 4, 4", "4, 2, 5, 5"],
    )
    .mended(|f| {
        good(f);
        npy(f, "s.npy", &[4, 2, 4, 4], 1);
    }),
    case(
        Code::BadSample,
        |f| {
            delayed(f, 1);
            npy(f, "s.npy", &[4, 2], 2);
        },
        "simulate m.snn --input s.npy",
        &["'x' takes integers", "from 0 to 1", "2"],
    )
    .mended(|f| {
        delayed(f, 1);
        npy(f, "s.npy", &[4, 2], 1);
    }),
    case(
        Code::BadSample,
        |f| {
            good(f);
            npy(f, "s.npy", &[4, 2, 4, 4], 1);
            let bytes = std::fs::read(f.join("s.npy")).unwrap();
            put(f, "s.npy", &bytes[..bytes.len() - 1]);
        },
        "simulate m.onnx --input s.npy",
        &["'s.npy'"],
    ),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity 1.5", &["'1.5'", "0 to 1"])
        .command("compile m.onnx -t loihi2 --activity 0.1"),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity often", &["'often'"]),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity 0.1,0.2", &["'0.2'", "second"]),
    case(Code::BadActivity, good, "compile m.onnx -t loihi2 --activity 0.1,conv9=0.2", &["'conv9'"])
        .command("compile m.onnx -t loihi2 --activity 0.1,/s1=0.2"),
    case(
        Code::BadEvents,
        |f| {
            good(f);
            events(f, &[0, 1], &[0, 4], &[0, 1]);
        },
        "simulate m.onnx --input s.npz",
        &["outside the input 'x'", "0 to 3", "4 in event 1"],
    )
    .mended(|f| {
        good(f);
        events(f, &[0, 1], &[0, 3], &[0, 1]);
    }),
    case(
        Code::BadEvents,
        |f| {
            good(f);
            npy(f, "s.npy", &[4, 2, 4, 4], 1);
        },
        "simulate m.onnx --input s.npy --bin 1us",
        &["no event list"],
    )
    .command("simulate m.onnx --input s.npy"),
    case(
        Code::BadEncoding,
        |f| {
            good(f);
            npy(f, "s.npy", &[2, 4, 4], 1);
        },
        "simulate m.onnx --input s.npy",
        &["'x'", "[N, T, 2, 4, 4]", "[2, 4, 4]"],
    )
    .command("simulate m.onnx --input s.npy --encode rate"),
    case(
        Code::BadEncoding,
        |f| {
            good(f);
            npy(f, "s.npy", &[2, 4, 4], 100);
        },
        "simulate m.onnx --input s.npy --encode rate",
        &["no probability", "0 to 1", "100 in array 'x' at sample 0, step 0"],
    )
    .command("simulate m.onnx --input s.npy --encode rate --max 255"),
    case(
        Code::EventsLeftOut,
        |f| {
            good(f);
            events(f, &[0, 9, 5], &[0, 3, 0], &[0, 1, 1]);
        },
        "simulate m.onnx --input s.npz --bin 1us --steps 6",
        &["1 event(s)", "behind the last step"],
    )
    .command("simulate m.onnx --input s.npz --bin 1us --steps 10"),
    case(Code::BadProfile, good_and_sample, "compile m.onnx -t loihi2 --profile s.npy", &["'profile'"])
        .command("compile m.onnx -t loihi2 --input s.npy"),
    case(
        Code::BadProfile,
        |f| {
            delayed(f, 1);
            profiled(f);
            good(f);
        },
        "compile m.onnx -t loihi2 --profile p.npz",
        &["'x'", "2x4x4", "2x1x1"],
    )
    .mended(|f| {
        good(f);
        npy(f, "s.npy", &[4, 2, 4, 4], 1);
        profile(f, "m.onnx");
    }),
    case(
        Code::OtherProfile,
        |f| {
            delayed(f, 1);
            profiled(f);
            delayed(f, 2);
        },
        "compile m.snn -t loihi2 --profile p.npz",
        &["'m.snn'"],
    )
    .mended(|f| {
        delayed(f, 2);
        profiled(f);
    }),
    case(
        Code::OtherSteps,
        |f| {
            delayed(f, 1);
            npy(f, "s.npy", &[3, 2], 1);
        },
        "compile m.snn -t loihi2 --input s.npy",
        &["3 steps", "4"],
    )
    .command("compile m.snn -t loihi2 --input s.npy --steps 3"),
    case(Code::BadMapping, lost_neuron, "simulate out --input s.npy", &["1 of 2", "'n'"]).mended(bundle),
    case(
        Code::NotReached,
        |f| never_fires(f, 1 << 20),
        "compile m.snn -t loihi2 --activity 0.1 --verify",
        &["'deaf'"],
    )
    .mended(|f| never_fires(f, 64)),
    case(Code::FileUnreadable, good, "compile m.onnx -t loihi2 --mapping none.json", &["none.json"]),
    case(Code::FileUnreadable, good, "compile m.onnx -t loihi2 --like none", &["none"]),
    case(
        Code::BadText,
        |f| {
            good(f);
            put(f, "manifest.json", "{}");
        },
        "compile m.onnx -t loihi2 --like .",
        &["earlier bundle", "`schema`"],
    ),
    case(
        Code::BadMappingFile,
        |f| mapping(f, r#"{"layer": "a", "tiles": "c8"}"#),
        GIVEN,
        &["map.json", "unknown field `tiles`", "line 1"],
    )
    .mended(|f| mapping(f, r#"{"layer": "a", "tile": "c8"}"#)),
    case(Code::BadMappingFile, |f| mapping(f, &"[".repeat(100_000)), GIVEN, &["line 1"]),
    case(
        Code::BadMappingFile,
        |f| mapping(f, r#"{"layer": "a", "parts": [{"core": 1e40}]}"#),
        GIVEN,
        &["line 1"],
    ),
    case(Code::MappingLayer, |f| mapping(f, r#"{"layer": "c", "tile": "c8"}"#), GIVEN, &["no layer 'c'"])
        .mended(|f| mapping(f, r#"{"layer": "a", "tile": "c8"}"#)),
    case(Code::MappingLayer, |f| mapping(f, r#"{"layer": "x", "tile": "c2"}"#), GIVEN, &["'x' is an input"])
        .mended(|f| mapping(f, "")),
    case(
        Code::MappingParts,
        |f| mapping(f, r#"{"layer": "b", "parts": [{"rows": [0, 16]}, {"rows": [8, 32]}]}"#),
        GIVEN,
        &["parts 0 and 1 of layer 'b' meet", "rows [8, 16]"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "parts": [{"rows": [0, 16]}, {"rows": [16, 32]}]}"#)),
    case(
        Code::MappingParts,
        |f| {
            mapping(f, r#"{"layer": "b", "parts": [{"rows": [0, 16]}, {"rows": [16, 32], "cols": [0, 30]}]}"#)
        },
        GIVEN,
        &["neurons in no part", "channels [0, 4], rows [16, 32], cols [30, 32]"],
    ),
    case(
        Code::MappingParts,
        |f| mapping(f, r#"{"layer": "b", "parts": [{"fan_in": [0, 8]}, {"fan_in": [8, 16]}]}"#),
        GIVEN,
        &["share of the fan-in", "[0, 16]"],
    ),
    case(
        Code::MappingTile,
        |f| mapping(f, r#"{"layer": "b", "tile": "c8y2"}"#),
        GIVEN,
        &["more parts than channels", "4", "8"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "tile": "c4y2"}"#)),
    case(
        Code::MappingTile,
        |f| mapping(f, r#"{"layer": "b", "encoding": "wobble"}"#),
        GIVEN,
        &["'wobble'", "offers conv"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "encoding": "conv"}"#)),
    case(
        Code::MappingMemory,
        |f| mapping(f, r#"{"layer": "a", "tile": "c1"}"#),
        GIVEN,
        &["'a', cut as c1y1x1", "Neurons per core", "16384"],
    )
    .mended(|f| mapping(f, r#"{"layer": "a", "tile": "c8"}"#)),
    case(
        Code::MappingMemory,
        |f| mapping(f, r#"{"layer": "a", "parts": [{"rows": [0, 4]}, {"rows": [4, 32]}]}"#),
        GIVEN,
        &["rows [4, 32]", "14336"],
    ),
    case(
        Code::MappingCores,
        |f| {
            mapping(
                f,
                r#"{"layer": "b", "parts": [{"core": 120, "rows": [0, 16]}, {"core": 3, "rows": [16, 32]}]}"#,
            )
        },
        GIVEN,
        &["no core 120", "119"],
    )
    .command("compile m.snn -t loihi2 --activity 0.1 --mapping map.json --chips 2"),
    case(
        Code::MappingCores,
        |f| {
            mapping(
                f,
                r#"{"layer": "b", "parts": [{"core": 3, "rows": [0, 16]}, {"core": 3, "rows": [16, 32]}]}"#,
            )
        },
        GIVEN,
        &["on one core", "'b'"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "parts": [{"core": 3, "rows": [0, 16]}, {"rows": [16, 32]}]}"#)),
    case(
        Code::MappingCores,
        |f| mapping(f, r#"{"layer": "b", "tile": "c4y8"}"#),
        "compile m.snn -t loihi2 --activity 0.1 --mapping map.json --max-cores 20",
        &["more cores than there are", "37"],
    )
    .command("compile m.snn -t loihi2 --activity 0.1 --mapping map.json --max-cores 37"),
    case(
        Code::MappingShare,
        |f| both(f, [0, 1]),
        GIVEN,
        &["'a' and 'b' cannot share a core", "core 0", "shares a core"],
    )
    .mended(|f| both(f, [8, 9])),
    case(
        Code::PinsTooTight,
        |f| mapping(f, r#"{"layer": "b", "tile": "c4y2"}"#),
        "compile m.snn -t loihi2 --activity 0.1 --mapping map.json --max-cores 10",
        &["leaves no mapping of the rest", "'a'", "10"],
    )
    .mended(|f| mapping(f, r#"{"layer": "b", "tile": "c2"}"#)),
    case(
        Code::OtherBundle,
        bundle,
        "compile m.snn -t loihi1 --activity 0.1 --like out",
        &["another target", "loihi1", "loihi2"],
    )
    .command("compile m.snn -t loihi2 --activity 0.1 --like out"),
    case(
        Code::NothingKept,
        |f| {
            bundle(f);
            let text = std::fs::read_to_string(f.join("m.snn")).unwrap();
            put(f, "m.snn", text.replace("if \"n\"", "if \"other\""));
        },
        "compile m.snn -t loihi2 --activity 0.1 --like out",
        &["no part", "other: 1 part(s)", "no such layer"],
    ),
    case(Code::NoSuchLayer, bundle, "explain out --layer none", &["'none'"]).command("explain out"),
    case(Code::NoSuchLayer, shared_node, "explain out --layer pool", &["'pool'", "2 layers"]),
    case(Code::BadManifest, broken_manifest, "explain out", &["manifest.json", "missing field"])
        .mended(bundle),
    case(
        Code::BadManifest,
        |f| {
            bundle(f);
            put(f, "out/manifest.json", [0xff, 0xfe]);
        },
        "compile m.snn -t loihi2 --activity 0.1 -o new --against out",
        &["manifest.json"],
    )
    .mended(bundle),
    case(
        Code::UnlikeMapping,
        |f| {
            bundle(f);
            edited(f, |manifest| manifest["inputs"]["target"] = "loihi1".into());
        },
        "compile m.snn -t loihi2 --activity 0.1 -o new --against out",
        &["loihi2", "loihi1"],
    )
    .mended(bundle),
    case(Code::PropertyNotFound, good, "reduce m.onnx --until E0503", &["E0503", "no diagnostic"]),
    case(Code::PropertyNotFound, good, "reduce m.onnx --until panic", &["panic"]),
    case(Code::PropertyNotFound, good, "reduce m.onnx --until diff -t loihi2", &["differ"]),
    case(Code::NotReducible, |f| snn(f, "network \"n\" {\n"), "reduce m.snn --until E0301", &["text"]),
    case(Code::NotReducible, |f| put(f, "m.onnx", ""), "reduce m.onnx --until E0002", &["empty"]),
];

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
