//! Which payments are listed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SubsecRound, Utc};
use quittance_avro::{ids::PaymentMethodId, money::Currency, words::PaymentStatus};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::cursor::{DIGEST_LEN, Digest, PaymentPlace};
use crate::{
    create::{REFERENCE_CHARS_MAX, account_name},
    metadata,
    problem::FieldError,
    query::{error, unknown},
    text,
};

/// Which payments are listed: those of which all of this is true. Sets and maps are in an order of their own, so that the same
/// filters are equal in whichever order they were sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Filters {
    /// One of these.
    pub(crate) status: BTreeSet<String>,
    /// Created then or later.
    pub(crate) created_from: Option<DateTime<Utc>>,
    /// Created before.
    pub(crate) created_to: Option<DateTime<Utc>>,
    /// Minor units, or more.
    pub(crate) amount_from: Option<i64>,
    /// Minor units, or less.
    pub(crate) amount_to: Option<i64>,
    pub(crate) currency: Option<Currency>,
    pub(crate) gateway_account: Option<String>,
    pub(crate) payment_method_id: Option<String>,
    pub(crate) reference: Option<String>,
    /// All of these pairs.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The largest amount there can be, and one more is none.
const AMOUNT_MAX: i64 = (1 << 53) - 1;

impl Filters {
    /// A digest by which a cursor knows its filters again.
    pub(super) fn digest(&self) -> Digest {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut digest = [0; DIGEST_LEN];
        digest.copy_from_slice(&Sha256::digest(json)[..DIGEST_LEN]);
        digest
    }

    /// A cursor that points behind a payment of the list.
    pub(crate) fn cursor(&self, after: PaymentPlace) -> String {
        after.write(self.digest())
    }
}

/// Takes in what is right, and notes what is not.
pub(super) fn parse(parameters: &[(&str, &str)], errors: &mut Vec<FieldError>) -> Filters {
    let (mut filters, mut seen) = (Filters::default(), BTreeSet::new());
    for &(name, value) in parameters {
        if !seen.insert(name) {
            errors.push(error(&FieldError::shown(name), "must be given once"));
            continue;
        }
        match filters.take_in(name, value) {
            Ok(true) => {}
            Ok(false) => errors.push(unknown(name)),
            Err(message) => errors.push(error(&FieldError::shown(name), &message)),
        }
    }
    filters.refuse_what_nothing_can_be(errors);
    filters
}

impl Filters {
    /// Whether there is a filter of that name; an error says what its value must be.
    fn take_in(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "status" => self.status = value.split(',').map(status).collect::<Result<_, _>>()?,
            "created_from" => self.created_from = Some(time(value)?),
            "created_to" => self.created_to = Some(time(value)?),
            "amount_from" => self.amount_from = Some(amount(value)?),
            "amount_to" => self.amount_to = Some(amount(value)?),
            "currency" => self.currency = Some(value.parse().map_err(|_| "must be an ISO 4217 code, such as EUR")?),
            "gateway_account" => self.gateway_account = Some(account_name(value)?),
            "payment_method_id" => {
                let id: PaymentMethodId = value.parse().map_err(|_| "must be the id of a payment method, pm_…")?;
                self.payment_method_id = Some(id.to_string());
            }
            "reference" => self.reference = Some(sought(value, REFERENCE_CHARS_MAX)?),
            _ => return self.take_in_metadata(name, value),
        }
        Ok(true)
    }

    /// `metadata[key]=value`
    fn take_in_metadata(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let key = name.strip_prefix("metadata[").and_then(|name| name.strip_suffix(']'));
        let Some(key) = key.filter(|key| !key.is_empty() && metadata::refuse_key(key).is_ok()) else {
            return Ok(false);
        };
        if self.metadata.len() == metadata::KEYS_MAX {
            return Err(format!("is one more than the {} keys that a payment can have", metadata::KEYS_MAX));
        }
        let value = match value {
            "" => String::new(),
            value => sought(value, metadata::VALUE_CHARS_MAX)?,
        };
        self.metadata.insert(key.to_owned(), value);
        Ok(true)
    }

    /// Two bounds between which nothing is are a mistake.
    fn refuse_what_nothing_can_be(&self, errors: &mut Vec<FieldError>) {
        if let (Some(from), Some(to)) = (self.created_from, self.created_to)
            && from >= to
        {
            errors.push(error("created_to", "must be later than created_from"));
        }
        if let (Some(from), Some(to)) = (self.amount_from, self.amount_to)
            && from > to
        {
            errors.push(error("amount_to", "must not be less than amount_from"));
        }
    }
}

fn status(word: &str) -> Result<String, String> {
    match PaymentStatus::from_word(word) {
        Some(status) => Ok(status.as_str().to_owned()),
        None => {
            let words: Vec<_> = PaymentStatus::ALL.iter().map(|status| status.as_str()).collect();
            Err(format!("must be one or more of {}, with commas between", words.join(", ")))
        }
    }
}

/// Payments are created at a whole millisecond, so of a time between two the later one begins what comes after it.
fn time(value: &str) -> Result<DateTime<Utc>, String> {
    let wanted = || "must be a time, such as 2026-11-01T12:00:00Z".to_owned();
    let time = DateTime::parse_from_rfc3339(value).map_err(|_| wanted())?.to_utc();
    // Leap seconds and what is finer than Postgres keeps.
    Ok(time.trunc_subsecs(6))
}

fn amount(value: &str) -> Result<i64, String> {
    let amount = value.parse().ok().filter(|amount| (0..=AMOUNT_MAX).contains(amount));
    amount.ok_or_else(|| format!("must be an integer of minor units from 0 to {AMOUNT_MAX}"))
}

fn sought(value: &str, chars_max: usize) -> Result<String, String> {
    match text::refuse(value, chars_max) {
        _ if value.is_empty() => Err("must not be empty".to_owned()),
        Some(message) => Err(message),
        None => Ok(value.to_owned()),
    }
}
