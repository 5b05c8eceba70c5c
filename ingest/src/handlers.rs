//! One function for each thing that can be asked for.

mod create_payment;
mod read;

pub(crate) use self::{
    create_payment::create_payment,
    read::{read_command, read_history, read_payment},
};
use bytes::Bytes;
use quittance_avro::{records::PaymentState, seal::Binding};
use serde::Serialize;
use warp::http::{HeaderValue, Response, StatusCode, header};

use crate::{
    app::App,
    problem::Problem,
    reads::StoreError,
    view::{self, PaymentView, Text},
};

/// What the text of a payment is sealed for.
const TEXT_PURPOSE: &str = "payment.text";

/// A JSON answer.
fn json(status: StatusCode, body: &impl Serialize) -> Result<Response<Bytes>, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::Internal
    })?;
    let mut response = Response::new(Bytes::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The payment with its text opened. Text whose key was erased is shown as absent.
fn payment_view<'a>(app: &App, state: &'a PaymentState) -> PaymentView<'a> {
    let envelope = &state.envelope;
    let binding = Binding {
        mode: envelope.mode,
        tenant: &envelope.tenant,
        aggregate_id: &envelope.aggregate_id,
        purpose: TEXT_PURPOSE,
    };
    let text = state.sealed.as_ref().map(|sealed| app.parts.keys.open(binding, sealed));
    let text = match text {
        None => Text::default(),
        Some(Ok(bytes)) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Some(Err(error)) => {
            tracing::warn!(payment = envelope.aggregate_id, %error, "a payment's text does not open");
            Text::default()
        }
    };
    view::payment(state, text)
}

/// Neither store can answer.
fn stores_down(error: &StoreError) -> Problem {
    tracing::warn!(%error, "a read fails");
    Problem::Unavailable("the read model")
}
