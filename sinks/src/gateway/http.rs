//! Carries out exchanges over HTTP. It knows no gateway, and logs nothing.

use std::time::{Duration, Instant};

use quittance_gateways::{BODY_BYTES_MAX, Broken, Exchange, Method, Request};
use quittance_service::causes::with_causes;
use reqwest::{Client, RequestBuilder, Response, redirect, retry};

use super::accounts::BaseUrl;

/// How long a connection may wait for its next exchange. Shorter than servers wait (five seconds at the least, in
/// Node's default): a request that meets a connection just being closed ends with an unknown outcome.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// The HTTP client of all accounts.
pub(super) struct Http {
    client: Client,
    timeout: Duration,
}

impl Http {
    /// A client that gives the exchanges of an effect `timeout`, and keeps up to `connections_max` open between exchanges for each
    /// account. How many are in use at a time is up to the caller.
    pub(super) fn new(timeout: Duration, connections_max: usize) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            // Proxies of the environment would see the traffic, and would turn what was not sent into something unknown.
            .no_proxy()
            // A redirect would carry the token to an address that nobody configured.
            .redirect(redirect::Policy::none())
            // When to try again is the processor's to say.
            .retry(retry::never())
            // A connection that does not come about is given up while it is still certain that nothing was sent.
            .connect_timeout(timeout / 2)
            .pool_max_idle_per_host(connections_max)
            .pool_idle_timeout(IDLE_CONNECTION)
            .user_agent(concat!("quittance/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, timeout })
    }

    /// The exchanges of an effect, one after the other, up to the first that does not succeed. Each request goes out at most
    /// once.
    pub(super) async fn exchanges(&self, base: &BaseUrl, requests: Vec<Request>) -> Vec<Exchange> {
        let began = Instant::now();
        let mut exchanges = Vec::with_capacity(requests.len());
        for request in requests {
            let left = self.timeout.saturating_sub(began.elapsed());
            exchanges.push(self.exchange(base, request, left).await);
            if exchanges.last().is_none_or(|exchange| !exchange.is_success()) {
                break;
            }
        }
        exchanges
    }

    async fn exchange(&self, base: &BaseUrl, request: Request, timeout: Duration) -> Exchange {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut builder: RequestBuilder = self.client.request(method, base.at(&request.target)).timeout(timeout);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(bearer) = request.bearer {
            // Marked as sensitive, so that it shows in no debug output of the client either.
            builder = builder.bearer_auth(bearer.expose());
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        match builder.send().await {
            Ok(response) => Exchange::Answered { status: response.status().as_u16(), body: read(response).await },
            // Name not resolved, connection refused or timed out, TLS not agreed; or the request could not even be made.
            Err(error) if error.is_connect() || error.is_builder() => Exchange::NotSent(text(error)),
            Err(error) => Exchange::Unanswered(broken(error)),
        }
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Broken> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(Broken::TooLarge(BODY_BYTES_MAX));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn broken(error: reqwest::Error) -> Broken {
    if error.is_timeout() { Broken::TimedOut } else { Broken::Failed(text(error)) }
}

/// The error without the URL.
fn text(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}
