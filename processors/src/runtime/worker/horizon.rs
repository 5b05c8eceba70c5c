//! How far the log went when a timer became due.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use quittance_log::{Isolation, Log, LogError, Range, Ranged, Span, TopicPartition};
use quittance_service::backoff::Backoff;
use rand::rngs::SmallRng;

use super::{Processor, Trouble, Worker};
use crate::runtime::{
    partition::Awaited,
    rest::{Rests, SharedRest},
};

/// A partition without a leader costs 3 s each time that it is asked for its ends.
const ENDS_BACKOFF: Backoff = match Backoff::new(Duration::from_secs(1), Duration::from_secs(30)) {
    Ok(backoff) => backoff,
    Err(_) => Backoff::DEFAULT,
};
/// For how long due timers may wait for an input before it is looked whether anything is there to be read.
const PROBE_AFTER: Duration = Duration::from_millis(100);
/// For how long one partition is probed while another waits, once the brokers have said where it ends.
const PROBE_MAX: Duration = Duration::from_secs(1);
const PROBE_POLL: Duration = Duration::from_millis(5);

/// Looking ahead at the ends of the inputs.
pub(super) struct LookAhead<R> {
    /// After the ends of a partition could not be asked for.
    rest: SharedRest,
    /// The partition whose ends were asked for last.
    last: i32,
    waiting_since: Option<Duration>,
    probe: Option<Probe<R>>,
    /// After a probe of a partition told nothing that lets its timers fire.
    probe_rests: Rests,
    /// The partition whose probe ended last.
    last_probed: i32,
}

/// Looks whether there is anything to read in front of an end.
struct Probe<R> {
    at: TopicPartition,
    end: i64,
    range: R,
    /// When it was first looked at after it was opened, which may have taken its time.
    opened: Option<Duration>,
}

impl<R> Default for LookAhead<R> {
    fn default() -> Self {
        Self {
            rest: SharedRest::of(ENDS_BACKOFF),
            last: -1,
            waiting_since: None,
            probe: None,
            probe_rests: Rests::default(),
            last_probed: -1,
        }
    }
}

impl<R> LookAhead<R> {
    /// The next partition has its turn.
    fn probed(&mut self, partition: i32) {
        self.probe = None;
        self.last_probed = partition;
    }

    /// Its timers go on waiting, and it is not looked again at once.
    fn probed_in_vain(&mut self, partition: i32, rng: &mut SmallRng) {
        self.probed(partition);
        self.probe_rests.begin(partition, rng);
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
        let resting = self.look_ahead.rest.on(now.uptime);
        // One at a time: each end is a question, and the inputs and the group wait meanwhile.
        let wanting = self
            .in_turn(self.look_ahead.last)
            .find(|(number, partition)| partition.wants_horizon(now.wall_ms) && !resting.contains(number));
        let Some((number, _)) = wanting else { return Ok(()) };
        self.look_ahead.last = number;
        match self.ends(number) {
            Ok(ends) => {
                self.look_ahead.rest.end(number);
                if let Some(partition) = self.partitions.get_mut(&number) {
                    partition.set_horizon(now.wall_ms, ends);
                }
                Ok(())
            }
            // The others have their turn later.
            Err(error) if error.is_transient() => {
                timers_wait(number, &error);
                self.look_ahead.rest.begin(number, &mut self.rng);
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

    /// Looks whether anything is left in front of the ends that due timers wait for, where nothing comes. What stands there
    /// may be no more than the marks of transactions, and those nobody ever gets to read. Never while a window is open.
    pub(super) fn probe(&mut self) -> Result<(), Trouble> {
        if self.window.is_some() {
            return Ok(());
        }
        let now = self.now;
        let (awaited, has_rival) = self.awaited();
        let Some(awaited) = awaited else {
            (self.look_ahead.probe, self.look_ahead.waiting_since) = (None, None);
            return Ok(());
        };
        let since = *self.look_ahead.waiting_since.get_or_insert(now.uptime);
        if now.uptime.saturating_sub(since) < PROBE_AFTER {
            return Ok(());
        }
        let partition = awaited.at.partition;
        match self.poll_probe(&awaited) {
            // A transaction may be open there, for long.
            Ok(Ranged::Idle) => {
                let opened = self.look_ahead.probe.as_ref().and_then(|probe| probe.opened).unwrap_or(now.uptime);
                if has_rival && now.uptime.saturating_sub(opened) > PROBE_MAX {
                    self.look_ahead.probed_in_vain(partition, &mut self.rng);
                }
            }
            // It came to us meanwhile.
            Ok(Ranged::Record(record)) if record.offset < awaited.position => {}
            // It is on its way to us.
            Ok(Ranged::Record(_)) => self.look_ahead.probed_in_vain(partition, &mut self.rng),
            Ok(Ranged::End) => {
                self.look_ahead.probed(partition);
                let partition = self.partitions.get_mut(&partition);
                if let Some(input) = partition.and_then(|partition| partition.inputs.get_mut(&awaited.at.topic)) {
                    input.empty_up_to = input.empty_up_to.max(awaited.end);
                }
            }
            Err(error) if error.is_transient() => {
                timers_wait(partition, &error);
                self.look_ahead.probed_in_vain(partition, &mut self.rng);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// The first input that due timers wait for and of which nothing is known to come, in turn, but that of an open probe before
    /// all others; and whether others wait for theirs.
    fn awaited(&mut self) -> (Option<Awaited>, bool) {
        let (now, partitions) = (self.now, &self.partitions);
        self.look_ahead.probe_rests.retain(|number| {
            partitions.get(&number).is_some_and(|partition| partition.awaited(number, now.wall_ms).is_some())
        });
        let resting = self.look_ahead.probe_rests.on(now.uptime);
        let last = self.look_ahead.probe.as_ref().map_or(self.look_ahead.last_probed, |probe| probe.at.partition - 1);
        let mut awaited = self.in_turn(last).filter_map(|(number, partition)| {
            let awaited = partition.awaited(number, now.wall_ms)?;
            (!resting.contains(&number) && !self.inbox.holds_up(&awaited.at)).then_some(awaited)
        });
        (awaited.next(), awaited.next().is_some())
    }

    /// Reads on between a position and an end.
    fn poll_probe(&mut self, awaited: &Awaited) -> Result<Ranged, LogError> {
        let Awaited { at, position, end } = awaited;
        let is_open = self.look_ahead.probe.as_ref().is_some_and(|probe| probe.at == *at && probe.end == *end);
        if !is_open {
            let span = Span { partition: at.partition, from: Some(*position), to: *end };
            let range = self.log.range(&at.topic, &[span])?;
            self.look_ahead.probe = Some(Probe { at: at.clone(), end: *end, range, opened: None });
        } else if let Some(probe) = &mut self.look_ahead.probe {
            probe.opened.get_or_insert(self.now.uptime);
        }
        // What waits to be processed waits for the question where the end is, and not for what comes then.
        let patience = if self.inbox.is_empty() { PROBE_POLL } else { Duration::ZERO };
        match &mut self.look_ahead.probe {
            Some(probe) => probe.range.poll(patience),
            None => Ok(Ranged::Idle),
        }
    }
}

fn timers_wait(partition: i32, why: &LogError) {
    tracing::warn!(partition, error = %why, "timers wait");
}
