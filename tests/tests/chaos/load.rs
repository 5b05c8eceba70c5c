//! A steady load of commands on every partition, and when each is answered.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use quittance_avro::topics::Topic;
use quittance_log::{ProduceError, Producer, Tail, Tailed};
use quittance_tests::{Commands, Installation};
use tokio::{
    task::{JoinHandle as Task, JoinSet},
    time::MissedTickBehavior,
};

const EVERY: Duration = Duration::from_millis(20);
/// How long a record may take to be acknowledged, a restart of the broker included.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// Commands on their way.
pub(super) struct Load {
    book: Arc<Mutex<Book>>,
    stop: Arc<AtomicBool>,
    writing: Task<Result<()>>,
    reading: JoinHandle<Result<()>>,
}

/// When commands were written to each partition and not answered yet, and when the last answer came.
#[derive(Default)]
struct Book {
    /// By command: its partition, and when it was sent.
    written: BTreeMap<String, (i32, Instant)>,
    /// Answers to commands that were not known to be written yet.
    early: BTreeMap<String, Instant>,
    /// By partition: of commands and their answers, the latest.
    answered: BTreeMap<i32, Vec<(Instant, Instant)>>,
}

impl Load {
    pub(super) async fn start(installation: &Installation) -> Result<Self> {
        let kafka = installation.kafka()?;
        let commands = Commands::new(&installation.registry()?, &installation.prefix).await?;
        let producer = Producer::open(&kafka, ACKNOWLEDGED_WITHIN)?;
        let (book, stop) = (Arc::<Mutex<Book>>::default(), Arc::<AtomicBool>::default());
        let topic = Topic::PaymentOutcomes.name(&installation.prefix);
        let reading = {
            let (book, stop) = (Arc::clone(&book), Arc::clone(&stop));
            thread::spawn(move || {
                let mut tail = Tail::open(&kafka, &topic)?;
                while !stop.load(Ordering::Relaxed) {
                    if let Some(Tailed::Record(record)) = tail.poll(Duration::from_millis(100))? {
                        let command = record.headers.text("command-id").unwrap_or_default();
                        lock(&book).answered(command, Instant::now());
                    }
                }
                Ok(())
            })
        };
        let writing = tokio::spawn(write(commands, producer, Arc::clone(&book), Arc::clone(&stop)));
        Ok(Self { book, stop, writing, reading })
    }

    /// How long after `since` the last partition had answered a command that was sent after it. Nothing while one has not.
    pub(super) fn recovered(&self, since: Instant) -> Option<Duration> {
        let book = lock(&self.book);
        let first = |answers: &Vec<(Instant, Instant)>| {
            answers.iter().filter(|(written, _)| *written > since).map(|(_, answered)| *answered).min()
        };
        let firsts: Option<Vec<Instant>> = book.answered.values().map(first).collect();
        Some(firsts?.into_iter().max()?.duration_since(since))
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.writing.await??;
        self.reading.join().map_err(|_| anyhow!("the reader panicked"))?
    }
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write(commands: Commands, producer: Producer, book: Arc<Mutex<Book>>, stop: Arc<AtomicBool>) -> Result<()> {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sending = JoinSet::new();
    while !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let (id, record) = commands.create("tok_approve")?;
        let (producer, book) = (producer.clone(), Arc::clone(&book));
        sending.spawn(async move {
            let sent_at = Instant::now();
            match producer.produce(&record).await {
                Ok((partition, _)) => lock(&book).written(&id.to_string(), partition, sent_at),
                // It may be in the log all the same, and is looked for there in the end.
                Err(ProduceError::Unacknowledged { .. }) => {}
                Err(error) => return Err(error).context("writing a command"),
            }
            Ok(())
        });
        while let Some(sent) = sending.try_join_next() {
            sent??;
        }
    }
    while let Some(sent) = sending.join_next().await {
        sent??;
    }
    Ok(())
}

impl Book {
    fn written(&mut self, command: &str, partition: i32, at: Instant) {
        match self.early.remove(command) {
            Some(answered) => self.answered.entry(partition).or_default().push((at, answered.max(at))),
            None => {
                self.written.insert(command.to_owned(), (partition, at));
            }
        }
    }

    fn answered(&mut self, command: &str, at: Instant) {
        match self.written.remove(command) {
            Some((partition, written)) => self.answered.entry(partition).or_default().push((written, at)),
            None => {
                self.early.insert(command.to_owned(), at);
            }
        }
    }
}
