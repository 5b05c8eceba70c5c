//! Stopping a process where that is worst, for as long as is worst. By chance alone the two rarely meet.

use std::{cmp::Reverse, ops::Range};

use crate::{chance::Chance, moment::Moment};

/// Where a process is stopped, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ambush {
    /// Where it begins its first window since it took over, until others have its partitions: nothing that they find there
    /// tells them to fence it.
    FirstWindow,
    /// Likewise, until the others have died, too, and the group is empty.
    LastMember,
    /// Where its positions were accepted and its records are not all there, until others are taking over.
    Positions,
}

impl Ambush {
    /// For how long it is stopped. The group gives it up after eight seconds at most.
    pub(crate) fn lasts_ms(self, chance: &Chance) -> i64 {
        match self {
            Self::FirstWindow => chance.between(7_000, 16_000),
            Self::LastMember => chance.between(18_000, 26_000),
            // The transaction is given up after ten seconds.
            Self::Positions => chance.between(6_000, 10_000),
        }
    }

    /// When all others die meanwhile, if they are to.
    pub(crate) fn others_die_after_ms(self, chance: &Chance) -> Option<i64> {
        match self {
            Self::LastMember => Some(chance.between(9_000, 13_000)),
            Self::FirstWindow | Self::Positions => None,
        }
    }
}

/// How far a process has come, as far as ambushes wait for it.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// It has not begun a window since it took over.
    is_fresh: bool,
    /// Its last call were the positions of a window.
    has_positions: bool,
}

/// Those that lie in wait, the first last, each from its time on for whoever comes to the place.
#[derive(Default)]
pub(crate) struct Ambushes(Vec<(i64, Ambush)>);

impl Ambushes {
    /// So many, at times of the span.
    pub(crate) fn draw(count: u32, span_ms: Range<i64>, chance: &Chance) -> Self {
        let one = |_| {
            let ambush = *chance.pick(&[Ambush::FirstWindow, Ambush::LastMember, Ambush::Positions]);
            (chance.between(span_ms.start, span_ms.end), ambush)
        };
        let mut ambushes: Vec<_> = (0..count).map(one).collect();
        ambushes.sort_by_key(|(at_ms, _)| Reverse(*at_ms));
        Self(ambushes)
    }

    /// A process makes a call; the ambush that it has come to, if it has.
    pub(crate) fn at(&mut self, steps: &mut Steps, moment: Moment, now_ms: i64) -> Option<Ambush> {
        let (was_fresh, had_positions) = (steps.is_fresh, steps.has_positions);
        steps.is_fresh = match moment {
            Moment::TakeOver => true,
            Moment::Begin => false,
            Moment::AskPositions
            | Moment::Restore
            | Moment::Write
            | Moment::CommitPositions
            | Moment::End
            | Moment::AskEnd
            | Moment::Release
            | Moment::Other => was_fresh,
        };
        steps.has_positions = moment == Moment::CommitPositions;
        let (_, ambush) = self.0.pop_if(|(at_ms, ambush)| {
            let is_there = match ambush {
                Ambush::FirstWindow | Ambush::LastMember => was_fresh && moment == Moment::Begin,
                Ambush::Positions => had_positions,
            };
            is_there && *at_ms <= now_ms
        })?;
        Some(ambush)
    }
}
