//! Where the customer acts: the page that an issuer would show.
//!
//! A browser, which asks for `text/html`, is sent on to the client's `return_url` after it acted; a test is told the charge.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use warp::filters::BoxedFilter;
use warp::http::header::{ACCEPT, LOCATION};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;
use warp::{Filter, Reply, path};

use crate::dialect::ChargeView;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::ledger::{Act, Charge, Refusal, Status};
use crate::values::ChargeId;

/// Everything under `/actions`.
pub(crate) fn routes(gateway: &Gateway) -> BoxedFilter<(Response,)> {
    let shared = gateway.clone();
    let gateway = warp::any().map(move || shared.clone());
    let show = path!("actions" / String).and(warp::get()).and(gateway.clone());
    let approve = path!("actions" / String / "approve").and(warp::post()).map(|id| (id, Act::Approve));
    let fail = path!("actions" / String / "fail").and(warp::post()).map(|id| (id, Act::Fail));
    let act = approve.or(fail).unify().and(gateway).and(warp::header::headers_cloned());
    show.map(page).or(act.map(act_on)).unify().boxed()
}

/// `GET /actions/{charge}`
fn page(id: String, gateway: Gateway) -> Response {
    let charge = id.parse::<ChargeId>().ok().and_then(|id| gateway.ask(|ledger| ledger.charge_by_id(id)));
    match charge {
        Some(charge) => warp::reply::html(html(&charge)).into_response(),
        None => Error::Refused(Refusal::ChargeNotFound).into_response(),
    }
}

/// `POST /actions/{charge}/approve` and `…/fail`
fn act_on((id, act): (String, Act), gateway: Gateway, headers: HeaderMap) -> Response {
    let id = id.parse::<ChargeId>().map_err(|_| Refusal::ChargeNotFound);
    match id.and_then(|id| gateway.ask(|ledger| ledger.act(id, act))) {
        Ok(charge) => {
            tracing::info!(charge = %charge.id, ?act, status = charge.status().word(), "the customer acted");
            if is_browser(&headers) {
                sent_on(&charge)
            } else {
                warp::reply::json(&ChargeView::new(&charge, gateway.base())).into_response()
            }
        }
        Err(refusal) => Error::Refused(refusal).into_response(),
    }
}

fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accepted| accepted.contains("text/html"))
}

fn sent_on(charge: &Charge) -> Response {
    let own_page = format!("/actions/{}", charge.id);
    let to = charge.return_url.as_ref().map_or(own_page.as_str(), |url| url.as_str());
    match HeaderValue::from_str(to) {
        Ok(to) => warp::reply::with_header(StatusCode::SEE_OTHER, LOCATION, to).into_response(),
        // A return URL has only characters that a header can have.
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

/// Nothing in it comes from a client but the charge's number.
fn html(charge: &Charge) -> String {
    let (id, status) = (charge.id, charge.status().word());
    let form = if charge.status() == Status::RequiresAction {
        format!(
            "<form method=post><button formaction=/actions/{id}/approve>Approve</button> \
             <button formaction=/actions/{id}/fail>Fail</button></form>"
        )
    } else {
        String::new()
    };
    format!("<!doctype html><html lang=en><title>Simulated issuer</title><p>Charge {id}: {status}</p>{form}</html>\n")
}
