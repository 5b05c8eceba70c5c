//! Which effects may run now, and which positions may be committed. Pure: no clock, no threads, no Kafka.
//!
//! Effects of different payments run at the same time, those of one payment one after the other, in their order on the
//! partition: each payment has a lane. Invariants: at most one effect of a lane runs; a position is offered for the
//! commit only when everything before it is complete.

#[cfg(test)]
mod tests;
mod watermark;

use std::collections::{BTreeMap, HashMap, VecDeque};

use self::watermark::Watermark;

/// Names one effect that runs; given back when it is complete.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    generation: u64,
    partition: i32,
    offset: i64,
    lane: Vec<u8>,
}

/// The lanes of the partitions that are assigned, with work of type `W` in them.
#[derive(Debug)]
pub(super) struct Lanes<W> {
    room: usize,
    /// Moved on whenever partitions come or go, so that what ran before is no part of what comes after.
    generation: u64,
    is_open: bool,
    marks: BTreeMap<i32, Watermark>,
    /// A lane is here while one of its effects runs. In it are those that wait for that one.
    waiting: HashMap<Vec<u8>, VecDeque<(Ticket, W)>>,
    held: usize,
}

impl<W> Lanes<W> {
    /// No partitions yet. `room` is how many effects are held before [`Lanes::is_full`].
    pub(super) fn new(room: usize) -> Self {
        Self { room, generation: 0, is_open: false, marks: BTreeMap::new(), waiting: HashMap::new(), held: 0 }
    }

    /// Starts afresh with these partitions, from these positions.
    pub(super) fn assign(&mut self, positions: impl IntoIterator<Item = (i32, i64)>) {
        self.abandon();
        self.is_open = true;
        self.marks = positions.into_iter().map(|(partition, offset)| (partition, Watermark::new(offset))).collect();
    }

    /// Forgets everything. What still runs completes into nothing.
    pub(super) fn abandon(&mut self) {
        self.generation += 1;
        self.is_open = false;
        self.marks.clear();
        self.waiting.clear();
        self.held = 0;
    }

    /// Whether the partition is one of those assigned.
    pub(super) fn owns(&self, partition: i32) -> bool {
        self.marks.contains_key(&partition)
    }

    /// Takes in the effect that was read next. It is given back if it may run at once.
    #[must_use]
    pub(super) fn take(&mut self, partition: i32, offset: i64, lane: Vec<u8>, work: W) -> Option<(Ticket, W)> {
        self.marks.get_mut(&partition)?.take(offset);
        self.held += 1;
        let ticket = Ticket { generation: self.generation, partition, offset, lane: lane.clone() };
        match self.waiting.get_mut(&lane) {
            Some(waiting) => {
                waiting.push_back((ticket, work));
                None
            }
            None => {
                self.waiting.insert(lane, VecDeque::new());
                Some((ticket, work))
            }
        }
    }

    /// Notes that an effect is complete. The one that waited for it is given back, unless nothing is to start any more.
    #[must_use]
    pub(super) fn complete(&mut self, ticket: &Ticket) -> Option<(Ticket, W)> {
        if ticket.generation != self.generation {
            return None;
        }
        self.held -= 1;
        if let Some(mark) = self.marks.get_mut(&ticket.partition) {
            mark.complete(ticket.offset);
        }
        let next = if self.is_open { self.waiting.get_mut(&ticket.lane)?.pop_front() } else { None };
        if next.is_none() {
            // Closed lanes are dropped with what waits in them: it stays incomplete, and is read again by the next owner.
            self.waiting.remove(&ticket.lane);
        }
        next
    }

    /// Starts nothing more.
    pub(super) fn close(&mut self) {
        self.is_open = false;
    }

    /// How many effects run.
    pub(super) fn running(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no more effects should be taken in for now. One that was on its way is taken all the same.
    pub(super) fn is_full(&self) -> bool {
        self.held >= self.room
    }

    /// The positions up to which everything is complete, of the partitions where that has moved since the last
    /// [`Lanes::committed`].
    pub(super) fn uncommitted(&self) -> Vec<(i32, i64)> {
        let moved = self.marks.iter().filter(|(_, mark)| mark.is_uncommitted());
        moved.map(|(&partition, mark)| (partition, mark.position())).collect()
    }

    /// The positions up to which everything is complete.
    pub(super) fn positions(&self) -> Vec<(i32, i64)> {
        self.marks.iter().map(|(&partition, mark)| (partition, mark.position())).collect()
    }

    /// Notes that these positions were committed.
    pub(super) fn committed(&mut self, positions: &[(i32, i64)]) {
        for (partition, position) in positions {
            if let Some(mark) = self.marks.get_mut(partition) {
                mark.committed(*position);
            }
        }
    }
}
