//! How far the log went when a timer became due.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use quittance_log::{Isolation, Log, LogError, Range, Ranged, Span, TopicPartition};
use quittance_service::backoff::Backoff;
use rand::rngs::SmallRng;

use super::{Processor, Trouble, Worker};
use crate::runtime::partition::Awaited;

/// For how long due timers may wait for an input before it is looked whether anything is there to be read.
const PROBE_AFTER: Duration = Duration::from_millis(100);
/// For how long one partition is probed while another waits: the brokers may take 3 s to say where it ends.
const PROBE_MAX: Duration = Duration::from_secs(5);
const PROBE_POLL: Duration = Duration::from_millis(5);

/// Looking ahead at the ends of the inputs.
pub(super) struct LookAhead<R> {
    /// After the ends of a partition could not be asked for.
    rests: Rests,
    /// The partition whose ends were asked for last.
    last: i32,
    waiting_since: Option<Duration>,
    probe: Option<Probe<R>>,
    /// After a probe failed.
    probe_rests: Rests,
    /// The partition that was probed last.
    last_probed: i32,
}

/// Pauses after the brokers did not answer for a partition, longer each time. One without a leader must not keep the inputs
/// of all waiting.
#[derive(Default)]
struct Rests(BTreeMap<i32, (Duration, Backoff)>);

impl Rests {
    fn is_on(&self, partition: i32, uptime: Duration) -> bool {
        self.0.get(&partition).is_some_and(|(until, _)| uptime < *until)
    }

    fn begin(&mut self, partition: i32, uptime: Duration, rng: &mut SmallRng, why: &LogError) {
        tracing::warn!(partition, error = %why, "timers wait");
        let (until, backoff) = self.0.entry(partition).or_default();
        *until = uptime + backoff.next_delay_by(rng);
    }

    fn end(&mut self, partition: i32) {
        self.0.remove(&partition);
    }
}

/// Looks whether there is anything to read in front of an end.
struct Probe<R> {
    at: TopicPartition,
    end: i64,
    range: R,
    opened: Duration,
}

impl<R> Default for LookAhead<R> {
    fn default() -> Self {
        Self {
            rests: Rests::default(),
            last: -1,
            waiting_since: None,
            probe: None,
            probe_rests: Rests::default(),
            last_probed: -1,
        }
    }
}

impl<R> LookAhead<R> {
    fn end_probe(&mut self) {
        self.probe = None;
        self.waiting_since = None;
    }

    /// The next partition has its turn.
    fn end_probe_of(&mut self, partition: i32) {
        self.end_probe();
        self.last_probed = partition;
    }

    /// It told something of its partition.
    fn probe_told(&mut self, partition: i32) {
        self.end_probe_of(partition);
        self.probe_rests.end(partition);
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
        // One at a time: each end is a question, and the inputs and the group wait meanwhile.
        let wanting = self.in_turn(self.look_ahead.last).find(|(number, partition)| {
            partition.wants_horizon(now.wall_ms) && !self.look_ahead.rests.is_on(*number, now.uptime)
        });
        let Some((number, _)) = wanting else { return Ok(()) };
        self.look_ahead.last = number;
        match self.ends(number) {
            Ok(ends) => {
                self.look_ahead.rests.end(number);
                if let Some(partition) = self.partitions.get_mut(&number) {
                    partition.set_horizon(now.wall_ms, ends);
                }
                Ok(())
            }
            // The others have their turn later.
            Err(error) if error.is_transient() => {
                self.look_ahead.rests.begin(number, now.uptime, &mut self.rng, &error);
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
            self.look_ahead.probe = Some(Probe { at: at.clone(), end, range, opened: self.now.uptime });
            // It goes on with its turn, whoever comes to wait meanwhile.
            self.look_ahead.last_probed = at.partition - 1;
        }
        match &mut self.look_ahead.probe {
            Some(probe) => probe.range.poll(PROBE_POLL),
            None => Ok(Ranged::Idle),
        }
    }

    /// The first input that due timers wait for, with its partition, and whether it is the only one.
    fn awaited(&self) -> (Option<(i32, Awaited)>, bool) {
        let mut awaited = self.in_turn(self.look_ahead.last_probed).filter_map(|(number, partition)| {
            let is_at_rest = self.look_ahead.probe_rests.is_on(number, self.now.uptime);
            Some((number, partition.awaited(self.now.wall_ms).filter(|_| !is_at_rest)?))
        });
        (awaited.next(), awaited.next().is_none())
    }

    /// With nothing to read, and timers that wait for it: looks whether anything is left in front of the end. What stands
    /// there may be no more than the marks of transactions, and those nobody ever gets to read.
    pub(super) fn probe(&mut self) -> Result<(), Trouble> {
        let now = self.now;
        let (awaited, is_alone) = self.awaited();
        let Some((partition, Awaited { topic, position, end })) = awaited else {
            self.look_ahead.end_probe();
            return Ok(());
        };
        let since = *self.look_ahead.waiting_since.get_or_insert(now.uptime);
        if now.uptime.saturating_sub(since) < PROBE_AFTER {
            return Ok(());
        }
        let at = TopicPartition { topic, partition };
        match self.probed(&at, position, end) {
            // A transaction may be open there, for long.
            Ok(Ranged::Idle) => {
                let opened = self.look_ahead.probe.as_ref().map_or(now.uptime, |probe| probe.opened);
                if !is_alone && now.uptime.saturating_sub(opened) > PROBE_MAX {
                    self.look_ahead.end_probe_of(partition);
                }
            }
            // It is on its way to us.
            Ok(Ranged::Record(_)) => self.look_ahead.probe_told(partition),
            Ok(Ranged::End) => {
                self.look_ahead.probe_told(partition);
                let partition = self.partitions.get_mut(&at.partition);
                if let Some(input) = partition.and_then(|partition| partition.inputs.get_mut(&at.topic)) {
                    input.empty_up_to = input.empty_up_to.max(end);
                }
            }
            Err(error) if error.is_transient() => {
                self.look_ahead.end_probe_of(partition);
                self.look_ahead.probe_rests.begin(partition, now.uptime, &mut self.rng, &error);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}
