//! What an answer to a POST means.

use quittance_avro::{ids::PaymentId, words::PaymentStatus};
use serde::{Deserialize, de::IgnoredAny};

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The payment has left `processing`, or waits for a person.
    Settled(PaymentId),
    /// It is durable, and not settled yet.
    Accepted(PaymentId),
    /// Anything else, by its kind: a status and the name of the problem.
    Error(String),
}

#[derive(Deserialize)]
struct Payment {
    id: PaymentId,
    status: PaymentStatus,
    review: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Command {
    resource: PaymentId,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
}

/// Reads an answer.
pub(crate) fn read(status: u16, body: &[u8]) -> Answer {
    let read = match status {
        200 | 201 => serde_json::from_slice(body).map(|payment: Payment| {
            let is_open = payment.status == PaymentStatus::Processing && payment.review.is_none();
            if is_open { Answer::Accepted(payment.id) } else { Answer::Settled(payment.id) }
        }),
        202 => serde_json::from_slice(body).map(|command: Command| Answer::Accepted(command.resource)),
        _ => serde_json::from_slice(body).map(|problem: Problem| {
            let name = problem.kind.rsplit(':').next().unwrap_or_default();
            Answer::Error(format!("{status} {name}"))
        }),
    };
    read.unwrap_or_else(|_| Answer::Error(format!("{status} with a body that is not understood")))
}

#[cfg(test)]
mod tests {
    use quittance_avro::ids::derive;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn id() -> PaymentId {
        PaymentId::new(derive(&["a"]))
    }

    #[rstest]
    #[case::succeeded(201, json!({"id": id(), "status": "succeeded", "review": null, "amount": 5}), Answer::Settled(id()))]
    #[case::failed(201, json!({"id": id(), "status": "failed", "review": null}), Answer::Settled(id()))]
    #[case::processing(201, json!({"id": id(), "status": "processing", "review": null}), Answer::Accepted(id()))]
    #[case::review(201, json!({"id": id(), "status": "processing", "review": {"reason": "x"}}), Answer::Settled(id()))]
    #[case::accepted(202, json!({"id": "cmd_1", "resource": id()}), Answer::Accepted(id()))]
    #[case::problem(503, json!({"type": "urn:quittance:problem:unavailable"}), Answer::Error("503 unavailable".to_owned()))]
    #[case::nonsense(201, json!([]), Answer::Error("201 with a body that is not understood".to_owned()))]
    #[case::page(502, json!("oops"), Answer::Error("502 with a body that is not understood".to_owned()))]
    fn answers(#[case] status: u16, #[case] body: serde_json::Value, #[case] expected: Answer) {
        assert_eq!(read(status, body.to_string().as_bytes()), expected);
    }
}
