//! What becomes of a run whose output nobody reads, or that cannot be written.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::process::{Command, Stdio};

fn snnc(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snnc"));
    command.args(arguments.split(' ')).current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    command
}

/// The end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

const DIGITS: &str = "examples/digits/digits.onnx";

#[test]
fn a_run_whose_result_nobody_reads_ends_quietly() {
    for (arguments, status) in [
        (format!("compile {DIGITS} -t loihi2 --activity 0.1"), 0),
        (format!("compile {DIGITS} -t loihi2 --activity 0.1 --format json"), 0),
        (format!("compile {DIGITS} -t loihi2 --activity 0.1 --stop-after fold"), 0),
        (format!("compare {DIGITS} --activity 0.1"), 0),
        (format!("compare {DIGITS} --activity 0.1 --format json"), 0),
        (format!("compare {DIGITS} --activity 0.1 -t speck"), 1),
        (format!("inspect {DIGITS}"), 0),
        (format!("inspect {DIGITS} --format json"), 0),
        (format!("inspect {DIGITS} --ir"), 0),
        (format!("simulate {DIGITS} --input examples/digits/heldout.npz --limit 2"), 0),
        (format!("simulate {DIGITS} --input examples/digits/heldout.npz --limit 2 --format json"), 0),
        ("targets".into(), 0),
        ("targets show loihi1".into(), 0),
        ("ops".into(), 0),
        ("schema".into(), 0),
        ("explain E0501".into(), 0),
        ("--help".into(), 0),
    ] {
        let done = snnc(&arguments).stdout(unread()).output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert_eq!((done.status.code(), told.as_ref()), (Some(status), ""), "{arguments}");
    }
}

#[test]
fn a_run_whose_diagnostics_nobody_reads_ends_as_it_would() {
    for (arguments, status) in [
        ("compile none.onnx -t loihi2".to_owned(), 3),
        (format!("compile {DIGITS} -t loihi1 --max-cores 1"), 1),
        (format!("compile {DIGITS} -t loihi2 -vv --format json"), 0),
        (format!("compare {DIGITS} -v"), 0),
        ("wobble".into(), 2),
    ] {
        let done = snnc(&arguments).stderr(unread()).output().unwrap();
        assert_eq!(done.status.code(), Some(status), "{arguments}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let done = snnc("schema").stdout(full).output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3));
    assert!(told.contains("E0007") && told.contains("standard output"), "{told}");
}
