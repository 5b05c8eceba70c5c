//! One function for each thing that can be asked for.

mod actor;
mod anomalies;
mod command;
mod configure;
mod create_payment;
mod events;
mod ledger;
mod list_payments;
mod methods;
mod operate;
mod read;
mod seal;
mod service;
mod webhook;

use self::seal::{sealed, sealing_key};
pub(crate) use self::{
    anomalies::{AnomalyView, read_anomalies},
    configure::{
        All, Fees, Limits, Rules, create_api_key, put_gateway_account, put_set, read_api_key, read_api_keys,
        read_gateway_account, read_gateway_accounts, read_set, revoke_api_key,
    },
    create_payment::create_payment,
    events::{EventPage, follow_payment, read_events},
    ledger::{read_account, read_accounts, read_postings, read_trial_balance},
    list_payments::list_payments,
    methods::{change_method, create_method, read_method},
    operate::operate,
    read::{read_command, read_history, read_payment, read_refund},
    service::{live, openapi, ready},
    webhook::webhook,
};
use quittance_avro::{
    records::PaymentState,
    seal::{Binding, OpenError},
};
use quittance_service::causes::with_causes;
use serde::Serialize;
use warp::http::{HeaderValue, StatusCode, header};

use crate::{
    app::App,
    problem::Problem,
    reads::StoreError,
    view::{self, PaymentView, Text},
};

/// What a request is answered with: a whole body, or one that goes on.
pub(crate) type Answer = warp::reply::Response;

/// What the text of a payment is sealed for.
const TEXT_PURPOSE: &str = "payment.text";

/// A JSON answer.
fn json(status: StatusCode, body: &impl Serialize) -> Result<Answer, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|error| Problem::internal("an answer cannot be written", error))?;
    let mut response = Answer::new(bytes.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The payment with its text opened.
async fn payment_view<'a>(app: &App, state: &'a PaymentState) -> Result<PaymentView<'a>, Problem> {
    Ok(view::payment(state, payment_text(app, state).await?))
}

/// The text of a payment. What does not open is shown as absent: the rest of the payment is needed all the same.
async fn payment_text(app: &App, state: &PaymentState) -> Result<Text, Problem> {
    Ok(opened_text(app, state).await?.unwrap_or_default())
}

/// The text of a payment, absent if its key was erased; none if it was tampered with, or is not to be read for another reason.
async fn opened_text(app: &App, state: &PaymentState) -> Result<Option<Text>, Problem> {
    let envelope = &state.envelope;
    let binding = Binding {
        mode: envelope.mode,
        tenant: &envelope.tenant,
        aggregate_id: &envelope.aggregate_id,
        purpose: TEXT_PURPOSE,
    };
    let Some(sealed) = &state.sealed else { return Ok(Some(Text::default())) };
    Ok(match app.parts.keys.open(binding, sealed).await {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| {
                // What the parser says may repeat the text.
                let (payment, line, column) = (&envelope.aggregate_id, error.line(), error.column());
                tracing::error!(payment, line, column, "a payment's text cannot be read");
            })
            .ok(),
        Err(OpenError::Erased(_)) => Some(Text::default()),
        Err(error @ OpenError::NoKey(_)) => {
            tracing::warn!(payment = envelope.aggregate_id, %error, "a payment's text cannot be opened yet");
            return Err(Problem::Unavailable("the tenants' keys"));
        }
        Err(error @ (OpenError::Algorithm(_) | OpenError::Forged(_) | OpenError::OtherMasterKey { .. })) => {
            tracing::error!(payment = envelope.aggregate_id, %error, "a payment's text does not open");
            None
        }
    })
}

/// Neither store can answer.
fn stores_down(error: &StoreError) -> Problem {
    match error {
        StoreError::Unfit(_) => tracing::error!(%error, "no read is answered from Postgres"),
        error => tracing::warn!(error = with_causes(error), "a read fails"),
    }
    Problem::Unavailable("the read model")
}
