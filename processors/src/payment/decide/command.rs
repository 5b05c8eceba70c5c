//! What clients ask for: applied once, refused with a reason, remembered.

mod cancel;
mod capture;
mod create;
mod hold;
mod refund;
mod resolve;

use quittance_avro::{
    records::{Envelope, PaymentChangelog, PaymentConfirmed, PaymentUpdated, RememberedCommand, UpdatePayment},
    refusals::Refusal,
};

pub(super) use self::create::create;
use super::{
    attempt,
    closing::conclude,
    draft::Draft,
    outcome::{self, is_remembered},
    standing::{AUTHORIZATION, is_open},
};
use crate::payment::{
    command::{Command, Request},
    decision::{Context, Decision, Refused},
    event::Event,
};

/// How many operations clients may ask for. Many more, and a record of the payment might become too large to write.
const OPERATIONS_MAX: usize = 100;
/// How many applied commands are remembered: as many as a payment takes.
const COMMANDS_MAX: usize = 400;
/// After how many of them its text is changed no more, and no customer is said to have acted: there is to be room for what
/// moves money and for what ends a review.
const SMALL_COMMANDS_MAX: usize = 200;
/// How many refusals are remembered.
const REFUSALS_MAX: usize = 20;

/// A command for a payment that is there. One that was decided before is told the same again. Whether the body was the same,
/// the fingerprint tells whoever asks: it is that of the request that was decided.
pub(super) fn apply(command: &Command, state: &PaymentChangelog, cx: Context<'_>) -> Decision {
    if let Some(known) = state.commands.iter().find(|known| known.command_id == command.id) {
        return Decision::Repeated(Box::new(outcome::applied(&state.state.envelope, known, cx.now)));
    }
    let told = state.refusals.iter().find(|known| known.command_id == command.id);
    if let Some(known) = told.filter(|known| is_remembered(known, cx.now)) {
        return Decision::Repeated(Box::new(outcome::refused_before(&state.state.envelope, known)));
    }
    let mut draft = Draft::new(state.clone(), command.request.envelope().actor.clone(), cx);
    draft.state.state.envelope = on_behalf(&state.state.envelope, command);
    cx.traceparent.clone_into(&mut draft.state.traceparent);
    match carry_out(&mut draft, command) {
        Ok(operation_id) => {
            remember(&mut draft, command, operation_id);
            draft.finish()
        }
        Err(refusal) => refuse(state, command, refusal, cx),
    }
}

/// What comes next goes back to this command.
fn on_behalf(of: &Envelope, command: &Command) -> Envelope {
    let api_version = command.request.envelope().api_version.clone();
    Envelope { cause: Some(command.id), api_version, ..of.clone() }
}

/// Gives the id of the operation that it began, if it did.
fn carry_out(draft: &mut Draft<'_>, command: &Command) -> Result<Option<String>, Refusal> {
    if !has_room(draft, &command.request) {
        return Err(Refusal::TooManyOperations);
    }
    match &command.request {
        Request::Create(_) => Err(Refusal::AlreadyExists),
        Request::Capture(asked) => capture::capture(draft, command, asked).map(Some),
        Request::Refund(asked) => refund::refund(draft, command, asked).map(Some),
        Request::Cancel(asked) => cancel::cancel(draft, command, asked),
        Request::Confirm(_) => confirm(draft).map(|()| None),
        Request::Approve(asked) => hold::approve(draft, asked).map(|()| None),
        Request::Reject(asked) => hold::reject(draft, asked).map(|()| None),
        Request::Resolve(asked) => resolve::resolve(draft, asked).map(|()| asked.operation_id.clone()),
        Request::Update(asked) => update(draft, asked).map(|()| None),
    }
}

fn has_room(draft: &Draft<'_>, request: &Request) -> bool {
    let (commands, operations) = (draft.state.commands.len(), draft.payment().operations.len());
    match request {
        Request::Capture(_) | Request::Refund(_) => operations < OPERATIONS_MAX && commands < COMMANDS_MAX,
        Request::Update(_) | Request::Confirm(_) => commands < SMALL_COMMANDS_MAX,
        Request::Create(_) | Request::Cancel(_) | Request::Approve(_) | Request::Reject(_) | Request::Resolve(_) => {
            commands < COMMANDS_MAX
        }
    }
}

/// The command is remembered for as long as the payment lives, and its client is told how far it led: all that follows from it
/// included.
fn remember(draft: &mut Draft<'_>, command: &Command, operation_id: Option<String>) {
    conclude(draft);
    let known = RememberedCommand {
        command_id: command.id,
        operation: command.request.operation().to_owned(),
        fingerprint: command.request.fingerprint().clone(),
        sequence: draft.payment().envelope.sequence.unwrap_or(0),
        operation_id,
        decided_at: Some(draft.cx.now),
    };
    draft.outcome = Some(outcome::applied(&draft.payment().envelope, &known, draft.cx.now));
    draft.state.commands.push(known);
}

/// A refusal changes nothing but what is remembered of refusals, so that the same request is told the same.
fn refuse(state: &PaymentChangelog, command: &Command, refusal: Refusal, cx: Context<'_>) -> Decision {
    let mut state = state.clone();
    state.refusals.retain(|known| is_remembered(known, cx.now));
    if state.refusals.len() >= REFUSALS_MAX {
        state.refusals.remove(0);
    }
    let outcome = outcome::refused(command, cx.now, refusal);
    state.refusals.push(outcome::remembered(&outcome));
    Decision::Refused(Box::new(Refused { state: Some(state), outcome }))
}

/// The customer has acted, says the merchant: the gateway is asked what became of it.
fn confirm(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let place = draft.latest(AUTHORIZATION).filter(|place| is_open(draft.operation(place.operation)));
    let (Some(_), Some(place)) = (&draft.payment().next_action, place) else { return Err(Refusal::NoActionRequired) };
    draft.state.state.next_action = None;
    draft.event(|envelope, standing| Event::Confirmed(PaymentConfirmed { envelope, standing }));
    attempt::query(draft, place);
    Ok(())
}

/// A text replaces the one that it was made of, and no later one: what that says would be lost.
fn update(draft: &mut Draft<'_>, asked: &UpdatePayment) -> Result<(), Refusal> {
    if asked.text_sequence.is_some_and(|made_of| made_of != draft.payment().text_came_with()) {
        return Err(Refusal::TextChanged);
    }
    draft.state.state.sealed.clone_from(&asked.sealed);
    draft.state.state.search_tokens.clone_from(&asked.search_tokens);
    let sealed = asked.sealed.clone();
    draft.event(|envelope, standing| Event::Updated(PaymentUpdated { envelope, sealed, standing }));
    draft.state.state.text_sequence = draft.payment().envelope.sequence;
    Ok(())
}

/// What tells the operation of a command from others of the payment.
fn distinct(command: &Command) -> String {
    command.id.to_string()
}
