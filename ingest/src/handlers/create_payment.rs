//! `POST /v1/payments`

use std::collections::BTreeSet;

use quittance_avro::{
    ids::PaymentMethodId,
    records::{CreatePayment, MetadataPair, PaymentMethod},
    words::PaymentMethodStatus,
};
use quittance_tables::HasVersion;
use serde_json::{Map, Value};
use warp::http::StatusCode;

use super::{Answer, command::Keyed, methods::first_transaction, stores_down};
use crate::{
    app::App,
    auth::Caller,
    body::Chunks,
    call::Call,
    create::{PaidWith, parse},
    problem::{FieldError, Problem},
    publish::Command,
    search::SealedText,
    view::Text,
};

/// Name of the request: part of what its ids are derived from.
const OPERATION: &str = "payments.create";

/// Takes a payment.
pub(crate) async fn create_payment(call: &Call<'_>, body: impl Chunks) -> Result<Answer, Problem> {
    let Call { app, caller, .. } = *call;
    let (from, body) = Keyed::read(call, body, false).await?;
    let asked = parse(body, &app.parts.default_gateway_account).map_err(Problem::Invalid)?;
    let payment_id = from.key.payment_id(caller.mode, &caller.tenant, OPERATION);
    let request = from.of(call, OPERATION, payment_id, StatusCode::CREATED);
    let paid_with = match resolved(app, caller, asked.payment_method).await {
        // What was asked for before is answered again, whatever has become of the method since.
        Err(problem @ Problem::Invalid(_)) => return request.answer_again().await?.ok_or(problem),
        resolved => resolved?,
    };
    let is_later = asked.stored_credential.as_deref().is_some_and(|used| used != "first");
    let (routing_metadata, configuration_version) = routing(app, caller, &asked.text.metadata)?;
    let text = match asked.text {
        text if text == Text::default() => SealedText::default(),
        text => request.seal_text(&text).await?,
    };
    let command = CreatePayment {
        envelope: request.envelope().await?,
        fingerprint: from.fingerprint.clone(),
        amount: asked.amount,
        currency: asked.currency,
        capture: asked.capture,
        payment_method: paid_with.method,
        gateway_account: asked.gateway_account,
        initiator: asked.initiator,
        stored_credential: asked.stored_credential,
        sealed: text.sealed,
        return_url: asked.return_url,
        hold: asked.hold,
        declines_retried_max: asked.declines_retried_max,
        payment_method_id: paid_with.saved_as.map(|id| id.to_string()),
        // The charge that a series begins with goes back to none, and neither does one that is no part of a series.
        network_transaction_id: paid_with.first_transaction.filter(|_| is_later),
        routing_metadata,
        configuration_version,
        search_tokens: text.search_tokens,
    };
    request.send(&Command::Create(command)).await
}

/// How it is paid, with what is known of a method that was saved before.
struct Resolved {
    method: PaymentMethod,
    saved_as: Option<PaymentMethodId>,
    /// The scheme's id of the method's first use, as far as the read model knows.
    first_transaction: Option<String>,
}

async fn resolved(app: &App, caller: &Caller, paid_with: PaidWith) -> Result<Resolved, Problem> {
    let id = match paid_with {
        PaidWith::Method(method) => return Ok(Resolved { method: *method, saved_as: None, first_transaction: None }),
        PaidWith::Saved(id) => id,
    };
    let refuse =
        |message: String| Problem::Invalid(vec![FieldError { field: "payment_method_id".to_owned(), message }]);
    let state = app.parts.reads.method(caller, id).await.map_err(|error| stores_down(&error))?;
    let state = state.ok_or_else(|| refuse("must be of a payment method that was saved".to_owned()))?;
    if state.status != PaymentMethodStatus::Active {
        return Err(refuse(format!("must be of a payment method that is active; this one is {}", state.status)));
    }
    let first_transaction = first_transaction(app, caller, &state).await?;
    Ok(Resolved { method: state.payment_method, saved_as: Some(id), first_transaction })
}

/// What the tenant's routing rules ask for of the metadata, and the version of the configuration that says so. Those members
/// are told in the clear, so that the rules can be applied where the rest of the text cannot be opened.
fn routing(app: &App, caller: &Caller, metadata: &Map<String, Value>) -> Result<(Vec<MetadataPair>, i64), Problem> {
    let configuration = app.parts.configurations.table()?.read();
    let rules = configuration.of(caller.mode, &caller.tenant).and_then(|own| own.rules.as_ref());
    let conditions = rules.iter().flat_map(|rules| &rules.value.rules).flat_map(|rule| &rule.conditions.metadata);
    let keys: BTreeSet<&String> = conditions.map(|condition| &condition.key).collect();
    let told = keys.into_iter().filter_map(|key| {
        let value = metadata.get(key)?.as_str()?;
        Some(MetadataPair { key: key.clone(), value: value.to_owned() })
    });
    Ok((told.collect(), configuration.version()))
}
