//! A merchant's server.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::eventually;

/// A client with a token.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null if it is not JSON.
    pub body: Value,
}

/// The body of a request for a payment.
pub fn payment(amount: i64, token: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR", "payment_method": { "token": token }, "reference": "order-1001" })
}

impl Client {
    /// A client of the API at `base`.
    pub fn new(base: &str, token: &str) -> Result<Self> {
        Ok(Self { token: Some(token.to_owned()), ..Self::anonymous(base)? })
    }

    /// A client that does not say who it is.
    pub fn anonymous(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(40)).build()?;
        Ok(Self { base: base.to_owned(), token: None, http })
    }

    /// A request with the token, if there is one, to be finished by the caller.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await?;
        Ok(Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// `GET`
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Asks for a payment under a key.
    pub async fn create(&self, key: &str, body: &Value) -> Result<Answer> {
        let request = self.request(Method::POST, "/v1/payments").header("Idempotency-Key", key).json(body);
        self.send(request).await
    }

    /// Asks for a payment under a new key.
    pub async fn pay(&self, body: &Value) -> Result<Answer> {
        self.create(&Uuid::new_v4().to_string(), body).await
    }

    /// Asks for something of a payment, such as `captures` or `cancel`, under a key.
    pub async fn ask_under(&self, key: &str, id: &str, what: &str, body: &Value) -> Result<Answer> {
        let request = self.request(Method::POST, &format!("/v1/payments/{id}/{what}"));
        self.send(request.header("Idempotency-Key", key).json(body)).await
    }

    /// Asks for something of a payment under a new key.
    pub async fn ask(&self, id: &str, what: &str, body: &Value) -> Result<Answer> {
        self.ask_under(&Uuid::new_v4().to_string(), id, what, body).await
    }

    /// Waits until a payment has that status.
    pub async fn reaches(&self, id: &str, status: &str, within: Duration) -> Result<Value> {
        eventually(&format!("payment {id} is {status}"), within, || async {
            let answer = self.get(&format!("/v1/payments/{id}")).await?;
            ensure!(answer.body["status"] == status, "it is {}: {}", answer.body["status"], answer.body);
            Ok::<_, anyhow::Error>(answer.body)
        })
        .await
    }

    /// Asks for a payment as a careful merchant does: under the same key again until it is acknowledged. Gives its id.
    pub async fn acknowledged(&self, key: &str, body: &Value, within: Duration) -> Result<String> {
        eventually("an acknowledgement", within, || async {
            let answer = self.create(key, body).await?;
            match answer.status {
                StatusCode::CREATED => Ok(answer.text("id")),
                StatusCode::ACCEPTED => Ok(answer.text("resource")),
                status => bail!("{status} {}", answer.body),
            }
        })
        .await
    }

    /// Waits until a payment has left `processing` or is under review.
    pub async fn settled(&self, id: &str, within: Duration) -> Result<Value> {
        eventually(&format!("payment {id} is settled"), within, || async {
            let answer = self.get(&format!("/v1/payments/{id}")).await?;
            ensure!(answer.status == StatusCode::OK, "status {}", answer.status);
            let open = answer.body["status"] == "processing" && answer.body["review"].is_null();
            ensure!(!open, "it is {}", answer.body["status"]);
            Ok::<_, anyhow::Error>(answer.body)
        })
        .await
    }

    /// The types of a payment's events, once there are so many.
    pub async fn history(&self, id: &str, events: usize) -> Result<Vec<String>> {
        eventually(&format!("payment {id} has {events} events"), Duration::from_secs(20), || async {
            let answer = self.get(&format!("/v1/payments/{id}/history")).await?;
            let data = answer.body["data"].as_array().cloned().unwrap_or_default();
            ensure!(data.len() == events, "it has {}: {}", data.len(), answer.body);
            Ok::<_, anyhow::Error>(data.iter().map(|event| text(&event["type"])).collect())
        })
        .await
    }
}

impl Answer {
    /// The text of a member of the body.
    pub fn text(&self, name: &str) -> String {
        text(&self.body[name])
    }

    /// The name of its problem type.
    pub fn problem(&self) -> String {
        self.text("type").rsplit(':').next().unwrap_or_default().to_owned()
    }

    /// The fields that it says are not valid.
    pub fn fields(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| text(&error["field"])).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
