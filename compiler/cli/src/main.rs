//! The command line of snnc: reads arguments, calls the driver, renders what comes back.
//!
//! Results go to standard output, everything else to standard error. Exit status: 0 fine, 1 the model
//! or a check failed, 2 usage, 3 input or output failed, 101 a bug.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod exit;
mod render;

use clap::Parser;

fn main() -> std::process::ExitCode {
    let args = args::Args::parse();
    // Deep networks are walked with explicit stacks, but decoders and renderers recurse a little.
    let run = std::thread::Builder::new().name("snnc".into()).stack_size(64 << 20).spawn(move || {
        let context = render::Context::new(&args.global);
        match commands::run(args.command, &context) {
            Ok(exit) => exit,
            Err(failure) => context.report(failure),
        }
    });
    match run.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit.into(),
        // The panic's message is already on standard error.
        Ok(Err(_)) => exit::Exit::Bug.into(),
        Err(_) => exit::Exit::Io.into(),
    }
}
