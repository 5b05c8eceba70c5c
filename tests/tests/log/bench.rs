//! What a case stands on: a log that is new to it, and what it takes to use one from outside.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use quittance_log::{
    Ended, Event, Headers, Isolation, Log, Member, Membership, NewRecord, OffsetCommit, Range, Ranged, Record, Span,
    TopicPartition, Transactions,
};

/// How long a group waits for a silent member, where a case does not wait for it.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// The same where it does.
pub(crate) const SHORT: Duration = Duration::from_secs(2);
/// How long something may take that is waited for.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

const POLL: Duration = Duration::from_millis(50);

pub(crate) type Generation<B> = <<B as Bench>::Log as Log>::Generation;
pub(crate) type MemberOf<B> = <<B as Bench>::Log as Log>::Member;

/// A log, from outside.
pub(crate) trait Bench {
    type Log: Log;
    /// A transaction that stands between its positions and its end.
    type Open;

    /// A topic and its name. One that is compacted is cleaned as soon as that is possible.
    fn topic(&self, partitions: i32, is_compacted: bool) -> Arc<str>;

    /// The name of a group whose first positions on these topics are the beginning.
    fn group(&self, topics: &[&Arc<str>]) -> String;

    /// A name that no other case has.
    fn name(&self, name: &str) -> String;

    /// The log as a process has it.
    fn process(&self) -> Self::Log;

    /// Appends a record without a transaction. Says where it stands.
    fn append(&self, record: &NewRecord) -> i64;

    /// Begins a transaction, sends records and positions, and goes no further; none of it is refused. `finish` ends it:
    /// of several the one with the shortest `delay` first.
    fn leave_open(
        &self,
        log: &Self::Log,
        id: &str,
        records: &[NewRecord],
        positions: &[OffsetCommit],
        generation: &Generation<Self>,
        delay: Duration,
    ) -> Self::Open;

    /// Commits it.
    fn finish(&self, open: Self::Open);

    /// Deletes what stands in front of an offset.
    fn delete_before(&self, at: &TopicPartition, offset: i64);

    /// Has a compacted topic cleaned until its first record is gone.
    fn compact(&self, topic: &Arc<str>);

    /// Lets a moment pass.
    fn pause(&self);

    fn now_ms(&self) -> i64;

    /// Asks again and again until there is an answer.
    fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let deadline_ms = self.now_ms() + i64::try_from(WITHIN.as_millis()).unwrap_or(i64::MAX);
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            assert!(self.now_ms() < deadline_ms, "{what}: not within {WITHIN:?}");
            self.pause();
        }
    }

    fn join(
        &self,
        log: &Self::Log,
        group: &str,
        instance: &str,
        session: Duration,
        topic: &Arc<str>,
    ) -> MemberOf<Self> {
        let membership =
            Membership { group: group.to_owned(), instance: instance.to_owned(), session_timeout: session };
        log.join(&membership, &[Arc::clone(topic)]).expect("a member joins")
    }

    /// The next event, whenever it comes.
    fn event(&self, member: &mut MemberOf<Self>) -> Event {
        self.until("an event", || match member.poll(POLL).expect("a member polls") {
            Event::Idle => None,
            event => Some(event),
        })
    }

    fn assigned(&self, member: &mut MemberOf<Self>) -> Vec<TopicPartition> {
        match self.event(member) {
            Event::Assigned(partitions) => partitions,
            other => panic!("not assigned but {other:?}"),
        }
    }

    /// A lone member that reads its topic from where its group is.
    fn reader(&self, log: &Self::Log, group: &str, topic: &Arc<str>) -> MemberOf<Self> {
        let mut member = self.join(log, group, "a", LONG, topic);
        let partitions = self.assigned(&mut member);
        start(&mut member, &partitions);
        member
    }

    /// The next records of a member.
    fn records(&self, member: &mut MemberOf<Self>, count: usize) -> Vec<Record> {
        let next = |_| match self.event(member) {
            Event::Record(record) => record,
            other => panic!("not a record but {other:?}"),
        };
        (0..count).map(next).collect()
    }

    /// Polls members, which give back what they have to and start where their group is, until all partitions of their
    /// topic are shared out among them. Says how.
    fn share(&self, members: &mut [&mut MemberOf<Self>], partitions: usize) -> Vec<Vec<TopicPartition>> {
        let mut shares: BTreeMap<usize, Vec<TopicPartition>> = BTreeMap::new();
        self.until("all is shared out", || {
            for (index, member) in members.iter_mut().enumerate() {
                match member.poll(POLL).expect("a member polls") {
                    Event::Assigned(share) => {
                        start(*member, &share);
                        shares.insert(index, share);
                    }
                    Event::Revoked(_) | Event::Lost(_) => {
                        shares.remove(&index);
                        member.release().expect("a member releases");
                    }
                    Event::Record(_) | Event::Idle => {}
                }
            }
            let is_shared = shares.len() == members.len() && shares.values().flatten().count() == partitions;
            is_shared.then(|| shares.values().cloned().collect())
        })
    }

    /// All committed records of a partition that stand in front of its end, once all of that is decided.
    fn read(&self, log: &Self::Log, at: &TopicPartition) -> Vec<Record> {
        let to = log.end(at, Isolation::Uncommitted).expect("an end");
        let span = Span { partition: at.partition, from: None, to };
        self.read_spans(log, &at.topic, &[span])
    }

    fn read_spans(&self, log: &Self::Log, topic: &Arc<str>, spans: &[Span]) -> Vec<Record> {
        let mut range = log.range(topic, spans).expect("a range");
        let mut records = Vec::new();
        self.until("the end of a range", || match range.poll(POLL).expect("a range is read") {
            Ranged::Record(record) => {
                records.push(record);
                None
            }
            Ranged::End => Some(()),
            Ranged::Idle => None,
        });
        records
    }

    /// What a group committed on a partition, once it is stable: offset and metadata.
    fn position(&self, member: &MemberOf<Self>, at: &TopicPartition) -> (i64, String) {
        let asked = std::slice::from_ref(at);
        let (_, committed) = self.until("stable positions", || match member.committed(asked) {
            Ok(found) => found.into_iter().next(),
            Err(error) if error.is_transient() => None,
            Err(error) => panic!("{error}"),
        });
        (committed.offset, committed.metadata)
    }
}

/// Starts a member where its group is.
pub(crate) fn start<M: Member>(member: &mut M, partitions: &[TopicPartition]) {
    let committed = member.committed(partitions).expect("positions");
    let positions: Vec<_> = committed.into_iter().map(|(at, committed)| (at, committed.offset)).collect();
    member.start(&positions).expect("a member starts");
}

pub(crate) fn at(topic: &Arc<str>, partition: i32) -> TopicPartition {
    TopicPartition { topic: Arc::clone(topic), partition }
}

/// A record with the same key and value.
pub(crate) fn record(at: &TopicPartition, text: &str) -> NewRecord {
    NewRecord {
        topic: Arc::clone(&at.topic),
        partition: Some(at.partition),
        key: text.into(),
        value: Some(text.into()),
        headers: Headers::default().with("text", text),
    }
}

pub(crate) fn position(at: &TopicPartition, offset: i64, metadata: &str) -> OffsetCommit {
    OffsetCommit { at: at.clone(), offset, metadata: metadata.to_owned() }
}

/// The values of records.
pub(crate) fn texts(records: &[Record]) -> Vec<String> {
    let text = |record: &Record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
    records.iter().map(text).collect()
}

/// A transaction up to its end, which is left to the caller.
pub(crate) fn begin<T: Transactions>(holder: &mut T, records: &[NewRecord]) {
    holder.begin().expect("a transaction begins");
    for record in records {
        holder.send(record).expect("a record is sent");
    }
}

/// A whole transaction.
pub(crate) fn window<T: Transactions>(
    holder: &mut T,
    records: &[NewRecord],
    positions: &[OffsetCommit],
    generation: &T::Generation,
) -> Ended {
    begin(holder, records);
    holder.commit(positions, generation)
}

/// Long enough for the other side to have done what it must not.
pub(crate) fn nothing_happens<B: Bench>(bench: &B, member: &mut MemberOf<B>) {
    let until_ms = bench.now_ms() + 1_500;
    while bench.now_ms() < until_ms {
        let event = member.poll(Duration::from_millis(50)).expect("a member polls");
        assert!(matches!(event, Event::Idle), "{event:?}");
    }
}
