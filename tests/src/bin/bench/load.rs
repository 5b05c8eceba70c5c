//! Sending payments when they are due.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue},
};
use quittance_tests::payment;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::{
    answer::{self, Answer},
    args::Mode,
    connections::{ConnectionError, Connections, Reply},
    payments::Payments,
    schedule::Arrival,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Sends payments to one ingest.
#[derive(Debug)]
pub(crate) struct Load {
    connections: Connections,
    payments: Arc<Payments>,
    headers: HeaderMap,
    body: Bytes,
    /// What is read, one after the other; if there is none, payments are created.
    reads: Vec<Uri>,
}

impl Load {
    /// Every payment has the same body, and an Idempotency-Key of its own. If there is something to read, that is all that is done.
    pub(crate) fn new(
        address: SocketAddr,
        connections_max: u32,
        token: &str,
        payments: Arc<Payments>,
        reads: Vec<Uri>,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&address.to_string())?);
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).context("a token")?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if matches!(payments.mode, Mode::Async | Mode::Alone) {
            headers.insert("prefer", HeaderValue::from_static("respond-async"));
        }
        let body = payment(1_250, "tok_approve").to_string().into();
        Ok(Self { connections: Connections::new(address, connections_max), payments, headers, body, reads })
    }

    /// Sends each arrival as it comes, without waiting for those before it.
    pub(crate) async fn send_all(self: Arc<Self>, mut arrivals: UnboundedReceiver<Arrival>) {
        while let Some(arrival) = arrivals.recv().await {
            let load = Arc::clone(&self);
            tokio::spawn(async move { load.send(arrival).await });
        }
    }

    async fn send(&self, arrival: Arrival) {
        match self.exchange(arrival).await {
            Ok(reply) => self.payments.answered(arrival, answer::read(reply.status, &reply.body), reply.at),
            Err(error) => self.payments.answered(arrival, Answer::Error(error.to_string()), Instant::now()),
        }
    }

    async fn exchange(&self, arrival: Arrival) -> Result<Reply, ConnectionError> {
        let connection = self.connections.get().await?;
        self.payments.sent(arrival, Instant::now());
        connection.exchange(self.request(arrival.number)).await
    }

    fn request(&self, number: u64) -> Request<Full<Bytes>> {
        if let Some(uri) = self.reads.get(number as usize % self.reads.len().max(1)) {
            let mut request = Request::new(Full::default());
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = self.headers.clone();
            return request;
        }
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::from_static("/v1/payments");
        *request.headers_mut() = self.headers.clone();
        let key = HeaderValue::from_str(&format!("bench-{number}")).expect("letters, digits and a dash");
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        request
    }
}
