//! A server in this process, clients that speak bytes, HTTP/2 and TLS, and a handler that waits to be released.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(10);

/// Whatever a test waits for, it waits this long at most.
pub(super) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("done within the deadline")
}

pub(super) struct Running {
    address: SocketAddr,
    pub(super) shutdown: Shutdown,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    pub(super) async fn start<S, B>(service: S, limits: HttpLimits) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        Self::start_with(service, HttpSettings { limits, ..HttpSettings::default() }).await
    }

    pub(super) async fn start_with<S, B>(service: S, settings: HttpSettings) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shutdown = Shutdown::new();
        let task = tokio::spawn(serve(listener, service, settings, shutdown.clone()));
        Self { address, shutdown, task }
    }

    pub(super) async fn connect(&self) -> Client {
        Client::over(self.stream().await)
    }

    /// A client that knows that the server speaks HTTP/2.
    pub(super) async fn connect_http2(&self) -> Http2Client {
        Http2Client::over(self.stream().await).await
    }

    pub(super) async fn stream(&self) -> TcpStream {
        within(TcpStream::connect(self.address)).await.expect("a connection")
    }

    pub(super) async fn refuses_connections(&self) {
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::time::sleep(TICK).await;
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    pub(super) async fn ended(self) {
        within(self.task).await.expect("the server's task").expect("the server");
    }

    pub(super) async fn stop(self) {
        self.shutdown.request();
        self.ended().await;
    }
}

pub(super) struct Client<S = TcpStream> {
    stream: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(super) fn over(stream: S) -> Self {
        Self { stream }
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes()).await;
    }

    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        within(self.stream.write_all(bytes)).await.expect("a write");
    }

    /// One answer with a content length, as `status line: body`.
    pub(super) async fn response(&mut self) -> String {
        let mut text = String::new();
        let head_end = loop {
            if let Some(end) = text.find("\r\n\r\n") {
                break end + 4;
            }
            text += &within(self.read_some()).await;
        };
        let head = text[..head_end].to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a content length");
        let length: usize = length.parse().expect("a number");
        while text.len() < head_end + length {
            text += &within(self.read_some()).await;
        }
        format!("{}: {}", text.lines().next().expect("a status line"), &text[head_end..])
    }

    /// What has arrived; panics at the end of the stream.
    pub(super) async fn read_some(&mut self) -> String {
        let mut bytes = [0; 4096];
        let count = self.stream.read(&mut bytes).await.expect("a read");
        assert_ne!(count, 0, "the server closed the connection");
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    /// Everything until the server closes; a reset counts as closed, and so does an end without TLS's own farewell.
    pub(super) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = within(self.stream.read_to_end(&mut bytes)).await {
            let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof];
            assert!(kinds.contains(&error.kind()), "{error}");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Goes on sending `drop` slowly until the server closes, and returns what the server said.
    pub(super) async fn trickle_until_closed(&mut self, drop: &str) -> String {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let trickle = async {
            while writer.write_all(drop.as_bytes()).await.is_ok() {
                tokio::time::sleep(TICK).await;
            }
            std::future::pending().await
        };
        let mut bytes = Vec::new();
        tokio::select! {
            _closed = reader.read_to_end(&mut bytes) => {}
            () = trickle => {}
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A client of HTTP/2 on one connection.
pub(super) struct Http2Client {
    requests: http2::SendRequest<Empty<Bytes>>,
    connection: JoinHandle<hyper::Result<()>>,
}

impl Http2Client {
    pub(super) async fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        let handshake = http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
        let (requests, connection) = within(handshake).await.expect("a handshake");
        Self { requests, connection: tokio::spawn(connection) }
    }

    /// Sends a request; the answer is another's to wait for.
    pub(super) fn send(
        &mut self,
        request: Request<Empty<Bytes>>,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + Send + use<> {
        self.requests.send_request(request)
    }

    /// Asks for a path, and gives the answer as `status: body`.
    pub(super) async fn get(&mut self, path: &str) -> hyper::Result<String> {
        let request = Request::get(format!("http://test{path}")).body(Empty::new()).expect("a request");
        let answer = within(self.send(request)).await?;
        let status = answer.status().as_u16();
        let body = within(http_body_util::BodyExt::collect(answer.into_body())).await?.to_bytes();
        Ok(format!("{status}: {}", String::from_utf8_lossy(&body)))
    }

    /// Waits until the server has ended the connection, and says how.
    pub(super) async fn ended(self) -> hyper::Result<()> {
        within(self.connection).await.expect("the connection's task")
    }
}

/// A service that always says the same.
pub(super) fn answer(
    text: &'static str,
) -> impl Service<Request<RequestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ 'static {
    tower::service_fn(move |_request| async move { Ok(Response::new(Full::from(text))) })
}

/// A service whose requests run until they are released, and that counts them.
#[derive(Clone)]
pub(super) struct Gate {
    running: Arc<watch::Sender<usize>>,
    most: Arc<AtomicUsize>,
    releases: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { running: Arc::default(), most: Arc::default(), releases: Arc::new(Semaphore::new(0)) }
    }
}

/// One running request; it counts until it is answered or dropped.
struct Pass(Gate);

impl Drop for Pass {
    fn drop(&mut self) {
        self.0.running.send_modify(|count| *count -= 1);
    }
}

impl Gate {
    pub(super) fn service(
        &self,
    ) -> impl Service<Request<RequestBody>, Response = Response<Full<Bytes>>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + 'static {
        let gate = self.clone();
        tower::service_fn(move |_request| {
            let gate = gate.clone();
            async move {
                gate.running.send_modify(|count| *count += 1);
                gate.most.fetch_max(*gate.running.borrow(), Ordering::Relaxed);
                let pass = Pass(gate.clone());
                gate.releases.acquire().await.expect("never closed").forget();
                drop(pass);
                Ok(Response::new(Full::from("done")))
            }
        })
    }

    pub(super) async fn wait_for_running(&self, wanted: usize) {
        within(self.running.subscribe().wait_for(|count| *count == wanted)).await.expect("never closed");
    }

    pub(super) fn release(&self, count: usize) {
        self.releases.add_permits(count);
    }

    pub(super) fn most_at_a_time(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}
