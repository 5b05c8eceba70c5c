//! What a gateway says of a payment, put together from its facts.

use quittance_avro::{
    ids::AttemptId,
    money::{Currency, MinorUnits},
    records::{GatewayDetails, GatewayFact, GatewayReport},
    words::{FactStatus, OperationKind, ResultOutcome},
};

use crate::Verdict;

/// More facts than a payment of ours can have. A report with more is not believed.
const FACTS_MAX: usize = 512;

/// Why a void was made, if the gateway made it because the authorization's time was over.
pub(crate) const EXPIRED: &str = "expired";

/// A fact of which nothing more is known.
pub(crate) fn plain(kind: OperationKind, status: FactStatus, amount: MinorUnits, currency: Currency) -> GatewayFact {
    GatewayFact {
        kind,
        status,
        attempt_id: None,
        gateway_reference: None,
        amount,
        currency,
        reason: None,
        failure: None,
        next_action: None,
        details: GatewayDetails::default(),
    }
}

/// The fact under the gateway's name for it, with the attempt that the gateway kept with it.
pub(crate) fn named(fact: GatewayFact, reference: Option<String>, attempt_id: Option<AttemptId>) -> GatewayFact {
    let details = GatewayDetails { gateway_reference: reference.clone(), ..fact.details };
    GatewayFact { attempt_id, gateway_reference: reference, details, ..fact }
}

/// The verdict of a query that found the payment; nothing if there are more facts than there can be.
pub(crate) fn told(gateway_reference: String, facts: Vec<GatewayFact>) -> Option<Verdict> {
    (facts.len() <= FACTS_MAX).then(|| Verdict {
        report: Some(GatewayReport { gateway_reference, facts }),
        ..Verdict::of(ResultOutcome::Reported)
    })
}
