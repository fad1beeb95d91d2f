//! The progress of a run over samples, on one line of standard error.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::output::err;

/// How often the line is written anew.
const EVERY: Duration = Duration::from_millis(200);

/// A line that tells how far a run is.
#[derive(Debug)]
pub(crate) struct Progress {
    samples: usize,
    /// Steps of a sample.
    steps: u64,
    started: Instant,
    /// When the line was last written.
    told: Mutex<Option<Instant>>,
    shown: bool,
}

impl Progress {
    /// The line of a run over samples with so many steps each.
    pub(crate) fn new(samples: usize, steps: usize, shown: bool) -> Self {
        Self { samples, steps: steps.max(1) as u64, started: Instant::now(), told: Mutex::new(None), shown }
    }

    /// So many steps are done, of all samples.
    pub(crate) fn done(&self, steps: u64) {
        if !self.shown {
            return;
        }
        // Another thread is telling it just now.
        let Ok(mut told) = self.told.try_lock() else { return };
        let now = Instant::now();
        let since = told.unwrap_or(self.started);
        if now - since >= EVERY {
            *told = Some(now);
            err(&format!("\r{}\x1b[K", self.line(steps, now - self.started)));
        }
    }

    fn line(&self, steps: u64, elapsed: Duration) -> String {
        let all = self.samples as u64 * self.steps;
        let (unit, size) = if self.samples > 1 { ("samples", self.steps) } else { ("steps", 1) };
        let rate = steps as f64 / size as f64 / elapsed.as_secs_f64().max(1e-9);
        let left = all.saturating_sub(steps) as f64 / size as f64 / rate.max(1e-9);
        let rate = if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") };
        format!("{}/{} {unit}, {rate} {unit}/s, {} left", steps / size, all / size, time(left))
    }
}

/// The line ends with the run.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.told.lock().is_ok_and(|t| t.is_some()) {
            err("\r\x1b[K");
        }
    }
}

fn time(seconds: f64) -> String {
    let seconds = seconds.min(1e9) as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_samples_or_the_steps_of_one() {
        let many = Progress::new(100, 8, true);
        assert_eq!(many.line(80, Duration::from_secs(2)), "10/100 samples, 5.0 samples/s, 18 s left");
        let one = Progress::new(1, 10_000, true);
        assert_eq!(one.line(100, Duration::from_secs(1)), "100/10000 steps, 100 steps/s, 1 min 39 s left");
        assert_eq!(time(7_265.0), "2 h 1 min");
    }
}
