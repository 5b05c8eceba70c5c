//! The loop: poll, decide, commit. A worker is a value with [`Worker::step`]; a thread only drives it.

mod commit;
mod takeover;
mod timers;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use quittance_avro::{
    records::DeadLetter,
    time::Timestamp,
    wire::{EncodeError, Encoder},
};
use quittance_log::{
    Event, GroupConsumer, Headers, KafkaArgs, LogError, NewRecord, ReadError, Record, SendError, TopicPartition,
    TransactionalProducer, dead_letter,
};
use quittance_service::{
    backoff::Backoff,
    health::{Heartbeat, Latch},
    shutdown::Shutdown,
};

use super::{
    metrics::RuntimeMetrics,
    partition::Partition,
    processor::{Processed, Processor, Trigger},
    window::Window,
};

/// A window is committed as soon as no input is waiting, or at the first of these bounds.
const WINDOW_RECORDS_MAX: usize = 2_000;
const WINDOW_BYTES_MAX: usize = 4 << 20;
const WINDOW_AGE_MAX: Duration = Duration::from_millis(100);
const IDLE_POLL: Duration = Duration::from_millis(50);

/// What a worker is made of.
pub struct Settings {
    /// How to reach Kafka.
    pub kafka: KafkaArgs,
    /// Stands in the transactional ids: the instance's slot and the worker's number.
    pub name: String,
    /// Unique for every start of a process; window ids begin with it.
    pub incarnation: String,
    /// Name of the part, for dead letters.
    pub part: &'static str,
    /// Name of the topic for dead letters.
    pub dead_letters: Arc<str>,
    /// Writes them.
    pub dead_letter_encoder: Encoder<DeadLetter>,
    /// What it shows of itself.
    pub metrics: RuntimeMetrics,
    /// Ready while the partitions are restored and transactions end well.
    pub latch: Latch,
    /// Beats on every step, and while the worker waits for a server or restores.
    pub heartbeat: Heartbeat,
    /// The largest record that the topics of its outputs take, bytes.
    pub record_bytes_max: usize,
    /// Ends waiting for servers.
    pub shutdown: Shutdown,
}

/// Why a worker cannot go on. The process ends; the next start begins from what was committed.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// The log cannot be used any more.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A state on the changelog cannot be read; going on without it would lose an aggregate.
    #[error("the state of {key} on {at} cannot be read: {cause}")]
    State {
        /// Key of the aggregate.
        key: String,
        /// Partition of the changelog.
        at: TopicPartition,
        /// Why.
        cause: Box<ReadError>,
    },
    /// A record of ours does not fit its schema.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The topics of one partition number came apart: they must have the same number of partitions.
    #[error("partition {0} was assigned without all input topics; they must have the same number of partitions")]
    NotCopartitioned(i32),
    /// The process was told to stop while it waited.
    #[error("stopped")]
    Stopped,
}

/// Exactly-once processing of the partitions that the group assigns.
pub struct Worker<P: Processor> {
    processor: P,
    settings: Settings,
    consumer: GroupConsumer,
    /// Two ids used in turn: one can begin while the broker still writes the markers of the other.
    producers: Option<[TransactionalProducer; 2]>,
    turn: usize,
    windows: u64,
    partitions: BTreeMap<i32, Partition<P::State>>,
    window: Option<Window<P::State>>,
    /// Records whose outputs are too large to be written: buried when they are read again.
    condemned: BTreeMap<(TopicPartition, i64), String>,
    /// Counts the times that reading went back, so that a record in hand is known to come again.
    replays: u64,
    /// Since the last window came to nothing: what comes after the next one that does.
    aborted: Option<Backoff>,
    /// What comes after the ends of the inputs could not be asked for: when to ask again.
    look_ahead_at: Option<Instant>,
    look_ahead: Backoff,
    /// The partition whose ends were asked for last.
    looked_at: i32,
}

impl<P: Processor> Worker<P> {
    /// A worker that owns nothing yet. The consumer has joined the group.
    pub fn new(processor: P, settings: Settings, consumer: GroupConsumer) -> Self {
        Self {
            processor,
            settings,
            consumer,
            producers: None,
            turn: 0,
            windows: 0,
            partitions: BTreeMap::new(),
            window: None,
            condemned: BTreeMap::new(),
            replays: 0,
            aborted: None,
            look_ahead_at: None,
            look_ahead: Backoff::default(),
            looked_at: -1,
        }
    }

    /// Does the next thing: takes in a rebalance, an input, due timers, or ends the window.
    pub fn step(&mut self, now_ms: i64) -> Result<(), Fatal> {
        self.settings.heartbeat.beat();
        let timeout = if self.window.is_some() { Duration::ZERO } else { self.patience(now_ms) };
        match self.consumer.poll(timeout)? {
            Event::Assigned(partitions) => self.take_over(&partitions)?,
            Event::Revoked(_) => self.give_back()?,
            Event::Lost(partitions) => self.lose(&partitions)?,
            Event::Record(record) => self.input(&record, now_ms)?,
            Event::Idle => self.commit()?,
        }
        if self.window.as_ref().is_some_and(is_full) {
            self.commit()?;
        }
        self.fire_timers(now_ms)
    }

    /// Ends the open window and gives the partitions back.
    pub fn stop(mut self) -> Result<(), Fatal> {
        self.give_back()
    }

    /// How long an idle worker may wait for input before its next timer is due.
    fn patience(&self, now_ms: i64) -> Duration {
        let due_ms = self.partitions.values().filter_map(Partition::next_due_ms).min();
        let wait_ms = due_ms.map_or(i64::MAX, |due_ms| due_ms.saturating_sub(now_ms).max(1));
        IDLE_POLL.min(Duration::from_millis(wait_ms.unsigned_abs()))
    }

    fn input(&mut self, record: &Record, now_ms: i64) -> Result<(), Fatal> {
        let number = record.at.partition;
        if !self.is_next(record) {
            return Ok(());
        }
        let replays = self.replays;
        let decoded = self.decode(record)?;
        if replays != self.replays {
            // The window before it came to nothing meanwhile, so that it comes again, behind what stands before it.
            return Ok(());
        }
        self.open_window()?;
        if let Some(timestamp_ms) = record.timestamp_ms {
            let lag = &self.settings.metrics.lag_ms;
            lag.with_label_values(&[&*record.at.topic, &number.to_string()]).set((now_ms - timestamp_ms).max(0));
        }
        let done = match decoded {
            _ if self.condemned.contains_key(&(record.at.clone(), record.offset)) => {
                let detail = self.condemned.remove(&(record.at.clone(), record.offset)).unwrap_or_default();
                self.bury(record, "output_too_large", detail, now_ms)
            }
            Ok((key, input)) => {
                let trigger = Trigger::Input(&input, &record.headers);
                match self.process(number, &key, &trigger, now_ms) {
                    Ok(processed) => match processed.invalid {
                        None => self.write(number, key, processed, "processed"),
                        Some(detail) => self.bury(record, "invalid", detail, now_ms),
                    },
                    Err(cause) => self.bury(record, cause.reason(), cause.to_string(), now_ms),
                }
            }
            Err(error) => self.bury(record, "undecodable", error.to_string(), now_ms),
        };
        if let Some(window) = &mut self.window {
            window.read(record);
        }
        match done {
            Ok(()) => Ok(()),
            Err(Write::Fatal(error)) => Err(error),
            Err(Write::Send(error)) => {
                if matches!(error, SendError::TooLarge { .. }) {
                    self.condemned.insert((record.at.clone(), record.offset), error.to_string());
                }
                self.give_up_window(&error)
            }
        }
    }

    /// Whether it is a record that has not been read yet, of a partition of ours. What was fetched before the partition
    /// was given back is its owner's to read, and what stands before the position has been processed.
    fn is_next(&self, record: &Record) -> bool {
        let partition = self.partitions.get(&record.at.partition);
        let committed = partition.and_then(|partition| partition.positions.get(&record.at.topic));
        let read = self.window.as_ref().and_then(|window| window.position(&record.at));
        committed.is_some_and(|position| record.offset >= read.unwrap_or(*position))
    }

    /// Decodes a record, waiting while the registry is down: that says nothing about the record.
    fn decode(&mut self, record: &Record) -> Result<Result<(String, P::Input), ReadError>, Fatal> {
        let mut backoff = Backoff::default();
        loop {
            match self.processor.decode(record) {
                Err(error) if error.is_transient() => {
                    self.commit()?;
                    self.wait(&error, &mut backoff)?;
                }
                decoded => {
                    self.settings.latch.ready();
                    return Ok(decoded);
                }
            }
        }
    }

    /// Applies the rules to the state as the window sees it.
    ///
    /// # Errors
    /// When they cannot be applied to it, now or ever.
    fn process(
        &self,
        number: i32,
        key: &str,
        trigger: &Trigger<'_, P::Input>,
        now_ms: i64,
    ) -> Result<Processed<P::State>, Failed> {
        let (window, partition) = (self.window.as_ref(), self.partitions.get(&number));
        let state = window.zip(partition).and_then(|(window, partition)| window.state(partition, number, key));
        // The rules are pure and get references only, so a panic in them leaves nothing half-done.
        let run = AssertUnwindSafe(|| self.processor.process(state, trigger, now_ms));
        catch_unwind(run).map_err(|_| Failed::Panicked)?.map_err(Failed::Encode)
    }

    fn write(&mut self, number: i32, key: String, processed: Processed<P::State>, result: &str) -> Result<(), Write> {
        let Some(window) = &mut self.window else { return Ok(()) };
        let producer = &self.producers.as_ref().ok_or(Write::Fatal(Fatal::Stopped))?[self.turn];
        let send = |record: &NewRecord| {
            // The broker would refuse it with the whole window, and not say which record it was.
            let too_large = record.bytes() > self.settings.record_bytes_max;
            if too_large { Err(SendError::too_large(record)) } else { producer.send(record) }
        };
        window.touch(number);
        if let Some(state) = processed.state {
            let value = self.processor.keep(&state).map_err(|error| Write::Fatal(error.into()))?;
            send(&NewRecord {
                topic: Arc::clone(self.processor.changelog()),
                partition: Some(number),
                key: key.clone().into_bytes(),
                value: Some(value),
                headers: Headers::default(),
            })?;
            window.put(number, key, state);
        }
        for output in processed.outputs {
            send(&NewRecord {
                topic: output.topic,
                partition: Some(number),
                key: output.key.into_bytes(),
                value: Some(output.value),
                headers: output.headers,
            })?;
        }
        self.settings.metrics.inputs.with_label_values(&[result]).inc();
        Ok(())
    }

    /// Writes a record that can never be processed to the dead letters, in the same transaction as its position.
    fn bury(&mut self, record: &Record, reason: &str, detail: String, now_ms: i64) -> Result<(), Write> {
        tracing::error!(
            at = %record.at, offset = record.offset, reason, detail,
            "a record can never be processed and goes to the dead letters"
        );
        let letter = dead_letter(self.settings.part, record, reason, detail, Timestamp::from_ms(now_ms));
        let value = self.settings.dead_letter_encoder.encode(&letter).map_err(|error| Write::Fatal(error.into()))?;
        let producer = &self.producers.as_ref().ok_or(Write::Fatal(Fatal::Stopped))?[self.turn];
        producer.send(&NewRecord {
            topic: Arc::clone(&self.settings.dead_letters),
            partition: None,
            key: record.key.clone().unwrap_or_default(),
            value: Some(value),
            headers: Headers::default(),
        })?;
        self.settings.metrics.inputs.with_label_values(&["dead_letter"]).inc();
        Ok(())
    }
}

/// Why something was not written into the window.
enum Write {
    /// The transaction cannot go on.
    Send(SendError),
    /// The process cannot.
    Fatal(Fatal),
}

/// Why the rules gave nothing.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the rules panicked; the log of the process says where")]
    Panicked,
    #[error("what they gave does not fit its schema: {0}")]
    Encode(EncodeError),
}

impl Failed {
    /// Reason of a dead letter.
    fn reason(&self) -> &'static str {
        match self {
            Self::Panicked => "panicked",
            Self::Encode(_) => "invalid",
        }
    }
}

impl From<SendError> for Write {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

fn is_full<S>(window: &Window<S>) -> bool {
    window.records >= WINDOW_RECORDS_MAX
        || window.bytes >= WINDOW_BYTES_MAX
        || window.opened.elapsed() >= WINDOW_AGE_MAX
}
