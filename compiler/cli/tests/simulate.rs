//! Runs over sample files of every kind, from the command line.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// Two channels of three rows and columns, given out as they come.
const NETWORK: &str = "network \"n\" steps 4 integer {\n  %0 = input \"x\" : 2x3x3 {values 0..=7}\n  \
    %1 = output \"o\" (%0) : 2x3x3\n}\n";

fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snnc"));
    command.args(arguments.split_whitespace()).current_dir(folder);
    command
}

fn snnc(folder: &Path, arguments: &str) -> Output {
    command(folder, arguments).output().unwrap()
}

/// What a run that goes well prints as JSON.
fn json(folder: &Path, arguments: &str) -> Value {
    let done = snnc(folder, &format!("{arguments} --format json"));
    assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The header of a `.npy` file.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|d| format!("{d}, ")).collect();
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({sizes})}}");
    let length = (text.len() + 11).next_multiple_of(64) - 10;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(length).unwrap().to_le_bytes());
    out.extend(format!("{text:<width$}\n", width = length - 1).bytes());
    out
}

fn file(folder: &Path, name: &str, descr: &str, shape: &[usize], data: &[u8]) {
    std::fs::write(folder.join(name), [header(descr, shape), data.to_vec()].concat()).unwrap();
}

fn network() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("m.snn"), NETWORK).unwrap();
    folder
}

/// The sums of the output of a sample.
fn sums(run: &Value, sample: usize) -> Vec<u64> {
    let sums = run["outputs"][0]["sums"][sample].as_array().unwrap();
    sums.iter().map(|v| v.as_f64().unwrap() as u64).collect()
}

#[test]
fn an_event_list_of_fields_is_binned() {
    let folder = network();
    let at = folder.path();
    let mut data = Vec::new();
    for (t, x, y, p) in [(10u64, 0u16, 0u16, 1u8), (10, 0, 0, 1), (2500, 2, 1, 0)] {
        data.extend(x.to_le_bytes());
        data.extend(y.to_le_bytes());
        data.extend(t.to_le_bytes());
        data.push(p);
    }
    let fields = "[('x', '<u2'), ('y', '<u2'), ('t', '<u8'), ('p', '|b1')]";
    file(at, "e.npy", fields, &[3], &data);
    let run = json(at, "simulate m.snn --input e.npy --bin 1ms");
    assert_eq!((&run["samples"], &run["steps"]), (&1.into(), &3.into()));
    let mut expected = [0; 18];
    (expected[9], expected[5]) = (2, 1);
    assert_eq!(sums(&run, 0), expected);
    let run = json(at, "simulate m.snn --input e.npy --bin 1ms --binary");
    assert_eq!(sums(&run, 0)[9], 1);
    // Without a time of a step the network's four steps divide that of the sample.
    assert_eq!(json(at, "simulate m.snn --input e.npy")["steps"], 4);
    let as_nanoseconds = json(at, "simulate m.snn --input e.npy --bin 1us --time-unit ns");
    assert_eq!(as_nanoseconds["steps"], 3);
}

#[test]
fn an_image_is_shown_as_the_user_says() {
    let folder = network();
    let at = folder.path();
    let image: Vec<u8> = (0..18).map(|k| if k < 9 { 7 } else { 0 }).collect();
    file(at, "i.npy", "'|u1'", &[2, 3, 3], &image);
    let direct = json(at, "simulate m.snn --input i.npy --encode direct --steps 6");
    assert_eq!(sums(&direct, 0), image.iter().map(|v| u64::from(*v) * 6).collect::<Vec<_>>());
    let rate = "simulate m.snn --input i.npy --encode rate --max 14 --steps 100";
    let first = json(at, rate);
    assert!(sums(&first, 0)[..9].iter().all(|n| (25..75).contains(n)), "{first}");
    assert!(sums(&first, 0)[9..].iter().all(|n| *n == 0), "{first}");
    assert_eq!(json(at, &format!("{rate} --seed 0 --threads 3")), first);
    assert_ne!(json(at, &format!("{rate} --seed 1")), first);
    // Options that need each other.
    for wrong in
        ["--max 2", "--encode delta", "--encode rate --max 0", "--event-order xy", "--threads 0", "--bin 0us"]
    {
        let done = snnc(at, &format!("simulate m.snn --input i.npy {wrong}"));
        assert_eq!(done.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn the_result_does_not_depend_on_threads() {
    let folder = network();
    let at = folder.path();
    let data: Vec<u8> = (0..50u32 * 4 * 18).map(|k| (k.wrapping_mul(2_654_435_761) >> 29) as u8).collect();
    file(at, "s.npy", "'|u1'", &[50, 4, 2, 3, 3], &data);
    let run = |threads: u32| {
        let printed = json(at, &format!("simulate m.snn --input s.npy -o o.npz --threads {threads}"));
        (printed, std::fs::read(at.join("o.npz")).unwrap())
    };
    let one = run(1);
    assert!(one.0["layers"][0]["events"].as_u64() > Some(0));
    assert_eq!([run(2), run(5)], [one.clone(), one]);
}

#[test]
fn a_table_fits_a_terminal_and_has_no_progress_where_there_is_none() {
    let folder = network();
    let at = folder.path();
    file(at, "s.npy", "'|u1'", &[2000, 4, 2, 3, 3], &[1; 2000 * 72]);
    let done = snnc(at, "simulate m.snn --input s.npy");
    assert!(done.status.success() && done.stderr.is_empty());
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("… 1990 more"), "{text}");
    let table: Vec<&str> = text.lines().skip_while(|l| !l.starts_with("layer")).collect();
    assert!(table.len() > 1 && table.iter().all(|l| l.chars().count() <= 100), "{text}");
}

/// Peak memory of a process in KiB while it runs.
#[cfg(target_os = "linux")]
fn peak(mut command: Command) -> u64 {
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.trim().strip_suffix(" kB")).and_then(|l| l.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    peak
}

/// Half a gigabyte in, and out: takes a minute without optimisation.
#[test]
#[ignore = "writes a gigabyte and takes a minute"]
#[cfg(target_os = "linux")]
fn a_long_trace_is_not_held_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let network = NETWORK.replace("2x3x3", "2x128x128");
    std::fs::write(at.join("m.snn"), network).unwrap();
    let frame = vec![1u8; 2 * 128 * 128];
    for (name, shape) in [("one.npy", vec![16_384, 2, 128, 128]), ("many.npy", vec![1024, 16, 2, 128, 128])] {
        let mut out = BufWriter::new(std::fs::File::create(at.join(name)).unwrap());
        out.write_all(&header("'|u1'", &shape)).unwrap();
        for _ in 0..16_384 {
            out.write_all(&frame).unwrap();
        }
        out.flush().unwrap();
        let used = peak(command(at, &format!("simulate m.snn --input {name} --threads 2")));
        assert!(used > 1024 && used < 200 << 10, "{name}: {used} KiB");
        let used = peak(command(at, &format!("simulate m.snn --input {name} --threads 2 -o o.npz")));
        assert!(used > 1024 && used < 200 << 10, "{name}, recorded: {used} KiB");
    }
}
