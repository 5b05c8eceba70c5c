//! What keeps inputs from being read for now.

use std::time::Duration;

use quittance_log::{Record, TopicPartition};
use rand::rngs::SmallRng;

use crate::runtime::rest::Rest;

/// What is in the way.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// A schema that the registry does not give.
    Schema(u32),
    /// The record at an offset, which cannot be read.
    Record(TopicPartition, i64),
}

/// The obstacle that was met last and is not known to be gone, and the rest from it. Inputs that are read meanwhile, since they
/// come before it, say nothing of it.
#[derive(Debug, Default)]
pub(super) struct Obstructed {
    by: Option<(Obstacle, String)>,
    rest: Rest,
}

impl Obstructed {
    /// It was met, in a step that is not over.
    pub(super) fn begin(&mut self, by: Obstacle, why: String, rng: &mut SmallRng) {
        self.by = Some((by, why));
        self.rest.begin(rng);
    }

    /// Whether inputs are to be left alone, asked once in a step.
    pub(super) fn is_on(&mut self, uptime: Duration) -> bool {
        self.rest.is_on(uptime)
    }

    /// Why inputs wait, if they do.
    pub(super) fn why(&self) -> Option<&str> {
        self.by.as_ref().map(|(_, why)| why.as_str())
    }

    /// A record was read.
    pub(super) fn was_read(&mut self, record: &Record) {
        if let Some((Obstacle::Record(at, offset), _)) = &self.by
            && (at, *offset) == (&record.at, record.offset)
        {
            self.forget();
        }
    }

    /// The registry has said what there is to say of a schema.
    pub(super) fn was_learned(&mut self, schema: u32) {
        if let Some((Obstacle::Schema(by), _)) = self.by
            && by == schema
        {
            self.forget();
        }
    }

    /// What is read from here on is something else.
    pub(super) fn forget(&mut self) {
        self.by = None;
        self.rest.end();
    }
}
