//! The loop: reads effects, hands them to tasks, commits what is complete.
//!
//! The thread that runs it owns the consumer and the lanes; tasks tell it of their end over a channel. It never waits
//! for a gateway: when no more effects may be held it pauses its partitions and goes on polling, so that the group can
//! rebalance meanwhile.

mod partitions;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use quittance_avro::{
    time::Timestamp,
    topics::{Part, Topic},
};
use quittance_log::{
    Event, GroupConsumer, Headers, LogError, Producer, ReadError, Record, Schemas, TopicPartition, catch_panic,
    dead_letter,
};
use quittance_service::{
    backoff::Backoff,
    health::{Heartbeat, Latch},
    throttle::Throttle,
};
use tokio::runtime::Handle;

use self::partitions::Untaken;
use super::{
    GatewayFatal, GatewaySettings,
    accounts::OwnAccounts,
    asked::Asked,
    carry_out::{Effect, PUBLISH_TIMEOUT, Progress, Tools, Work},
    http::Http,
    lanes::{Lanes, Ticket},
};

/// How long a poll waits: with nothing to do, with effects in flight whose ends are to be noticed, and while paused.
const POLL_IDLE: Duration = Duration::from_millis(100);
const POLL_BUSY: Duration = Duration::from_millis(10);
const POLL_PAUSED: Duration = Duration::from_millis(50);
/// How long to wait for room before partitions are paused: pausing throws away what was fetched ahead.
const ROOM_PATIENCE: Duration = Duration::from_millis(200);
/// How often positions are committed: what a crash makes the next owner repeat.
const COMMIT_INTERVAL: Duration = Duration::from_millis(200);

/// The gateway sink.
pub(super) struct Worker {
    consumer: GroupConsumer,
    schemas: Schemas,
    lanes: Lanes<Work>,
    /// Records that could not be read yet because the registry is down; the first of them is what it is asked for.
    unread: VecDeque<Record>,
    registry: Asking,
    tools: Arc<Tools>,
    progress: (Sender<Progress>, Receiver<Progress>),
    effects: Arc<str>,
    assigned: Vec<TopicPartition>,
    untaken: Option<Untaken>,
    /// Where each partition ended when it came to us: an earlier owner may have carried out what stands before.
    inherited: BTreeMap<i32, i64>,
    is_paused: bool,
    full_since: Option<Instant>,
    committed_at: Instant,
    /// Why results wait, while they do.
    publishing_fails: Option<String>,
    log: Throttle,
    gateway_timeout: Duration,
    latch: Latch,
    heartbeat: Heartbeat,
    handle: Handle,
}

/// When the registry may be asked again, after it did not answer.
#[derive(Default)]
struct Asking {
    backoff: Backoff,
    fails: Option<(Instant, String)>,
}

impl Worker {
    /// Joins the group.
    pub(super) fn start(settings: GatewaySettings) -> Result<Self, GatewayFatal> {
        let GatewaySettings { kafka, membership, args, registry, metrics, latch, heartbeat, handle, .. } = settings;
        latch.unready("no partitions are assigned");
        let topic = |topic: Topic| -> Arc<str> { Arc::from(topic.name(&kafka.topic_prefix)) };
        let effects = topic(Topic::PaymentGatewayEffects);
        let own = OwnAccounts::new(settings.configuration, settings.keys, args.gateway_url.clone());
        let tools = Tools {
            http: Http::new(args.timeout(), args.concurrency()).map_err(GatewayFatal::Http)?,
            producer: Producer::open(&kafka, PUBLISH_TIMEOUT)?,
            results: topic(Topic::PaymentResults),
            result_encoders: settings.result_encoders,
            dead_letters: topic(Part::SinkGateway.dead_letters()),
            dead_letter_encoder: settings.dead_letter_encoder,
            metrics,
            accounts: args.accounts()?.with(own),
            circuits: Mutex::default(),
            healths: topic(Topic::GatewayHealth),
            health_encoder: settings.health_encoder,
            observer: membership.instance.clone(),
        };
        Ok(Self {
            consumer: GroupConsumer::join(&kafka, &membership, &[&effects])?,
            schemas: Schemas::new(registry, handle.clone()),
            lanes: Lanes::new(args.concurrency()),
            unread: VecDeque::new(),
            registry: Asking::default(),
            tools: Arc::new(tools),
            progress: channel(),
            effects,
            assigned: Vec::new(),
            untaken: None,
            inherited: BTreeMap::new(),
            is_paused: false,
            full_since: None,
            committed_at: Instant::now(),
            publishing_fails: None,
            log: Throttle::LOG,
            gateway_timeout: args.timeout(),
            latch,
            heartbeat,
            handle,
        })
    }

    /// Does the next thing.
    pub(super) fn step(&mut self) -> Result<(), GatewayFatal> {
        self.heartbeat.beat();
        while let Ok(progress) = self.progress.1.try_recv() {
            self.take_in(progress)?;
        }
        self.take_over()?;
        self.commit_if_due()?;
        self.read()?;
        self.hold_back()?;
        self.tell_readiness();
        match self.consumer.poll(self.patience())? {
            Event::Assigned(partitions) => self.assigned(partitions),
            Event::Revoked(_) => self.give_back(),
            Event::Lost(partitions) => self.lose(&partitions),
            Event::Record(record) => {
                self.unread.push_back(record);
                self.read()
            }
            Event::Idle => Ok(()),
        }
    }

    fn patience(&self) -> Duration {
        match (self.is_paused, self.lanes.running()) {
            (true, _) => POLL_PAUSED,
            (false, 0) => POLL_IDLE,
            (false, _) => POLL_BUSY,
        }
    }

    /// Hands what was read to the lanes, as far as its schemas are known or can be fetched.
    fn read(&mut self) -> Result<(), GatewayFatal> {
        while let Some(record) = self.unread.front() {
            if self.registry.fails.as_ref().is_some_and(|(again_at, _)| Instant::now() < *again_at) {
                return Ok(());
            }
            let in_doubt = self.inherited.get(&record.at.partition).is_some_and(|&end| record.offset < end);
            let work = match catch_panic(|| read(&mut self.schemas, record, in_doubt)) {
                Ok(effect) => Work::Effect(Box::new(effect)),
                Err(error) if error.is_transient() => {
                    // It says nothing about the record. The partitions are paused, and it is read when the registry is back.
                    self.warn("an effect cannot be read yet", &error);
                    self.registry.fails =
                        Some((Instant::now() + self.registry.backoff.next_delay(), error.to_string()));
                    return Ok(());
                }
                Err(error) => {
                    tracing::error!(
                        at = %record.at, offset = record.offset, %error,
                        "an effect can never be carried out and goes to the dead letters"
                    );
                    let (part, now) = (Part::SinkGateway.name(), Timestamp::now());
                    Work::Bury(Box::new(dead_letter(part, record, error.reason(), error.to_string(), now)))
                }
            };
            self.registry = Asking::default();
            if let Some(record) = self.unread.pop_front() {
                self.take(&record, work);
            }
        }
        Ok(())
    }

    fn take(&mut self, record: &Record, work: Work) {
        let partition = record.at.partition;
        if !self.lanes.owns(partition) {
            // Fetched before the partition was given back; its owner reads it.
            return;
        }
        if let Some(timestamp_ms) = record.timestamp_ms {
            let lag_ms = (Timestamp::now().as_ms() - timestamp_ms).max(0);
            self.tools.metrics.lag_ms.with_label_values(&[partition.to_string()]).set(lag_ms);
        }
        let lane = match &work {
            Work::Effect(effect) => effect.says.envelope().aggregate_id.clone().into_bytes(),
            Work::Bury(_) => record.key.clone().unwrap_or_default(),
        };
        let start = self.lanes.take(partition, record.offset, lane, work);
        self.start_task(start);
    }

    fn start_task(&mut self, start: Option<(Ticket, Work)>) {
        if let Some((ticket, work)) = start {
            let tools = Arc::clone(&self.tools);
            self.handle.spawn(tools.carry_out(ticket, work, self.progress.0.clone()));
        }
        self.tools.metrics.in_flight.set(i64::try_from(self.lanes.running()).unwrap_or(i64::MAX));
    }

    fn take_in(&mut self, progress: Progress) -> Result<(), GatewayFatal> {
        match progress {
            Progress::Ended(ticket, ended) => {
                ended?;
                self.publishing_fails = None;
                let next = self.lanes.complete(&ticket);
                self.start_task(next);
            }
            Progress::Waiting(why) => {
                self.warn("a result waits until Kafka takes it", &why);
                self.publishing_fails = Some(why);
            }
        }
        Ok(())
    }

    /// Takes in what tasks tell, until `done` says so or the time is up.
    fn await_tasks(&mut self, until: Instant, done: impl Fn(&Self) -> bool) -> Result<(), GatewayFatal> {
        while !done(self) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            self.heartbeat.beat();
            if let Ok(progress) = self.progress.1.recv_timeout(left.min(POLL_IDLE)) {
                self.take_in(progress)?;
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.lanes.is_full() || !self.unread.is_empty()
    }

    /// Sees to it that no more is read than may be held.
    fn hold_back(&mut self) -> Result<(), GatewayFatal> {
        if !self.is_full() {
            self.full_since = None;
            return self.resume();
        }
        let since = *self.full_since.get_or_insert_with(Instant::now);
        if !self.is_paused {
            self.await_tasks(since + ROOM_PATIENCE, |worker| !worker.is_full())?;
            if self.is_full() {
                self.consumer.pause(&self.assigned)?;
                self.is_paused = true;
            }
        }
        Ok(())
    }

    fn resume(&mut self) -> Result<(), GatewayFatal> {
        if self.is_paused {
            self.consumer.resume(&self.assigned)?;
            self.is_paused = false;
        }
        Ok(())
    }

    fn commit_if_due(&mut self) -> Result<(), GatewayFatal> {
        if self.committed_at.elapsed() < COMMIT_INTERVAL {
            return Ok(());
        }
        self.committed_at = Instant::now();
        self.commit(&self.lanes.uncommitted(), GroupConsumer::commit)
    }

    /// Commits what is complete. If that fails, the next owner does some work twice, which is harmless.
    fn commit(
        &mut self,
        positions: &[(i32, i64)],
        commit: impl Fn(&GroupConsumer, &[(TopicPartition, i64)]) -> Result<(), LogError>,
    ) -> Result<(), GatewayFatal> {
        if positions.is_empty() {
            return Ok(());
        }
        let at = |&(partition, offset): &(i32, i64)| {
            (TopicPartition { topic: Arc::clone(&self.effects), partition }, offset)
        };
        match commit(&self.consumer, &positions.iter().map(at).collect::<Vec<_>>()) {
            Ok(()) => self.lanes.committed(positions),
            Err(error) if error.is_transient() => self.warn("positions could not be committed", &error),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn tell_readiness(&self) {
        if let Some(untaken) = &self.untaken {
            self.latch.unready(untaken.why.as_str());
        } else if self.assigned.is_empty() {
            self.latch.unready("no partitions are assigned");
        } else if let Some((_, why)) = &self.registry.fails {
            self.latch.unready(why.as_str());
        } else if let Some(why) = &self.publishing_fails {
            self.latch.unready(why.as_str());
        } else {
            self.latch.ready();
        }
    }

    fn warn(&mut self, what: &str, error: &dyn std::fmt::Display) {
        if self.log.is_due() {
            tracing::warn!(%error, "{what}");
        }
    }
}

/// Reads an effect.
fn read(schemas: &mut Schemas, record: &Record, in_doubt: bool) -> Result<Effect, ReadError> {
    let value = record.value.as_deref().unwrap_or_default();
    let says = schemas.read(|decoder| Asked::read(decoder, value))?;
    let id = says.envelope().id.parse().map_err(|_| ReadError::Invalid("envelope.id"))?;
    let carried_on = |(name, _): &&(String, Option<Vec<u8>>)| matches!(name.as_str(), "traceparent" | "command-id");
    let headers = Headers(record.headers.0.iter().filter(carried_on).cloned().collect());
    Ok(Effect { id, says, headers, in_doubt })
}
