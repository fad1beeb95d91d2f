//! What a compilation writes: the files of a bundle, nothing else, and a network that runs as the model.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use snnc_driver::sample::read_archive;

/// An input of a network: name, shape, least and greatest value.
type Input = (&'static str, [usize; 3], i8, i8);

/// Model files from the root of the workspace, with their inputs.
const MODELS: &[(&str, &[Input])] = &[
    ("tests/models/snn/chain.snn", &[("x", [2, 16, 16], 0, 1)]),
    ("tests/models/snn/branches.snn", &[("x", [2, 8, 8], 0, 1)]),
    ("tests/models/snn/loop.snn", &[("x", [12, 1, 1], 0, 1)]),
    ("tests/models/snn/two_inputs.snn", &[("left", [2, 8, 8], 0, 1), ("right", [3, 8, 8], -4, 4)]),
];

/// Samples and steps of the sample files that are made here.
const LEADING: [usize; 2] = [3, 6];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs snnc in a folder, which also stands for its user's home.
fn snnc(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_snnc"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .output()
        .unwrap()
}

/// Standard output of a run that must go well.
fn passes(folder: &Path, arguments: &[&str]) -> String {
    let done = snnc(folder, arguments);
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Exit status and code of a run that must not go well.
fn fails(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let done = snnc(folder, &[arguments, &["--format", "json"]].concat());
    let text = String::from_utf8(done.stderr).unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap_or_default()).expect(&text);
    (done.status.code().unwrap(), first["code"].as_str().unwrap().to_owned())
}

/// Every file below a folder with its bytes, by its path from there; folders with none.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut out = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let bytes = path.is_file().then(|| std::fs::read(&path).unwrap());
            out.insert(path.strip_prefix(folder).unwrap().to_owned(), bytes);
            if path.is_dir() {
                left.push(path);
            }
        }
    }
    out
}

fn names(folder: &Path) -> Vec<String> {
    tree(folder).into_keys().map(|p| p.to_string_lossy().into_owned()).collect()
}

/// A folder with a copy of a model, named `m` with the model's ending.
fn with_model(model: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let from = root().join(model);
    let name = format!("m.{}", from.extension().unwrap().to_str().unwrap());
    std::fs::copy(from, folder.path().join(&name)).unwrap();
    (folder, name)
}

/// Writes samples: one array of signed bytes per input, from a fixed sequence.
fn write_samples(path: &Path, inputs: &[Input]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, shape, lo, hi) in inputs {
        let shape = [LEADING.as_slice(), shape.as_slice()].concat();
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let header = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({}), }}", sizes.join(", "));
        // Magic, version and length take 10 bytes; the data starts at a multiple of 64.
        let length = (header.len() + 11).next_multiple_of(64) - 10;
        archive.start_file(format!("{name}.npy"), stored).unwrap();
        archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
        archive.write_all(&u16::try_from(length).unwrap().to_le_bytes()).unwrap();
        archive.write_all(format!("{header:<width$}\n", width = length - 1).as_bytes()).unwrap();
        let values: Vec<u8> = (0..shape.iter().product::<usize>())
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let span = i64::from(*hi) - i64::from(*lo) + 1;
                (i64::from(*lo) + (state >> 33) as i64 % span) as u8
            })
            .collect();
        archive.write_all(&values).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn a_bundle_is_three_files_with_the_hashes_of_the_manifest() {
    let (folder, model) = with_model("examples/digits/digits.onnx");
    let before = tree(folder.path());
    let printed = passes(
        folder.path(),
        &["compile", &model, "-t", "loihi2", "--activity", "0.1", "-o", "out", "--format", "json"],
    );
    let out = folder.path().join("out");
    assert_eq!(names(&out), ["manifest.json", "network.snn", "weights.bin"]);
    let mut after = tree(folder.path());
    after.retain(|path, _| !path.starts_with("out"));
    assert_eq!(after, before, "something outside the folder was touched");

    let text = std::fs::read_to_string(out.join("manifest.json")).unwrap();
    assert_eq!(printed, text);
    let manifest: Value = serde_json::from_str(&text).unwrap();
    for (file, hash) in [("network.snn", "snn_blake3"), ("weights.bin", "weights_blake3")] {
        let bytes = std::fs::read(out.join(file)).unwrap();
        assert_eq!(manifest["network"][hash], blake3::hash(&bytes).to_hex().as_str(), "{file}");
    }
    let bytes = std::fs::read(folder.path().join(&model)).unwrap();
    assert_eq!(manifest["inputs"]["model"]["blake3"], blake3::hash(&bytes).to_hex().as_str());
    assert!(!text.contains(folder.path().to_str().unwrap()), "the manifest has a path");
    assert!(!text.contains('\r') && text.ends_with("}\n"));
}

#[test]
fn without_an_output_nothing_is_written() {
    let (folder, model) = with_model("tests/models/snn/chain.snn");
    let before = tree(folder.path());
    passes(folder.path(), &["compile", &model, "-t", "loihi2"]);
    passes(folder.path(), &["inspect", &model]);
    assert_eq!(tree(folder.path()), before);
    // A run that fails leaves no folder behind.
    let wide = root().join("tests/models/snn/wide.snn");
    let arguments = ["compile", wide.to_str().unwrap(), "-t", "loihi2", "--max-cores", "2", "-o", "out"];
    assert_eq!(fails(folder.path(), &arguments), (1, "E0503".into()));
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn reports_and_dumps_are_written_where_they_are_asked_for() {
    let (folder, model) = with_model("tests/models/snn/branches.snn");
    let out = ["compile", &model, "-t", "loihi2", "-o", "deep/out"];
    passes(folder.path(), &[&out[..], &["--emit", "layers,floorline", "--dump-phases", "dumps"]].concat());
    let wrote = names(&folder.path().join("deep/out"));
    assert_eq!(wrote, ["floorline.svg", "layers.csv", "manifest.json", "network.snn", "weights.bin"]);
    let dumps = names(&folder.path().join("dumps"));
    assert_eq!(dumps.len(), snnc_driver::phase::Phase::ALL.len(), "{dumps:?}");
    assert_eq!((&*dumps[0], &*dumps[9]), ("01-import.txt", "10-emit.txt"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn the_bundle_depends_on_neither_the_place_nor_what_lies_there() {
    let (folder, model) = with_model("tests/models/snn/two_inputs.snn");
    let arguments = ["compile", &model, "-t", "loihi2", "--activity", "0.2", "-o"];
    passes(folder.path(), &[&arguments[..], &["a"]].concat());
    let first = tree(&folder.path().join("a"));

    let (other, _) = with_model("tests/models/snn/two_inputs.snn");
    let there = other.path().join(&model);
    let b = folder.path().join("b");
    std::fs::create_dir(&b).unwrap();
    std::fs::write(b.join("manifest.json"), "older, and longer ".repeat(10_000)).unwrap();
    let from_there = ["compile", there.to_str().unwrap(), "-t", "loihi2", "--activity", "0.2", "-o", "b"];
    passes(folder.path(), &from_there);
    assert_eq!(tree(&b), first);

    // Files of somebody else in the folder stay.
    std::fs::write(b.join("notes.txt"), "mine").unwrap();
    passes(folder.path(), &from_there);
    assert_eq!(std::fs::read_to_string(b.join("notes.txt")).unwrap(), "mine");
}

#[test]
fn a_bundle_runs_as_the_quantised_model() {
    for (model, inputs) in MODELS {
        let (folder, file) = with_model(model);
        write_samples(&folder.path().join("s.npz"), inputs);
        compare_runs(folder.path(), &file, &["--input", "s.npz"], model);
    }
}

#[test]
fn the_bundle_of_the_shipped_network_runs_as_the_quantised_model() {
    let (folder, file) = with_model("examples/digits/digits.onnx");
    let samples = root().join("examples/digits/heldout.npz");
    compare_runs(folder.path(), &file, &["--input", samples.to_str().unwrap(), "--limit", "20"], "digits");
}

/// The same outputs, predictions and score from the model in the chip's integers and from its bundle.
fn compare_runs(folder: &Path, model: &str, samples: &[&str], shown: &str) {
    passes(folder, &["compile", model, "-t", "loihi2", "-o", "out", "-q"]);
    // What was compiled is not needed any more.
    let run = |arguments: &[&str]| -> Value {
        let text = passes(folder, &[arguments, samples, &["--format", "json"]].concat());
        serde_json::from_str(&text).unwrap()
    };
    let quantised = run(&["simulate", model, "-t", "loihi2"]);
    std::fs::remove_file(folder.join(model)).unwrap();
    let mapped = run(&["simulate", "out"]);
    for key in ["samples", "correct", "predicted", "outputs"] {
        assert_eq!(mapped[key], quantised[key], "{shown}: {key}");
    }
    let silent = |sums: &Value| sums.as_array().unwrap().iter().all(|v| v.as_f64() == Some(0.0));
    let outputs = quantised["outputs"][0]["sums"].as_array().unwrap();
    assert!(!outputs.iter().all(silent), "{shown}: the samples show nothing");
    let text = std::fs::read_to_string(folder.join("out/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let steps = |run: &Value| run["steps"].as_u64().unwrap();
    assert_eq!(
        steps(&mapped),
        steps(&quantised) + manifest["bounds"]["latency_steps"].as_u64().unwrap(),
        "{shown}"
    );
}

#[test]
fn outputs_of_each_step_are_written_to_a_file() {
    let (folder, file) = with_model("tests/models/snn/chain.snn");
    let at = folder.path();
    write_samples(&at.join("s.npz"), MODELS[0].1);
    passes(at, &["compile", &file, "-t", "loihi2", "-o", "out", "-q"]);
    let run = |arguments: &[&str], name: &str| {
        passes(at, &[&["simulate", "--input", "s.npz", "-o", name], arguments].concat());
        read_archive(&at.join(name)).unwrap()
    };
    let quantised = run(&[&file, "-t", "loihi2"], "q.npz");
    let mapped = run(&["out"], "m.npz");
    assert_eq!(quantised.len(), mapped.len());
    for ((name, late), (other, early)) in mapped.iter().zip(&quantised) {
        assert_eq!(name, other);
        let [samples, longer, steps] = [late.shape[0], late.shape[1], early.shape[1]];
        assert_eq!([samples, steps], LEADING, "{name}");
        let size = early.shape[2..].iter().product::<usize>();
        let whole = early.ints(0, samples * steps * size);
        assert!(whole.iter().any(|v| *v != 0), "{name} shows nothing");
        for sample in 0..samples {
            // A bundle's outputs come later by its latency.
            let shifted = late.ints((sample * longer + longer - steps) * size, steps * size);
            assert_eq!(shifted, whole[sample * steps * size..][..steps * size], "{name}, sample {sample}");
        }
    }
    // The same bytes again; another layer on request; none of an unknown name.
    let first = std::fs::read(at.join("q.npz")).unwrap();
    run(&[&file, "-t", "loihi2"], "q.npz");
    assert_eq!(std::fs::read(at.join("q.npz")).unwrap(), first);
    assert_eq!(run(&[&file, "--record", "x"], "x.npz")[0].0, "x");
    let unknown = ["simulate", &file, "--input", "s.npz", "-o", "n.npz", "--record", "none"];
    assert_eq!(fails(at, &unknown), (1, "E0701".into()));
    let nowhere = ["simulate", &file, "--input", "s.npz", "-o", "no/folder.npz"];
    assert_eq!(fails(at, &nowhere), (3, "E0007".into()));
}

#[test]
fn a_bundle_that_was_touched_is_refused() {
    let (folder, model) = with_model("tests/models/snn/loop.snn");
    write_samples(&folder.path().join("s.npz"), MODELS[2].1);
    let simulate = ["simulate", "out", "--input", "s.npz"];
    let out = folder.path().join("out");
    for file in ["manifest.json", "network.snn", "weights.bin"] {
        passes(folder.path(), &["compile", &model, "-t", "loihi2", "-o", "out", "-q"]);
        passes(folder.path(), &simulate);
        let mut bytes = std::fs::read(out.join(file)).unwrap();
        bytes.push(b'!');
        std::fs::write(out.join(file), bytes).unwrap();
        let code = if file == "manifest.json" { "E0741" } else { "E0301" };
        assert_eq!(fails(folder.path(), &simulate), (1, code.into()), "{file}");
        std::fs::remove_file(out.join(file)).unwrap();
        fails(folder.path(), &simulate);
    }
    std::fs::remove_dir_all(&out).unwrap();
    std::fs::create_dir(&out).unwrap();
    assert_eq!(fails(folder.path(), &simulate), (3, "E0001".into()));
}

#[test]
fn a_bundle_is_explained_and_drawn_beside_another() {
    let (folder, model) = with_model("tests/models/snn/chain.snn");
    let at = folder.path();
    let compile = ["compile", &model, "-t", "loihi2", "--activity", "0.1", "-q"];
    passes(at, &[&compile[..], &["-o", "old"]].concat());
    passes(
        at,
        &[&compile[..], &["-o", "new", "--max-cores", "4", "--against", "old/manifest.json"]].concat(),
    );
    assert!(!at.join("old/floorline.svg").exists());
    let picture = std::fs::read_to_string(at.join("new/floorline.svg")).unwrap();
    assert!(picture.contains("(hollow)"), "{picture}");
    let all: Value = serde_json::from_str(&passes(at, &["explain", "old", "--format", "json"])).unwrap();
    let layers = all["layers"].as_array().unwrap();
    assert!(layers.len() > 1);
    for layer in layers {
        let name = layer["layer"].as_str().unwrap();
        let told = passes(at, &["explain", "old", "--layer", name]);
        assert!(told.starts_with(&format!("{name}: ")), "{told}");
        let one = passes(at, &["explain", "old/manifest.json", "--layer", name, "--format", "json"]);
        let one: Value = serde_json::from_str(&one).unwrap();
        assert_eq!(one["mapping"]["cores"], layer["cores"]);
        assert_eq!(one["mapping"]["bound"]["nominal_ps"], layer["nominal_ps"]);
        assert_eq!(one["mapping"]["by_hand"], false);
    }
    assert!(passes(at, &["explain", "old"]).contains("bottleneck"));
}
