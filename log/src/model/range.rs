//! Reading spans of a topic up to their ends.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Call, Fate, ModelLog,
    log::unanswered,
    state::{State, lost_position, no_topic},
};
use crate::{Isolation, LogError, Range, Ranged, Record, Span, TopicPartition};

/// Reads spans of committed records, all at the same time, once no transaction is open below the end of any.
pub struct ModelRange<'d> {
    log: ModelLog<'d>,
    topic: Arc<str>,
    unread: BTreeMap<i32, Unread>,
    is_settled: bool,
}

#[derive(Debug, Clone, Copy)]
struct Unread {
    /// The beginning of the log if not given.
    from: Option<i64>,
    to: i64,
    /// It cannot be read, and that was told. The range does not come to its end.
    is_lost: bool,
}

impl<'d> ModelRange<'d> {
    pub(super) fn open(log: &ModelLog<'d>, topic: &Arc<str>, spans: &[Span]) -> Result<Self, LogError> {
        log.ask(&Call::OpenRange { topic: Arc::clone(topic), spans: spans.to_vec() })?;
        let wanted = spans.iter().filter(|span| span.to > span.from.unwrap_or(0));
        let unread =
            wanted.map(|span| (span.partition, Unread { from: span.from, to: span.to, is_lost: false })).collect();
        Ok(Self { log: log.clone(), topic: Arc::clone(topic), unread, is_settled: false })
    }
}

impl Range for ModelRange<'_> {
    fn poll(&mut self, timeout: Duration) -> Result<Ranged, LogError> {
        let call = Call::PollRange { topic: Arc::clone(&self.topic), timeout };
        let fate = self.log.ask(&call)?;
        if self.unread.is_empty() {
            return Ok(Ranged::End);
        }
        if fate != Fate::Happens {
            // Once it reads, the client goes on by itself, and says nothing.
            return if self.is_settled { Ok(Ranged::Idle) } else { Err(unanswered(&call)) };
        }
        let Self { log, topic, unread, is_settled } = self;
        // Like a client, it takes a poll to look whether it may begin, and one to notice that it is at the end.
        let may_read = *is_settled;
        let ranged = log.wait(timeout, |state| {
            *is_settled = *is_settled || state.is_settled(topic, unread)?;
            if may_read { state.read_on(topic, unread) } else { Ok(None) }
        })?;
        Ok(ranged.unwrap_or(Ranged::Idle))
    }
}

impl State {
    fn is_settled(&self, topic: &Arc<str>, unread: &BTreeMap<i32, Unread>) -> Result<bool, LogError> {
        for (&partition, span) in unread {
            let at = TopicPartition { topic: Arc::clone(topic), partition };
            let unknown = || LogError::Unavailable { what: format!("the end of {at}"), cause: "not there".into() };
            if self.partition(&at).ok_or_else(unknown)?.end(Isolation::Committed) < span.to {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read_on(&mut self, topic: &Arc<str>, unread: &mut BTreeMap<i32, Unread>) -> Result<Option<Ranged>, LogError> {
        loop {
            let readable: Vec<i32> = unread.iter().filter(|(_, span)| !span.is_lost).map(|(at, _)| *at).collect();
            let Some(partition) = self.random.choose(&readable) else { break };
            let (at, span) = (TopicPartition { topic: Arc::clone(topic), partition }, unread[&partition]);
            let found = self.partition(&at).ok_or_else(|| no_topic(topic))?;
            let from = span.from.unwrap_or(found.start());
            if !found.holds(from) {
                unread.insert(partition, Unread { is_lost: true, ..span });
                return Err(lost_position(&at, from));
            }
            match self.read(&at, from, Isolation::Committed).filter(|record| record.offset < span.to) {
                Some(record) => {
                    unread.insert(partition, Unread { from: Some(record.offset + 1), ..span });
                    return Ok(Some(Ranged::Record(record)));
                }
                None => {
                    unread.remove(&partition);
                }
            }
        }
        Ok(None)
    }

    /// The first record that a reader may see at or behind a position.
    pub(super) fn read(&self, at: &TopicPartition, position: i64, isolation: Isolation) -> Option<Record> {
        let (entry, content) = self.partition(at)?.read(position, isolation)?;
        Some(content.to_record(at, entry))
    }
}
