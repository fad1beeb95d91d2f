//! What the README shows is what its commands print. `SNNC_BLESS=1` writes what they print into it.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

const RUN: &str = "cargo run --release -- ";

/// The standard output of a command of the README, run from the root of the workspace; what it would
/// write goes to `folder`.
fn output(root: &Path, arguments: &str, folder: &Path) -> String {
    let folder = folder.to_string_lossy();
    let arguments: Vec<&str> = arguments
        .split_whitespace()
        .map(|a| if a.starts_with("target/") { folder.as_ref() } else { a })
        .collect();
    let done = Command::new(env!("CARGO_BIN_EXE_snnc")).args(&arguments).current_dir(root).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = tempfile::tempdir().unwrap();
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut fresh = String::new();
    let mut command: Option<&str> = None;
    let mut compared = 0;
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        fresh.push_str(line);
        fresh.push('\n');
        if let Some(arguments) = line.strip_prefix(RUN) {
            command = Some(arguments);
        }
        if line == "```text"
            && let Some(arguments) = command.take()
        {
            fresh.push_str(&output(&root, arguments, folder.path()));
            fresh.push_str("```\n");
            lines.by_ref().find(|l| *l == "```");
            compared += 1;
        }
    }
    assert!(compared >= 2, "the README shows the output of {compared} commands");
    if fresh != readme {
        assert!(
            std::env::var_os("SNNC_BLESS").is_some(),
            "the README is stale; SNNC_BLESS=1 rewrites it:\n{fresh}"
        );
        std::fs::write(root.join("README.md"), fresh).unwrap();
    }
}
