//! Time and peak memory of importing large models, beside those of reading their files.
//!
//! `cargo bench -p snnc-benches --bench import`, with names of forms of weights behind `--` where not all of
//! them are wanted; `SNNC_BENCH_MB` sets the size (200). Each case runs in a process of its own, so that its
//! peak is its own. The files were just written: they are in the page cache. Where other programs run, the
//! processor time (cpu) says more than the time that passed (s).
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench may fail")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use snnc_benches::{Form, model, peak_memory, processor_time, write};
use snnc_frontends::onnx::{Options, import, read};

/// What the importer may take: seconds for 200 MB, and memory as a multiple of the files.
const LIMITS: (f64, f64) = (0.5, 1.3);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, what, path] = &arguments[..]
        && ["--read", "--import"].contains(&what.as_str())
    {
        return child(what, Path::new(path));
    }
    let megabytes = std::env::var("SNNC_BENCH_MB").ok().and_then(|v| v.parse().ok()).unwrap_or(200usize);
    println!(
        "{:<10} {:<9} {:>6} | {:>22} | {:>30}",
        "weights", "where", "MB", "read: s   cpu      MB", "import: s    cpu     MB     x"
    );
    let wanted: Vec<&String> = arguments.iter().skip(1).filter(|a| !a.starts_with("--")).collect();
    for form in Form::ALL {
        let name = format!("{form:?}").to_lowercase();
        if !wanted.is_empty() && !wanted.contains(&&name) {
            continue;
        }
        for external in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let (path, bytes) = write(model(megabytes * 1_000_000, form), folder.path(), external).unwrap();
            let (read_s, read_cpu, read_peak) = run("--read", &path);
            let (s, cpu, peak) = run("--import", &path);
            let mb = |b: Option<u64>| b.map_or("-".into(), |b| format!("{:.0}", b as f64 / 1e6));
            let times = peak.map(|p| p as f64 / bytes as f64);
            let over = s > LIMITS.0 * megabytes as f64 / 200.0 || times.is_some_and(|t| t > LIMITS.1);
            println!(
                "{:<10} {:<9} {:>6} | {read_s:>7.3} {read_cpu:>6.2} {:>7} | {s:>9.3} {cpu:>6.2} {:>6} {:>5}{}",
                name,
                if external { "external" } else { "inline" },
                mb(Some(bytes)),
                mb(read_peak),
                mb(peak),
                times.map_or("-".into(), |t| format!("{t:.2}")),
                if over { "  above the limit" } else { "" },
            );
        }
    }
}

/// Seconds, processor time and peak memory of a child.
fn run(what: &str, path: &Path) -> (f64, f64, Option<u64>) {
    let output = Command::new(std::env::current_exe().unwrap()).arg(what).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{what}: {text}{}", String::from_utf8_lossy(&output.stderr));
    let mut words = text.split_whitespace();
    let mut seconds = || words.next().unwrap().parse().unwrap();
    (seconds(), seconds(), words.next().and_then(|w| w.parse().ok()))
}

fn child(what: &str, path: &Path) {
    let start = Instant::now();
    let kept: Box<dyn std::any::Any> = match what {
        "--read" => {
            let folder = path.parent().unwrap();
            let files = std::fs::read_dir(folder).unwrap().map(|e| std::fs::read(e.unwrap().path()).unwrap());
            Box::new(files.collect::<Vec<_>>())
        }
        _ => {
            let model = read(path).unwrap();
            Box::new(import(&model, &Options::default()).unwrap())
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let processor = processor_time().unwrap_or(f64::NAN);
    println!("{seconds} {processor} {}", peak_memory().map_or("-".into(), |p| p.to_string()));
    drop(kept);
}
