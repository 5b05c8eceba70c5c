//! Sending payments when they are due.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request,
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
}

impl Load {
    /// Every payment has the same body, and an Idempotency-Key of its own.
    pub(crate) fn new(
        address: SocketAddr,
        connections_max: u32,
        token: &str,
        mode: Mode,
        payments: Arc<Payments>,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&address.to_string())?);
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).context("a token")?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if mode == Mode::Async {
            headers.insert("prefer", HeaderValue::from_static("respond-async"));
        }
        let body = payment(1_250, "tok_approve").to_string().into();
        Ok(Self { connections: Connections::new(address, connections_max), payments, headers, body })
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
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = hyper::Uri::from_static("/v1/payments");
        *request.headers_mut() = self.headers.clone();
        let key = HeaderValue::from_str(&format!("bench-{number}")).expect("letters, digits and a dash");
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        request
    }
}
