//! A simulator for one test, and a client to drive it.

use std::time::{Duration, Instant};

use quittance_simulator::Config;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// How long anything may take that is waited for.
pub(crate) const WITHIN: Duration = Duration::from_secs(10);

/// A running simulator.
pub(crate) struct Simulator {
    pub(crate) address: String,
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
}

/// What came back, as a test looks at it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) replayed: bool,
    pub(crate) body: Value,
}

impl Answer {
    /// The error's code, or null.
    pub(crate) fn code(&self) -> &Value {
        &self.body["error"]["code"]
    }

    pub(crate) async fn read(response: Response) -> Outcome<Self> {
        let status = response.status().as_u16();
        let replayed = response.headers().get("idempotent-replayed").is_some_and(|value| value == "true");
        let text = response.text().await?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
        Ok(Self { status, replayed, body })
    }
}

/// The body of a charge.
pub(crate) fn body(token: &str, amount: i64) -> Value {
    json!({"amount": amount, "currency": "EUR", "token": token, "capture": true, "metadata": {"attempt_id": "att_1"}})
}

impl Simulator {
    pub(crate) async fn start(config: Config) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            let _ = stopped.await;
        };
        let served = tokio::spawn(quittance_simulator::serve(listener, config, shutdown));
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { address, client, stop, served })
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) fn charge_request(&self, key: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, "/v1/charges").header("Idempotency-Key", key).json(body)
    }

    pub(crate) async fn charge(&self, key: &str, body: &Value) -> Outcome<Answer> {
        Answer::read(self.charge_request(key, body).send().await?).await
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Answer> {
        Answer::read(self.request(Method::GET, path).send().await?).await
    }

    pub(crate) async fn post(&self, path: &str) -> Outcome<Answer> {
        Answer::read(self.request(Method::POST, path).send().await?).await
    }

    /// A request under a key to a path of the simulator's dialect.
    pub(crate) async fn ask(&self, key: &str, path: &str, body: &Value) -> Outcome<Answer> {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key).json(body);
        Answer::read(request.send().await?).await
    }

    /// A request of an operator.
    pub(crate) async fn order(&self, method: Method, path: &str, body: &Value) -> Outcome<Answer> {
        Answer::read(self.request(method, path).json(body).send().await?).await
    }

    /// A request in Stripe's dialect, without a key.
    pub(crate) fn stripe_request(&self, method: Method, path: &str, form: &str) -> RequestBuilder {
        let request = self.request(method, &format!("/stripe/v1/{path}")).header("Stripe-Version", "2025-09-30.clover");
        let request = request.bearer_auth("sk_test_123");
        if form.is_empty() {
            request
        } else {
            request.header("Content-Type", "application/x-www-form-urlencoded").body(form.to_owned())
        }
    }

    /// A request under a key in Stripe's dialect.
    pub(crate) async fn stripe(&self, key: &str, path: &str, form: &str) -> Outcome<Answer> {
        let request = self.stripe_request(Method::POST, path, form).header("Idempotency-Key", key);
        Answer::read(request.send().await?).await
    }

    pub(crate) async fn stripe_get(&self, path: &str) -> Outcome<Answer> {
        Answer::read(self.stripe_request(Method::GET, path, "").send().await?).await
    }

    /// Asks again until the answer is as wanted.
    pub(crate) async fn get_until(&self, path: &str, is_wanted: impl Fn(&Value) -> bool) -> Outcome<Answer> {
        let deadline = Instant::now() + WITHIN;
        loop {
            let answer = self.get(path).await?;
            if is_wanted(&answer.body) {
                return Ok(answer);
            }
            if Instant::now() > deadline {
                return Err(format!("{path} still says {}", answer.body).into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks for a shutdown and waits for its end, at most `within`.
    pub(crate) async fn stop(self, within: Duration) -> Outcome {
        let _ = self.stop.send(());
        tokio::time::timeout(within, self.served).await???;
        Ok(())
    }
}
