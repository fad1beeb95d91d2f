//! Every model of the corpus is in a table: what is imported replays its recorded outputs, what is refused
//! says why. There is no third outcome.
//!
//! The table is tests/corpus.tsv; `SNNC_BLESS=1` writes it anew. The models are not part of the workspace;
//! without them the test says so and passes.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

use snnc_frontends::onnx::{Imported, Options, import, read};
use snnc_ir::diag::Diagnostics;
use snnc_tests::corpus::{onnx_files, shared_models};
use snnc_tests::golden::root;
use snnc_tests::pb::{self, Case};
use snnc_tests::replay::{Verdict, replay};

/// Longest time that a file of the corpus takes in a build without optimisation.
const LONGEST: Duration = Duration::from_secs(10);

/// Folders of the corpus, from its root, and where their recorded outputs are.
const FOLDERS: &[(&str, Option<&str>)] = &[("onnx", Some("onnx/golden")), ("speck", None)];

/// What a file is imported as, and whether it left the number of steps open. A recording says how many
/// there are.
fn imported(path: &Path, recorded: Option<&Case>) -> Result<(Imported, bool), Diagnostics> {
    let model = read(path)?;
    match import(&model, &Options::default()) {
        Err(refusals) if refusals.iter().any(|d| d.code.as_str() == "E0205") => {
            let with = |steps| import(&model, &Options { steps: Some(steps), ..Options::default() });
            let one = with(1)?;
            let len = one.graph.inputs().first().map_or(1, |id| one.graph.node(*id).shape.len());
            let steps = recorded.and_then(|c| c.inputs.first()).map_or(1, |t| t.values.len() / len.max(1));
            // A step form holds its states as inputs, a sequence none.
            if one.states.is_empty() && steps > 1 {
                with(steps as u32).map(|i| (i, false))
            } else {
                Ok((one, true))
            }
        }
        result => result.map(|i| (i, false)),
    }
}

/// One line of the table.
fn line(name: &str, path: &Path, recorded: Option<&Path>) -> (String, bool) {
    let case = recorded.filter(|r| r.is_dir()).and_then(|folder| pb::load(folder).ok());
    match imported(path, case.as_ref()) {
        Ok((imported, step)) => {
            let (verdict, fine) = match case.map(|case| replay(&imported, &case)) {
                None => ("nothing recorded".to_owned(), true),
                Some(Verdict::Equal(count)) => (format!("{count} outputs equal"), true),
                Some(Verdict::NearThreshold(why)) => (format!("a membrane near its threshold: {why}"), true),
                Some(Verdict::NotComparable(why)) => (format!("not compared: {why}"), true),
                Some(Verdict::Differs(why)) => (format!("DIFFERS: {why}"), false),
            };
            let layers = imported.graph.nodes.len();
            let steps = if step { "step".to_owned() } else { format!("T={}", imported.graph.steps) };
            (format!("{name}\timported\t{steps}, {layers} layers\t{verdict}"), fine)
        }
        Err(refusals) => {
            let mut codes: Vec<&str> = refusals.iter().map(|d| d.code.as_str()).collect();
            codes.dedup();
            let first = refusals.first();
            let told = first.is_some_and(|d| !d.message.is_empty() && d.remedy.is_some());
            // The first lines of what the user reads.
            let message: String = first.map_or(String::new(), |d| d.message.chars().take(160).collect());
            (format!("{name}\trefused\t{}\t{message}", codes.join(" ")), told)
        }
    }
}

#[test]
fn every_model_has_its_line() {
    let Some(models) = shared_models() else {
        println!("skipped: no corpus beside the workspace");
        return;
    };
    let mut table = vec!["model\toutcome\twhat\trecorded outputs, or the first reason".to_owned()];
    let mut wrong = Vec::new();
    for (folder, recorded) in FOLDERS {
        for path in onnx_files(&models.join(folder)) {
            let relative = path.strip_prefix(models.join(folder)).unwrap().to_owned();
            let name = format!("{folder}/{}", relative.display());
            let recorded = recorded.map(|r| models.join(r).join(&relative));
            let started = Instant::now();
            let result = catch_unwind(|| line(&name, &path, recorded.as_deref()));
            let Ok((text, fine)) = result else { panic!("{name}: a panic") };
            assert!(started.elapsed() < LONGEST, "{name} took {:?}", started.elapsed());
            if !fine {
                wrong.push(text.clone());
            }
            table.push(text.replace(['\n', '\r'], " "));
        }
    }
    assert!(wrong.is_empty(), "{} lines are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let text = format!("{}\n", table.join("\n"));
    let kept = root().join("tests/corpus.tsv");
    if std::env::var_os("SNNC_BLESS").is_some() {
        std::fs::write(&kept, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(kept).unwrap();
    for (k, (new, old)) in text.lines().zip(kept.lines()).enumerate() {
        assert_eq!(new, old, "line {} of tests/corpus.tsv", k + 1);
    }
    assert_eq!(text.lines().count(), kept.lines().count(), "lines of tests/corpus.tsv");
}
