//! What came of an effect, and the result record that says so.

use quittance_avro::{
    ids::{EffectId, ResultId, derive},
    money::MinorUnits,
    records::{
        Actor, Envelope, Failure, GatewayDetails, GatewayEffect, GatewayReport, GatewayResult, NextAction,
        PaymentMethod, SetUpEffect, SetUpResult,
    },
    time::Timestamp,
    words::{ActorKind, ResultOutcome, SetUpOutcome},
};

/// What came of an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// In a word.
    pub outcome: ResultOutcome,
    /// Authorizations: what was authorized, zero unless approved.
    pub authorized_amount: MinorUnits,
    /// Authorizations: what was captured with it, zero unless approved and captured.
    pub captured_amount: MinorUnits,
    /// Captures, voids and refunds: what was moved, zero unless approved.
    pub amount: MinorUnits,
    /// Why not; set where it was not done, and where nobody knows.
    pub failure: Option<Failure>,
    /// What the gateway said.
    pub details: GatewayDetails,
    /// Facts about the card.
    pub card: Option<PaymentMethod>,
    /// Set-ups: the token to charge from now on, set if approved.
    pub token: Option<String>,
    /// What the customer has to do.
    pub next_action: Option<NextAction>,
    /// Until when what is authorized has to be captured.
    pub authorization_expires_at: Option<Timestamp>,
    /// Queries: all that the gateway says of the payment.
    pub report: Option<GatewayReport>,
}

impl Verdict {
    /// That outcome, and nothing more.
    pub(crate) fn of(outcome: ResultOutcome) -> Self {
        Self {
            outcome,
            authorized_amount: MinorUnits::ZERO,
            captured_amount: MinorUnits::ZERO,
            amount: MinorUnits::ZERO,
            failure: None,
            details: GatewayDetails::default(),
            card: None,
            token: None,
            next_action: None,
            authorization_expires_at: None,
            report: None,
        }
    }

    /// Something that came to nothing, or of which nobody knows. `message` is for a person, in our own words.
    pub fn failed(outcome: ResultOutcome, message: impl Into<String>) -> Self {
        let code = match outcome {
            ResultOutcome::Declined => "declined",
            ResultOutcome::Rejected => "rejected",
            ResultOutcome::NotProcessed | ResultOutcome::Expired | ResultOutcome::Absent => "gateway_unavailable",
            ResultOutcome::Approved
            | ResultOutcome::Created
            | ResultOutcome::ActionRequired
            | ResultOutcome::Pending
            | ResultOutcome::Reported
            | ResultOutcome::Unknown => "outcome_unknown",
        };
        Self { failure: Some(failure(code, message)), ..Self::of(outcome) }
    }

    /// Nobody knows what was processed.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::failed(ResultOutcome::Unknown, message)
    }

    /// Nothing was processed, and it may be tried again.
    pub fn not_processed(message: impl Into<String>) -> Self {
        Self::failed(ResultOutcome::NotProcessed, message)
    }

    /// Nothing was processed, and nothing would be. `why` is our code for it.
    pub fn rejected(why: Option<&str>, message: impl Into<String>) -> Self {
        let mut verdict = Self::failed(ResultOutcome::Rejected, message);
        if let Some(failure) = &mut verdict.failure {
            failure.decline_code = why.map(str::to_owned);
        }
        verdict
    }

    /// The same with the gateway's own code.
    #[must_use]
    pub fn with_code(mut self, raw_code: Option<String>) -> Self {
        self.details.raw_code = raw_code;
        self
    }

    /// The same under the gateway's name for it.
    #[must_use]
    pub(crate) fn named(mut self, reference: Option<String>) -> Self {
        self.details.gateway_reference = reference;
        self
    }

    /// The same, if an earlier owner of the partition may have carried out this very effect before. What the gateway did
    /// is a fact whoever asked; that this process came to nothing is no proof that the earlier one did too.
    #[must_use]
    pub fn doubted(self) -> Self {
        match self.outcome {
            ResultOutcome::Rejected | ResultOutcome::NotProcessed | ResultOutcome::Expired => {
                let message = self.failure.map(|failure| failure.message).unwrap_or_default();
                let message = format!("{message}; an earlier process may have sent it already");
                Self::unknown(message).with_code(self.details.raw_code).named(self.details.gateway_reference)
            }
            ResultOutcome::Approved
            | ResultOutcome::Created
            | ResultOutcome::ActionRequired
            | ResultOutcome::Pending
            | ResultOutcome::Declined
            | ResultOutcome::Reported
            | ResultOutcome::Absent
            | ResultOutcome::Unknown => self,
        }
    }

    /// Its record. The id goes back to that of the effect, however often that is carried out.
    pub fn into_result(self, effect_id: EffectId, effect: &GatewayEffect, occurred_at: Timestamp) -> GatewayResult {
        let envelope = envelope(effect_id, &effect.envelope, &effect.gateway_account, occurred_at);
        GatewayResult {
            envelope,
            effect_id,
            kind: effect.kind,
            operation_id: effect.operation_id.clone(),
            attempt_id: effect.attempt_id,
            gateway_account: effect.gateway_account.clone(),
            outcome: self.outcome,
            authorized_amount: self.authorized_amount,
            captured_amount: self.captured_amount,
            currency: effect.currency,
            failure: self.failure,
            details: self.details,
            card: self.card,
            operation_kind: effect.operation_kind,
            amount: self.amount,
            next_action: self.next_action,
            authorization_expires_at: self.authorization_expires_at,
            report: self.report,
        }
    }

    /// The same for the effect of a set-up.
    pub fn into_set_up_result(self, effect_id: EffectId, effect: &SetUpEffect, occurred_at: Timestamp) -> SetUpResult {
        SetUpResult {
            envelope: envelope(effect_id, &effect.envelope, &effect.gateway_account, occurred_at),
            effect_id,
            kind: effect.kind,
            attempt_id: effect.attempt_id,
            gateway_account: effect.gateway_account.clone(),
            outcome: set_up_outcome(self.outcome),
            token: self.token,
            failure: self.failure,
            details: self.details,
            card: self.card,
            next_action: self.next_action,
        }
    }
}

/// The envelope of the result of an effect.
fn envelope(effect_id: EffectId, effect: &Envelope, gateway_account: &str, occurred_at: Timestamp) -> Envelope {
    Envelope {
        id: ResultId::new(derive(&["result", &effect_id.to_string()])).to_string(),
        sequence: None,
        occurred_at,
        actor: Actor {
            kind: ActorKind::Gateway,
            subject: gateway_account.to_owned(),
            credential_id: None,
            sealed: None,
        },
        ..effect.clone()
    }
}

/// What became of a set-up. One of a payment's steps is none of its ends.
fn set_up_outcome(outcome: ResultOutcome) -> SetUpOutcome {
    match outcome {
        ResultOutcome::Approved => SetUpOutcome::Approved,
        ResultOutcome::ActionRequired => SetUpOutcome::ActionRequired,
        ResultOutcome::Pending => SetUpOutcome::Pending,
        ResultOutcome::Declined => SetUpOutcome::Declined,
        ResultOutcome::Rejected => SetUpOutcome::Rejected,
        ResultOutcome::NotProcessed => SetUpOutcome::NotProcessed,
        ResultOutcome::Expired => SetUpOutcome::Expired,
        ResultOutcome::Absent => SetUpOutcome::Absent,
        ResultOutcome::Created | ResultOutcome::Reported | ResultOutcome::Unknown => SetUpOutcome::Unknown,
    }
}

/// A failure of which no more is known than this.
pub(crate) fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), decline_code: None, network_code: None, advice: None, message: message.into() }
}

#[cfg(test)]
mod tests {
    use quittance_avro::words::EffectKind;
    use rstest::rstest;

    use super::*;
    use crate::samples;

    #[rstest]
    #[case(ResultOutcome::Rejected, ResultOutcome::Unknown)]
    #[case(ResultOutcome::NotProcessed, ResultOutcome::Unknown)]
    #[case(ResultOutcome::Expired, ResultOutcome::Unknown)]
    #[case(ResultOutcome::Approved, ResultOutcome::Approved)]
    #[case(ResultOutcome::Created, ResultOutcome::Created)]
    #[case(ResultOutcome::ActionRequired, ResultOutcome::ActionRequired)]
    #[case(ResultOutcome::Pending, ResultOutcome::Pending)]
    #[case(ResultOutcome::Declined, ResultOutcome::Declined)]
    #[case(ResultOutcome::Reported, ResultOutcome::Reported)]
    #[case(ResultOutcome::Absent, ResultOutcome::Absent)]
    #[case(ResultOutcome::Unknown, ResultOutcome::Unknown)]
    fn in_doubt_nothing_is_definitely_not_processed(#[case] told: ResultOutcome, #[case] outcome: ResultOutcome) {
        let doubted = Verdict::failed(told, "why").with_code(Some("raw".to_owned())).doubted();
        assert_eq!((doubted.outcome, doubted.details.raw_code.as_deref()), (outcome, Some("raw")));
        if told != outcome {
            let failure = doubted.failure.expect("a failure");
            assert_eq!(failure.code, "outcome_unknown");
            assert!(failure.message.starts_with("why; "), "{}", failure.message);
        }
    }

    #[test]
    fn a_result_says_what_it_is_the_result_of() {
        let effect = samples::effect(EffectKind::Authorize);
        let effect_id = samples::EFFECT_ID;
        let now = Timestamp::from_ms(1_800_000_000_000);
        let verdict = Verdict::unknown("no answer");
        let result = verdict.clone().into_result(effect_id, &effect, now);

        assert!(result.envelope.id.starts_with(ResultId::PREFIX));
        assert_eq!(result.envelope.occurred_at, now);
        assert_eq!(result.envelope.actor.kind, ActorKind::Gateway);
        assert_eq!(result.envelope.actor.subject, effect.gateway_account);
        assert_eq!(result.envelope.cause, effect.envelope.cause);
        assert_eq!(result.envelope.aggregate_id, effect.envelope.aggregate_id);
        assert_eq!((result.effect_id, result.attempt_id), (effect_id, effect.attempt_id));
        assert_eq!((result.kind, result.operation_kind), (effect.kind, effect.operation_kind));
        let later = verdict.into_result(effect_id, &effect, now.plus_ms(5));
        assert_eq!(later.envelope.id, result.envelope.id, "the id goes back to the effect alone");
    }
}
