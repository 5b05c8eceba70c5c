//! Taking partitions over and giving them back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use quittance_log::{Committed, Isolation, Log, LogError, Member, Range, Ranged, Record, Span, TopicPartition};

use super::{Fatal, Partition, Phase, Processor, Trouble, Worker, commit::note};
use crate::runtime::{partition::Input, store::Batch, window::writers};

/// How long a predecessor's transaction may keep the changelog from being read before it is fenced. One who gave back in
/// order has none open, but its last marker may take a while; fenced, it would have to begin anew with what it has left.
const PREDECESSOR_MAX: Duration = Duration::from_millis(500);
/// How long restoring may stand still before it is given up and begun anew, and positions may stay unstable before that
/// is called by its name: no transaction is open for so long.
const NO_PROGRESS: Duration = Duration::from_secs(60);
/// How many records are restored in one step, so that the group is polled in between.
const RECORDS_PER_STEP: usize = 1_000;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// How long to wait for the next record of the changelog.
const RANGE_POLL: Duration = Duration::from_millis(5);

/// The latest states that were read, by partition and key.
type Latest<S> = BTreeMap<i32, BTreeMap<String, Option<S>>>;

/// Partitions on their way to be ours.
pub(super) struct TakeOver<S, L: Log> {
    assigned: Vec<TopicPartition>,
    numbers: BTreeSet<i32>,
    stage: Stage<L>,
    partitions: BTreeMap<i32, Partition<S>>,
    /// Transactional ids of those who committed last.
    predecessors: BTreeSet<String>,
    /// Those that were taken over already. Whoever had one has no part in what is still open, and may have begun anew.
    fenced: BTreeSet<String>,
    restored: u64,
    began: Duration,
    /// When it last got on, and when that was last told.
    moved: Duration,
    told: Duration,
}

/// The stages, in the one order that is safe:
///
/// 1. take over both transactional ids, which ends what a predecessor of this slot left open;
/// 2. read the committed positions, which waits until no transaction that would move them is open;
/// 3. only then look up how far the changelog goes, and restore up to there.
///
/// The other way round, a predecessor that was paused after its positions were accepted could append changelog behind
/// the mark and commit: the positions would have moved, and the states would not.
enum Stage<L: Log> {
    Ids,
    Positions,
    Ends,
    Restoring { range: L::Range, ends: BTreeMap<i32, i64> },
}

impl<S: Clone, L: Log> TakeOver<S, L> {
    /// The clock has been set back.
    pub(super) fn set_back(&mut self, now_ms: i64) {
        self.partitions.values_mut().for_each(|partition| partition.set_back(now_ms));
    }
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Begins to make the assigned partitions ours.
    pub(super) fn assigned(&mut self, assigned: &[TopicPartition]) -> Result<(), Trouble> {
        self.drop_window()?;
        self.empty_inbox()?;
        self.partitions.clear();
        self.obstacle.forget();
        self.settings.latch.unready("restoring");
        // Acknowledged at once, with nothing to read yet: a client that has not hears of no rebalance, and the group waits.
        self.generation = self.member.generation();
        self.member.start(&[])?;
        let now = self.now.uptime;
        self.phase = Phase::TakingOver(Box::new(TakeOver {
            numbers: self.copartitioned(assigned)?,
            assigned: assigned.to_vec(),
            stage: Stage::Ids,
            partitions: BTreeMap::new(),
            predecessors: BTreeSet::new(),
            fenced: BTreeSet::new(),
            restored: 0,
            began: now,
            moved: now,
            told: now,
        }));
        Err(Trouble::Again)
    }

    /// Does the next piece of taking over.
    pub(super) fn take_over(&mut self) -> Result<(), Trouble> {
        let Phase::TakingOver(mut taking) = std::mem::replace(&mut self.phase, Phase::Unassigned) else {
            return Ok(());
        };
        match self.advance(&mut taking) {
            Ok(true) => self.taken_over(*taking),
            Ok(false) => {
                self.phase = Phase::TakingOver(taking);
                Ok(())
            }
            Err(trouble) => {
                self.phase = Phase::TakingOver(taking);
                Err(trouble)
            }
        }
    }

    /// True when it is done.
    fn advance(&mut self, taking: &mut TakeOver<P::State, L>) -> Result<bool, Trouble> {
        match &mut taking.stage {
            Stage::Ids => {
                self.writers()?;
                taking.stage = Stage::Positions;
            }
            Stage::Positions => {
                self.read_positions(taking)?;
                taking.stage = Stage::Ends;
            }
            Stage::Ends => {
                let ends = self.changelog_ends(&taking.numbers)?;
                let span = |(&partition, &to): (&i32, &i64)| Span { partition, from: None, to };
                let spans: Vec<Span> = ends.iter().map(span).collect();
                let range = self.log.range(self.processor.changelog(), &spans)?;
                taking.moved = self.now.uptime;
                taking.stage = Stage::Restoring { range, ends };
            }
            Stage::Restoring { .. } => return self.restore(taking),
        }
        Ok(false)
    }

    fn read_positions(&mut self, taking: &mut TakeOver<P::State, L>) -> Result<(), Trouble> {
        let committed = self.stable_positions(taking)?;
        let mut inputs: BTreeMap<i32, BTreeMap<Arc<str>, Input>> = BTreeMap::new();
        taking.predecessors.clear();
        for (at, committed) in committed {
            taking.predecessors.extend(writers(&committed.metadata).map(str::to_owned));
            let input = Input::at(committed.offset, committed.metadata);
            inputs.entry(at.partition).or_default().insert(at.topic, input);
        }
        taking.partitions.clear();
        taking.restored = 0;
        for (number, inputs) in inputs {
            let store = (self.stores)(number)?;
            taking.partitions.insert(number, Partition::new(store, inputs));
        }
        Ok(())
    }

    /// What was committed last, once nothing is open that would change it.
    fn stable_positions(
        &mut self,
        taking: &mut TakeOver<P::State, L>,
    ) -> Result<Vec<(TopicPartition, Committed)>, Trouble> {
        match self.member.committed(&taking.assigned) {
            Err(error) if error.is_transient() => {}
            committed => return Ok(committed?),
        }
        if let Err(error) = self.learn_predecessors(taking) {
            // It is the brokers that do not answer.
            taking.moved = self.now.uptime;
            return Err(error.into());
        }
        // A coordinator that answers the one question and still not the other waits for the end of a transaction.
        let error = match self.member.committed(&taking.assigned) {
            Err(error) if error.is_transient() => error,
            committed => return Ok(committed?),
        };
        self.fence_predecessors(taking)?;
        let still = self.now.uptime.saturating_sub(taking.moved);
        Err(if still > NO_PROGRESS { hanging(&error) } else { error.into() })
    }

    fn changelog_ends(&self, numbers: &BTreeSet<i32>) -> Result<BTreeMap<i32, i64>, LogError> {
        let end = |&number: &i32| Ok((number, self.log.end(&self.changelog_at(number), Isolation::Uncommitted)?));
        numbers.iter().map(end).collect()
    }

    /// Who committed last is, most likely, who has a transaction open.
    fn learn_predecessors(&self, taking: &mut TakeOver<P::State, L>) -> Result<(), LogError> {
        let committed = self.log.committed_so_far(&self.settings.membership.group, &taking.assigned)?;
        let ids = committed.iter().flat_map(|(_, committed)| writers(&committed.metadata)).map(str::to_owned);
        taking.predecessors.extend(ids);
        Ok(())
    }

    /// Ends what a predecessor of these partitions left open, instead of waiting until the brokers do. Whoever still has a
    /// transaction open on partitions that are not its own any more is dead, or paused.
    fn fence_predecessors(&self, taking: &mut TakeOver<P::State, L>) -> Result<(), LogError> {
        let own = self.transactional_ids();
        while let Some(id) = taking.predecessors.first().cloned() {
            if !own.contains(&id) && !taking.fenced.contains(&id) {
                tracing::info!(transactional_id = id, "ending what a predecessor left open");
                self.log.take_over(&id)?;
                taking.fenced.insert(id);
            }
            taking.predecessors.pop_first();
        }
        Ok(())
    }

    /// Reads on in the changelog. True when all of it has been read.
    fn restore(&mut self, taking: &mut TakeOver<P::State, L>) -> Result<bool, Trouble> {
        let mut states = BTreeMap::new();
        let read = self.read_changelog(taking, &mut states);
        if matches!(read, Err(Trouble::Later(_))) {
            // What was read of this step is forgotten, so it is read again, from the beginning.
            taking.stage = Stage::Positions;
            taking.moved = self.now.uptime;
        }
        let is_done = read?;
        for (number, states) in states {
            let Some(partition) = taking.partitions.get_mut(&number) else { continue };
            let (processor, now_ms) = (&self.processor, self.now.wall_ms);
            let batch = Batch { states: states.into_iter().collect() };
            partition.apply(batch, |timers, key, state| note(processor, timers, key, state, now_ms))?;
        }
        self.tell_progress(taking);
        if !is_done {
            self.watch_progress(taking)?;
        }
        Ok(is_done)
    }

    fn read_changelog(
        &mut self,
        taking: &mut TakeOver<P::State, L>,
        latest: &mut Latest<P::State>,
    ) -> Result<bool, Trouble> {
        let Stage::Restoring { range, .. } = &mut taking.stage else { return Ok(false) };
        for _ in 0..RECORDS_PER_STEP {
            match range.poll(RANGE_POLL)? {
                Ranged::Record(record) => {
                    let number = record.at.partition;
                    let (key, state) = restored(&mut self.processor, record)?;
                    latest.entry(number).or_default().insert(key, state);
                    taking.restored += 1;
                    taking.moved = self.now.uptime;
                }
                Ranged::Idle => break,
                Ranged::End => return Ok(true),
            }
        }
        Ok(false)
    }

    fn watch_progress(&self, taking: &mut TakeOver<P::State, L>) -> Result<(), Trouble> {
        let still = self.now.uptime.saturating_sub(taking.moved);
        let Stage::Restoring { ends, .. } = &taking.stage else { return Ok(()) };
        if still > PREDECESSOR_MAX && !taking.predecessors.is_empty() && self.is_unstable(ends)? {
            self.fence_predecessors(taking)?;
        }
        if still > NO_PROGRESS {
            taking.stage = Stage::Positions;
            taking.moved = self.now.uptime;
            return Err(Trouble::Later(format!("restoring made no progress for {} s", NO_PROGRESS.as_secs())));
        }
        Ok(())
    }

    /// Whether a transaction is open on the changelog of partitions that are not its own any more.
    fn is_unstable(&self, ends: &BTreeMap<i32, i64>) -> Result<bool, LogError> {
        for (&partition, &end) in ends {
            if self.log.end(&self.changelog_at(partition), Isolation::Committed)? < end {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn tell_progress(&self, taking: &mut TakeOver<P::State, L>) {
        self.settings.metrics.restored.set(i64::try_from(taking.restored).unwrap_or(i64::MAX));
        let Stage::Restoring { ends, .. } = &taking.stage else { return };
        let target: i64 = ends.values().sum();
        self.settings.metrics.restore_target.set(target);
        if self.now.uptime.saturating_sub(taking.told) >= TELL_EVERY {
            taking.told = self.now.uptime;
            tracing::info!(records = taking.restored, offsets = target, partitions = ends.len(), "restoring");
        }
    }

    fn taken_over(&mut self, taking: TakeOver<P::State, L>) -> Result<(), Trouble> {
        self.partitions = taking.partitions;
        self.phase = Phase::Running;
        self.member.start(&self.positions())?;
        for (&number, partition) in &self.partitions {
            self.settings.metrics.holds(number, partition);
            let at = self.changelog_at(number);
            let is_there = |key: &str, due_ms| partition.timers.due_ms(key) == Some(due_ms);
            self.suspects.retain_timers(&at, is_there).map_err(Fatal::Notepad)?;
        }
        let took_ms = u64::try_from((self.now.uptime - taking.began).as_millis()).unwrap_or(u64::MAX);
        let states = self.states();
        tracing::info!(partitions = ?taking.numbers, states, took_ms, "took over partitions");
        self.went_well();
        Ok(())
    }

    /// Ends the window and gives everything back, in order. If it is not known how the window ended, whoever comes next
    /// reads it from the committed positions, and waits until they are stable.
    pub(super) fn give_back(&mut self) -> Result<(), Trouble> {
        self.is_leaving = true;
        self.commit()?;
        self.leave()
    }

    /// Drops what belongs to somebody else already.
    pub(super) fn lose(&mut self, partitions: &[TopicPartition]) -> Result<(), Trouble> {
        tracing::warn!(?partitions, "lost partitions");
        self.is_leaving = true;
        self.drop_window()?;
        self.leave()
    }

    /// Gives the partitions back, of which nothing is under way any more. Never `Ok`.
    pub(super) fn leave(&mut self) -> Result<(), Trouble> {
        self.settings.latch.unready("no partitions are assigned");
        tracing::info!(partitions = ?self.partitions.keys().collect::<Vec<_>>(), "gave back partitions");
        self.empty_inbox()?;
        self.partitions.clear();
        self.look_ahead.forget();
        self.obstacle.forget();
        self.show_nothing();
        if matches!(self.phase, Phase::Resolving(_)) {
            self.writers = None;
        }
        self.phase = Phase::Unassigned;
        self.generation = None;
        self.member.release()?;
        self.is_leaving = false;
        Err(Trouble::Again)
    }

    /// The partition numbers, each of which has come with all input topics.
    fn copartitioned(&self, assigned: &[TopicPartition]) -> Result<BTreeSet<i32>, Fatal> {
        let numbers: BTreeSet<i32> = assigned.iter().map(|at| at.partition).collect();
        for &number in &numbers {
            let topics = assigned.iter().filter(|at| at.partition == number).count();
            if topics != self.processor.inputs().len() {
                return Err(Fatal::NotCopartitioned(number));
            }
        }
        Ok(numbers)
    }
}

/// What may be the matter when positions stay unstable for longer than any transaction is open.
fn hanging(error: &LogError) -> Trouble {
    let seconds = NO_PROGRESS.as_secs();
    Trouble::Later(format!(
        "{error}; for more than {seconds} s: a transaction of a former owner may hang in the brokers (see \"Brokers\" in docs/runtime.md)"
    ))
}

/// A state as it stands on the changelog, by its key. `None` if it was removed.
fn restored<P: Processor>(processor: &mut P, record: Record) -> Result<(String, Option<P::State>), Trouble> {
    let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
    let Some(value) = record.value else { return Ok((key, None)) };
    match processor.restore(&value) {
        Ok(state) => Ok((key, Some(state))),
        Err(error) if error.is_transient() => Err(Trouble::Later(error.to_string())),
        Err(cause) => Err(Trouble::Fatal(Fatal::State { key, at: record.at, cause: Box::new(cause) })),
    }
}
