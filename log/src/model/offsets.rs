//! The positions of a group, and those that wait for the end of a transaction (KIP-98, KIP-447).

use std::collections::BTreeMap;

use crate::{Committed, OffsetCommit, TopicPartition};

#[derive(Debug, Default)]
pub(super) struct Offsets {
    /// Where the next commit stands in the group's own log.
    next: u64,
    committed: BTreeMap<TopicPartition, Kept>,
    /// By producer id.
    pending: BTreeMap<i64, BTreeMap<TopicPartition, Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    stands_at: u64,
    position: Committed,
}

impl Offsets {
    /// What is committed, whatever is pending.
    pub(super) fn get(&self, at: &TopicPartition) -> Option<&Committed> {
        self.committed.get(at).map(|kept| &kept.position)
    }

    pub(super) fn all(&self) -> BTreeMap<TopicPartition, Committed> {
        self.committed.iter().map(|(at, kept)| (at.clone(), kept.position.clone())).collect()
    }

    /// Whether no open transaction would change it.
    pub(super) fn is_stable(&self, at: &TopicPartition) -> bool {
        !self.pending.values().any(|pending| pending.contains_key(at))
    }

    /// Commits a position without a transaction.
    pub(super) fn set(&mut self, commit: &OffsetCommit) {
        let kept = self.keep(commit);
        self.committed.insert(commit.at.clone(), kept);
    }

    /// Takes positions that will be committed with a producer's transaction.
    pub(super) fn prepare(&mut self, producer_id: i64, commits: &[OffsetCommit]) {
        for commit in commits {
            let kept = self.keep(commit);
            self.pending.entry(producer_id).or_default().insert(commit.at.clone(), kept);
        }
    }

    fn keep(&mut self, commit: &OffsetCommit) -> Kept {
        self.next += 1;
        let position = Committed { offset: commit.offset, metadata: commit.metadata.clone() };
        Kept { stands_at: self.next, position }
    }

    /// Ends a producer's transaction. Of two commits the one counts that came later, and not the one whose transaction
    /// ended later.
    pub(super) fn mark(&mut self, producer_id: i64, is_commit: bool) {
        let pending = self.pending.remove(&producer_id).unwrap_or_default();
        for (at, kept) in pending.into_iter().filter(|_| is_commit) {
            let is_later = self.committed.get(&at).is_none_or(|found| found.stands_at < kept.stands_at);
            if is_later {
                self.committed.insert(at, kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at() -> TopicPartition {
        TopicPartition { topic: Arc::from("t"), partition: 0 }
    }

    fn to(offset: i64) -> OffsetCommit {
        OffsetCommit { at: at(), offset, metadata: format!("m{offset}") }
    }

    #[test]
    fn the_later_commit_counts_whichever_marker_comes_first() {
        for order in [[1, 2], [2, 1]] {
            let mut offsets = Offsets::default();
            offsets.prepare(1, &[to(10)]);
            offsets.prepare(2, &[to(5)]);
            assert!(!offsets.is_stable(&at()) && offsets.get(&at()).is_none());
            for producer_id in order {
                offsets.mark(producer_id, true);
            }
            assert!(offsets.is_stable(&at()));
            assert_eq!(offsets.get(&at()), Some(&Committed { offset: 5, metadata: "m5".to_owned() }), "{order:?}");
        }
    }

    #[test]
    fn an_aborted_commit_leaves_what_was() {
        let mut offsets = Offsets::default();
        offsets.set(&to(1));
        offsets.prepare(1, &[to(10)]);
        offsets.mark(1, false);
        assert_eq!(offsets.get(&at()).map(|found| found.offset), Some(1));
    }
}
