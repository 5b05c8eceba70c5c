//! Which request it is, and what it says.
//!
//! | Request | Is |
//! |---|---|
//! | `POST payment_intents` | create, or charge with `confirm=true` |
//! | `POST payment_intents/{id}/confirm`, `…/capture`, `…/cancel` | the same of that intent |
//! | `POST refunds` | refund |
//! | `POST setup_intents` | set up |
//! | `GET payment_intents/{id}`, `refunds/{id}`, `disputes/{id}`, `setup_intents/{id}`, `payment_methods/{id}` | one object |
//! | `GET payment_intents`, `refunds?payment_intent=…`, `disputes` | a list |

mod commands;
mod queries;

use warp::http::Method;

pub(super) use commands::Command;
pub(super) use queries::Query;

use super::expand::{self, Expand};
use super::form::Form;
use super::problem::Problem;
use crate::values::{ChargeId, IntentId};

/// What Stripe takes with a payment and changes nothing here.
const IGNORED: &[&str] = &[
    "automatic_payment_methods",
    "confirmation_method",
    "customer",
    "description",
    "mandate_data",
    "payment_method_options",
    "payment_method_types",
    "receipt_email",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
    "use_stripe_sdk",
];

/// A request, and what its answer tells whole.
#[derive(Debug)]
pub(super) enum Request {
    /// Something is to change.
    Command(Command, Expand),
    /// Nothing is.
    Query(Query, Expand),
}

impl Request {
    /// Reads the request to that path with that form.
    pub(super) fn parse(method: &Method, path: &str, mut form: Form) -> Result<Self, Problem> {
        let segments = path.split('/').collect::<Vec<_>>();
        let form = &mut form;
        let request = match (method.as_str(), segments.as_slice()) {
            ("POST", ["payment_intents"]) => {
                Self::Command(Command::create(form)?, Expand::take(form, expand::OF_INTENT)?)
            }
            ("POST", ["payment_intents", id, "confirm"]) => {
                Self::Command(Command::confirm(intent_id(id)?, form)?, Expand::take(form, expand::OF_INTENT)?)
            }
            ("POST", ["payment_intents", id, "capture"]) => {
                Self::Command(Command::capture(intent_id(id)?, form)?, Expand::take(form, expand::OF_INTENT)?)
            }
            ("POST", ["payment_intents", id, "cancel"]) => {
                Self::Command(Command::cancel(intent_id(id)?, form)?, Expand::take(form, expand::OF_INTENT)?)
            }
            ("POST", ["refunds"]) => Self::Command(Command::refund(form)?, Expand::take(form, expand::OF_REFUND)?),
            ("POST", ["setup_intents"]) => Self::Command(Command::set_up(form)?, Expand::take(form, expand::OF_SETUP)?),
            ("GET", ["payment_intents"]) => {
                Self::Query(Query::intents(form)?, Expand::take_in_list(form, expand::OF_INTENT)?)
            }
            ("GET", ["payment_intents", id]) => {
                Self::Query(Query::Intent(intent_id(id)?), Expand::take(form, expand::OF_INTENT)?)
            }
            ("GET", ["refunds"]) => Self::Query(Query::refunds(form)?, Expand::take_in_list(form, expand::OF_REFUND)?),
            ("GET", ["refunds", id]) => Self::Query(Query::refund(id)?, Expand::take(form, expand::OF_REFUND)?),
            ("GET", ["disputes"]) => {
                Self::Query(Query::disputes(form)?, Expand::take_in_list(form, expand::OF_DISPUTE)?)
            }
            ("GET", ["disputes", id]) => Self::Query(Query::dispute(id)?, Expand::take(form, expand::OF_DISPUTE)?),
            ("GET", ["setup_intents", id]) => Self::Query(Query::setup(id)?, Expand::take(form, expand::OF_SETUP)?),
            ("GET", ["payment_methods", id]) => Self::Query(Query::payment_method(id)?, Expand::take(form, &[])?),
            _ => return Err(Problem::unknown_url(method, path)),
        };
        form.finish()?;
        Ok(request)
    }
}

fn intent_id(text: &str) -> Result<ChargeId, Problem> {
    text.parse::<IntentId>().map(ChargeId::from).map_err(|_| Problem::no_such("payment_intent", text))
}

fn charge_id(text: &str) -> Result<ChargeId, Problem> {
    text.parse().map_err(|_| Problem::no_such("charge", text))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn check(method: &str, path: &str, form: &str) -> Result<Request, Problem> {
        let method = method.parse().map_err(|_| Problem::invalid("no method"))?;
        Request::parse(&method, path, Form::parse(form).ok_or(Problem::invalid("no form"))?)
    }

    #[rstest]
    #[case("POST", "payment_intents", "amount=5&currency=eur")]
    #[case(
        "POST",
        "payment_intents",
        "amount=5&currency=eur&payment_method=pm_card_visa&confirm=true&off_session=true"
    )]
    #[case("POST", "payment_intents", "amount=5&currency=eur&automatic_payment_methods[enabled]=true&metadata[a]=b")]
    #[case("POST", "payment_intents", "amount=5&currency=eur&payment_method_types[]=card&capture_method=manual")]
    #[case("POST", "payment_intents", "amount=5&currency=eur&setup_future_usage=off_session")]
    #[case("POST", "payment_intents/pi_1/confirm", "setup_future_usage=on_session")]
    #[case("POST", "payment_intents/pi_1/confirm", "")]
    #[case("POST", "payment_intents/pi_1/confirm", "return_url=https://shop.example/&expand[]=latest_charge")]
    #[case("POST", "payment_intents/pi_1/capture", "amount_to_capture=5&metadata[attempt_id]=att_1")]
    #[case("POST", "payment_intents/pi_1/cancel", "cancellation_reason=abandoned")]
    #[case("POST", "refunds", "payment_intent=pi_1&amount=5&reason=duplicate")]
    #[case("POST", "refunds", "charge=ch_1")]
    #[case("POST", "setup_intents", "payment_method=pm_card_visa&confirm=true&usage=off_session")]
    #[case("GET", "payment_intents", "limit=100&starting_after=pi_5&expand[]=data.latest_charge")]
    #[case("GET", "payment_intents/pi_1", "expand[]=latest_charge.refunds")]
    #[case("GET", "refunds", "payment_intent=pi_1")]
    #[case("GET", "refunds/re_1", "")]
    #[case("GET", "disputes", "")]
    #[case("GET", "disputes", "payment_intent=pi_1&limit=5&starting_after=dp_3&expand[]=data.charge")]
    #[case("GET", "disputes", "payment_intent=pi_1&charge=ch_1")]
    #[case("GET", "disputes/dp_1", "expand[]=payment_intent")]
    #[case("GET", "setup_intents/seti_1", "")]
    #[case("GET", "payment_methods/pm_card_visa", "")]
    fn requests(#[case] method: &str, #[case] path: &str, #[case] form: &str) {
        assert!(
            check(method, path, form).is_ok_and(|request| method == "GET" || matches!(request, Request::Command(..)))
        );
    }

    #[rstest]
    #[case::no_amount("POST", "payment_intents", "currency=eur")]
    #[case::no_currency("POST", "payment_intents", "amount=5")]
    #[case::upper_case("POST", "payment_intents", "amount=5&currency=EUR")]
    #[case::other_method("POST", "payment_intents", "amount=5&currency=eur&capture_method=later")]
    #[case::nothing_to_confirm("POST", "payment_intents", "amount=5&currency=eur&confirm=true")]
    #[case::url_too_early("POST", "payment_intents", "amount=5&currency=eur&return_url=https://shop.example/")]
    #[case::away_too_early("POST", "payment_intents", "amount=5&currency=eur&off_session=true")]
    #[case::other_usage("POST", "payment_intents", "amount=5&currency=eur&setup_future_usage=always")]
    #[case::usage_of_a_setup("POST", "setup_intents", "setup_future_usage=off_session")]
    #[case::no_card("POST", "payment_intents", "amount=5&currency=eur&payment_method=pm_nonsense")]
    #[case::no_url("POST", "payment_intents/pi_1/confirm", "return_url=shop")]
    #[case::several_captures("POST", "payment_intents/pi_1/capture", "final_capture=false")]
    #[case::own_reason("POST", "payment_intents/pi_1/cancel", "cancellation_reason=bored")]
    #[case::marks_of_a_cancel("POST", "payment_intents/pi_1/cancel", "metadata[a]=b")]
    #[case::of_nothing("POST", "refunds", "amount=5")]
    #[case::of_two("POST", "refunds", "payment_intent=pi_1&charge=ch_1")]
    #[case::own_reason_of_a_refund("POST", "refunds", "payment_intent=pi_1&reason=bored")]
    #[case::no_limit("GET", "payment_intents", "limit=0")]
    #[case::too_many("GET", "payment_intents", "limit=101")]
    #[case::list_of_all_refunds("GET", "refunds", "")]
    #[case::charge_of_another_intent("GET", "disputes", "payment_intent=pi_1&charge=ch_2")]
    #[case::after_no_dispute("GET", "disputes", "starting_after=re_1")]
    #[case::no_dispute("GET", "disputes/du_1", "")]
    #[case::opened_by_a_client("POST", "disputes", "charge=ch_1")]
    #[case::other_id("GET", "payment_intents/ch_1", "")]
    #[case::unknown("GET", "payment_intents/pi_1", "expnad[]=latest_charge")]
    #[case::other_path("GET", "charges/ch_1", "")]
    #[case::other_verb("DELETE", "payment_intents/pi_1", "")]
    #[case::too_deep("GET", "payment_intents/pi_1/", "")]
    fn no_requests(#[case] method: &str, #[case] path: &str, #[case] form: &str) {
        assert!(check(method, path, form).is_err());
    }
}
