//! File tests in the manner of Cranelift: a network in the text form, what to do with it, what is to
//! come out.
//!
//! A file starts with comment lines, the first of them `// test COMMAND [ARGUMENT…]`, goes on with the
//! text of a network and ends with comment lines that hold what the command must give, one line each.
//! A command is one line of [`COMMANDS`]. With `SNNC_BLESS=1` in the environment, what came out is
//! written into the file instead of being compared.
//!
//! ```text
//! // test verify
//! // A loop without a delay.
//! network "loop" steps 1 real { … }
//! // error: node 'a': it reads 'b', which comes later, without a delay
//! ```

use snnc_driver::pass::fold::fold;
use snnc_driver::pass::retime::retime;
use snnc_driver::registry::quantiser;
use snnc_eqsat::space::normalise;
use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Graph;
use snnc_ir::graph::verify::verify;
use snnc_ir::text::{parse, print};
use std::path::{Path, PathBuf};

/// What a file test is given.
#[derive(Clone, Copy, Debug)]
pub struct Case<'t> {
    /// The whole file, so that lines are those of the file.
    pub text: &'t str,
    /// What follows the command in the header.
    pub arguments: &'t str,
}

/// Where a file holds what its command must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The network itself, as it stands in the file.
    Network,
    /// The comment lines after the network.
    Comments,
}

/// Something that can be done with a network.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The word after `// test`.
    pub name: &'static str,
    /// Gives lines of text.
    pub run: fn(&Case<'_>) -> String,
    /// What they are compared with.
    pub expected: Expected,
}

/// Every command. A pass is added with one line: [`pass`] runs it on the network of the file.
pub const COMMANDS: &[Command] = &[
    Command { name: "roundtrip", run: |c| text(parse_case(c)), expected: Expected::Network },
    Command { name: "print", run: |c| text(parse_case(c)), expected: Expected::Comments },
    Command { name: "verify", run: verify_case, expected: Expected::Comments },
    Command { name: "fold", run: |c| pass(c, |g| Ok(fold(&g))), expected: Expected::Comments },
    Command {
        name: "quantise",
        run: |c| pass(c, |g| quantise(g, c.arguments)),
        expected: Expected::Comments,
    },
    Command { name: "retime", run: |c| pass(c, retimed), expected: Expected::Comments },
    Command { name: "normalise", run: |c| pass(c, normalised), expected: Expected::Comments },
];

/// The integers of a chip, by its name; Loihi 2 without one.
fn quantise(graph: Graph, name: &str) -> Result<Graph, Vec<String>> {
    let name = if name.is_empty() { "loihi2" } else { name };
    let target = quantiser(name, None).map_err(|d| vec![d.to_string()])?;
    target.quantise(&graph).map(|q| q.graph).map_err(told)
}

/// For a chip on which a spike takes one step.
fn retimed(graph: Graph) -> Result<Graph, Vec<String>> {
    retime(&graph, 1).map(|r| r.graph).map_err(told)
}

/// Retimed, as a network of populations and projections.
fn normalised(graph: Graph) -> Result<Graph, Vec<String>> {
    normalise(&retimed(graph)?).map(|space| space.network.to_graph()).map_err(told)
}

fn told(list: Vec<Diagnostic>) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// The text of the network that a pass makes of the one in the file, or `error: …` lines. Both networks
/// must be sound.
pub fn pass(case: &Case<'_>, apply: impl FnOnce(Graph) -> Result<Graph, Vec<String>>) -> String {
    text(parse_case(case).and_then(sound).and_then(apply).and_then(sound))
}

fn parse_case(case: &Case<'_>) -> Result<Graph, Vec<String>> {
    parse(case.text).map_err(|e| vec![e.to_string()])
}

fn sound(graph: Graph) -> Result<Graph, Vec<String>> {
    match verify(&graph) {
        Ok(()) => Ok(graph),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect()),
    }
}

fn text(result: Result<Graph, Vec<String>>) -> String {
    match result {
        Ok(graph) => print(&graph),
        Err(errors) => errors.iter().map(|e| format!("error: {e}\n")).collect(),
    }
}

fn verify_case(case: &Case<'_>) -> String {
    match parse_case(case).and_then(sound) {
        Ok(_) => String::new(),
        errors => text(errors),
    }
}

/// The parts of a file.
struct Parts<'t> {
    command: &'static Command,
    arguments: &'t str,
    /// The comments before the network.
    header: Vec<&'t str>,
    network: Vec<&'t str>,
    /// The comments after it, without their marks.
    comments: Vec<&'t str>,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Result<Self, String> {
        let comment = |line: &&str| line.trim().is_empty() || line.starts_with("//");
        let lines: Vec<&str> = text.lines().collect();
        let start = lines.iter().position(|l| !comment(l)).ok_or("there is no network")?;
        let end = lines.iter().rposition(|l| !comment(l)).map_or(start, |k| k + 1);
        let (header, rest) = lines.split_at(start);
        let (network, comments) = rest.split_at(end - start);
        let test = header.first().and_then(|l| l.strip_prefix("// test "));
        let test = test.ok_or("the first line is not '// test COMMAND'")?.trim();
        let (name, arguments) = test.split_once(' ').unwrap_or((test, ""));
        let known = COMMANDS.iter().find(|c| c.name == name);
        let command = known.ok_or_else(|| format!("there is no command '{name}'"))?;
        let content = |l: &&'t str| l.strip_prefix("//").map(|l| l.strip_prefix(' ').unwrap_or(l));
        Ok(Self {
            command,
            arguments,
            header: header.to_vec(),
            network: network.to_vec(),
            comments: comments.iter().filter_map(content).collect(),
        })
    }

    /// The file with what came out as what is expected.
    fn blessed(&self, output: &str) -> String {
        let mut out = String::new();
        let mut put = |line: &str| {
            out.push_str(line.trim_end());
            out.push('\n');
        };
        self.header.iter().for_each(|l| put(l));
        match self.command.expected {
            Expected::Network => {
                output.lines().for_each(&mut put);
                self.comments.iter().for_each(|l| put(&format!("// {l}")));
            }
            Expected::Comments => {
                self.network.iter().for_each(|l| put(l));
                output.lines().for_each(|l| put(&format!("// {l}")));
            }
        }
        out
    }
}

/// Runs one file; gives the name of its command.
///
/// # Errors
/// When its header is not known, or what came out is not what the file holds.
pub fn run(path: &Path, bless: bool) -> Result<&'static str, String> {
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    let parts = Parts::of(&text)?;
    let output = (parts.command.run)(&Case { text: &text, arguments: parts.arguments });
    let expected = match parts.command.expected {
        Expected::Network => &parts.network,
        Expected::Comments => &parts.comments,
    };
    if output.lines().map(str::trim_end).eq(expected.iter().map(|l| l.trim_end())) {
        return Ok(parts.command.name);
    }
    if bless {
        std::fs::write(path, parts.blessed(&output)).map_err(|e| e.to_string())?;
        return Ok(parts.command.name);
    }
    Err(format!("expected\n{}\nfound\n{output}", expected.join("\n")))
}

/// Every `.snn` file below a folder, in order.
///
/// # Errors
/// When the folder or one below it cannot be read or holds nothing.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let at = |e: &dyn std::fmt::Display| format!("{}: {e}", folder.display());
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| at(&e))? {
        let path = entry.map_err(|e| at(&e))?.path();
        if path.is_dir() {
            out.extend(files(&path)?);
        } else if path.extension().is_some_and(|e| e == "snn") {
            out.push(path);
        }
    }
    if out.is_empty() {
        return Err(at(&"there is no .snn file"));
    }
    out.sort();
    Ok(out)
}
