//! How long a lone job takes from the call that enqueues it to its handler.

use crate::measure::{millis, Stopwatch};
use crate::{connect, consume, small};
use serde_json::{json, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

const PAUSE: Duration = Duration::from_millis(5);
const LOST: Duration = Duration::from_secs(10);

pub async fn latency(task: Arc<Value>) -> Value {
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    consume(&task, move |_| {
        arrived.send(Instant::now()).expect("a receiver");
    })
    .await;
    let mut client = connect(&task).await;
    let warm = Instant::now() + millis(&task, "warmUpMs");
    let until = warm + millis(&task, "ms");
    let mut watch = None;
    let mut took: Vec<f64> = Vec::new();
    while Instant::now() < until {
        if watch.is_none() && Instant::now() >= warm {
            watch = Some(Stopwatch::begin());
            took.clear();
        }
        let sent = Instant::now();
        client.enqueue(small(&task)).await.expect("enqueue");
        let arrival = timeout(LOST, arrivals.recv()).await.expect("a job");
        took.push((arrival.expect("a job") - sent).as_secs_f64() * 1e6);
        sleep(PAUSE).await;
    }
    took.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
    let mut measured = watch.expect("watch").end(took.len() as u64);
    measured["latency"] = json!({ "p50Us": at(0.5), "p99Us": at(0.99) });
    measured
}
