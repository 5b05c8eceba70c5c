//! What is asked of a payment that is there: `POST /v1/payments/{id}/…`, and `PATCH` of its text.

use quittance_avro::ids::PaymentId;
use serde_json::json;

use super::{
    Answer,
    command::{Keyed, Request},
    opened_text, stores_down,
};
use crate::{
    body::Chunks,
    call::Call,
    operation::{Asked, Operation, parse},
    problem::Problem,
    search::SealedText,
};

/// What the note of somebody who resolves a review is sealed for.
const NOTE_PURPOSE: &str = "payment.review_note";

/// Has the payment of that id operated on. One that is absent, or another tenant's, the processor tells: it has the latest
/// word, and not finding it here may mean that the stores are behind.
pub(crate) async fn operate(call: &Call<'_>, operation: Operation, body: impl Chunks) -> Result<Answer, Problem> {
    let payment_id: PaymentId = call.id.parse().map_err(|_| Problem::NotFound)?;
    let (from, body) = Keyed::read(call, body, true).await?;
    let asked = parse(operation, body).map_err(Problem::Invalid)?;
    let request = from.of(call, operation.name(), payment_id, operation.status());
    let text = match sealed(call, &request, payment_id, &asked).await {
        // What was asked for before is answered again, whatever has become of the text since.
        Err(problem) if operation == Operation::Update => return request.answer_again().await?.ok_or(problem),
        text => text?,
    };
    let command = asked.command(request.envelope().await?, from.fingerprint.clone(), text);
    request.send(&command).await
}

/// The text that a command carries.
async fn sealed(
    call: &Call<'_>,
    request: &Request<'_>,
    payment_id: PaymentId,
    asked: &Asked,
) -> Result<SealedText, Problem> {
    let Call { app, caller, .. } = *call;
    match asked {
        Asked::Update(change) => {
            let state = app.parts.reads.payment(caller, payment_id).await;
            let state = state.map_err(|error| stores_down(&error))?.ok_or(Problem::NotFound)?;
            // What cannot be read is not written over.
            let text = opened_text(app, &state).await?.ok_or(Problem::Unavailable("the payment's text"))?;
            let text = change.clone().applied(text).map_err(|error| Problem::Invalid(vec![error]))?;
            Ok(SealedText { made_of: Some(state.text_came_with()), ..request.seal_text(&text).await? })
        }
        Asked::Resolve { note: Some(note), .. } => {
            let sealed = request.seal(NOTE_PURPOSE, &json!({ "note": note })).await?;
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
