//! CPU time, memory and the time that passes, as the other clients measure them.

use serde_json::{json, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

pub type Counter = Arc<AtomicU64>;

/// User and system time of this process, all threads together, in seconds.
fn cpu_seconds() -> f64 {
    // SAFETY: getrusage only writes to the struct that it is given, for which all zeroes is a value.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The most memory that this process ever had resident; 0 where there is no /proc.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Open sockets of this process; 0 where there is no /proc.
fn open_sockets() -> usize {
    let Ok(files) = std::fs::read_dir("/proc/self/fd") else {
        return 0;
    };
    files
        .filter_map(|file| std::fs::read_link(file.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

pub struct Stopwatch {
    start: Instant,
    cpu: f64,
}

impl Stopwatch {
    pub fn begin() -> Self {
        Stopwatch {
            start: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    pub fn end(&self, jobs: u64) -> Value {
        json!({
            "jobs": jobs,
            "seconds": self.start.elapsed().as_secs_f64(),
            "cpuSeconds": cpu_seconds() - self.cpu,
            "peakBytes": peak_bytes(),
            "connections": open_sockets(),
        })
    }
}

/// Measures what is already going on, once it is warm, which it is not before its first job; until all jobs are counted,
/// where they come to an end.
pub async fn window(counter: &Counter, task: &Value) -> Value {
    let total = task["jobs"]
        .as_u64()
        .filter(|_| task["work"] == "consume")
        .unwrap_or(u64::MAX);
    while counter.load(Ordering::Relaxed) == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    let until = Instant::now() + millis(task, "warmUpMs");
    while Instant::now() < until && counter.load(Ordering::Relaxed) < total / 5 {
        sleep(Duration::from_millis(1)).await;
    }
    let before = counter.load(Ordering::Relaxed);
    let watch = Stopwatch::begin();
    let until = Instant::now() + millis(task, "ms");
    while Instant::now() < until && counter.load(Ordering::Relaxed) < total {
        sleep(Duration::from_millis(5).min(until.saturating_duration_since(Instant::now()))).await;
    }
    watch.end(counter.load(Ordering::Relaxed) - before)
}

pub fn millis(task: &Value, name: &str) -> Duration {
    Duration::from_secs_f64(task[name].as_f64().expect(name) / 1000.0)
}
