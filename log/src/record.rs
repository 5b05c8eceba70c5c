//! Records as they are read and as they are written.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use rdkafka::{
    Message,
    message::{BorrowedHeaders, BorrowedMessage, Header, Headers as _, OwnedHeaders},
};

/// A partition of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Name of the topic.
    pub topic: Arc<str>,
    /// Number of the partition.
    pub partition: i32,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.topic, self.partition)
    }
}

/// Headers: names and values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, Option<Vec<u8>>)>);

impl Headers {
    /// The text of the first header of that name, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        std::str::from_utf8(value.as_deref()?).ok()
    }

    /// These headers and one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.0.push((name.to_owned(), Some(value.into())));
        self
    }

    pub(crate) fn to_kafka(&self) -> OwnedHeaders {
        self.0.iter().fold(OwnedHeaders::new_with_capacity(self.0.len()), |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_deref() })
        })
    }
}

/// Stands for the name of a header that is not UTF-8.
const UNNAMED: &str = "\u{fffd}";

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub at: TopicPartition,
    /// Where in the partition.
    pub offset: i64,
    /// Its Kafka timestamp, milliseconds since the epoch.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
}

impl Record {
    pub(crate) fn read(message: &BorrowedMessage<'_>, topic: Arc<str>) -> Self {
        let headers = message.headers().map_or_else(Headers::default, |headers| {
            Headers((0..headers.count()).map(|index| header(headers, index)).collect())
        });
        Self {
            at: TopicPartition { topic, partition: message.partition() },
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        }
    }
}

/// A header as it was read. A name need not be UTF-8 for a broker to take it, and rdkafka panics at one that is not: it is
/// given as `UNNAMED`, without its value.
fn header(headers: &BorrowedHeaders, index: usize) -> (String, Option<Vec<u8>>) {
    // Nothing is changed by looking at it.
    let read = catch_unwind(AssertUnwindSafe(|| headers.try_get(index)));
    let header = read.ok().flatten();
    header.map_or((UNNAMED.to_owned(), None), |header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
}

impl Record {
    /// What it takes in memory, about: key, value and headers.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers = self.headers.0.iter().map(|(name, value)| name.len() + length(value));
        length(&self.key) + length(&self.value) + headers.sum::<usize>()
    }
}

impl NewRecord {
    /// The most that it takes on the log: key, value and headers with what stands around them (KIP-98: 61 bytes of a batch
    /// and at most 21 of a record).
    pub fn bytes(&self) -> usize {
        const AROUND: usize = 128;
        const AROUND_A_HEADER: usize = 10;
        let headers = self.headers.0.iter();
        let headers = headers.map(|(name, value)| name.len() + value.as_ref().map_or(0, Vec::len) + AROUND_A_HEADER);
        self.key.len() + self.value.as_ref().map_or(0, Vec::len) + headers.sum::<usize>() + AROUND
    }
}

/// A record to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    /// Where to.
    pub topic: Arc<str>,
    /// Which partition; by the key's murmur2 hash, as Java clients do, if not given.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
}
