//! Where the customer acts: the page that an issuer would show.
//!
//! A browser, which asks for `text/html`, is sent on to the client's `return_url` after it acted; a test is told the charge, or how the
//! setup stands.

#![expect(clippy::needless_pass_by_value, reason = "warp hands values to its handlers")]

use std::sync::Arc;

use serde_json::json;
use warp::filters::BoxedFilter;
use warp::http::header::{ACCEPT, LOCATION};
use warp::http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;
use warp::{Filter, Reply, path};

use crate::dialect::ChargeView;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::ledger::{Act, Charge, Refusal, Setup, SetupState, Status};
use crate::values::{ChargeId, ReturnUrl, SetupId};

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

/// What a customer acts on.
enum Subject {
    Charge(Arc<Charge>),
    Setup(Arc<Setup>),
}

impl Subject {
    fn find(gateway: &Gateway, id: &str) -> Option<Self> {
        if let Ok(id) = id.parse::<SetupId>() {
            return gateway.ask(|ledger| ledger.setup_by_id(id)).map(Self::Setup);
        }
        let id = id.parse::<ChargeId>().ok()?;
        gateway.ask(|ledger| ledger.charge_by_id(id)).map(Self::Charge)
    }

    fn act(&self, gateway: &Gateway, act: Act) -> Result<Self, Refusal> {
        match self {
            Self::Charge(charge) => gateway.ask(|ledger| ledger.act(charge.id, act)).map(Self::Charge),
            Self::Setup(setup) => gateway.ask(|ledger| ledger.act_on_setup(setup.id, act)).map(Self::Setup),
        }
    }

    fn id(&self) -> String {
        match self {
            Self::Charge(charge) => charge.id.to_string(),
            Self::Setup(setup) => setup.id.to_string(),
        }
    }

    fn status(&self) -> &'static str {
        match self {
            Self::Charge(charge) => charge.status().word(),
            Self::Setup(setup) => setup.word(),
        }
    }

    fn waits(&self) -> bool {
        match self {
            Self::Charge(charge) => charge.status() == Status::RequiresAction,
            Self::Setup(setup) => setup.state == SetupState::RequiresAction,
        }
    }

    fn return_url(&self) -> Option<&ReturnUrl> {
        match self {
            Self::Charge(charge) => charge.return_url.as_ref(),
            Self::Setup(setup) => setup.return_url.as_ref(),
        }
    }

    fn told(&self, base: &str) -> Response {
        match self {
            Self::Charge(charge) => warp::reply::json(&ChargeView::new(charge, base)).into_response(),
            Self::Setup(setup) => warp::reply::json(&json!({ "id": setup.id, "status": setup.word() })).into_response(),
        }
    }
}

/// `GET /actions/{charge or setup}`
fn page(id: String, gateway: Gateway) -> Response {
    match Subject::find(&gateway, &id) {
        Some(subject) => warp::reply::html(html(&subject)).into_response(),
        None => Error::Refused(Refusal::ChargeNotFound).into_response(),
    }
}

/// `POST /actions/{charge or setup}/approve` and `…/fail`
fn act_on((id, act): (String, Act), gateway: Gateway, headers: HeaderMap) -> Response {
    let found = Subject::find(&gateway, &id).ok_or(Refusal::ChargeNotFound);
    match found.and_then(|found| found.act(&gateway, act)) {
        Ok(acted) => {
            tracing::info!(id = acted.id(), ?act, status = acted.status(), "the customer acted");
            if is_browser(&headers) { sent_on(&acted) } else { acted.told(gateway.base()) }
        }
        Err(refusal) => Error::Refused(refusal).into_response(),
    }
}

fn is_browser(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accepted| accepted.contains("text/html"))
}

fn sent_on(acted: &Subject) -> Response {
    let own_page = format!("/actions/{}", acted.id());
    let to = acted.return_url().map_or(own_page.as_str(), |url| url.as_str());
    match HeaderValue::from_str(to) {
        Ok(to) => warp::reply::with_header(StatusCode::SEE_OTHER, LOCATION, to).into_response(),
        // A return URL has only characters that a header can have.
        Err(_) => StatusCode::NO_CONTENT.into_response(),
    }
}

/// Nothing in it comes from a client but the number of the charge or setup.
fn html(subject: &Subject) -> String {
    let (id, status) = (subject.id(), subject.status());
    let what = match subject {
        Subject::Charge(_) => "Charge",
        Subject::Setup(_) => "Setup",
    };
    let form = if subject.waits() {
        format!(
            "<form method=post><button formaction=/actions/{id}/approve>Approve</button> \
             <button formaction=/actions/{id}/fail>Fail</button></form>"
        )
    } else {
        String::new()
    };
    format!("<!doctype html><html lang=en><title>Simulated issuer</title><p>{what} {id}: {status}</p>{form}</html>\n")
}
