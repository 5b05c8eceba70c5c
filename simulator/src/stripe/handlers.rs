//! Between HTTP and the ledger. A request is looked at in this order: who asks, for which version, whether it can be read,
//! and only then its key.

use bytes::Bytes;
use serde_json::Value;
use warp::Reply;
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE};
use warp::http::{HeaderMap, Method};
use warp::path::Tail;
use warp::reply::Response;

use super::decline::payment_error;
use super::expand::Expand;
use super::form::Form;
use super::intent::intent;
use super::problem::Problem;
use super::refund::refund;
use super::request::{Command, Request};
use super::setup;
use crate::gateway::Gateway;
use crate::ledger::{Answer, Ask, Charge, Done};
use crate::values::{IdempotencyKey, fingerprint};

/// Everything under `/stripe/v1`.
pub(super) async fn handle(
    gateway: Gateway,
    method: Method,
    path: Tail,
    query: String,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match parse(&method, path.as_str(), &query, &headers, &body) {
        Ok((Request::Command(command, expand), ask)) => answer(&gateway, &command, &expand, &ask).await,
        Ok((Request::Query(query, expand), _)) => respond(query.answer(&gateway, &expand)),
        Err(problem) => {
            tracing::debug!(path = path.as_str(), ?problem, "request refused");
            problem.into_response()
        }
    }
}

fn parse(
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Request, Ask), Problem> {
    authorize(headers)?;
    if headers.get("stripe-version").is_none_or(|version| version.is_empty()) {
        return Err(Problem::invalid("A Stripe-Version header is required."));
    }
    let form = if method == Method::POST { read_body(headers, body)? } else { read_form(query)? };
    let key = if method == Method::POST { parse_key(headers)? } else { None };
    let fingerprint = fingerprint(&(method.as_str(), path, &form));
    let request = Request::parse(method, path, form)?;
    Ok((request, Ask { key, fingerprint, keeps_failures: true }))
}

/// Any test key will do, and no other: a live key has no business here.
fn authorize(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match given.strip_prefix("Bearer ").map(str::trim) {
        Some(key) if key.len() > "sk_test_".len() && key.starts_with("sk_test_") => Ok(()),
        Some(_) => Err(Problem::unauthorized("Invalid API Key provided.")),
        None => Err(Problem::unauthorized("You did not provide an API key: use Authorization: Bearer sk_test_….")),
    }
}

fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Form, Problem> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !body.is_empty() && !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Problem::invalid("The body must be application/x-www-form-urlencoded."));
    }
    let text = std::str::from_utf8(body).map_err(|_| Problem::invalid("The body is no text."))?;
    read_form(text)
}

fn read_form(text: &str) -> Result<Form, Problem> {
    Form::parse(text).ok_or_else(|| Problem::invalid("The parameters are not encoded well."))
}

fn parse_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let key = headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    key.map(IdempotencyKey::try_from).transpose().map_err(Problem::invalid)
}

/// Asks the ledger, and answers when and what it says.
async fn answer(gateway: &Gateway, command: &Command, expand: &Expand, ask: &Ask) -> Response {
    let ((answer, charge), told) = gateway.ask_and_hear(|ledger| command.carry_out(ledger, ask));
    let Answer { result, replayed, delivery } = match answer {
        Ok(answer) => answer,
        Err(problem) => return problem.into_response(),
    };
    let key = ask.key.as_ref().map(tracing::field::display);
    tracing::info!(
        key,
        result = result.as_ref().map_or_else(|refusal| format!("{refusal:?}"), said),
        replayed,
        ?delivery,
        "asked"
    );
    let response = respond(match &result {
        Ok(done) => render(done, expand, gateway.base()),
        Err(refusal) => Err(refused(command.problem(*refusal, charge.as_deref()), charge.as_deref(), gateway.base())),
    });
    let response = if replayed {
        warp::reply::with_header(response, "idempotent-replayed", "true").into_response()
    } else {
        response
    };
    gateway.deliver(delivery, told, response).await
}

fn said(done: &Done) -> String {
    match done {
        Done::Charged(charge) | Done::Captured(charge, _) | Done::Voided(charge) | Done::Refunded(charge, _) => {
            format!("{} {}", charge.id, charge.status().word())
        }
        Done::SetUp(setup) => setup.id.to_string(),
    }
}

fn respond(object: Result<Value, Problem>) -> Response {
    object.map_or_else(Reply::into_response, |object| warp::reply::json(&object).into_response())
}

/// Tells what was done. A decline is an error with the object in it.
fn render(done: &Done, expand: &Expand, base: &str) -> Result<Value, Problem> {
    match done {
        Done::Charged(charge) => match charge.decline() {
            Some(decline) => {
                let object = intent(charge, &Expand::default(), base);
                Err(Problem::declined(payment_error(charge, decline)).with("payment_intent", object))
            }
            None => Ok(intent(charge, expand, base)),
        },
        Done::Captured(charge, _) | Done::Voided(charge) => Ok(intent(charge, expand, base)),
        Done::Refunded(charge, id) => {
            let done = charge.refund(*id).ok_or_else(|| Problem::no_such("refund", &id.to_string()))?;
            Ok(refund(charge, done, expand, base))
        }
        Done::SetUp(done) => match setup::error(done) {
            Some(error) => {
                Err(Problem::declined(error).with("setup_intent", setup::setup(done, &Expand::default(), base)))
            }
            None => Ok(setup::setup(done, expand, base)),
        },
    }
}

/// What is refused for the state of an intent says what that is.
fn refused(problem: Problem, charge: Option<&Charge>, base: &str) -> Problem {
    match charge {
        Some(charge) if problem.is_about_state() => {
            problem.with("payment_intent", intent(charge, &Expand::default(), base))
        }
        _ => problem,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("Bearer sk_test_1"), true)]
    #[case(Some("Bearer sk_test_"), false)]
    #[case(Some("Bearer sk_live_1"), false)]
    #[case(Some("Basic c2tfdGVzdF8xOg=="), false)]
    #[case(None, false)]
    fn who_may_ask(#[case] given: Option<&'static str>, #[case] accepted: bool) {
        let headers = given.map(|given| (AUTHORIZATION, warp::http::HeaderValue::from_static(given)));
        assert_eq!(authorize(&headers.into_iter().collect()).is_ok(), accepted);
    }
}
