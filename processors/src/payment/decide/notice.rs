//! A gateway tells that something happened to a payment. What it was, it is asked: a notice is no proof of anything, comes
//! late, twice or not at all, and what it says may be out of date.

use quittance_avro::{
    records::{Actor, GatewayAnomaly, GatewayNotice, PaymentChangelog},
    words::{ActorKind, NoticeTrouble},
};

use super::{
    attempt,
    draft::{Draft, Place},
};
use crate::payment::decision::{Context, Decision, Ignored};

/// Something happened.
pub(super) fn heed(state: &PaymentChangelog, notice: &GatewayNotice, cx: Context<'_>) -> Decision {
    let subject = notice.gateway_account.clone();
    let actor = Actor { kind: ActorKind::Gateway, subject, credential_id: None, sealed: None };
    let mut draft = Draft::new(state.clone(), actor, cx);
    let Some(place) = about(&draft, notice) else {
        return Decision::Anomalous(Box::new(anomaly(notice, NoticeTrouble::UnknownAttempt)));
    };
    let attempt = draft.attempt(place);
    if attempt.tries == 0 && attempt.queries == 0 && !attempt.accepted {
        // The gateway has not heard of it yet.
        return Decision::Ignored(Ignored::NothingPending);
    }
    if may_be_asked(&draft, place) {
        attempt::query(&mut draft, place);
    } else if attempt.noticed {
        return Decision::Ignored(Ignored::Superseded);
    } else {
        // What is under way may have been answered before that happened.
        draft.attempt_mut(place).noticed = true;
    }
    draft.finish()
}

/// Asks about what a gateway told of while it could not be asked.
pub(super) fn catch_up(draft: &mut Draft<'_>) {
    let places: Vec<Place> = draft.places().filter(|place| draft.attempt(*place).noticed).collect();
    for place in places {
        if may_be_asked(draft, place) {
            attempt::query(draft, place);
        }
    }
}

/// Whether a question is in nobody's way. An attempt that may yet be sent again goes on as it would: once it was asked about, it is
/// not sent again.
fn may_be_asked(draft: &Draft<'_>, place: Place) -> bool {
    let attempt = draft.attempt(place);
    let is_sent_on = !attempt::is_settled(attempt) && !attempt.accepted && draft.is_waiting(place);
    !draft.is_asked(place) && !is_sent_on
}

/// Nobody knows what it is about.
pub(in crate::payment) fn anomaly(notice: &GatewayNotice, reason: NoticeTrouble) -> GatewayAnomaly {
    GatewayAnomaly {
        envelope: notice.envelope.clone(),
        reason,
        notice_id: notice.notice_id.clone(),
        kind: notice.kind.clone(),
        gateway_account: notice.gateway_account.clone(),
        gateway_reference: notice.gateway_reference.clone(),
        attempt_id: notice.attempt_id,
        sealed: notice.sealed.clone(),
    }
}

/// The attempt that it is about: by the id that the gateway keeps with it, or else by the gateway's own name.
fn about(draft: &Draft<'_>, notice: &GatewayNotice) -> Option<Place> {
    let is_there = |place: &Place| draft.attempt(*place).gateway_account == notice.gateway_account;
    let by_id = notice.attempt_id.and_then(|id| draft.find(id));
    let by_name = || {
        let reference = notice.gateway_reference.as_ref()?;
        draft.places().filter(is_there).find(|place| {
            let details = draft.attempt(*place).details.as_ref();
            details.and_then(|details| details.gateway_reference.as_ref()) == Some(reference)
        })
    };
    by_id.filter(is_there).or_else(by_name)
}
