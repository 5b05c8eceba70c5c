//! Taking partitions over and giving them back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Instant,
};

use quittance_log::{Committed, Reader, Record, TopicPartition};
use quittance_service::backoff::Backoff;

use super::{Fatal, Partition, Processor, Worker};

impl<P: Processor> Worker<P> {
    /// Makes the assigned partitions ours, in the one order that is safe:
    ///
    /// 1. take over both transactional ids, which ends what a predecessor of this slot left open;
    /// 2. read the committed positions, which waits until no transaction that would move them is open;
    /// 3. only then look up how far the changelog goes, and restore up to there.
    ///
    /// The other way round, a predecessor that was paused after its positions were accepted could append changelog
    /// behind the mark and commit: the positions would have moved, and the states would not.
    pub(super) fn take_over(&mut self, assigned: &[TopicPartition]) -> Result<(), Fatal> {
        let began = Instant::now();
        self.settings.latch.unready("restoring");
        let numbers = self.copartitioned(assigned)?;
        self.producers()?;
        let committed = self.patiently(|worker| worker.consumer.committed(assigned))?;
        let mut partitions = restored_at(&committed);
        let states = self.restore(&numbers)?;
        let count = states.len();
        for ((number, key), state) in states {
            if let Some(partition) = partitions.get_mut(&number) {
                let due_ms = self.processor.due_ms(&state);
                partition.put(key, state, due_ms);
            }
        }
        self.partitions = partitions;
        let positions: Vec<_> = committed.into_iter().map(|(at, committed)| (at, committed.offset)).collect();
        self.consumer.start(&positions)?;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(partitions = ?numbers, states = count, took_ms, "took over partitions");
        self.settings.latch.ready();
        Ok(())
    }

    /// Ends the window and gives everything back, in order.
    pub(super) fn give_back(&mut self) -> Result<(), Fatal> {
        self.commit()?;
        self.forget("gave back partitions")
    }

    /// Drops what belongs to somebody else already.
    pub(super) fn lose(&mut self, partitions: &[TopicPartition]) -> Result<(), Fatal> {
        tracing::warn!(?partitions, "lost partitions");
        self.drop_window()?;
        self.forget("forgot lost partitions")
    }

    fn forget(&mut self, what: &str) -> Result<(), Fatal> {
        self.settings.latch.unready("no partitions are assigned");
        tracing::info!(partitions = ?self.partitions.keys().collect::<Vec<_>>(), "{what}");
        self.partitions.clear();
        Ok(self.consumer.release()?)
    }

    /// The partition numbers, each of which has come with all input topics.
    fn copartitioned(&self, assigned: &[TopicPartition]) -> Result<Vec<i32>, Fatal> {
        let numbers: BTreeSet<i32> = assigned.iter().map(|at| at.partition).collect();
        for &number in &numbers {
            let topics = assigned.iter().filter(|at| at.partition == number).count();
            if topics != self.processor.inputs().len() {
                return Err(Fatal::NotCopartitioned(number));
            }
        }
        Ok(numbers.into_iter().collect())
    }

    fn restore(&mut self, numbers: &[i32]) -> Result<BTreeMap<(i32, String), P::State>, Fatal> {
        let changelog = Arc::clone(self.processor.changelog());
        self.patiently_read(&changelog, numbers)?
            .into_iter()
            .map(|((number, key), value)| self.restore_one(&changelog, number, key, &value))
            .collect()
    }

    /// The latest value of every key, from the whole changelog of these partitions.
    fn patiently_read(&mut self, changelog: &str, numbers: &[i32]) -> Result<BTreeMap<(i32, String), Vec<u8>>, Fatal> {
        self.patiently(|worker| {
            let mut latest = BTreeMap::new();
            let reader = Reader::new(&worker.settings.kafka, changelog)?;
            reader.read_all(numbers, |record: Record| {
                worker.settings.heartbeat.beat();
                let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
                match record.value {
                    Some(value) => latest.insert((record.at.partition, key), value),
                    None => latest.remove(&(record.at.partition, key)),
                };
            })?;
            Ok(latest)
        })
    }

    fn restore_one(
        &mut self,
        changelog: &Arc<str>,
        number: i32,
        key: String,
        value: &[u8],
    ) -> Result<((i32, String), P::State), Fatal> {
        let mut backoff = Backoff::default();
        loop {
            match self.processor.restore(value) {
                Ok(state) => return Ok(((number, key), state)),
                Err(error) if error.is_transient() => self.wait(&error, &mut backoff)?,
                Err(cause) => {
                    let at = TopicPartition { topic: Arc::clone(changelog), partition: number };
                    return Err(Fatal::State { key, at, cause: Box::new(cause) });
                }
            }
        }
    }
}

fn restored_at<S>(committed: &[(TopicPartition, Committed)]) -> BTreeMap<i32, Partition<S>> {
    let mut positions: BTreeMap<i32, BTreeMap<Arc<str>, i64>> = BTreeMap::new();
    for (at, committed) in committed {
        positions.entry(at.partition).or_default().insert(Arc::clone(&at.topic), committed.offset);
    }
    positions.into_iter().map(|(number, positions)| (number, Partition::new(positions))).collect()
}
