//! How far the log went when a timer became due.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use quittance_log::{Isolation, Log, LogError, Range, Ranged, Span, TopicPartition};
use quittance_service::backoff::Backoff;
use rand::rngs::SmallRng;

use super::{Processor, Trouble, Worker};

/// For how long due timers may wait for an input before it is looked whether anything is there to be read.
const PROBE_AFTER: Duration = Duration::from_millis(100);
/// For how long one partition is probed before the next one is.
const PROBE_MAX: Duration = Duration::from_secs(1);
const PROBE_POLL: Duration = Duration::from_millis(5);

/// Looking ahead at the ends of the inputs.
pub(super) struct LookAhead<R> {
    /// After the ends could not be asked for.
    rest: Rest,
    /// The partition whose ends were asked for last.
    last: i32,
    waiting_since: Option<Duration>,
    probe: Option<Probe<R>>,
    /// After a probe failed.
    probe_rest: Rest,
    /// The partition that was probed last, and in vain.
    last_probed: i32,
}

/// A pause after the brokers did not answer, longer each time. They must not keep the inputs waiting.
#[derive(Default)]
struct Rest {
    until: Option<Duration>,
    backoff: Backoff,
}

impl Rest {
    fn is_on(&self, uptime: Duration) -> bool {
        self.until.is_some_and(|until| uptime < until)
    }

    fn begin(&mut self, uptime: Duration, rng: &mut SmallRng, why: &LogError) {
        tracing::warn!(error = %why, "timers wait");
        self.until = Some(uptime + self.backoff.next_delay_by(rng));
    }
}

/// Looks whether there is anything to read in front of an end.
struct Probe<R> {
    at: TopicPartition,
    end: i64,
    range: R,
}

impl<R> Default for LookAhead<R> {
    fn default() -> Self {
        Self {
            rest: Rest::default(),
            last: -1,
            waiting_since: None,
            probe: None,
            probe_rest: Rest::default(),
            last_probed: -1,
        }
    }
}

impl<R> LookAhead<R> {
    fn end_probe(&mut self) {
        self.probe = None;
        self.waiting_since = None;
    }

    /// It told something.
    fn probe_told(&mut self) {
        self.end_probe();
        self.probe_rest = Rest::default();
    }

    /// It told nothing; the next partition has its turn.
    fn give_up_probe(&mut self, partition: i32) {
        self.end_probe();
        self.last_probed = partition;
    }

    /// The partitions are somebody else's.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Asks for the ends of the inputs of a partition whose due timers have to wait for them to be read. The brokers may
    /// take their time to answer, or never do: no transaction is open meanwhile.
    pub(super) fn look_ahead(&mut self) -> Result<(), Trouble> {
        let now = self.now;
        if self.look_ahead.rest.is_on(now.uptime) {
            return Ok(());
        }
        // One at a time: each end is a question, and the inputs and the group wait meanwhile.
        let wanting = self.in_turn(self.look_ahead.last).find(|(_, partition)| partition.wants_horizon(now.wall_ms));
        let Some((number, _)) = wanting else { return Ok(()) };
        self.look_ahead.last = number;
        match self.ends(number) {
            Ok(ends) => {
                self.look_ahead.rest = Rest::default();
                if let Some(partition) = self.partitions.get_mut(&number) {
                    partition.set_horizon(now.wall_ms, ends);
                }
                Ok(())
            }
            // The others have their turn later.
            Err(error) if error.is_transient() => {
                self.look_ahead.rest.begin(now.uptime, &mut self.rng, &error);
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn ends(&self, number: i32) -> Result<BTreeMap<Arc<str>, i64>, LogError> {
        let end = |topic: &Arc<str>| {
            let at = TopicPartition { topic: Arc::clone(topic), partition: number };
            // Whatever was written before the timer was due counts, even if a transaction in front of it is still open.
            Ok((Arc::clone(topic), self.log.end(&at, Isolation::Uncommitted)?))
        };
        self.processor.inputs().iter().map(|source| end(&source.topic)).collect()
    }

    /// Reads on between a position and an end.
    fn probed(&mut self, at: &TopicPartition, position: i64, end: i64) -> Result<Ranged, LogError> {
        let is_same = self.look_ahead.probe.as_ref().is_some_and(|probe| probe.at == *at && probe.end == end);
        if !is_same {
            let span = Span { partition: at.partition, from: Some(position), to: end };
            let range = self.log.range(&at.topic, &[span])?;
            self.look_ahead.probe = Some(Probe { at: at.clone(), end, range });
        }
        match &mut self.look_ahead.probe {
            Some(probe) => probe.range.poll(PROBE_POLL),
            None => Ok(Ranged::Idle),
        }
    }

    /// With nothing to read, and timers that wait for it: looks whether anything is left in front of the end. What stands
    /// there may be no more than the marks of transactions, and those nobody ever gets to read.
    pub(super) fn probe(&mut self) -> Result<(), Trouble> {
        let now = self.now;
        let awaited = self
            .in_turn(self.look_ahead.last_probed)
            .find_map(|(number, partition)| Some((number, partition.awaited(now.wall_ms)?)));
        let Some((partition, (topic, position, end))) = awaited else {
            self.look_ahead.end_probe();
            return Ok(());
        };
        let since = *self.look_ahead.waiting_since.get_or_insert(now.uptime);
        let waited = now.uptime.saturating_sub(since);
        if waited < PROBE_AFTER || self.look_ahead.probe_rest.is_on(now.uptime) {
            return Ok(());
        }
        let at = TopicPartition { topic, partition };
        match self.probed(&at, position, end) {
            // A transaction may be open there, for long.
            Ok(Ranged::Idle) if waited > PROBE_AFTER + PROBE_MAX => self.look_ahead.give_up_probe(partition),
            Ok(Ranged::Idle) => {}
            // It is on its way to us.
            Ok(Ranged::Record(_)) => self.look_ahead.probe_told(),
            Ok(Ranged::End) => {
                self.look_ahead.probe_told();
                let partition = self.partitions.get_mut(&at.partition);
                if let Some(input) = partition.and_then(|partition| partition.inputs.get_mut(&at.topic)) {
                    input.empty_up_to = input.empty_up_to.max(end);
                }
            }
            Err(error) if error.is_transient() => {
                self.look_ahead.give_up_probe(partition);
                self.look_ahead.probe_rest.begin(now.uptime, &mut self.rng, &error);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
