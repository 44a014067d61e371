//! How long a job takes from the call that enqueues it to its handler, at a fixed rate.

use crate::measure::{millis, Stopwatch};
use crate::{consume, job};
use faktory::Client;
use serde_json::{json, Value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

pub async fn latency(task: Arc<Value>) -> Value {
    let rate = task["rate"].as_f64().expect("rate");
    let warm_up = (rate * millis(&task, "warmUpMs").as_secs_f64()).round() as usize;
    let jobs = warm_up + ((rate * millis(&task, "ms").as_secs_f64()).round() as usize).max(1);
    let sent: Arc<Vec<AtomicU64>> = Arc::new((0..jobs).map(|_| AtomicU64::new(0)).collect());
    let took: Arc<Vec<AtomicU64>> = Arc::new((0..jobs).map(|_| AtomicU64::new(0)).collect());
    let start = Instant::now();
    {
        let (sent, took) = (sent.clone(), took.clone());
        consume(&task, move |args| {
            let number = args[0].as_u64().expect("a number") as usize;
            let nanos = start.elapsed().as_nanos() as u64 - sent[number].load(Ordering::Relaxed);
            took[number].store(nanos, Ordering::Relaxed);
        })
        .await;
    }
    let mut client = Client::connect_to(task["url"].as_str().expect("url"))
        .await
        .expect("client");
    let mut watch = None;
    let first = tokio::time::Instant::now();
    for number in 0..jobs {
        sleep_until(first + Duration::from_secs_f64(number as f64 / rate)).await;
        if number == warm_up {
            watch = Some(Stopwatch::begin());
        }
        sent[number].store(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        client
            .enqueue(job(&task, vec![Value::from(number)]))
            .await
            .expect("enqueue");
    }
    let until = Instant::now() + Duration::from_secs(5);
    while took.iter().any(|nanos| nanos.load(Ordering::Relaxed) == 0) {
        assert!(Instant::now() < until, "some jobs did not arrive");
        sleep(Duration::from_millis(1)).await;
    }
    let mut measured = watch.expect("watch").end((jobs - warm_up) as u64);
    let mut nanos: Vec<u64> = took[warm_up..]
        .iter()
        .map(|n| n.load(Ordering::Relaxed))
        .collect();
    nanos.sort_unstable();
    let at =
        |share: f64| nanos[((nanos.len() - 1) as f64 * share).round() as usize] as f64 / 1000.0;
    measured["latency"] = json!({ "p50Us": at(0.5), "p99Us": at(0.99) });
    measured
}
