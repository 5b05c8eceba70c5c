//! What is asked of a payment that is there: `POST /v1/payments/{id}/…`, and `PATCH` of its text.

use quittance_avro::{fingerprint::fingerprint, ids::PaymentId};
use serde_json::json;

use super::{
    Answer,
    command::{Request, read_json},
    opened_text, stores_down,
};
use crate::{
    app::App,
    body::Chunks,
    call::Call,
    idempotency::IdempotencyKey,
    operation::{Asked, Operation, parse},
    prefer::Prefer,
    problem::Problem,
    search::SealedText,
};

/// What the note of somebody who resolves a review is sealed for.
const NOTE_PURPOSE: &str = "payment.review_note";

/// Has the payment of that id operated on. One that is absent, or another tenant's, the processor tells: it has the latest
/// word, and not finding it here may mean that the stores are behind.
pub(crate) async fn operate(call: &Call<'_>, operation: Operation, body: impl Chunks) -> Result<Answer, Problem> {
    let Call { app, caller, query, headers, id, .. } = *call;
    query.none()?;
    let payment_id: PaymentId = id.parse().map_err(|_| Problem::NotFound)?;
    let key = IdempotencyKey::from_headers(headers)?;
    let body = read_json(headers, body, true).await?;
    let fingerprint = fingerprint(key.as_str(), &body);
    let asked = parse(operation, body).map_err(Problem::Invalid)?;
    let request = Request {
        caller,
        operation: operation.name(),
        command_id: key.command_id(caller.mode, &caller.tenant, operation.name(), id),
        resource: payment_id.into(),
        fingerprint: &fingerprint,
        prefer: Prefer::from_headers(headers),
        status: operation.status(),
    };
    let text = match sealed(app, &request, payment_id, &asked).await {
        // What was asked for before is answered again, whatever has become of the text since.
        Err(problem) if operation == Operation::Update => return request.answer_again(app).await?.ok_or(problem),
        text => text?,
    };
    let command = asked.command(request.envelope(call).await?, fingerprint.clone(), text);
    request.send(app, &command, call.trace).await
}

/// The text that a command carries.
async fn sealed(app: &App, request: &Request<'_>, payment_id: PaymentId, asked: &Asked) -> Result<SealedText, Problem> {
    match asked {
        Asked::Update(change) => {
            let state = app.parts.reads.payment(request.caller, payment_id).await;
            let state = state.map_err(|error| stores_down(&error))?.ok_or(Problem::NotFound)?;
            // What cannot be read is not written over.
            let text = opened_text(app, &state).await?.ok_or(Problem::Unavailable("the payment's text"))?;
            let text = change.clone().applied(text).map_err(|error| Problem::Invalid(vec![error]))?;
            Ok(SealedText { made_of: Some(state.text_came_with()), ..request.seal_text(app, &text).await? })
        }
        Asked::Resolve { note: Some(note), .. } => {
            let sealed = request.seal(app, NOTE_PURPOSE, &json!({ "note": note })).await?;
            Ok(SealedText { sealed: Some(sealed), ..SealedText::default() })
        }
        Asked::Resolve { note: None, .. }
        | Asked::Capture { .. }
        | Asked::Refund { .. }
        | Asked::Cancel { .. }
        | Asked::Confirm
        | Asked::Approve { .. }
        | Asked::Reject { .. } => Ok(SealedText::default()),
    }
}
