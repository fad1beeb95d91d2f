//! A try in a process of its own: a stack that overflows, or a run that does not end, ends the try only.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use snnc_driver::reduce::Attempt;
use snnc_driver::reduce::trial::Trial;
use snnc_ir::diag::{Code, Diagnostic};

use crate::args::{ObjectiveArg, Reduce};

/// Tries a file with the options of the reduction.
pub(super) fn attempt(args: &Reduce, attempt: Attempt<'_>) -> Result<Trial, Diagnostic> {
    let program = std::env::current_exe().map_err(failed)?;
    run(command(program, args, attempt), Duration::from_secs(args.patience))
}

fn failed(error: std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, format!("cannot start a try: {error}"))
        .remedy("check that snnc's own file can be run, and the limits on processes")
}

/// What a process writes of a try; nothing of one that takes longer than `patience`.
fn run(mut command: Command, patience: Duration) -> Result<Trial, Diagnostic> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = quiet.spawn().map_err(failed)?;
    let (send, receive) = mpsc::channel();
    if let Some(mut stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            // What cannot be read is no result, as if nothing had been written.
            let _ = stdout.read_to_string(&mut text);
            let _ = send.send(text);
        });
    }
    let Ok(text) = receive.recv_timeout(patience) else {
        // It may have ended meanwhile.
        let _ = child.kill();
        child.wait().map_err(failed)?;
        return Ok(Trial::default());
    };
    let status = child.wait().map_err(failed)?;
    Ok(serde_json::from_str(&text).unwrap_or_else(|_| ended(status)))
}

fn command(program: std::path::PathBuf, args: &Reduce, attempt: Attempt<'_>) -> Command {
    let mut command = Command::new(program);
    command.args(["reduce", "--try", "--until", &args.until.to_string()]);
    command.args(["--seed", &args.seed.to_string()]);
    if attempt.import_only {
        command.arg("--import-only");
    }
    if attempt.as_given {
        if let Some(steps) = args.model.steps {
            command.args(["--steps", &steps.to_string()]);
        }
        for (name, dims) in &args.model.shape {
            let dims: Vec<String> = dims.iter().map(u64::to_string).collect();
            command.args(["--shape", &format!("{name}={}", dims.join(","))]);
        }
    }
    if let Some(target) = &args.target {
        command.args(["--target", target]);
        command.args(["--chips", &args.mapping.chips.to_string()]);
        let objective = match args.mapping.objective {
            ObjectiveArg::Time => "time",
            ObjectiveArg::Energy => "energy",
            ObjectiveArg::Cores => "cores",
        };
        command.args(["--objective", objective]);
    }
    if let Some(activity) = &args.mapping.activity {
        command.args(["--activity", activity]);
    }
    if let Some(cores) = args.mapping.max_cores {
        command.args(["--max-cores", &cores.to_string()]);
    }
    if let Some(chip) = &args.chip {
        command.arg("--chip").arg(chip);
    }
    command.arg("--").arg(attempt.path);
    command
}

/// A process that wrote no result: its stack overflowed, or it was killed.
fn ended(status: ExitStatus) -> Trial {
    Trial { panic: Some(format!("the process ended without a result ({status})")), ..Trial::default() }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> Trial {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, patience).expect("a shell can be run")
    }

    #[test]
    fn a_process_tells_of_its_try_or_how_it_ended() {
        let long = Duration::from_secs(60);
        let trial = Trial { imported: true, difference: Some(("a".into(), "b".into())), ..Trial::default() };
        let text = serde_json::to_string(&trial).unwrap();
        assert_eq!(shell(&format!("echo '{text}'"), long), trial);
        // As a stack that overflows.
        let aborted = shell("kill -ABRT $$", long).panic.unwrap();
        assert!(aborted.contains("signal: 6"), "{aborted}");
        assert!(shell("exit 101", long).panic.is_some());
        assert_eq!(shell("exec sleep 60", Duration::from_millis(100)), Trial::default());
    }
}
