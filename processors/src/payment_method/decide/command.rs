//! What clients ask for: applied once, refused with a reason, remembered.

use quittance_avro::{
    ids::derive,
    records::{
        CreatePaymentMethod, Envelope, PaymentMethodChangelog, PaymentMethodConfirmed, PaymentMethodCreated,
        PaymentMethodRemoved, PaymentMethodState, RememberedCommand, SetUp,
    },
    refusals::Refusal,
    words::{PaymentMethodStatus, SetUpStatus},
};

use super::{STATE_VERSION, draft::Draft, outcome, set_up};
use crate::{
    payment::{Context, outcome as remembered},
    payment_method::{
        command::{Command, Request},
        decision::{Decision, Refused},
        event::Event,
    },
};

/// How many applied commands are remembered: as many as a method takes. There is to be room for its removal.
const COMMANDS_MAX: usize = 100;
/// How many refusals are remembered.
const REFUSALS_MAX: usize = 20;

/// A method that is not there yet.
pub(super) fn create(command: &Command, asked: &CreatePaymentMethod, cx: Context<'_>) -> Decision {
    let mut tokens = asked.payment_method.tokens.iter();
    if !tokens.all(|token| cx.gateways.capabilities(&token.gateway_account).is_some()) {
        // There is no method that could remember it.
        let outcome = outcome::refused(command, cx.now, Refusal::GatewayAccountUnknown);
        return Decision::Refused(Box::new(Refused { state: None, outcome }));
    }
    let mut draft = Draft::new(created(command, asked, cx), asked.envelope.actor.clone(), cx);
    let (payment_method, return_url) = (asked.payment_method.clone(), asked.return_url.clone());
    draft.event(|envelope, status| {
        Event::Created(PaymentMethodCreated { envelope, payment_method, return_url, status })
    });
    for index in 0..draft.method().set_ups.len() {
        set_up::send(&mut draft, index);
    }
    remember(&mut draft, command);
    draft.finish()
}

fn created(command: &Command, asked: &CreatePaymentMethod, cx: Context<'_>) -> PaymentMethodChangelog {
    let method_id = &asked.envelope.aggregate_id;
    let accounts = asked.payment_method.tokens.iter().map(|token| &token.gateway_account);
    let wants_set_up =
        |account: &&String| cx.gateways.capabilities(account).is_some_and(|capabilities| capabilities.saves_methods);
    let set_ups: Vec<SetUp> =
        accounts.filter(wants_set_up).map(|account| set_up::new(method_id, account, cx.now)).collect();
    let state = PaymentMethodState {
        envelope: Envelope { sequence: Some(0), cause: Some(command.id), ..asked.envelope.clone() },
        state_version: STATE_VERSION,
        status: PaymentMethodStatus::Pending,
        payment_method: asked.payment_method.clone(),
        set_ups,
        failure: None,
        next_action: None,
        return_url: asked.return_url.clone(),
        network_transaction_id: None,
        created_at: cx.now,
        updated_at: cx.now,
    };
    // One seed for each method, so that deciding again gives the same and methods do not all come back at once.
    let (_, retry_seed) = derive(&["payment_method", method_id]).as_u64_pair();
    PaymentMethodChangelog {
        state_version: STATE_VERSION,
        state,
        commands: Vec::new(),
        refusals: Vec::new(),
        timers: Vec::new(),
        traceparent: cx.traceparent.to_owned(),
        retry_seed: retry_seed.cast_signed(),
    }
}

/// A command for a method that is there. One that was decided before is told the same again. Whether the body was the same, the
/// fingerprint tells whoever asks: it is that of the request that was decided.
pub(super) fn apply(command: &Command, state: &PaymentMethodChangelog, cx: Context<'_>) -> Decision {
    if let Some(known) = state.commands.iter().find(|known| known.command_id == command.id) {
        return Decision::Repeated(Box::new(remembered::applied(&state.state.envelope, known, cx.now)));
    }
    let mut refusals = state.refusals.iter().filter(|known| remembered::is_remembered(known, cx.now));
    if let Some(known) = refusals.find(|known| known.command_id == command.id) {
        return Decision::Repeated(Box::new(remembered::refused_before(&state.state.envelope, known)));
    }
    let mut draft = Draft::new(state.clone(), command.request.envelope().actor.clone(), cx);
    // What comes next goes back to this command.
    draft.state.state.envelope.cause = Some(command.id);
    draft.state.state.envelope.api_version.clone_from(&command.request.envelope().api_version);
    cx.traceparent.clone_into(&mut draft.state.traceparent);
    match carry_out(&mut draft, command) {
        Ok(()) => {
            remember(&mut draft, command);
            draft.finish()
        }
        Err(refusal) => refuse(state, command, refusal, cx),
    }
}

fn carry_out(draft: &mut Draft<'_>, command: &Command) -> Result<(), Refusal> {
    match &command.request {
        Request::Create(_) => Err(Refusal::AlreadyExists),
        Request::Confirm(_) => confirm(draft),
        Request::Remove(_) => remove(draft),
    }
}

/// The customer has acted, says the merchant: the gateways are asked what became of it.
fn confirm(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if draft.method().status != PaymentMethodStatus::RequiresAction {
        return Err(Refusal::NoActionRequired);
    }
    if draft.state.commands.len() >= COMMANDS_MAX {
        return Err(Refusal::TooManyCommands);
    }
    let set_ups = draft.method().set_ups.iter().enumerate();
    let acts = |set_up: &SetUp| set_up.status == SetUpStatus::Pending && set_up.next_action.is_some();
    let acting: Vec<usize> = set_ups.filter(|(_, set_up)| acts(set_up)).map(|(index, _)| index).collect();
    for index in &acting {
        draft.set_up_mut(*index).next_action = None;
    }
    draft.event(|envelope, status| Event::Confirmed(PaymentMethodConfirmed { envelope, status }));
    acting.into_iter().for_each(|index| set_up::query(draft, index));
    Ok(())
}

/// It is used no more, whatever gateways have yet to say of it.
fn remove(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if draft.method().status == PaymentMethodStatus::Removed {
        return Err(Refusal::PaymentMethodRemoved);
    }
    let method = &mut draft.state.state;
    method.status = PaymentMethodStatus::Removed;
    // What is to be forgotten is not kept either.
    method.payment_method.tokens.clear();
    for set_up in &mut method.set_ups {
        set_up.next_action = None;
        if set_up.status == SetUpStatus::Pending {
            set_up.status = SetUpStatus::Failed;
        }
    }
    draft.state.timers.clear();
    draft.event(|envelope, status| Event::Removed(PaymentMethodRemoved { envelope, status }));
    Ok(())
}

/// The command is remembered for as long as the method lives, and its client is told how far it led: all that follows from it
/// included.
fn remember(draft: &mut Draft<'_>, command: &Command) {
    draft.conclude();
    let known = RememberedCommand {
        command_id: command.id,
        operation: command.request.operation().to_owned(),
        fingerprint: command.request.fingerprint().clone(),
        sequence: draft.method().envelope.sequence.unwrap_or(0),
        operation_id: None,
        decided_at: Some(draft.cx.now),
    };
    draft.outcome = Some(remembered::applied(&draft.method().envelope, &known, draft.cx.now));
    draft.state.commands.push(known);
}

/// A refusal changes nothing but what is remembered of refusals, so that the same request is told the same.
fn refuse(state: &PaymentMethodChangelog, command: &Command, refusal: Refusal, cx: Context<'_>) -> Decision {
    let mut state = state.clone();
    let outcome = outcome::refused(command, cx.now, refusal);
    state.refusals.retain(|known| remembered::is_remembered(known, cx.now));
    if state.refusals.len() >= REFUSALS_MAX {
        state.refusals.remove(0);
    }
    state.refusals.push(remembered::remembered(&outcome));
    Decision::Refused(Box::new(Refused { state: Some(state), outcome }))
}
