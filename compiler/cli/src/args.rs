//! Arguments.

mod sample;

pub(crate) use sample::{Reading, SampleArgs};

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use snnc_driver::phase::Phase;
use snnc_driver::reduce::property::Property;
use snnc_driver::registry::TARGETS;
use snnc_driver::report::Report;

/// Compile spiking neural networks for neuromorphic chips.
///
/// snnc reads a quantised spiking network from ONNX, maps it onto the cores of a chip, and says which
/// core computes what, what bounds the time per step and how far the mapping is from the best possible.
#[derive(Debug, Parser)]
#[command(name = "snnc", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Global {
    /// Print what each phase does and how long it takes, on standard error
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Print errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Form of the result on standard output and of diagnostics on standard error
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Map a network onto a chip; print the mapping's bounds, or write the bundle with -o
    Compile(Compile),
    /// Map a network onto several chips; print one line for each
    Compare(Compare),
    /// Show what is in a model file: layers, shapes, neurons, weight bits
    Inspect(Inspect),
    /// Run samples through a network; print outputs, accuracy and activity
    Simulate(Simulate),
    /// Measure the activity that samples cause, and write it to a file for `compile --profile`
    Profile(Profile),
    /// Write the smallest network that still fails as a model does, to report it or to look at it
    Reduce(Reduce),
    /// List the chips, or show the numbers known of one, with sources
    Targets(Targets),
    /// List the ONNX operators and neurons that are read
    Ops,
    /// Print the JSON schema of the manifest, or of a mapping
    Schema(Schema),
    /// Explain a diagnostic code, or how a layer of a bundle was mapped and why
    Explain(Explain),
}

#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct ModelArgs {
    /// Model file: .onnx, or .snn (the text form)
    pub(crate) model: PathBuf,
    /// Steps per inference (T); default: what the file says
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) steps: Option<u32>,
    /// Shape of an input whose dimensions are not fixed, e.g. x=1,2,34,34
    #[arg(long, value_name = "NAME=D,D,…", value_parser = shape)]
    pub(crate) shape: Vec<(String, Vec<u64>)>,
}

/// What a mapping is to be like.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Mapping {
    /// Events per neuron and step on every edge, inputs included; LAYER=RATE overrides one layer
    #[arg(long, value_name = "RATE[,LAYER=RATE…]")]
    pub(crate) activity: Option<String>,
    /// What to minimise
    #[arg(long, value_enum, default_value_t = ObjectiveArg::Time)]
    pub(crate) objective: ObjectiveArg,
    /// Use at most this many cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_cores: Option<u64>,
    /// Number of chips
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) chips: u32,
    /// How hard the search tries: 0 cuts into powers of two only, each further step compares more pairs of tiles
    #[arg(long, value_name = "0..3", default_value_t = 1, value_parser = clap::value_parser!(u32).range(0..=3))]
    pub(crate) effort: u32,
}

impl Mapping {
    /// Whether nothing is asked for.
    pub(crate) fn is_default(&self) -> bool {
        let Self { activity, objective, max_cores, chips, effort } = self;
        let default = (ObjectiveArg::Time, 1, 1);
        activity.is_none() && max_cores.is_none() && (*objective, *chips, *effort) == default
    }
}

/// Activity that is measured.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Measuring {
    /// Samples that are run to measure the activity; as for `simulate`
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["profile", "activity"])]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// What random draws depend on, those of `--encode rate`; recorded in the manifest
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Activity that `snnc profile` measured
    #[arg(long, value_name = "FILE", conflicts_with = "activity")]
    pub(crate) profile: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Compare {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// A chip to compile for, once for each; default: every chip that can be compiled for
    #[arg(long, short, value_parser = targets())]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) mapping: Mapping,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Compile {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Chip to compile for (see `snnc targets`)
    #[arg(long, short, value_parser = targets())]
    pub(crate) target: String,
    /// Folder for the bundle: manifest.json, network.snn, weights.bin; without it nothing is written
    #[arg(long, short, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Files for people to write beside the bundle
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "output", value_parser = reports())]
    pub(crate) emit: Vec<String>,
    /// Another bundle, or its manifest.json, whose points the floorline shows beside these; draws the floorline
    #[arg(long, value_name = "DIR", requires = "output")]
    pub(crate) against: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) mapping: Mapping,
    /// A mapping to take, or to keep to where it names a layer; or the manifest.json of a bundle
    #[arg(long = "mapping", value_name = "FILE")]
    pub(crate) given: Option<PathBuf>,
    /// Folder of an earlier bundle: keep its tiles and cores when nothing forces a move
    #[arg(long, value_name = "DIR")]
    pub(crate) like: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) measuring: Measuring,
    /// Deadline for one step, e.g. 20us; says met, missed or undecided
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) period: Option<u64>,
    /// Give the front of time and cores: the least time with each number of cores
    #[arg(long)]
    pub(crate) pareto: bool,
    /// Chip file to use instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) chip: Option<PathBuf>,
    /// Stop after a phase and print what it made
    #[arg(long, value_name = "PHASE")]
    pub(crate) stop_after: Option<Phase>,
    /// Run the network before and after each phase, and on its cores: phases must not change what it computes
    #[arg(long)]
    pub(crate) verify: bool,
    /// Write what each phase made into numbered files
    #[arg(long, value_name = "DIR")]
    pub(crate) dump_phases: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ObjectiveArg {
    Time,
    Energy,
    Cores,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Print the network in the text form (.snn)
    #[arg(long)]
    pub(crate) ir: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Simulate {
    /// Model file (.onnx, .snn) or the folder of a bundle
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) samples: SampleArgs,
    /// Run the integers that the target would run, instead of the file's numbers
    #[arg(long, short, value_parser = targets())]
    pub(crate) target: Option<String>,
    /// Steps per inference (T), and steps made of each image or event list; default: what the file says
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) steps: Option<u32>,
    /// Write what the outputs give in each step to a .npz file: arrays [N, T, C, H, W], or [N, T, C]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Layers to write to that file in place of the outputs
    #[arg(long, value_name = "LAYER[,LAYER…]", value_delimiter = ',', requires = "output")]
    pub(crate) record: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Profile {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    #[command(flatten)]
    pub(crate) samples: SampleArgs,
    /// Chip whose integers are run
    #[arg(long, short, value_parser = targets(), default_value = "loihi2")]
    pub(crate) target: String,
    /// Chip file to use instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) chip: Option<PathBuf>,
    /// File to write: an .npz archive
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Reduce {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// What is to stay: a diagnostic code (error or warning), panic, or diff (runs that differ)
    #[arg(long, value_name = "CODE|panic|diff")]
    pub(crate) until: Property,
    /// File for the result; its extension becomes .snn, or .onnx where the model is not read as a network
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Chip to compile for; without it the model is only imported
    #[arg(long, short, value_parser = targets())]
    pub(crate) target: Option<String>,
    #[command(flatten)]
    pub(crate) mapping: Mapping,
    /// Chip file to use instead of the built-in one
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(crate) chip: Option<PathBuf>,
    /// Any failure with the code will do, whatever its message; any panic, wherever it is
    #[arg(long)]
    pub(crate) loose: bool,
    /// Most candidates to try
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    pub(crate) tries: u64,
    /// Most seconds for one try; one that takes longer counts as not failing
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) patience: u64,
    /// Of the input on which runs are compared
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Try the file once and print what comes of it, as JSON
    #[arg(long = "try", hide = true)]
    pub(crate) once: bool,
    /// With --try: only read the file
    #[arg(long, hide = true, requires = "once")]
    pub(crate) import_only: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Targets {
    #[command(subcommand)]
    pub(crate) command: Option<TargetsCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TargetsCommand {
    /// Show every constant of a chip with unit, kind and source
    Show {
        /// Name of the chip
        #[arg(value_parser = targets())]
        target: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Schema {
    /// Format
    #[arg(value_enum, default_value_t = SchemaOf::Manifest)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// What `compile -o` writes
    Manifest,
    /// What `compile --mapping` reads
    Mapping,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Explain {
    /// A code, e.g. E0503; or a mapping: the folder of a bundle, or a manifest.json
    #[arg(value_name = "CODE|DIR")]
    pub(crate) what: PathBuf,
    /// Of a mapping: the layer to explain, or an ONNX node of it; default: one line for each layer
    #[arg(long, value_name = "NAME")]
    pub(crate) layer: Option<String>,
}

/// The names of the chips.
fn targets() -> clap::builder::PossibleValuesParser {
    TARGETS.iter().map(|t| t.name).collect::<Vec<_>>().into()
}

/// The names of the reports.
fn reports() -> clap::builder::PossibleValuesParser {
    let value = |r: &Report| clap::builder::PossibleValue::new(r.name()).help(r.what());
    Report::ALL.iter().map(value).collect::<Vec<_>>().into()
}

fn shape(text: &str) -> Result<(String, Vec<u64>), String> {
    let (name, dims) = text.split_once('=').ok_or("write NAME=D,D,…")?;
    let dims: Result<Vec<u64>, _> = dims.split(',').map(|d| d.trim().parse()).collect();
    dims.map(|dims| (name.to_owned(), dims)).map_err(|e| format!("a dimension is not a number: {e}"))
}

/// A time in picoseconds: a decimal with ps, ns, us, ms or s.
fn time(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic() || c == 'µ').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let places = match unit {
        "ps" => 0,
        "ns" => 3,
        "us" | "µs" => 6,
        "ms" => 9,
        "s" => 12,
        _ => return Err("write a number with ps, ns, us, ms or s, e.g. 20us".into()),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > places || number.is_empty() {
        return Err("a time is a whole number of picoseconds".into());
    }
    format!("{whole}{fraction:0<places$}").parse().map_err(|_| "not a time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact() {
        assert_eq!(time("20us"), Ok(20_000_000));
        assert_eq!(time("1.5ns"), Ok(1_500));
        assert_eq!(time("7ps"), Ok(7));
        assert!(time("0.5ps").is_err());
        assert!(time("20").is_err());
        assert!(time("us").is_err());
    }

    #[test]
    fn arguments_are_well_formed() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
