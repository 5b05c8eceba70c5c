//! How long it takes from the moment at which an input is due to be written until a reader of what is committed has an
//! output of it: the processor alone, over real Kafka.
//!
//! Inputs come on a fixed schedule, whatever the system does, so that a stall counts for every input that came in it.

#![forbid(unsafe_code)]

mod book;
mod commits;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use quittance_avro::topics::Topic;
use quittance_log::{Producer, Tail, Tailed};
use quittance_tests::{Commands, Installation, Options, Part, Process};
use tokio::task::JoinSet;

use self::{book::Book, commits::Counted};

/// Measures the latency of the payment processor.
#[derive(Debug, Parser)]
struct Args {
    /// Inputs a second
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    rate: u32,
    /// Processors that share the work
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=8))]
    processors: u16,
    /// Partitions of each topic
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    partitions: u16,
    /// How long to measure, seconds
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How long to run before, seconds
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(0..=600))]
    warmup_seconds: u32,
}

const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(30);
/// How long the last outputs may take.
const LAST_WITHIN: Duration = Duration::from_secs(30);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args = Args::parse();
    let variables = vec![("QUITTANCE_LOG", "warn".to_owned()), ("QUITTANCE_PARTITIONS", args.partitions.to_string())];
    let installation = Installation::prepare("latency", Options { variables })?;
    let slots = 0..args.processors;
    let processors: Result<Vec<Process>> =
        slots.map(|slot| installation.another(Part::Processor, &slot.to_string())).collect();
    let mut processors = processors?;
    processors.iter_mut().try_for_each(Process::start)?;
    for processor in &processors {
        processor.ready(Duration::from_secs(60)).await?;
    }
    let book = Book::default();
    let reader = Reading::start(&installation, &book)?;
    let urls: Vec<String> = processors.iter().map(|processor| processor.url("/metrics")).collect();
    let before = write(&installation, &args, &book, &urls).await?;
    let deadline = Instant::now() + LAST_WITHIN;
    while book.missing() > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    reader.stop()?;
    ensure!(book.missing() == 0, "{} inputs have no output", book.missing());
    let after = Counted::now(urls).await?;
    let Args { rate, processors, partitions, seconds, warmup_seconds } = args;
    println!(
        "{rate} inputs/s, {processors} processors, {partitions} partitions: {seconds} s after {warmup_seconds} s of warm-up"
    );
    println!("{}", book.report());
    println!("{}", after.since(&before));
    Ok(())
}

/// Writes inputs when they are due. Gives what the processors had counted when the first was that is measured.
async fn write(installation: &Installation, args: &Args, book: &Book, urls: &[String]) -> Result<Counted> {
    let commands = Commands::new(&installation.registry()?, &installation.prefix).await?;
    let producer = Producer::open(&installation.kafka()?, ACKNOWLEDGED_WITHIN)?;
    let (began, mut sending) = (Instant::now(), JoinSet::new());
    let (first, mut before) = (args.rate * args.warmup_seconds, None);
    for number in 0..first + args.rate * args.seconds {
        if number == first {
            before = Some(tokio::spawn(Counted::now(urls.to_vec())));
        }
        let (id, record) = commands.create("tok_approve")?;
        let due = began + Duration::from_secs(1) * number / args.rate;
        tokio::time::sleep_until(due.into()).await;
        let is_measured = number >= first;
        book.due(id.to_string(), due, is_measured);
        let (producer, book) = (producer.clone(), book.clone());
        sending.spawn(async move {
            producer.produce(&record).await.context("writing an input")?;
            book.acknowledged(due.elapsed(), is_measured);
            Ok::<_, anyhow::Error>(())
        });
        while let Some(sent) = sending.try_join_next() {
            sent??;
        }
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    before.context("nothing is measured")?.await?
}

/// A reader of outcomes.
struct Reading {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<Result<()>>,
}

impl Reading {
    fn start(installation: &Installation, book: &Book) -> Result<Self> {
        let (stop, book) = (Arc::<AtomicBool>::default(), book.clone());
        let mut tail = Tail::open(&installation.kafka()?, &Topic::PaymentOutcomes.name(&installation.prefix))?;
        let ended = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                if let Some(Tailed::Record(record)) = tail.poll(Duration::from_millis(100))? {
                    book.read(record.headers.text("command-id").unwrap_or_default(), Instant::now());
                }
            }
            Ok(())
        });
        Ok(Self { stop, thread })
    }

    fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the reader panicked"))?
    }
}
