//! Runs every file below `filetests/`.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_tests::filetest::{COMMANDS, files, run};
use std::collections::BTreeMap;
use std::path::Path;

/// Fewest files of each command.
const LEAST: usize = 3;

#[test]
fn filetests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("filetests");
    let bless = std::env::var_os("SNNC_BLESS").is_some_and(|v| v == "1");
    let mut counts: BTreeMap<&str, usize> = COMMANDS.iter().map(|c| (c.name, 0)).collect();
    let mut failures = Vec::new();
    for path in files(&folder).unwrap() {
        match run(&path, bless) {
            Ok(command) => *counts.entry(command).or_default() += 1,
            Err(problem) => {
                let name = path.strip_prefix(&folder).unwrap_or(&path);
                failures.push(format!("{}: {problem}", name.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}\n(SNNC_BLESS=1 accepts what was found)", failures.join("\n\n"));
    for (command, count) in counts {
        assert!(count >= LEAST, "'{command}' has {count} file(s), fewer than {LEAST}");
    }
}

#[test]
fn a_file_without_a_known_header_and_an_empty_folder_fail() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = files(folder.path()).unwrap_err();
    assert!(nothing.ends_with("there is no .snn file"), "{nothing}");
    let path = folder.path().join("a.snn");
    let network = "network \"n\" steps 1 real {\n}\n";
    for (header, problem) in [
        ("", "the first line is not '// test COMMAND'"),
        ("// what test\n", "the first line is not '// test COMMAND'"),
        ("// test nothing\n", "there is no command 'nothing'"),
    ] {
        std::fs::write(&path, format!("{header}{network}")).unwrap();
        assert_eq!(run(&path, true), Err(problem.into()));
    }
    std::fs::write(&path, "// test verify\n").unwrap();
    assert_eq!(run(&path, true), Err("there is no network".into()));
    assert_eq!(files(folder.path()), Ok(vec![path]));
}

#[test]
fn what_came_out_is_written_on_request_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.snn");
    let text = "// test verify\n// Why.\nnetwork \"n\" steps 1 real { }\n// error: another\n";
    std::fs::write(&path, text).unwrap();
    assert!(run(&path, false).unwrap_err().contains("node 'n': the network has no output"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    assert_eq!(run(&path, true), Ok("verify"));
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text.replace("another", "node 'n': the network has no output")
    );
    assert_eq!(run(&path, false), Ok("verify"));
    let text = "// test roundtrip\nnetwork \"n\" steps 1 real { }\n// Kept.\n";
    std::fs::write(&path, text).unwrap();
    assert_eq!(run(&path, true), Ok("roundtrip"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text.replace("{ }", "{\n}"));
}
