//! Showing how far behind the store is.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use quittance_avro::time::Timestamp;
use quittance_log::{Record, TopicPartition};

use super::{Store, StoreWorker};

/// How often each partition's end is asked for, one partition at a time: asking for all at once would hold up records.
const ROUND: Duration = Duration::from_secs(15);
/// How often the group is told where we are.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);
/// How long the ends are not asked for after Kafka did not answer, since that took its time.
const REST: Duration = Duration::from_secs(30);

/// Whose turn it is.
#[derive(Default)]
pub(super) struct Watch {
    last: Option<TopicPartition>,
    due: Option<Instant>,
    commit_due: Option<Instant>,
}

impl<S: Store> StoreWorker<S> {
    /// Shows what was written.
    pub(super) fn show(&mut self, records: &[Record]) {
        let metrics = &self.settings.metrics;
        let now_ms = Timestamp::now().as_ms();
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        let mut latest: BTreeMap<&TopicPartition, Option<i64>> = BTreeMap::new();
        for record in records {
            if !self.buried.is_empty() && self.buried.contains(&(record.at.clone(), record.offset)) {
                continue;
            }
            *counts.entry(&record.at.topic).or_default() += 1;
            latest.insert(&record.at, record.timestamp_ms);
        }
        for (topic, count) in counts {
            metrics.records.with_label_values(&[topic, "applied"]).inc_by(count);
        }
        for (at, timestamp_ms) in latest {
            let age_ms = timestamp_ms.map_or(0, |timestamp_ms| (now_ms - timestamp_ms).max(0));
            metrics.lag_ms.with_label_values(&[&*at.topic, &at.partition.to_string()]).set(age_ms);
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch has a thousand records, not 2^52")]
        metrics.batch_records.observe(records.len() as f64);
        self.watch.commit_due.get_or_insert_with(|| Instant::now() + COMMIT_INTERVAL);
    }

    /// Looks at the next partition's end and tells the group where we are, if it is time to.
    pub(super) fn watch_lag(&mut self) {
        let now = Instant::now();
        if self.watch.commit_due.is_some_and(|due| due <= now) {
            self.watch.commit_due = None;
            self.commit();
        }
        if !self.is_started || self.watch.due.is_some_and(|due| due > now) {
            return;
        }
        let after = self.watch.last.take().and_then(|last| {
            let mut after = self.owned.range((std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded));
            after.next()
        });
        let Some((at, owned)) = after.or_else(|| self.owned.first_key_value()) else { return };
        let turns = u32::try_from(self.owned.len()).unwrap_or(u32::MAX);
        let rest = match self.consumer.bounds(at) {
            Ok((_, end)) => {
                let lag = self.settings.metrics.lag_records.with_label_values(&[&*at.topic, &at.partition.to_string()]);
                lag.set((end - owned.stored).max(0));
                ROUND / turns
            }
            Err(error) => {
                tracing::debug!(%error, "the lag is not known");
                REST
            }
        };
        self.watch.last = Some(at.clone());
        self.watch.due = Some(now + rest);
    }

    /// Tells the group what is stored. Nothing is read from there: it may be lost, or come too late, without harm.
    fn commit(&self) {
        let positions: Vec<_> = self.owned.iter().map(|(at, owned)| (at.clone(), owned.stored)).collect();
        if let Err(error) = self.consumer.commit(&positions) {
            tracing::debug!(%error, "the group shows an old lag");
        }
    }
}
