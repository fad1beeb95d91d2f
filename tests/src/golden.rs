//! Networks whose manifests are kept, and files that are compared with what is kept.

use std::path::{Path, PathBuf};

use snnc_driver::compile::{Bundle, Options, compile};
use snnc_driver::model::{Model, ModelOptions};
use snnc_driver::report::Report;
use snnc_driver::{Observer, Silent};
use snnc_eqsat::extract::Objective;
use snnc_machine::manifest::Manifest;

/// A compilation whose manifest is kept.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Name of the kept file, without ending.
    pub name: &'static str,
    /// Name of the target, and of the folder.
    pub target: &'static str,
    /// The model, from the root of the workspace.
    pub model: &'static str,
    /// `--activity`.
    pub activity: Option<&'static str>,
    /// `--objective cores` instead of time.
    pub fewest_cores: bool,
}

const fn case(name: &'static str, model: &'static str, activity: Option<&'static str>) -> Case {
    Case { name, target: "loihi2", model, activity, fewest_cores: false }
}

const fn on(target: &'static str, case: Case) -> Case {
    Case { target, ..case }
}

/// Every kept compilation for Loihi 2.
pub const LOIHI2: &[Case] = &[
    case("digits", "examples/digits/digits.onnx", Some("0.1")),
    case("digits_silent_to_all", "examples/digits/digits.onnx", None),
    case("chain", "tests/models/snn/chain.snn", Some("0.1,x=0.5")),
    case("branches", "tests/models/snn/branches.snn", Some("0.05")),
    case("loop", "tests/models/snn/loop.snn", None),
    case("two_inputs", "tests/models/snn/two_inputs.snn", Some("0.2")),
    case("wide", "tests/models/snn/wide.snn", Some("0.02")),
    Case { fewest_cores: true, ..case("wide_fewest_cores", "tests/models/snn/wide.snn", Some("0.02")) },
];

/// Every kept compilation for Loihi 1; the other networks have events or neurons that it has not.
pub const LOIHI1: &[Case] = &[
    on("loihi1", case("digits", "examples/digits/digits.onnx", Some("0.1"))),
    on("loihi1", case("digits_silent_to_all", "examples/digits/digits.onnx", None)),
    on("loihi1", case("branches", "tests/models/snn/branches.snn", Some("0.05"))),
    on("loihi1", case("wide", "tests/models/snn/wide.snn", Some("0.02"))),
    Case {
        fewest_cores: true,
        ..on("loihi1", case("wide_fewest_cores", "tests/models/snn/wide.snn", Some("0.02")))
    },
    on("loihi1", case("fan_out", "tests/models/snn/fan_out.snn", Some("0.05"))),
    Case {
        fewest_cores: true,
        ..on("loihi1", case("fan_out_fewest_cores", "tests/models/snn/fan_out.snn", Some("0.05")))
    },
];

/// Every kept compilation.
pub fn all() -> impl Iterator<Item = &'static Case> {
    LOIHI2.iter().chain(LOIHI1)
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

impl Case {
    /// The options of the compilation.
    pub fn options(&self) -> Options {
        Options {
            activity: self.activity.map(str::to_owned),
            objective: if self.fewest_cores { Objective::Cores } else { Objective::Time },
            period_ps: Some(1_000_000),
            reports: vec![Report::Layers, Report::Floorline],
            ..Options::new(self.target)
        }
    }

    /// The model.
    pub fn model(&self) -> Model {
        Model::read(&root().join(self.model), &ModelOptions::default()).expect(self.model)
    }

    /// Manifest and bundle.
    pub fn compile(&self) -> (Manifest, Bundle) {
        let done = compile(&self.model(), &self.options(), &mut Silent).expect(self.name);
        (done.manifest.expect("the run goes to its end"), done.bundle.expect("the run goes to its end"))
    }

    /// What each phase made, as text.
    pub fn phases(&self) -> Vec<(snnc_driver::phase::Phase, String)> {
        compile(&self.model(), &self.options(), &mut Dumps).expect(self.name).dumps
    }
}

/// Asks for what each phase made.
struct Dumps;

impl Observer for Dumps {
    fn ended(&mut self, _: snnc_driver::phase::Phase, _: std::time::Duration, _: &[String]) {}

    fn wants_dumps(&self) -> bool {
        true
    }
}

/// Compares a text with a kept file; `SNNC_BLESS=1` writes it instead.
///
/// # Errors
/// The first line that differs.
pub fn compare(path: &Path, fresh: &str) -> Result<(), String> {
    if std::env::var_os("SNNC_BLESS").is_some_and(|v| v == "1") {
        return std::fs::write(path, fresh).map_err(|e| e.to_string());
    }
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    let kept = std::fs::read_to_string(path).map_err(|e| format!("{shown}: {e}; SNNC_BLESS=1 writes it"))?;
    if kept == fresh {
        return Ok(());
    }
    let differs = kept.lines().zip(fresh.lines()).enumerate().find(|(_, (a, b))| a != b);
    Err(match differs {
        Some((k, (old, new))) => {
            format!("{shown}, line {}: '{old}' is now '{new}'; SNNC_BLESS=1 accepts it", k + 1)
        }
        None => format!("{shown}: another length; SNNC_BLESS=1 accepts it"),
    })
}
