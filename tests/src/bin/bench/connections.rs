//! A bounded pool of HTTP/1.1 connections to one address.
//!
//! The connection that was used last is used next, so that only as many are warm as the load needs.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// The server closes a connection that is idle for longer than 75 s: ours end well before, so that no request meets a connection
/// that is just being closed.
const IDLE_MAX: Duration = Duration::from_secs(5);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer may take: more than the longest wait that a client may ask for.
const ANSWER_WITHIN: Duration = Duration::from_secs(35);

type Sender = http1::SendRequest<Full<Bytes>>;

/// The pool.
#[derive(Debug)]
pub(crate) struct Connections {
    address: SocketAddr,
    slots: Semaphore,
    idle: Mutex<Vec<(Instant, Sender)>>,
}

/// A connection of one's own until it is dropped.
pub(crate) struct Connection<'a> {
    pool: &'a Connections,
    sender: Sender,
    _slot: SemaphorePermit<'a>,
}

/// An answer, read to its end.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    /// When its last byte was there.
    pub(crate) at: Instant,
}

/// Why there is no answer. The text is also the kind under which it is counted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("connecting failed: {0}")]
    Connect(io::Error),
    #[error("the connection broke: {0}")]
    Broken(hyper::Error),
    #[error("no answer within {} s", ANSWER_WITHIN.as_secs())]
    NoAnswer,
}

impl Connections {
    /// A pool without a connection yet.
    pub(crate) fn new(address: SocketAddr, connections_max: u32) -> Self {
        let slots = Semaphore::new(usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS));
        Self { address, slots, idle: Mutex::default() }
    }

    /// Waits for a free connection; opens one if there is none yet. First come, first served.
    pub(crate) async fn get(&self) -> Result<Connection<'_>, ConnectionError> {
        let slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let sender = match self.take_idle() {
            Some(sender) => sender,
            None => self.open().await?,
        };
        Ok(Connection { pool: self, sender, _slot: slot })
    }

    fn take_idle(&self) -> Option<Sender> {
        let mut idle = self.idle();
        let (since, sender) = idle.pop()?;
        if since.elapsed() < IDLE_MAX && sender.is_ready() {
            return Some(sender);
        }
        // Those below have been idle for longer still, or broke with it.
        idle.retain(|(since, sender)| since.elapsed() < IDLE_MAX && sender.is_ready());
        idle.pop().map(|(_, sender)| sender)
    }

    async fn open(&self) -> Result<Sender, ConnectionError> {
        let connected = timeout(CONNECT_WITHIN, TcpStream::connect(self.address)).await;
        let stream = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let stream = stream.map_err(ConnectionError::Connect)?;
        stream.set_nodelay(true).map_err(ConnectionError::Connect)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(ConnectionError::Broken)?;
        // Its end is seen by its sender.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Instant, Sender)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection<'_> {
    /// Sends a request, reads the whole answer, and gives the connection back if it is still good.
    pub(crate) async fn exchange(mut self, request: Request<Full<Bytes>>) -> Result<Reply, ConnectionError> {
        let exchange = async {
            let answer = self.sender.send_request(request).await?;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok(Reply { status, body, at: Instant::now() })
        };
        let reply = timeout(ANSWER_WITHIN, exchange).await.map_err(|_| ConnectionError::NoAnswer)?;
        let reply = reply.map_err(ConnectionError::Broken)?;
        // Ready again only after the connection's own task has seen the end of the answer.
        if self.sender.ready().await.is_ok() {
            self.pool.idle().push((Instant::now(), self.sender));
        }
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A server that answers one connection `answers` times, then closes it and takes the next one.
    async fn server(answers: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move {
            while let Ok((mut stream, peer)) = listener.accept().await {
                for _ in 0..answers {
                    let mut request = [0; 1_024];
                    let Ok(1..) = stream.read(&mut request).await else { break };
                    let body = peer.port().to_string();
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    stream.write_all(answer.as_bytes()).await.expect("the peer reads");
                }
            }
        });
        address
    }

    /// The port from which the server saw a request coming.
    async fn port(connection: Connection<'_>) -> Bytes {
        let reply = connection.exchange(Request::new(Full::default())).await.expect("an answer");
        assert_eq!(reply.status, 200);
        reply.body
    }

    #[tokio::test]
    async fn a_connection_is_used_again() {
        let pool = Connections::new(server(2).await, 8);
        let first = port(pool.get().await.expect("a connection")).await;
        assert_eq!(port(pool.get().await.expect("a connection")).await, first);
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_is_not() {
        let pool = Connections::new(server(1).await, 8);
        let first = port(pool.get().await.expect("a connection")).await;
        let deadline = Instant::now() + Duration::from_secs(10);
        while pool.idle().iter().any(|(_, sender)| !sender.is_closed()) {
            assert!(Instant::now() < deadline, "the end of the connection is never seen");
            tokio::task::yield_now().await;
        }
        assert_ne!(port(pool.get().await.expect("a connection")).await, first);
    }

    #[tokio::test]
    async fn past_the_bound_one_waits() {
        let pool = Connections::new(server(2).await, 1);
        let busy = pool.get().await.expect("a connection");
        assert!(futures::poll!(std::pin::pin!(pool.get())).is_pending());
        let first = port(busy).await;
        assert_eq!(port(pool.get().await.expect("a connection")).await, first);
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_of_its_kind() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        drop(listener);
        let error = Connections::new(address, 1).get().await.err().expect("nobody listens").to_string();
        assert!(error.starts_with("connecting failed: "), "{error}");
    }
}
