//! What an effect asks a gateway for: something of a payment, or the set-up of a payment method. Both are carried out with the same care.
//! Pure.

use quittance_avro::{
    ids::{AttemptId, EffectId},
    records::{Envelope, GatewayEffect, GatewayResult, Record, SetUpEffect, SetUpResult},
    time::Timestamp,
    wire::{DecodeError, Decoder, EncodeError, Encoder},
    words::{EffectKind, SetUpKind},
};
use quittance_gateways::{Adapter, Credentials, Exchange, Request, Verdict};

/// What is asked for. It holds a payment method's token, so it has no `Debug`.
pub(super) enum Asked {
    /// Something of a payment.
    Payment(Box<GatewayEffect>),
    /// The set-up of a payment method.
    SetUp(Box<SetUpEffect>),
}

/// Encoders of what is told of them.
#[derive(Clone)]
pub struct ResultEncoders {
    /// Of payments.
    pub payment: Encoder<GatewayResult>,
    /// Of set-ups.
    pub set_up: Encoder<SetUpResult>,
}

impl Asked {
    /// Reads either.
    pub(super) fn read(decoder: &Decoder, value: &[u8]) -> Result<Self, DecodeError> {
        match decoder.name_of(value)? {
            SetUpEffect::NAME => decoder.decode(value).map(Box::new).map(Self::SetUp),
            // Whatever else it is, it is none that the decoder takes for this.
            _ => decoder.decode(value).map(Box::new).map(Self::Payment),
        }
    }

    /// Who, what, when and why of its record.
    pub(super) fn envelope(&self) -> &Envelope {
        match self {
            Self::Payment(effect) => &effect.envelope,
            Self::SetUp(effect) => &effect.envelope,
        }
    }

    /// Name of the gateway account that it is for.
    pub(super) fn gateway_account(&self) -> &str {
        match self {
            Self::Payment(effect) => &effect.gateway_account,
            Self::SetUp(effect) => &effect.gateway_account,
        }
    }

    /// The attempt that it is a try of, or asks about.
    pub(super) fn attempt_id(&self) -> AttemptId {
        match self {
            Self::Payment(effect) => effect.attempt_id,
            Self::SetUp(effect) => effect.attempt_id,
        }
    }

    /// Past this it is not carried out.
    pub(super) fn not_after(&self) -> Timestamp {
        match self {
            Self::Payment(effect) => effect.not_after,
            Self::SetUp(effect) => effect.not_after,
        }
    }

    /// What it asks for, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Payment(effect) => effect.kind.as_str(),
            Self::SetUp(effect) => effect.kind.as_str(),
        }
    }

    /// Whether it only asks what became of an attempt.
    pub(super) fn is_query(&self) -> bool {
        match self {
            Self::Payment(effect) => match effect.kind {
                EffectKind::Authorize
                | EffectKind::Confirm
                | EffectKind::Capture
                | EffectKind::Void
                | EffectKind::Refund => false,
                EffectKind::Query => true,
            },
            Self::SetUp(effect) => match effect.kind {
                SetUpKind::SetUp => false,
                SetUpKind::Query => true,
            },
        }
    }

    /// What to ask the gateway, or why nothing is asked.
    pub(super) fn requests(
        &self,
        adapter: &dyn Adapter,
        credentials: &Credentials,
    ) -> Result<Vec<Request>, Box<Verdict>> {
        match self {
            Self::Payment(effect) => adapter.requests(effect, credentials),
            Self::SetUp(effect) => adapter.set_up_requests(effect, credentials),
        }
    }

    /// What the ends of the exchanges mean.
    pub(super) fn judge(&self, adapter: &dyn Adapter, exchanges: &[Exchange]) -> Verdict {
        match self {
            Self::Payment(effect) => adapter.judge(effect, exchanges),
            Self::SetUp(effect) => adapter.judge_set_up(effect, exchanges),
        }
    }

    /// The record that says what came of it, encoded.
    pub(super) fn result(
        &self,
        id: EffectId,
        verdict: Verdict,
        as_of: Timestamp,
        encoders: &ResultEncoders,
    ) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::Payment(effect) => encoders.payment.encode(&verdict.into_result(id, effect, as_of)),
            Self::SetUp(effect) => encoders.set_up.encode(&verdict.into_set_up_result(id, effect, as_of)),
        }
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::{
        schema,
        words::{ResultOutcome, SetUpOutcome},
    };
    use quittance_gateways::samples;

    use super::*;

    #[test]
    fn either_is_read_and_answered_as_what_it_is() -> Result<(), Box<dyn std::error::Error>> {
        let decoder = Decoder::of_this_build();
        let encoders = ResultEncoders { payment: Encoder::of_this_build(), set_up: Encoder::of_this_build() };
        let payment = samples::effect(EffectKind::Authorize);
        let asked = Asked::read(&decoder, &Encoder::of_this_build().encode(&payment)?)?;
        let told = asked.result(samples::EFFECT_ID, Verdict::unknown("why"), payment.not_after, &encoders)?;
        assert_eq!(decoder.decode::<GatewayResult>(&told)?.outcome, ResultOutcome::Unknown);
        assert!(matches!(asked, Asked::Payment(read) if *read == payment));

        let set_up = samples::set_up(SetUpKind::SetUp);
        let asked = Asked::read(&decoder, &Encoder::of_this_build().encode(&set_up)?)?;
        let told = asked.result(samples::EFFECT_ID, Verdict::unknown("why"), set_up.not_after, &encoders)?;
        let told = decoder.decode::<SetUpResult>(&told)?;
        assert_eq!(told.outcome, SetUpOutcome::Unknown);
        assert_eq!((told.attempt_id, &told.envelope.aggregate_id), (set_up.attempt_id, &set_up.envelope.aggregate_id));
        assert!(matches!(asked, Asked::SetUp(read) if *read == set_up));

        let stranger = Encoder::of_this_build().encode(&told)?;
        assert_eq!(decoder.name_of(&stranger)?, schema::of::<SetUpResult>().name);
        assert!(Asked::read(&decoder, &stranger).is_err());
        Ok(())
    }
}
