//! Which gateway accounts a payment goes to, and in which order; whether it may be made at all.

mod draw;
mod matching;

use quittance_avro::{
    records::{CreatePayment, Routing, RoutingRule},
    refusals::Refusal,
    time::Timestamp,
};

use self::{draw::drawn, matching::is_for};
use super::gateways::Gateways;

/// The gateway accounts for a payment. Only those are considered for which the payment method has a token, and which take new
/// payments. One that the request names is the only one. Otherwise the first rule that fits the payment decides, of those that
/// name an account to be considered; if none does, it is the order of the tokens. What cannot be reached now is tried last.
pub(super) fn route(asked: &CreatePayment, gateways: &Gateways, now: Timestamp) -> Result<Routing, Refusal> {
    is_within_limits(asked, gateways)?;
    let version = gateways.rules().map_or(0, |rules| rules.version);
    let (rule, why, candidates) =
        if asked.gateway_account.is_empty() { chosen(asked, gateways)? } else { named(asked, gateways)? };
    let (candidates, why) = reachable_first(candidates, why, gateways, now);
    Ok(Routing { version, rule, why, candidates })
}

/// The name of the rule if there is one, why, and the accounts in their order.
type Chosen = (Option<String>, String, Vec<String>);

fn named(asked: &CreatePayment, gateways: &Gateways) -> Result<Chosen, Refusal> {
    let name = &asked.gateway_account;
    if asked.payment_method.tokens.iter().all(|token| token.gateway_account != *name) {
        return Err(Refusal::NoToken);
    }
    if !gateways.takes_payments(name) {
        return Err(Refusal::NoRoute);
    }
    Ok((None, "the request names the gateway account".to_owned(), vec![name.clone()]))
}

fn chosen(asked: &CreatePayment, gateways: &Gateways) -> Result<Chosen, Refusal> {
    let tokens = asked.payment_method.tokens.iter().map(|token| &token.gateway_account);
    let usable: Vec<&String> = tokens.filter(|account| gateways.takes_payments(account)).collect();
    if usable.is_empty() {
        return Err(Refusal::NoRoute);
    }
    let Some(rules) = gateways.rules() else {
        let why = "in the order of the payment method's tokens: there are no rules".to_owned();
        return Ok((None, why, usable.into_iter().cloned().collect()));
    };
    let is_usable = |account: &str| usable.iter().any(|usable| *usable == account);
    let mut fitting: Vec<&RoutingRule> =
        rules.value.rules.iter().filter(|rule| is_for(&rule.conditions, asked)).collect();
    fitting.sort_by_key(|rule| rule.priority);
    let decides =
        fitting.into_iter().find(|rule| rule.accounts.iter().any(|account| is_usable(&account.gateway_account)));
    let Some(rule) = decides else {
        let why = "in the order of the payment method's tokens: no rule fits".to_owned();
        return Ok((None, why, usable.into_iter().cloned().collect()));
    };
    let accounts: Vec<_> = rule.accounts.iter().filter(|account| is_usable(&account.gateway_account)).collect();
    let (candidates, how) = drawn(&accounts, &asked.envelope.aggregate_id);
    Ok((Some(rule.name.clone()), format!("rule {} is the first that fits; {how}", rule.name), candidates))
}

/// An account that is down is not left out: it may be up again by the time that all others have failed.
fn reachable_first(candidates: Vec<String>, why: String, gateways: &Gateways, now: Timestamp) -> (Vec<String>, String) {
    let (mut first, down): (Vec<String>, Vec<String>) =
        candidates.into_iter().partition(|account| !gateways.is_down(account, now));
    if down.is_empty() || first.is_empty() {
        first.extend(down);
        return (first, why);
    }
    let why = format!("{why}; {} cannot be reached at the moment and comes last", down.join(", "));
    first.extend(down);
    (first, why)
}

/// Whether the tenant takes payments of this currency and amount.
fn is_within_limits(asked: &CreatePayment, gateways: &Gateways) -> Result<(), Refusal> {
    let Some(limits) = gateways.limits().filter(|limits| !limits.currencies.is_empty()) else { return Ok(()) };
    let limit = limits.currencies.iter().find(|limit| limit.currency == asked.currency);
    let limit = limit.ok_or(Refusal::CurrencyNotAllowed)?;
    if limit.minimum_amount.is_some_and(|minimum| asked.amount < minimum) {
        return Err(Refusal::AmountBelowMinimum);
    }
    if limit.maximum_amount.is_some_and(|maximum| asked.amount > maximum) {
        return Err(Refusal::AmountAboveMaximum);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
