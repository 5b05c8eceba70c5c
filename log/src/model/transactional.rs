//! What the transaction coordinator knows about one transactional id (KIP-98, without the second part of KIP-890, which
//! the client does not have: an epoch lasts for many transactions).

use std::collections::BTreeSet;

use crate::TopicPartition;

#[derive(Debug)]
pub(super) struct Transactional {
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
    /// Which of its transactions this is.
    pub(super) serial: u64,
    pub(super) phase: Phase,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// Taken over, and nothing begun since.
    Empty,
    /// Open, with all that its markers will go to.
    Ongoing { since_ms: i64, targets: BTreeSet<Target> },
    /// Decided; these markers are still to be written.
    Prepared { is_commit: bool, left: BTreeSet<Target> },
    /// Over.
    Complete { is_commit: bool },
}

/// What a transaction's marker is written to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Partition(TopicPartition),
    /// The positions of a group.
    Group(String),
}

/// Why a broker does not do what a producer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `PRODUCER_FENCED`, `INVALID_PRODUCER_EPOCH`, or an id that is not known any more.
    Fenced,
    /// `CONCURRENT_TRANSACTIONS`: markers are still being written. The client tries again.
    Concurrent,
    /// `INVALID_TXN_STATE`.
    InvalidState,
    /// There is no such partition; the client waits until its patience is over.
    NotThere,
    /// `FENCED_INSTANCE_ID`: another member has the place of its owner in the group. The transaction can only be aborted.
    PlaceTaken,
    /// The transaction can only be aborted.
    Abortable(String),
}

impl Transactional {
    pub(super) fn new(producer_id: i64) -> Self {
        Self { producer_id, epoch: -1, serial: 0, phase: Phase::Empty }
    }

    fn check(&self, epoch: i16) -> Result<(), Refusal> {
        if self.epoch == epoch { Ok(()) } else { Err(Refusal::Fenced) }
    }

    /// Adds a partition or group, which begins a transaction if none is open: says whether it did.
    pub(super) fn add(&mut self, epoch: i16, target: Target, now_ms: i64) -> Result<bool, Refusal> {
        self.check(epoch)?;
        match &mut self.phase {
            Phase::Prepared { .. } => Err(Refusal::Concurrent),
            Phase::Ongoing { targets, .. } => {
                targets.insert(target);
                Ok(false)
            }
            Phase::Empty | Phase::Complete { .. } => {
                self.serial += 1;
                self.phase = Phase::Ongoing { since_ms: now_ms, targets: BTreeSet::from([target]) };
                Ok(true)
            }
        }
    }

    /// Whether a write belongs to the open transaction: brokers ask before they take it (KIP-890, first part).
    pub(super) fn verify(&self, epoch: i16, target: &Target) -> Result<(), Refusal> {
        self.check(epoch)?;
        match &self.phase {
            Phase::Ongoing { targets, .. } if targets.contains(target) => Ok(()),
            _ => Err(Refusal::InvalidState),
        }
    }

    /// Decides the open transaction, whichever that is. The end of one that is over already is answered as it was, so
    /// that a client can ask again.
    pub(super) fn end(&mut self, epoch: i16, is_commit: bool) -> Result<(), Refusal> {
        self.check(epoch)?;
        match self.phase {
            Phase::Ongoing { .. } => {
                self.prepare(is_commit);
                Ok(())
            }
            Phase::Prepared { .. } => Err(Refusal::Concurrent),
            Phase::Complete { is_commit: was_commit } if was_commit == is_commit => Ok(()),
            Phase::Empty | Phase::Complete { .. } => Err(Refusal::InvalidState),
        }
    }

    /// Aborts the open transaction under an epoch that its holder does not have.
    pub(super) fn fence(&mut self) {
        self.epoch += 1;
        self.prepare(false);
    }

    fn prepare(&mut self, is_commit: bool) {
        if let Phase::Ongoing { targets, .. } = &mut self.phase {
            self.phase = Phase::Prepared { is_commit, left: std::mem::take(targets) };
        }
    }

    /// The markers that are still to be written.
    pub(super) fn markers(&self) -> Vec<Target> {
        match &self.phase {
            Phase::Prepared { left, .. } => left.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }

    /// Takes note that a marker is written; says which, or nothing if it was written before.
    pub(super) fn take_marker(&mut self, target: &Target) -> Option<bool> {
        let Phase::Prepared { is_commit, left } = &mut self.phase else { return None };
        let is_commit = *is_commit;
        if !left.remove(target) {
            return None;
        }
        if left.is_empty() {
            self.phase = Phase::Complete { is_commit };
        }
        Some(is_commit)
    }

    /// Gives the id to a new holder. Nothing may be open or half ended.
    pub(super) fn hand_over(&mut self) {
        debug_assert!(!matches!(self.phase, Phase::Ongoing { .. } | Phase::Prepared { .. }));
        self.epoch += 1;
        self.phase = Phase::Empty;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> Target {
        Target::Group("g".to_owned())
    }

    fn held() -> Transactional {
        let mut id = Transactional::new(1);
        id.hand_over();
        id
    }

    #[test]
    fn the_end_of_an_earlier_transaction_ends_the_one_that_is_open() {
        let mut id = held();
        assert_eq!(id.add(0, group(), 0), Ok(true));
        assert_eq!(id.end(0, false), Ok(()));
        assert_eq!(id.add(0, group(), 0), Err(Refusal::Concurrent));
        assert_eq!(id.take_marker(&group()), Some(false));
        assert_eq!(id.take_marker(&group()), None, "a marker is written once");
        assert_eq!(id.add(0, group(), 0), Ok(true));
        assert_eq!(id.end(0, true), Ok(()), "the epoch is the same");
    }

    #[test]
    fn an_end_may_be_asked_for_again_and_not_changed() {
        let mut id = held();
        assert_eq!(id.end(0, false), Err(Refusal::InvalidState), "nothing was begun");
        assert_eq!(id.add(0, group(), 0), Ok(true));
        assert_eq!(id.end(0, true), Ok(()));
        id.take_marker(&group());
        assert_eq!((id.end(0, true), id.end(0, false)), (Ok(()), Err(Refusal::InvalidState)));
    }

    #[test]
    fn a_fenced_epoch_can_do_nothing() {
        let mut id = held();
        assert_eq!(id.add(0, group(), 0), Ok(true));
        assert_eq!(id.verify(0, &group()), Ok(()));
        id.fence();
        assert_eq!(id.markers(), [group()]);
        assert_eq!(id.add(0, group(), 0), Err(Refusal::Fenced));
        assert_eq!(id.verify(0, &group()), Err(Refusal::Fenced));
        assert_eq!(id.end(0, true), Err(Refusal::Fenced));
        assert_eq!(id.take_marker(&group()), Some(false));
    }
}
