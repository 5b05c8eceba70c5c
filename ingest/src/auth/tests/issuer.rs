//! An issuer's server, which serves what the test wants and counts who asks.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response};
use quittance_service::{
    http::{HttpSettings, RequestBody, serve},
    shutdown::Shutdown,
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// What it answers.
#[derive(Debug, Clone)]
pub(in crate::auth) enum Serves {
    /// This, with status 200.
    Body(String),
    /// This status, and a set of keys all the same.
    Status(u16, String),
    /// A redirect to there.
    Redirect(String),
    /// Nothing, until it serves something else.
    Nothing,
}

pub(in crate::auth) struct Issuer {
    address: SocketAddr,
    serves: watch::Sender<Serves>,
    requests: Arc<watch::Sender<usize>>,
    shutdown: Shutdown,
    task: JoinHandle<std::io::Result<()>>,
}

impl Issuer {
    pub(in crate::auth) async fn start(first: Serves) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (serves, served) = watch::channel(first);
        let requests = Arc::new(watch::Sender::new(0));
        let counted = requests.clone();
        let service = tower::service_fn(move |_: Request<RequestBody>| {
            counted.send_modify(|count| *count += 1);
            let mut served = served.clone();
            async move {
                let answer = served.wait_for(|serves| !matches!(serves, Serves::Nothing)).await;
                Ok::<_, Infallible>(response(&answer.map_or(Serves::Nothing, |serves| serves.clone())))
            }
        });
        let shutdown = Shutdown::new();
        let task = tokio::spawn(serve(listener, service, HttpSettings::default(), shutdown.clone()));
        Self { address, serves, requests, shutdown, task }
    }

    pub(in crate::auth) fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    pub(in crate::auth) fn serve(&self, serves: Serves) {
        self.serves.send_replace(serves);
    }

    pub(in crate::auth) fn requests(&self) -> usize {
        *self.requests.borrow()
    }

    /// Returns when so many have asked.
    pub(in crate::auth) async fn asked(&self, count: usize) {
        self.requests.subscribe().wait_for(|asked| *asked >= count).await.expect("it is there");
    }

    /// Returns when nobody listens any more.
    pub(in crate::auth) async fn stop(self) {
        self.shutdown.request();
        self.task.await.expect("its task").expect("it served");
    }
}

fn response(serves: &Serves) -> Response<Full<Bytes>> {
    let (status, body, location) = match serves {
        Serves::Body(body) => (200, body.clone(), None),
        Serves::Status(status, body) => (*status, body.clone(), None),
        Serves::Redirect(to) => (302, String::new(), Some(to)),
        Serves::Nothing => (500, String::new(), None),
    };
    let mut response = Response::builder().status(status);
    if let Some(to) = location {
        response = response.header("location", to);
    }
    response.body(Full::from(body)).expect("a response")
}
