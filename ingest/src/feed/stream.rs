//! Server-sent events (WHATWG HTML, 9.2): the events after a place, and those that come, until somebody ends it.
//!
//! Each has the place behind it as its id, so that a client that reconnects (`Last-Event-ID`) goes on there: none is missed and none
//! comes twice. It ends with its credential, when the process is told to stop, and when the client does not read.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::Stream;
use quittance_avro::{ids::AggregateId, seal::DataKey};
use quittance_service::{causes::with_causes, shutdown::Shutdown};
use tokio::{sync::mpsc, time::Instant};

use super::{
    cursor::{self, Positions},
    tail::{About, Tail},
};
use crate::{
    auth::Caller,
    limits::Share,
    reads::{FeedEvent, Reads, StoreError},
    view::{self, EventView},
    waiting::Waiter,
};

/// After how long without an event a client is shown that the stream is alive, and we are shown that the client is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A comment (a line that begins with a colon), which clients pass over.
const BEAT: &[u8] = b":\n\n";
/// What a client is told first: after how many milliseconds to connect again.
const RETRY: &str = "retry: 2000\n\n";
/// How many events are fetched at once.
const PAGE: i64 = 100;
/// How long to wait before Postgres is asked again after it did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A stream that begins.
pub(crate) struct Follower {
    pub(crate) reads: Reads,
    pub(crate) caller: Caller,
    /// The one that it is about, unless it is about all of the tenant's.
    pub(crate) aggregate: Option<AggregateId>,
    /// What its cursors are sealed with.
    pub(crate) key: DataKey,
    /// Where it begins.
    pub(crate) place: Positions,
    #[expect(dead_code, reason = "it is held, not read")]
    pub(crate) share: Share,
}

impl Follower {
    /// Begins, on a task of its own, and goes on until it is `over`: what waits for a database is no part of a body that may be polled from anywhere.
    pub(crate) fn start(
        self,
        tail: &Tail,
        over: impl Future<Output = ()> + Send + 'static,
        shutdown: Shutdown,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + Sync + 'static {
        let waiter = tail.subscribe(&self.caller, self.aggregate);
        // One chunk waits for the client; the next is fetched when that is taken.
        let (chunks, body) = mpsc::channel(1);
        tokio::spawn(async move {
            tokio::select! {
                () = self.tell(waiter, &chunks) => {}
                () = over => {}
                () = shutdown.requested() => {}
                () = chunks.closed() => {}
            }
        });
        futures::stream::unfold(body, async |mut body| Some((Ok(body.recv().await?), body)))
    }

    async fn tell(mut self, mut waiter: Waiter<About>, chunks: &mpsc::Sender<Bytes>) {
        let mut next = Bytes::from_static(RETRY.as_bytes());
        while chunks.send(next).await.is_ok() {
            next = self.next(&mut waiter).await;
        }
    }

    /// What comes next, however long it takes, or a sign of life.
    async fn next(&mut self, waiter: &mut Waiter<About>) -> Bytes {
        let until = Instant::now() + HEARTBEAT;
        loop {
            let pause = match self.page().await {
                Ok(page) if !page.is_empty() => return page,
                Ok(_) => HEARTBEAT,
                Err(error) => {
                    tracing::debug!(error = with_causes(&error), "a stream's events cannot be read; trying again");
                    ASK_AGAIN
                }
            };
            let was_told = waiter.changed(pause, until).await;
            if !was_told && Instant::now() >= until {
                return Bytes::from_static(BEAT);
            }
        }
    }

    /// The next events, as they are sent; empty if there are none.
    async fn page(&mut self) -> Result<Bytes, StoreError> {
        let events = self.reads.events_after(&self.caller, &self.place, self.aggregate, PAGE).await?;
        let mut chunk = String::new();
        for event in events {
            self.place.pass(event.lane, event.position);
            let binding = cursor::binding(self.caller.mode, &self.caller.tenant);
            write(&mut chunk, &cursor::seal(&self.place, &self.key, binding), event)?;
        }
        Ok(chunk.into())
    }
}

/// JSON has no line breaks of its own, so the data is one line.
fn write(chunk: &mut String, id: &str, event: FeedEvent) -> Result<(), StoreError> {
    let event: EventView = view::event(event.into(), None);
    let data = serde_json::to_string(&event)?;
    for part in ["id: ", id, "\nevent: ", event.kind(), "\ndata: ", &data, "\n\n"] {
        chunk.push_str(part);
    }
    Ok(())
}
