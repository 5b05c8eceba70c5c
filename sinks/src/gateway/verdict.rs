//! What came of an effect, and the result record that says so.

use quittance_avro::{
    ids::{EffectId, ResultId, derive},
    money::MinorUnits,
    records::{Actor, Envelope, Failure, GatewayDetails, GatewayEffect, GatewayResult, PaymentMethod},
    time::Timestamp,
    words::{ActorKind, ResultOutcome},
};

/// What came of an effect.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) outcome: ResultOutcome,
    pub(super) authorized_amount: MinorUnits,
    pub(super) captured_amount: MinorUnits,
    /// Set unless approved.
    pub(super) failure: Option<Failure>,
    pub(super) details: GatewayDetails,
    pub(super) card: Option<PaymentMethod>,
}

impl Verdict {
    /// Anything but an approval or a decline, both of which only an adapter can tell. `message` is for a person, in our
    /// own words.
    pub(super) fn failed(outcome: ResultOutcome, message: impl Into<String>) -> Self {
        let code = match outcome {
            ResultOutcome::Declined => "declined",
            ResultOutcome::Rejected => "rejected",
            ResultOutcome::NotProcessed | ResultOutcome::Expired | ResultOutcome::Absent => "gateway_unavailable",
            ResultOutcome::Approved | ResultOutcome::Unknown => "outcome_unknown",
        };
        let failure = Failure {
            code: code.to_owned(),
            decline_code: None,
            network_code: None,
            advice: None,
            message: message.into(),
        };
        Self {
            outcome,
            authorized_amount: MinorUnits::ZERO,
            captured_amount: MinorUnits::ZERO,
            failure: Some(failure),
            details: GatewayDetails::default(),
            card: None,
        }
    }

    /// The same with the gateway's own code.
    pub(super) fn with_code(mut self, raw_code: Option<String>) -> Self {
        self.details.raw_code = raw_code;
        self
    }

    /// The same, if an earlier owner of the partition may have carried out this very effect before. What the gateway did
    /// is a fact whoever asked; that this process came to nothing is no proof that the earlier one did too.
    pub(super) fn doubted(self) -> Self {
        match self.outcome {
            ResultOutcome::Rejected | ResultOutcome::NotProcessed | ResultOutcome::Expired => {
                let message = self.failure.map(|failure| failure.message).unwrap_or_default();
                let message = format!("{message}; an earlier process may have sent it already");
                Self::failed(ResultOutcome::Unknown, message).with_code(self.details.raw_code)
            }
            ResultOutcome::Approved | ResultOutcome::Declined | ResultOutcome::Absent | ResultOutcome::Unknown => self,
        }
    }

    /// Its record. The id goes back to that of the effect, however often that is carried out.
    pub(super) fn into_result(
        self,
        effect_id: EffectId,
        effect: &GatewayEffect,
        occurred_at: Timestamp,
    ) -> GatewayResult {
        let envelope = Envelope {
            id: ResultId::new(derive(&["result", &effect_id.to_string()])).to_string(),
            sequence: None,
            occurred_at,
            actor: Actor {
                kind: ActorKind::Gateway,
                subject: effect.gateway_account.clone(),
                credential_id: None,
                sealed: None,
            },
            ..effect.envelope.clone()
        };
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
        }
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::words::EffectKind;
    use rstest::rstest;

    use super::*;
    use crate::gateway::samples;

    #[rstest]
    #[case(ResultOutcome::Approved, ResultOutcome::Approved)]
    #[case(ResultOutcome::Declined, ResultOutcome::Declined)]
    #[case(ResultOutcome::Absent, ResultOutcome::Absent)]
    #[case(ResultOutcome::Unknown, ResultOutcome::Unknown)]
    #[case(ResultOutcome::Rejected, ResultOutcome::Unknown)]
    #[case(ResultOutcome::NotProcessed, ResultOutcome::Unknown)]
    #[case(ResultOutcome::Expired, ResultOutcome::Unknown)]
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
        let effect = samples::effect(EffectKind::Authorize, "tok_approve");
        let effect_id = samples::EFFECT_ID;
        let now = Timestamp::from_ms(1_800_000_000_000);
        let verdict = Verdict::failed(ResultOutcome::Unknown, "no answer");
        let result = verdict.clone().into_result(effect_id, &effect, now);

        assert!(result.envelope.id.starts_with(ResultId::PREFIX));
        assert_eq!(result.envelope.occurred_at, now);
        assert_eq!(result.envelope.actor.kind, ActorKind::Gateway);
        assert_eq!(result.envelope.actor.subject, effect.gateway_account);
        assert_eq!(result.envelope.cause, effect.envelope.cause);
        assert_eq!(result.envelope.aggregate_id, effect.envelope.aggregate_id);
        assert_eq!((result.effect_id, result.attempt_id), (effect_id, effect.attempt_id));
        let later = verdict.into_result(effect_id, &effect, now.plus_ms(5));
        assert_eq!(later.envelope.id, result.envelope.id, "the id goes back to the effect alone");
    }
}
