//! The accept loop's patience: with callers beyond the cap, and with a kernel that is out of descriptors.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::backoff::Backoff;
use crate::throttle::Throttle;

/// A listener that hands out connections only while there is room for one.
pub(super) struct Acceptor {
    listener: TcpListener,
    slots: Arc<Semaphore>,
    connections_max: usize,
    backoff: Backoff,
    full_log: Throttle,
    error_log: Throttle,
}

impl Acceptor {
    pub(super) fn new(listener: TcpListener, connections_max: usize) -> Self {
        Self {
            listener,
            slots: Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS))),
            connections_max,
            backoff: Backoff::DEFAULT,
            full_log: Throttle::LOG,
            error_log: Throttle::LOG,
        }
    }

    /// The next connection, who it is from, and its slot, which is free again when dropped. May be dropped while waiting.
    pub(super) async fn next(&mut self) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
        // The slot comes first: a connection accepted without one would hold a descriptor and get no answer, whereas in
        // the kernel's queue it costs nothing and another replica may yet be chosen.
        let slot = self.slot().await;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    self.backoff.reset();
                    // Answers are written whole; waiting for more to send would only delay them.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "cannot set TCP_NODELAY");
                    }
                    return (stream, peer.ip(), slot);
                }
                Err(error) if is_callers_fault(&error) => {
                    tracing::debug!(%error, "a caller left before it was accepted")
                }
                Err(error) => self.pause(&error).await,
            }
        }
    }

    async fn slot(&mut self) -> OwnedSemaphorePermit {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return slot;
        }
        if self.full_log.is_due() {
            tracing::warn!(connections_max = self.connections_max, "all connections are in use, new ones wait");
        }
        Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// Out of descriptors or memory: the pending connection stays in the queue, so trying at once would spin.
    async fn pause(&mut self, error: &io::Error) {
        if self.error_log.is_due() {
            tracing::error!(%error, "cannot accept connections, trying again");
        }
        tokio::time::sleep(self.backoff.next_delay().min(PAUSE_MAX)).await;
    }
}

/// A longer pause would keep callers waiting after the descriptors have come back.
const PAUSE_MAX: Duration = Duration::from_secs(1);

fn is_callers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_send_without_delay_and_free_their_slot() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut acceptor = Acceptor::new(listener, 1);
        for _ in 0..2 {
            let _client = TcpStream::connect(address).await.expect("a connection");
            let (stream, peer, slot) = acceptor.next().await;
            assert!(peer.is_loopback());
            assert!(stream.nodelay().expect("the option"));
            assert_eq!(acceptor.slots.available_permits(), 0);
            drop(slot);
        }
    }
}
