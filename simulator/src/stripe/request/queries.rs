//! What is only asked for.

use serde_json::{Value, json};

use super::super::dispute::dispute;
use super::super::expand::Expand;
use super::super::form::Form;
use super::super::intent::intent;
use super::super::list::{list, newest};
use super::super::payment_method;
use super::super::problem::Problem;
use super::super::refund::refund;
use super::super::setup::setup;
use super::{charge_id, intent_id};
use crate::gateway::Gateway;
use crate::tokens::Token;
use crate::values::{ChargeId, DisputeId, IntentId, RefundId, SetupId};

const LIMIT_DEFAULT: usize = 10;
const LIMIT_MAX: i64 = 100;

/// What is only asked for.
#[derive(Debug)]
pub(in super::super) enum Query {
    Intent(ChargeId),
    Intents {
        before: Option<ChargeId>,
        limit: usize,
    },
    Refund(RefundId),
    Refunds {
        of: ChargeId,
        before: Option<RefundId>,
        limit: usize,
    },
    Dispute(DisputeId),
    /// Of one charge, or of all.
    Disputes {
        of: Option<ChargeId>,
        before: Option<DisputeId>,
        limit: usize,
    },
    Setup(SetupId),
    PaymentMethod(Token),
}

impl Query {
    pub(super) fn intents(form: &mut Form) -> Result<Self, Problem> {
        let before = form.take("starting_after")?.map(|id| intent_id(&id)).transpose()?;
        Ok(Self::Intents { before, limit: take_limit(form)? })
    }

    pub(super) fn refund(id: &str) -> Result<Self, Problem> {
        refund_id(id).map(Self::Refund)
    }

    pub(super) fn refunds(form: &mut Form) -> Result<Self, Problem> {
        let of = intent_id(&form.require("payment_intent")?)?;
        let before = form.take("starting_after")?.map(|id| refund_id(&id)).transpose()?;
        Ok(Self::Refunds { of, before, limit: take_limit(form)? })
    }

    pub(super) fn dispute(id: &str) -> Result<Self, Problem> {
        dispute_id(id).map(Self::Dispute)
    }

    pub(super) fn disputes(form: &mut Form) -> Result<Self, Problem> {
        let intent = form.take("payment_intent")?.map(|id| intent_id(&id)).transpose()?;
        let charge = form.take("charge")?.map(|id| charge_id(&id)).transpose()?;
        if intent.is_some() && charge.is_some() && intent != charge {
            return Err(Problem::parameter("charge", "The charge is not one of that intent."));
        }
        let before = form.take("starting_after")?.map(|id| dispute_id(&id)).transpose()?;
        Ok(Self::Disputes { of: intent.or(charge), before, limit: take_limit(form)? })
    }

    pub(super) fn setup(id: &str) -> Result<Self, Problem> {
        id.parse().map(Self::Setup).map_err(|_| Problem::no_such("setup_intent", id))
    }

    pub(super) fn payment_method(id: &str) -> Result<Self, Problem> {
        let token = payment_method::token(id);
        token.map(Self::PaymentMethod).ok_or_else(|| Problem::no_such("payment_method", id))
    }

    /// Finds it.
    pub(in super::super) fn answer(&self, gateway: &Gateway, expand: &Expand) -> Result<Value, Problem> {
        let base = gateway.base();
        match *self {
            Self::Intent(id) => {
                let charge = gateway.ask(|ledger| ledger.charge_by_id(id));
                charge.map(|charge| intent(&charge, expand, base)).ok_or_else(|| no_such_intent(id))
            }
            Self::Intents { before, limit } => {
                let page = gateway.ask(|ledger| ledger.newest_charges(before, limit));
                let data = page.data.iter().map(|charge| intent(charge, expand, base)).collect::<Vec<_>>();
                Ok(list("/v1/payment_intents", &data, page.has_more))
            }
            Self::Refund(id) => {
                let charge = gateway.ask(|ledger| ledger.charge_of_refund(id));
                let found = charge.as_deref().and_then(|charge| Some((charge, charge.refund(id)?)));
                let (charge, found) = found.ok_or_else(|| Problem::no_such("refund", &id.to_string()))?;
                Ok(refund(charge, found, expand, base))
            }
            Self::Refunds { of, before, limit } => {
                let charge = gateway.ask(|ledger| ledger.charge_by_id(of)).ok_or_else(|| no_such_intent(of))?;
                let (refunds, has_more) = newest(&charge.refunds, |refund| refund.id, before, limit);
                let data = refunds.into_iter().map(|one| refund(&charge, one, expand, base)).collect::<Vec<_>>();
                Ok(list("/v1/refunds", &data, has_more))
            }
            Self::Dispute(id) => {
                let charge = gateway.ask(|ledger| ledger.charge_of_dispute(id));
                let found = charge.as_deref().and_then(|charge| Some((charge, charge.dispute(id)?)));
                let (charge, found) = found.ok_or_else(|| Problem::no_such("dispute", &id.to_string()))?;
                Ok(dispute(charge, found, expand, base))
            }
            Self::Disputes { of: Some(of), before, limit } => {
                let charge = gateway.ask(|ledger| ledger.charge_by_id(of)).ok_or_else(|| no_such_intent(of))?;
                let (disputes, has_more) = newest(&charge.disputes, |dispute| dispute.id, before, limit);
                let data = disputes.into_iter().map(|one| dispute(&charge, one, expand, base)).collect::<Vec<_>>();
                Ok(list("/v1/disputes", &data, has_more))
            }
            Self::Disputes { of: None, before, limit } => {
                let page = gateway.ask(|ledger| ledger.newest_disputes(before, limit));
                let disputes = page.data.iter().filter_map(|(charge, id)| Some((charge, charge.dispute(*id)?)));
                let data = disputes.map(|(charge, one)| dispute(charge, one, expand, base)).collect::<Vec<_>>();
                Ok(list("/v1/disputes", &data, page.has_more))
            }
            Self::Setup(id) => {
                let found = gateway.ask(|ledger| ledger.setup_by_id(id));
                let missing = || Problem::no_such("setup_intent", &id.to_string());
                found.map(|found| setup(&found, expand, gateway.base())).ok_or_else(missing)
            }
            Self::PaymentMethod(token) => Ok(json!(payment_method::payment_method(token))),
        }
    }
}

fn no_such_intent(id: ChargeId) -> Problem {
    Problem::no_such("payment_intent", &IntentId::from(id).to_string())
}

fn refund_id(text: &str) -> Result<RefundId, Problem> {
    text.parse().map_err(|_| Problem::no_such("refund", text))
}

fn dispute_id(text: &str) -> Result<DisputeId, Problem> {
    text.parse().map_err(|_| Problem::no_such("dispute", text))
}

fn take_limit(form: &mut Form) -> Result<usize, Problem> {
    match form.take_integer("limit")? {
        None => Ok(LIMIT_DEFAULT),
        Some(limit @ 1..=LIMIT_MAX) => {
            usize::try_from(limit).map_err(|_| Problem::parameter("limit", "Invalid limit."))
        }
        Some(_) => Err(Problem::parameter("limit", "The limit must be 1 to 100.")),
    }
}
