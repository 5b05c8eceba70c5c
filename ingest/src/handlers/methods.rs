//! Saved payment methods: `/v1/payment-methods…`

use futures::{FutureExt, TryFutureExt};
use quittance_avro::{
    ids::PaymentMethodId,
    records::{CreatePaymentMethod, PaymentMethodState},
};
use quittance_tables::HasVersion;
use warp::http::StatusCode;

use super::{Answer, command::Keyed, json, read::caught_up, stores_down};
use crate::{
    app::App,
    auth::Caller,
    body::Chunks,
    call::Call,
    create::parse_method,
    method::{MethodChange, parse_nothing},
    problem::Problem,
    publish::Command,
    view::{self, MethodView},
};

/// Name of the request: part of what its ids are derived from.
const CREATE: &str = "payment_methods.create";

/// `POST /v1/payment-methods`
pub(crate) async fn create_method(call: &Call<'_>, body: impl Chunks) -> Result<Answer, Problem> {
    let Call { app, caller, .. } = *call;
    let (from, body) = Keyed::read(call, body, false).await?;
    let asked = parse_method(body, &app.parts.default_gateway_account).map_err(Problem::Invalid)?;
    let method_id = from.key.payment_method_id(caller.mode, &caller.tenant, CREATE);
    let request = from.of(call, CREATE, method_id, StatusCode::CREATED);
    let command = CreatePaymentMethod {
        envelope: request.envelope().await?,
        fingerprint: from.fingerprint.clone(),
        payment_method: asked.payment_method,
        return_url: asked.return_url,
        configuration_version: app.parts.configurations.table()?.read().version(),
    };
    request.send(&Command::CreateMethod(command)).await
}

/// `POST /v1/payment-methods/{id}/confirm` and `DELETE /v1/payment-methods/{id}`. One that is absent, or another tenant's, the processor
/// tells: not finding it here may mean that the stores are behind.
pub(crate) async fn change_method(call: &Call<'_>, change: MethodChange, body: impl Chunks) -> Result<Answer, Problem> {
    let method_id: PaymentMethodId = call.id.parse().map_err(|_| Problem::NotFound)?;
    let (from, body) = Keyed::read(call, body, true).await?;
    parse_nothing(body).map_err(Problem::Invalid)?;
    let request = from.of(call, change.name(), method_id, StatusCode::OK);
    let command = change.command(request.envelope().await?, from.fingerprint.clone());
    request.send(&command).await
}

/// `GET /v1/payment-methods/{id}`
pub(crate) async fn read_method(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    let after = query.after()?;
    let id: PaymentMethodId = id.parse().map_err(|_| Problem::NotFound)?;
    let read = || {
        let state = app.parts.reads.method(caller, id);
        state.map_ok(|state| (state.as_ref().and_then(|state| state.envelope.sequence), state)).boxed()
    };
    let state = caught_up(call, id, after, read).await?.ok_or(Problem::NotFound)?;
    json(StatusCode::OK, &method_view(app, caller, &state).await?)
}

/// The method, and whether the scheme's id of its first use is known.
pub(super) async fn method_view<'a>(
    app: &App,
    caller: &Caller,
    state: &'a PaymentMethodState,
) -> Result<MethodView<'a>, Problem> {
    // What cannot be looked up is not known; that is no reason to withhold the rest.
    let known = first_transaction(app, caller, state).await.unwrap_or_default();
    Ok(view::method(state, known.is_some()))
}

/// The scheme's id that later charges of a method go back to: that of its set-up, or of the first payment with it that a customer
/// made and that was approved.
pub(super) async fn first_transaction(
    app: &App,
    caller: &Caller,
    state: &PaymentMethodState,
) -> Result<Option<String>, Problem> {
    if state.network_transaction_id.is_some() {
        return Ok(state.network_transaction_id.clone());
    }
    let id = &state.envelope.aggregate_id;
    app.parts.reads.first_transaction_with(caller, id).await.map_err(|error| stores_down(&error))
}
