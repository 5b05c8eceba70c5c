//! What is kept under a payment method's id: the method, or that its creation was refused.

use quittance_avro::records::{CreatePaymentMethod, Outcome, RefusedCreation};

use super::{
    command::Request,
    decide::decide,
    decision::{Decision, Input},
};
use crate::{
    payment::{Context, Kept, STATE_VERSION, outcome},
    runtime::StateChange,
};

/// What is to be done about an input.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// What the rules say.
    ByRules(Decision),
    /// A client is told this, and this becomes of what is kept.
    Told(Box<Outcome>, StateChange<Kept>),
    /// The id is that of something else, which no record of ours says.
    Invalid,
}

/// Decides what an input does.
pub(super) fn decide_kept(kept: Option<&Kept>, input: &Input, cx: Context<'_>) -> Said {
    match (kept, input) {
        (Some(Kept::Method(method)), input) => Said::ByRules(decide(Some(method), input, cx)),
        (Some(Kept::Refused(refused)), Input::Command(command))
            if refused.refusal.command_id == command.id && outcome::is_remembered(&refused.refusal, cx.now) =>
        {
            let told = outcome::refused_before(&refused.envelope, &refused.refusal);
            Said::Told(Box::new(told), StateChange::Unchanged)
        }
        (Some(Kept::Refused(_)) | None, input) => of_nothing(input, cx),
        (Some(Kept::Payment(_) | Kept::Stub(_)), _) => Said::Invalid,
    }
}

/// There is no method. That one could not be created is remembered; whatever else is asked of it leaves nothing behind.
fn of_nothing(input: &Input, cx: Context<'_>) -> Said {
    match (decide(None, input, cx), input) {
        (Decision::Refused(refused), Input::Command(command)) => {
            let kept = match &command.request {
                Request::Create(asked) => StateChange::Put(refusal_of(asked, &refused.outcome)),
                Request::Confirm(_) | Request::Remove(_) => StateChange::Unchanged,
            };
            Said::Told(Box::new(refused.outcome), kept)
        }
        (decision, _) => Said::ByRules(decision),
    }
}

fn refusal_of(asked: &CreatePaymentMethod, told: &Outcome) -> Kept {
    Kept::Refused(Box::new(RefusedCreation {
        envelope: asked.envelope.clone(),
        state_version: STATE_VERSION,
        refusal: outcome::remembered(told),
    }))
}
