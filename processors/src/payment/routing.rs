//! Which gateway accounts a payment goes to, and in which order.

use quittance_avro::{
    records::{CreatePayment, Routing},
    refusals::Refusal,
};

use super::gateways::Gateways;

/// The gateway accounts for a payment. Only those are considered for which the payment method has a token.
pub(super) fn route(asked: &CreatePayment, gateways: &Gateways) -> Result<Routing, Refusal> {
    let tokens = || asked.payment_method.tokens.iter().map(|token| &token.gateway_account);
    if !asked.gateway_account.is_empty() {
        if tokens().all(|account| *account != asked.gateway_account) {
            return Err(Refusal::NoToken);
        }
        gateways.capabilities(&asked.gateway_account).ok_or(Refusal::NoRoute)?;
        let (why, candidates) = ("the request names the gateway account", vec![asked.gateway_account.clone()]);
        return Ok(Routing { version: 0, rule: None, why: why.to_owned(), candidates });
    }
    let candidates: Vec<String> =
        tokens().filter(|account| gateways.capabilities(account).is_some()).cloned().collect();
    if candidates.is_empty() {
        return Err(Refusal::NoRoute);
    }
    let why = "in the order of the payment method's tokens: there are no rules".to_owned();
    Ok(Routing { version: 0, rule: None, why, candidates })
}
