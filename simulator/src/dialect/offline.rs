//! The dialect without a server and without a clock, for simulations: a request, the time, and what is answered when.

use futures::FutureExt;
use http_body_util::BodyExt;
use warp::Reply;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderMap, HeaderName, HeaderValue};
use warp::reply::Response;

use super::handlers::{parse_for, render};
use super::requests::{self, CaptureRequest, ChargeRequest, RefundRequest, VoidRequest};
use super::view::ChargeView;
use crate::error::{Error, found};
use crate::ledger::{Act, Answer, Ask, Delivery, Ledger, Refusal, Rules, Status};
use crate::values::{Amount, ChargeId, IdempotencyKey};

/// Where it says that it is reached.
const BASE: &str = "http://simulator.example";

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The idempotency key.
    pub key: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// When it is there, milliseconds; never, if the request is not answered.
    pub answered_at_ms: Option<u64>,
}

/// What one charge came to, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineLine {
    /// The charge.
    pub charge: String,
    /// `payment_id` of its metadata.
    pub payment_id: Option<String>,
    /// `attempt_id` of its metadata.
    pub attempt_id: Option<String>,
    /// Captures that did not fail.
    pub captured: u64,
    /// Refunds that did not fail.
    pub refunded: u64,
}

/// The gateway: what it is told at which time alone decides what it does. Time is told in milliseconds and never goes back.
#[derive(Debug)]
pub struct Machine {
    ledger: Ledger,
}

impl Machine {
    /// One that knows nothing yet. See [`crate::Config`] for what is given.
    pub fn new(slow_ms: u64, charges_max: usize) -> Self {
        Self { ledger: Ledger::new(Rules { slow_ms, each_max: charges_max }) }
    }

    /// Does what it is asked, and answers.
    pub fn answer(&mut self, now_ms: u64, asked: &Asked<'_>) -> Told {
        self.ledger.advance(now_ms);
        let (response, delivery) = self.respond(asked);
        let answered_at_ms = match delivery {
            Delivery::Prompt | Delivery::AfterWebhook => Some(now_ms),
            Delivery::Late { until_ms } => Some(until_ms),
            Delivery::Never => None,
        };
        let status = response.status().as_u16();
        // The body is all there, so nothing is waited for.
        let body = response.into_body().collect().now_or_never().and_then(Result::ok);
        Told { status, body: body.map(|body| body.to_bytes().to_vec()).unwrap_or_default(), answered_at_ms }
    }

    fn respond(&mut self, asked: &Asked<'_>) -> (Response, Delivery) {
        let (path, query) = asked.target.split_once('?').unwrap_or((asked.target, ""));
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let headers = headers(asked.key);
        let changed = match (asked.method, &segments[..]) {
            ("POST", ["v1", "charges"]) => requests::parse::<ChargeRequest>(&headers, asked.body, &"charges")
                .map(|(ask, request)| self.ledger.charge(&ask, &request.into())),
            ("POST", ["v1", "charges", id, "captures"]) => {
                parse_for::<CaptureRequest>(id, "captures", &headers, asked.body)
                    .map(|(id, ask, request)| self.ledger.capture(&ask, id, &request.into()))
            }
            ("POST", ["v1", "charges", id, "void"]) => parse_for::<VoidRequest>(id, "void", &headers, asked.body)
                .map(|(id, ask, request): (ChargeId, Ask, _)| self.ledger.void(&ask, id, &request.into())),
            ("POST", ["v1", "charges", id, "refunds"]) => {
                parse_for::<RefundRequest>(id, "refunds", &headers, asked.body)
                    .map(|(id, ask, request)| self.ledger.refund(&ask, id, &request.into()))
            }
            ("GET", ["v1", "charges"]) => return (self.find(query), Delivery::Prompt),
            ("GET", ["v1", "charges", id]) => return (self.get(id), Delivery::Prompt),
            _ => Err(Error::NotFound),
        };
        match changed {
            Ok(Answer { result: Ok(done), delivery, .. }) => (render(&done, BASE), delivery),
            Ok(Answer { result: Err(refusal), delivery, .. }) => (Error::Refused(refusal).into_response(), delivery),
            Err(error) => (error.into_response(), Delivery::Prompt),
        }
    }

    fn find(&self, query: &str) -> Response {
        let key = query.strip_prefix("idempotency_key=").and_then(IdempotencyKey::from_path_segment);
        let charges = key.map(|key| self.ledger.charges_by_key(&key)).unwrap_or_default();
        let data: Vec<_> = charges.iter().map(|charge| ChargeView::new(charge, BASE)).collect();
        warp::reply::json(&serde_json::json!({ "data": data })).into_response()
    }

    fn get(&self, id: &str) -> Response {
        let charge = id.parse().ok().and_then(|id| self.ledger.charge_by_id(id));
        let view = charge.as_deref().map(|charge| ChargeView::new(charge, BASE));
        found(view, Error::Refused(Refusal::ChargeNotFound))
    }

    /// Lets everything happen that is due until then.
    pub fn advance(&mut self, now_ms: u64) {
        self.ledger.advance(now_ms);
    }

    /// When something happens by itself next.
    pub fn next_due_ms(&self) -> Option<u64> {
        self.ledger.next_due_ms()
    }

    /// The charges to which something has happened since this was asked last, in order.
    pub fn changed(&mut self) -> Vec<String> {
        self.ledger.take_events().into_iter().map(|event| event.charge.id.to_string()).collect()
    }

    /// Whether the customer of that charge has something to do.
    pub fn waits_for_customer(&self, charge: &str) -> bool {
        let charge = charge.parse().ok().and_then(|id| self.ledger.charge_by_id(id));
        charge.is_some_and(|charge| charge.status() == Status::RequiresAction)
    }

    /// The customer of that charge acts, if there is something to do.
    pub fn act(&mut self, now_ms: u64, charge: &str, approves: bool) {
        self.ledger.advance(now_ms);
        if let Ok(id) = charge.parse() {
            // A refusal says that there is nothing to do any more.
            let _ = self.ledger.act(id, if approves { Act::Approve } else { Act::Fail });
        }
    }

    /// Somebody gives money back in the gateway's dashboard, if there is so much.
    pub fn refund(&mut self, now_ms: u64, charge: &str, amount: u64) {
        self.ledger.advance(now_ms);
        let amount = i64::try_from(amount).ok().and_then(|amount| Amount::try_from(amount).ok());
        if let (Ok(id), Some(amount)) = (charge.parse(), amount) {
            let _ = self.ledger.refund_in_dashboard(id, amount);
        }
    }

    /// What each charge came to.
    pub fn lines(&self) -> Vec<MachineLine> {
        let lines = self.ledger.lines(None, usize::MAX).data.into_iter();
        lines
            .map(|line| MachineLine {
                charge: line.charge.to_string(),
                payment_id: line.payment_id,
                attempt_id: line.attempt_id,
                captured: line.captured,
                refunded: line.refunded,
            })
            .collect()
    }
}

fn headers(key: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(key) = key.and_then(|key| HeaderValue::from_str(key).ok()) {
        headers.insert(HeaderName::from_static("idempotency-key"), key);
    }
    headers
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn ask(machine: &mut Machine, now_ms: u64, method: &str, target: &str, key: &str, body: &Value) -> (Told, Value) {
        let body = body.to_string();
        let told = machine.answer(now_ms, &Asked { method, target, key: Some(key), body: body.as_bytes() });
        let value = serde_json::from_slice(&told.body).expect("answers are JSON");
        (told, value)
    }

    #[test]
    fn it_answers_as_the_server_does() {
        let mut machine = Machine::new(1_000, 10);
        let charge = json!({"amount": 500, "currency": "EUR", "token": "tok_approve", "metadata": {"payment_id": "p"}});
        let (told, made) = ask(&mut machine, 5, "POST", "/v1/charges", "k", &charge);
        assert_eq!((told.status, told.answered_at_ms, &made["status"]), (201, Some(5), &json!("succeeded")));
        let (_, found) = ask(&mut machine, 6, "GET", "/v1/charges?idempotency_key=k", "", &json!({}));
        assert_eq!(found["data"], json!([made]));
        let target = format!("/v1/charges/{}/refunds", made["id"].as_str().expect("an id"));
        assert_eq!(ask(&mut machine, 7, "POST", &target, "r", &json!({"amount": 600})).0.status, 422);
        assert_eq!(ask(&mut machine, 8, "POST", &target, "s", &json!({"amount": 200})).0.status, 201);
        let [line] = &machine.lines()[..] else { panic!("one charge") };
        assert_eq!((line.payment_id.as_deref(), line.captured, line.refunded), (Some("p"), 500, 200));
        assert_eq!(ask(&mut machine, 9, "POST", "/v1/nothing", "t", &json!({})).0.status, 404);
    }

    #[test]
    fn it_tells_when_an_answer_is_late_and_when_it_never_comes() {
        let mut machine = Machine::new(1_000, 10);
        let charge = |token: &str| json!({"amount": 500, "currency": "EUR", "token": token});
        let (late, _) = ask(&mut machine, 5, "POST", "/v1/charges", "a", &charge("tok_slow"));
        assert_eq!(late.answered_at_ms, Some(1_005));
        let lost = charge("tok_timeout_after").to_string();
        let asked = Asked { method: "POST", target: "/v1/charges", key: Some("b"), body: lost.as_bytes() };
        assert_eq!(machine.answer(6, &asked).answered_at_ms, None);
        assert_eq!(machine.lines().len(), 2, "it was charged all the same");
    }
}
