//! Any order of reading and completing keeps the invariants.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proptest::prelude::*;

use super::*;

const PARTITIONS: i32 = 2;
const START: i64 = 100;

/// One thing that happens to the lanes.
#[derive(Debug, Clone)]
enum Happens {
    /// An effect is read: partition, distance to the offset before it, lane.
    Read(i32, i64, u8),
    /// One of those that run is complete, counted round.
    Completes(usize),
    /// What is complete is committed.
    Commit,
}

fn happenings() -> impl Strategy<Value = Vec<Happens>> {
    let one = prop_oneof![
        3 => (0..PARTITIONS, 1..4i64, 0..6u8).prop_map(|(partition, gap, lane)| Happens::Read(partition, gap, lane)),
        3 => any::<usize>().prop_map(Happens::Completes),
        1 => Just(Happens::Commit),
    ];
    proptest::collection::vec(one, 0..200)
}

/// What must be true, kept apart from how the lanes keep it.
struct Model {
    lanes: Lanes<()>,
    running: Vec<Ticket>,
    incomplete: BTreeMap<i32, BTreeSet<i64>>,
    last_read: BTreeMap<i32, i64>,
    last_started: BTreeMap<(i32, Vec<u8>), i64>,
    committed: BTreeMap<i32, i64>,
}

impl Model {
    fn new() -> Self {
        let mut lanes = Lanes::new(8);
        lanes.assign((0..PARTITIONS).map(|partition| (partition, START)));
        let at_start = |partition| (partition, START);
        Self {
            lanes,
            running: Vec::new(),
            incomplete: (0..PARTITIONS).map(|partition| (partition, BTreeSet::new())).collect(),
            last_read: (0..PARTITIONS).map(|partition| (partition, START - 1)).collect(),
            last_started: BTreeMap::new(),
            committed: (0..PARTITIONS).map(at_start).collect(),
        }
    }

    fn happens(&mut self, happens: &Happens) -> Result<(), TestCaseError> {
        match *happens {
            Happens::Read(partition, gap, lane) => {
                let offset = self.last_read[&partition] + gap;
                self.last_read.insert(partition, offset);
                self.incomplete.entry(partition).or_default().insert(offset);
                // A payment has one partition, so a lane does too.
                let lane = vec![u8::try_from(partition).unwrap_or(0), lane];
                let started = self.lanes.take(partition, offset, lane, ());
                self.started(started)?;
            }
            Happens::Completes(_) if self.running.is_empty() => {}
            Happens::Completes(which) => {
                let ticket = self.running.swap_remove(which % self.running.len());
                self.incomplete.entry(ticket.partition).or_default().remove(&ticket.offset);
                let next = self.lanes.complete(&ticket);
                self.started(next)?;
            }
            Happens::Commit => self.commit()?,
        }
        self.check()
    }

    fn started(&mut self, started: Option<(Ticket, ())>) -> Result<(), TestCaseError> {
        let Some((ticket, ())) = started else { return Ok(()) };
        let lane = (ticket.partition, ticket.lane.clone());
        let before = self.last_started.insert(lane, ticket.offset);
        prop_assert!(before.is_none_or(|before| before < ticket.offset), "out of order within a lane");
        self.running.push(ticket);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), TestCaseError> {
        let positions = self.lanes.uncommitted();
        for &(partition, position) in &positions {
            let first_incomplete = self.incomplete[&partition].first().copied();
            prop_assert!(first_incomplete.is_none_or(|first| position <= first), "passes an incomplete one");
            prop_assert!(position > self.committed[&partition], "never backwards, never twice");
            prop_assert!(position <= self.last_read[&partition] + 1, "not beyond what was read");
            self.committed.insert(partition, position);
        }
        self.lanes.committed(&positions);
        prop_assert!(self.lanes.uncommitted().is_empty());
        Ok(())
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let lanes: HashSet<_> = self.running.iter().map(|ticket| &ticket.lane).collect();
        prop_assert_eq!(lanes.len(), self.running.len(), "two of one lane run");
        prop_assert_eq!(self.lanes.running(), self.running.len());
        let held: usize = self.incomplete.values().map(BTreeSet::len).sum();
        prop_assert_eq!(self.lanes.is_full(), held >= 8);
        prop_assert_eq!(held == 0, self.running.is_empty(), "something waits for nothing");
        Ok(())
    }
}

proptest! {
    #[test]
    fn every_effect_runs_in_its_lane_and_no_commit_passes_an_incomplete_one(happenings in happenings()) {
        let mut model = Model::new();
        for happens in &happenings {
            model.happens(happens)?;
        }
        while !model.running.is_empty() {
            model.happens(&Happens::Completes(0))?;
        }
        model.commit()?;
        for (partition, last_read) in &model.last_read {
            prop_assert_eq!(model.committed[partition], last_read + 1, "in the end everything is committed");
        }
    }

    #[test]
    fn what_waits_in_closed_lanes_is_left_to_the_next_owner(happenings in happenings()) {
        let mut model = Model::new();
        for happens in &happenings {
            model.happens(happens)?;
        }
        model.lanes.close();
        for ticket in std::mem::take(&mut model.running) {
            model.incomplete.entry(ticket.partition).or_default().remove(&ticket.offset);
            prop_assert_eq!(model.lanes.complete(&ticket), None);
        }
        prop_assert_eq!(model.lanes.running(), 0);
        model.commit()?;
        for (partition, incomplete) in &model.incomplete {
            let end = incomplete.first().copied().unwrap_or(model.last_read[partition] + 1);
            prop_assert_eq!(model.committed[partition], end);
        }
    }
}

#[test]
fn what_ran_before_a_rebalance_moves_nothing_after_it() {
    let mut lanes = Lanes::new(8);
    lanes.assign([(0, 5)]);
    let (old, ()) = lanes.take(0, 5, b"a".to_vec(), ()).expect("starts");
    assert_eq!(lanes.take(0, 6, b"a".to_vec(), ()), None);

    lanes.assign([(0, 5), (1, 0)]);
    let (new, ()) = lanes.take(0, 5, b"a".to_vec(), ()).expect("starts again");
    assert_eq!(lanes.complete(&old), None);
    assert_eq!((lanes.running(), lanes.uncommitted()), (1, vec![]));
    assert_eq!(lanes.complete(&new), None);
    assert_eq!(lanes.uncommitted(), [(0, 6)]);
}

#[test]
fn nothing_is_taken_of_a_partition_of_somebody_else() {
    let mut lanes = Lanes::new(8);
    lanes.assign([(0, 5)]);
    assert!(lanes.owns(0) && !lanes.owns(1));
    assert_eq!(lanes.take(1, 5, b"a".to_vec(), ()), None);
    lanes.abandon();
    assert!(!lanes.owns(0) && lanes.running() == 0 && !lanes.is_full());
}
