//! The ledger's rules as tables, and its invariants over random requests.

mod charges;
mod disputes;
mod keys;
mod later;
mod operations;
mod random;

use std::collections::BTreeMap;

use super::*;
use crate::tokens::Token;
use crate::values::{Amount, Credential, Metadata, Reason, fingerprint};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const SLOW_MS: u64 = 500;
const DAY_MS: u64 = 86_400_000;

fn ledger(each_max: usize) -> Ledger {
    Ledger::new(Rules { slow_ms: SLOW_MS, each_max })
}

fn key(name: &str) -> IdempotencyKey {
    name.to_owned().try_into().expect("the tests use valid keys")
}

fn amount(minor_units: i64) -> Amount {
    minor_units.try_into().expect("the tests use valid amounts")
}

/// A request under that key; what tells it from others is that text.
fn ask(name: &str, body: &str) -> Ask {
    Ask { key: Some(key(name)), fingerprint: fingerprint(&body), keeps_failures: false }
}

fn new_charge(token: &str, minor_units: i64) -> NewCharge {
    NewCharge {
        token: Token::parse(token),
        amount: amount(minor_units),
        currency: "EUR".to_owned().try_into().expect("EUR is a currency"),
        capture: true,
        metadata: Metadata::default(),
        return_url: None,
        off_session: false,
        credential: Credential::default(),
    }
}

fn held(token: &str, minor_units: i64) -> NewCharge {
    NewCharge { capture: false, ..new_charge(token, minor_units) }
}

/// Charges under a key, with a body that follows from the charge.
fn charge(ledger: &mut Ledger, name: &str, new: &NewCharge) -> Answer {
    ledger.charge(&ask(name, &format!("{new:?}")), new)
}

/// Charges, and has it work out.
fn charged(ledger: &mut Ledger, name: &str, new: &NewCharge) -> Outcome<ChargeId> {
    match charge(ledger, name, new).result {
        Ok(Done::Charged(charge)) => Ok(charge.id),
        other => Err(format!("{other:?}").into()),
    }
}

fn capture(ledger: &mut Ledger, name: &str, id: ChargeId, minor_units: i64, is_final: bool) -> Answer {
    let new = NewCapture { amount: Some(amount(minor_units)), is_final, metadata: Metadata::default() };
    ledger.capture(&ask(name, &format!("{id} {new:?}")), id, &new)
}

fn void(ledger: &mut Ledger, name: &str, id: ChargeId) -> Answer {
    ledger.void(&ask(name, &format!("void {id}")), id, &NewVoid::default())
}

fn refund(ledger: &mut Ledger, name: &str, id: ChargeId, minor_units: i64) -> Answer {
    let new = NewRefund { amount: Some(amount(minor_units)), reason: None, metadata: Metadata::default() };
    ledger.refund(&ask(name, &format!("{id} {new:?}")), id, &new)
}

fn dispute(ledger: &mut Ledger, id: ChargeId, minor_units: Option<i64>) -> Result<Arc<Charge>, Refusal> {
    let new = NewDispute { amount: minor_units.map(amount), reason: Reason::fraudulent() };
    ledger.dispute(id, &new).map(|(charge, _)| charge)
}

/// What an answer says in a word, to be compared in tables.
fn word(answer: &Answer) -> String {
    let told = match (&answer.result, answer.delivery) {
        (Ok(Done::Charged(charge)), Delivery::Late { .. }) => format!("{} late", charge.status().word()),
        (Ok(Done::Charged(charge)), Delivery::Never) => format!("{} untold", charge.status().word()),
        (Ok(Done::Charged(charge)), _) => charge.status().word().to_owned(),
        (Ok(Done::Captured(..)), _) => "captured".to_owned(),
        (Ok(Done::Voided(_)), _) => "voided".to_owned(),
        (Ok(Done::Refunded(..)), _) => "refunded".to_owned(),
        (Ok(Done::SetUp(_)), _) => "set up".to_owned(),
        (Err(refusal), _) => format!("{refusal:?}"),
    };
    if answer.replayed { format!("{told} again") } else { told }
}

/// The status and the sums: captured, refunded, capturable.
fn stands(ledger: &Ledger, id: ChargeId) -> Outcome<(&'static str, u64, u64, u64)> {
    let charge = ledger.charge_by_id(id).ok_or("no charge")?;
    Ok((charge.status().word(), charge.captured(), charge.refunded(), charge.capturable()))
}
