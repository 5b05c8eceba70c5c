//! What goes on on a connection, and since when: what a connection may not be without for too long is decided here.
//!
//! Hyper has a time-out for the header of an HTTP/1 request that also counts the time between two requests, and none at
//! all for an HTTP/2 connection on which nothing is asked, or whose peer takes no more of an answer. So it is done beside
//! hyper, in one way for both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::HttpLimits;

/// The protocol that a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    /// A request's header did not come in time.
    Header,
    /// Nothing was asked for too long.
    Idle,
    /// A piece of an answer was not taken in time.
    Stalled,
}

/// The bounds of a quiet connection.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    header: Duration,
    idle: Duration,
    write: Duration,
}

/// What goes on on one connection.
pub(super) struct Activity {
    protocol: Protocol,
    bounds: Bounds,
    state: watch::Sender<State>,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// How many requests there have been.
    begun: u64,
    /// When the latest answer was done, or the connection was accepted.
    quiet_since: Instant,
    /// When the first byte after the latest answer came.
    header_since: Option<Instant>,
    /// The answers of which a piece was handed out, and since when.
    handed_out: BTreeSet<(Instant, u64)>,
}

impl State {
    /// When something will be overdue.
    fn deadline(&self, bounds: Bounds) -> Option<(Instant, Overdue)> {
        let stalled = self.handed_out.first().map(|(since, _)| (*since + bounds.write, Overdue::Stalled));
        let quiet = match self.header_since {
            _ if self.in_flight > 0 => None,
            // Before the first request nothing is owed to the peer but the time for a header, and that since it came.
            _ if self.begun == 0 => Some((self.quiet_since + bounds.header, Overdue::Header)),
            Some(since) => Some((since + bounds.header, Overdue::Header)),
            None => Some((self.quiet_since + bounds.idle, Overdue::Idle)),
        };
        stalled.into_iter().chain(quiet).min_by_key(|(at, _)| *at)
    }
}

impl Activity {
    /// Nothing was asked yet on a connection that was accepted at `since`.
    pub(super) fn new(protocol: Protocol, limits: &HttpLimits, since: Instant) -> Arc<Self> {
        let bounds = Bounds { header: limits.header_timeout, idle: limits.idle_timeout, write: limits.write_timeout };
        let handed_out = BTreeSet::new();
        let state = State { in_flight: 0, begun: 0, quiet_since: since, header_since: None, handed_out };
        Arc::new(Self { protocol, bounds, state: watch::Sender::new(state) })
    }

    /// A request has come; it lasts until what this returns is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let mut id = 0;
        self.change(|state| {
            state.in_flight += 1;
            state.begun += 1;
            state.header_since = None;
            id = state.begun;
        });
        InFlight { activity: Arc::clone(self), id, handed_out: None }
    }

    /// Bytes have come. On HTTP/1 the first after an answer begin a header; on HTTP/2 they may be about the connection.
    pub(super) fn hear(&self) {
        if self.protocol == Protocol::Http1 {
            self.change(|state| {
                if state.in_flight == 0 && state.header_since.is_none() {
                    state.header_since = Some(Instant::now());
                }
            });
        }
    }

    /// Returns once something is overdue.
    pub(super) async fn overdue(&self) -> Overdue {
        let mut state = self.state.subscribe();
        loop {
            let deadline = state.borrow_and_update().deadline(self.bounds);
            // The sender is `self`: it is not gone.
            let changed = state.changed();
            match deadline {
                None => _ = changed.await,
                Some((at, overdue)) => {
                    if timeout_at(at, changed).await.is_err() && self.is_overdue() {
                        return overdue;
                    }
                }
            }
        }
    }

    fn is_overdue(&self) -> bool {
        self.state.borrow().deadline(self.bounds).is_some_and(|(at, _)| at <= Instant::now())
    }

    /// Whoever waits for something to be overdue is woken only when that comes earlier than before: most changes put it
    /// off.
    fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_if_modified(|state| {
            let before = state.deadline(self.bounds);
            change(state);
            let after = state.deadline(self.bounds);
            after.is_some_and(|(after, _)| before.is_none_or(|(before, _)| after < before))
        });
    }
}

/// A request that was not answered to its end yet.
pub(super) struct InFlight {
    activity: Arc<Activity>,
    id: u64,
    handed_out: Option<Instant>,
}

impl InFlight {
    /// A piece of the answer was handed out. Until the next one is asked for, the peer has to take it.
    ///
    /// On HTTP/1 that is seen on the socket, byte by byte. On HTTP/2 the peer bounds each answer by a window of its own,
    /// and may go on to read everything else.
    pub(super) fn hand_out(&mut self) {
        if self.activity.protocol == Protocol::Http2 {
            let entry = (Instant::now(), self.id);
            self.handed_out = Some(entry.0);
            self.activity.change(|state| _ = state.handed_out.insert(entry));
        }
    }

    /// The peer took it.
    pub(super) fn taken(&mut self) {
        if let Some(since) = self.handed_out.take() {
            self.activity.change(|state| _ = state.handed_out.remove(&(since, self.id)));
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.taken();
        self.activity.change(|state| {
            state.in_flight -= 1;
            state.quiet_since = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn activity(protocol: Protocol) -> Arc<Activity> {
        let limits = HttpLimits {
            header_timeout: 10 * SECOND,
            idle_timeout: 60 * SECOND,
            write_timeout: 30 * SECOND,
            ..HttpLimits::default()
        };
        Activity::new(protocol, &limits, Instant::now())
    }

    /// What will be overdue if nothing happens, and in how many seconds.
    async fn next(activity: &Activity) -> (Overdue, u64) {
        let began = Instant::now();
        let overdue = activity.overdue().await;
        (overdue, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_header_is_owed_from_the_beginning() {
        let activity = activity(Protocol::Http1);
        tokio::time::advance(4 * SECOND).await;
        activity.hear();
        assert_eq!(next(&activity).await, (Overdue::Header, 6));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_its_time_and_a_quiet_connection_another() {
        let activity = activity(Protocol::Http1);
        let request = activity.begin();
        tokio::time::advance(1000 * SECOND).await;
        drop(request);
        assert_eq!(next(&activity).await, (Overdue::Idle, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_byte_of_a_header_begins_its_time_and_no_later_one_does() {
        let activity = activity(Protocol::Http1);
        drop(activity.begin());
        tokio::time::advance(55 * SECOND).await;
        activity.hear();
        tokio::time::advance(7 * SECOND).await;
        activity.hear();
        assert_eq!(next(&activity).await, (Overdue::Header, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn talk_about_the_connection_is_no_request() {
        let activity = activity(Protocol::Http2);
        drop(activity.begin());
        tokio::time::advance(55 * SECOND).await;
        activity.hear();
        assert_eq!(next(&activity).await, (Overdue::Idle, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn of_several_answers_none_may_wait_for_the_peer_too_long() {
        let activity = activity(Protocol::Http2);
        let (mut stuck, mut moving) = (activity.begin(), activity.begin());
        stuck.hand_out();
        for _ in 0..4 {
            tokio::time::advance(5 * SECOND).await;
            moving.taken();
            moving.hand_out();
        }
        assert_eq!(next(&activity).await, (Overdue::Stalled, 10));
        drop(stuck);
        assert_eq!(next(&activity).await, (Overdue::Stalled, 20));
        moving.taken();
        drop(moving);
        assert_eq!(next(&activity).await, (Overdue::Idle, 60));
    }
}
