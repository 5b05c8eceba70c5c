//! What a fact is about.

use quittance_avro::{
    records::{GatewayFact, Operation},
    words::{FactStatus, OperationKind, OperationStatus},
};

use super::{Told, elsewhere::made_id};
use crate::payment::decide::{
    approval::capture_of,
    draft::{Draft, Place},
};

/// The charge that a report is of.
#[derive(Clone, Copy)]
pub(super) struct Charge {
    /// Index of its authorization.
    pub(super) authorization: usize,
    /// The attempt that made it.
    pub(super) made_by: Place,
    /// Whether another attempt was made after it: what our operations act on is the other one's charge.
    pub(super) is_abandoned: bool,
}

impl Charge {
    /// That of an attempt: of an authorization's own, or of the authorization that it acts on.
    pub(super) fn of(draft: &Draft<'_>, attempt: Place) -> Self {
        let authorization = draft.parent(attempt.operation);
        let latest = draft.latest(authorization);
        let is_own = draft.operation(attempt.operation).kind == OperationKind::Authorize;
        let made_by = if is_own { attempt } else { latest.unwrap_or(attempt) };
        Self { authorization, made_by, is_abandoned: latest != Some(made_by) }
    }

    /// Whether captures, refunds and voids of it are of our authorization.
    pub(super) fn is_authorized(self, draft: &Draft<'_>) -> bool {
        !self.is_abandoned && draft.operation(self.authorization).status == OperationStatus::Succeeded
    }
}

/// What a fact is about.
pub(super) enum About {
    /// An attempt of ours.
    Attempt(Place),
    /// The capture that came with an authorization.
    CameAlong(usize),
    /// A capture that comes with an authorization, and is booked with it by the fact that tells of that.
    ComesAlong,
    /// An attempt of ours at another gateway account.
    Elsewhere,
    /// Nothing that we know.
    Nothing,
}

/// What a fact is about: by the attempt that the gateway keeps with it, or else by the gateway's own name. A void has neither
/// at some gateways; there is only one at a time. Of what is at other gateway accounts a report knows nothing, even if it bears the
/// same name.
pub(super) fn about(draft: &Draft<'_>, charge: Charge, told: Told<'_>) -> About {
    let known = told.fact.attempt_id.and_then(|id| draft.find(id));
    if let Some(about) = known.and_then(|place| by_attempt(draft, place, told)) {
        return about;
    }
    match by_name(draft, told).or_else(|| only_void(draft, charge, told)) {
        Some(index) => draft.latest(index).map_or(About::CameAlong(index), About::Attempt),
        // It is of this charge, and each has one authorization.
        None if told.fact.kind == OperationKind::Authorize && told.fact.attempt_id.is_none() => {
            About::Attempt(charge.made_by)
        }
        None => About::Nothing,
    }
}

fn by_attempt(draft: &Draft<'_>, place: Place, told: Told<'_>) -> Option<About> {
    let kind = draft.operation(place.operation).kind;
    if !is_here(draft, place, told) {
        return Some(About::Elsewhere);
    }
    if kind == told.fact.kind {
        return Some(About::Attempt(place));
    }
    if (kind, told.fact.kind) != (OperationKind::Authorize, OperationKind::Capture) {
        return None;
    }
    let is_booked = draft.attempt(place).status == OperationStatus::Succeeded;
    if !is_booked && is_told_to_be_authorized(told) {
        return Some(About::ComesAlong);
    }
    // What came along came with the latest attempt.
    let is_latest = draft.latest(place.operation) == Some(place);
    capture_of(draft, place.operation).filter(|_| is_latest).map(About::CameAlong)
}

/// Whether another fact of the report tells that the authorization of the same attempt succeeded.
fn is_told_to_be_authorized(told: Told<'_>) -> bool {
    let is_of_it = |fact: &GatewayFact| {
        let is_done = (fact.kind, fact.status) == (OperationKind::Authorize, FactStatus::Succeeded);
        is_done && fact.attempt_id == told.fact.attempt_id
    };
    told.report.facts.iter().any(is_of_it)
}

/// What the gateway made by itself has its id from the name that it was first told under, whatever it is called since.
fn by_name(draft: &Draft<'_>, told: Told<'_>) -> Option<usize> {
    let name = told.fact.gateway_reference.as_ref();
    let is_named = |found: &Operation| name.is_some() && found.gateway_reference.as_ref() == name;
    let made = made_id(draft, told);
    let mut of_kind = operations(draft, told);
    let found =
        of_kind.find(|(index, found)| found.id == made || is_named(found) && is_operation_here(draft, *index, told));
    found.map(|(index, _)| index)
}

fn only_void(draft: &Draft<'_>, charge: Charge, told: Told<'_>) -> Option<usize> {
    let is_void = told.fact.kind == OperationKind::Void && !charge.is_abandoned;
    let of_charge = |(index, _): &(usize, &Operation)| draft.parent(*index) == charge.authorization;
    operations(draft, told).filter(of_charge).map(|(index, _)| index).next_back().filter(|_| is_void)
}

/// The operations of the fact's kind.
fn operations<'d>(
    draft: &'d Draft<'_>,
    told: Told<'_>,
) -> impl DoubleEndedIterator<Item = (usize, &'d Operation)> + use<'d> {
    let kind = told.fact.kind;
    draft.payment().operations.iter().enumerate().filter(move |(_, found)| found.kind == kind)
}

fn is_operation_here(draft: &Draft<'_>, operation: usize, told: Told<'_>) -> bool {
    // What came along is where its authorization is.
    let place = draft.latest(operation).or_else(|| draft.latest(draft.parent(operation)));
    place.is_some_and(|place| is_here(draft, place, told))
}

/// Whether an attempt is at the gateway account that reports.
fn is_here(draft: &Draft<'_>, place: Place, told: Told<'_>) -> bool {
    draft.attempt(place).gateway_account == told.result.gateway_account
}
