//! The Rust crate `faktory` at work, until it is measured: its argument is the task and what it prints the measurement,
//! both as JSON, as with the other clients.

mod latency;
mod measure;

use faktory::{Client, Job, Worker};
use measure::{window, Counter, Stopwatch};
use serde_json::Value;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::Arc;

/// Jobs of a stream that are enqueued by one call.
const BATCH: u64 = 1000;

fn text<'a>(task: &'a Value, name: &str) -> &'a str {
    task[name].as_str().expect(name)
}

fn number(task: &Value, name: &str) -> u64 {
    task[name].as_u64().expect(name)
}

fn job(task: &Value, args: Vec<Value>) -> Job {
    let job = Job::new("bench", args);
    if task["keepsJobs"] != true {
        return job;
    }
    let mut job = job.on_queue(text(task, "queue"));
    job.retry = Some(0);
    job.reserve_for = Some(std::time::Duration::from_secs(60));
    job
}

fn small(task: &Value) -> Job {
    job(task, vec![Value::from(1), Value::from("two")])
}

async fn connect(task: &Value) -> Client {
    Client::connect_to(text(task, "url")).await.expect("client")
}

/// A call borrows its client, so that calls at the same time need a client each.
async fn enqueue(task: Arc<Value>) -> Value {
    let counter = Counter::default();
    for _ in 0..number(&task, "concurrency") {
        let (task, counter) = (task.clone(), counter.clone());
        let mut client = connect(&task).await;
        tokio::spawn(async move {
            loop {
                if let Err(error) = client.enqueue(small(&task)).await {
                    die(error);
                }
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    window(&counter, &task).await
}

async fn enqueue_batch(client: &mut Client, task: &Value, jobs: u64) {
    let jobs: Vec<Job> = (0..jobs).map(|_| small(task)).collect();
    match client.enqueue_many(jobs).await {
        Ok((_, None)) => {}
        Ok((_, Some(refused))) => die(refused.values().next().cloned().unwrap_or_default()),
        Err(error) => die(error),
    }
}

async fn many(task: Arc<Value>) -> Value {
    let counter = Counter::default();
    let mut client = connect(&task).await;
    {
        let (task, counter) = (task.clone(), counter.clone());
        let jobs = number(&task, "jobs");
        tokio::spawn(async move {
            loop {
                enqueue_batch(&mut client, &task, jobs).await;
                counter.fetch_add(jobs, Ordering::Relaxed);
            }
        });
    }
    window(&counter, &task).await
}

async fn stream(task: Arc<Value>) -> Value {
    let mut client = connect(&task).await;
    let jobs = number(&task, "jobs");
    let watch = Stopwatch::begin();
    let mut left = jobs;
    while left > 0 {
        let batch = left.min(BATCH);
        enqueue_batch(&mut client, &task, batch).await;
        left -= batch;
    }
    watch.end(jobs)
}

/// Runs the jobs of the task's queue in the background.
async fn consume<F>(task: &Value, handle: F)
where
    F: Fn(&[Value]) + Send + Sync + 'static,
{
    let handle = Arc::new(handle);
    let mut worker = Worker::builder()
        .workers(number(task, "concurrency") as usize)
        .register_fn("bench", move |job: Job| {
            let handle = handle.clone();
            async move {
                handle(job.args());
                Ok::<(), io::Error>(())
            }
        })
        .connect_to(text(task, "url"))
        .await
        .expect("worker");
    let queue = text(task, "queue").to_string();
    tokio::spawn(async move {
        match worker.run(&[queue]).await {
            Ok(_) => die("the worker ended"),
            Err(error) => die(error),
        }
    });
}

fn die(reason: impl std::fmt::Display) {
    eprintln!("{reason}");
    std::process::exit(1);
}

#[tokio::main]
async fn main() {
    let text = std::env::args().nth(1).expect("a task");
    let task: Arc<Value> = Arc::new(serde_json::from_str(&text).expect("a task"));
    let measured = match self::text(&task, "work") {
        "enqueue" => enqueue(task).await,
        "many" => many(task).await,
        "stream" => stream(task).await,
        "consume" => {
            let counter = Counter::default();
            let counting = counter.clone();
            consume(&task, move |_| {
                counting.fetch_add(1, Ordering::Relaxed);
            })
            .await;
            window(&counter, &task).await
        }
        "latency" => latency::latency(task).await,
        work => return die(format!("cannot do {work}")),
    };
    println!("{measured}");
    std::process::exit(0);
}
