//! What the log and the gateway say of the payments of a run, and whether it is what it must be. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};

use quittance_avro::{
    ids::{AttemptId, PaymentId},
    records::PaymentState,
    words::PaymentStatus,
};
use quittance_tests::Charged;

/// What the log says.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// Where each payment ended.
    ends: HashMap<PaymentId, End>,
    /// The attempt that each payment was authorized by.
    authorized: HashMap<PaymentId, AttemptId>,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It has left `processing`.
    Settled(PaymentStatus),
    /// It has not, or waits for a person.
    Open,
}

impl Books {
    /// Takes in a state; later ones replace it.
    pub(crate) fn state(&mut self, id: PaymentId, state: &PaymentState) {
        let is_open = state.status == PaymentStatus::Processing || state.review.is_some();
        self.ends.insert(id, if is_open { End::Open } else { End::Settled(state.status) });
    }

    /// Takes in that a payment was authorized.
    pub(crate) fn authorized(&mut self, id: PaymentId, attempt: AttemptId) {
        self.authorized.insert(id, attempt);
    }

    /// How many payments are in the log with each status that is settled.
    pub(crate) fn settled(&self) -> BTreeMap<&'static str, i64> {
        let mut counts = BTreeMap::new();
        for end in self.ends.values() {
            if let End::Settled(status) = end {
                *counts.entry(status.as_str()).or_default() += 1;
            }
        }
        counts
    }

    /// Everything that is wrong; nothing, if no payment was lost and none was charged twice.
    pub(crate) fn findings(&self, acknowledged: &[PaymentId], keys: &BTreeMap<String, Charged>) -> Vec<String> {
        let absent = acknowledged.iter().filter(|id| !self.ends.contains_key(id));
        let open = acknowledged.iter().filter(|id| self.ends.get(id) == Some(&End::Open));
        let twice = keys.iter().filter(|(_, charged)| charged.charges > 1).map(|(key, _)| key);
        let unpaid = self.approved().filter(|(_, key)| key.as_ref().is_none_or(|key| charges(keys, key) == 0));
        let booked: HashSet<String> = self.approved().filter_map(|(_, key)| key).collect();
        let unbooked = keys.iter().filter(|(key, charged)| charged.charges > 0 && !booked.contains(*key));
        [
            finding("acknowledged payments are not in the log", absent),
            finding("acknowledged payments are not settled", open),
            finding("keys were charged more than once at the gateway", twice),
            finding("payments count as approved and were not charged at the gateway", unpaid.map(|(id, _)| id)),
            finding("keys were charged at the gateway and belong to no approved payment", unbooked.map(|(key, _)| key)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The payments that the gateway approved, with the key under which it was asked.
    fn approved(&self) -> impl Iterator<Item = (PaymentId, Option<String>)> {
        let is_approved = |end: &End| match end {
            End::Settled(PaymentStatus::Succeeded | PaymentStatus::RequiresCapture) => true,
            End::Settled(_) | End::Open => false,
        };
        let approved = self.ends.iter().filter(move |(_, end)| is_approved(end)).map(|(&id, _)| id);
        approved.map(|id| (id, self.authorized.get(&id).map(AttemptId::to_string)))
    }
}

fn charges(keys: &BTreeMap<String, Charged>, key: &str) -> u64 {
    keys.get(key).map_or(0, |charged| charged.charges)
}

/// How many there are, if any, and one of them.
fn finding<T: ToString>(what: &str, mut found: impl Iterator<Item = T>) -> Option<String> {
    let example = found.next()?.to_string();
    Some(format!("{} {what}, {example} for one", found.count() + 1))
}

#[cfg(test)]
mod tests {
    use quittance_avro::ids::derive;
    use rstest::rstest;

    use super::*;

    fn id(name: &str) -> PaymentId {
        PaymentId::new(derive(&[name]))
    }

    fn attempt(name: &str) -> AttemptId {
        AttemptId::new(derive(&["attempt", name]))
    }

    /// Payments `a`, `b` and `c`, which ended like this, and the charges of the attempt of `a`.
    fn findings(ends: [Option<End>; 3], charges: u64) -> Vec<String> {
        let names = ["a", "b", "c"];
        let mut books = Books::default();
        for (name, end) in names.iter().zip(ends) {
            books.ends.extend(end.map(|end| (id(name), end)));
        }
        books.authorized(id("a"), attempt("a"));
        let keys = BTreeMap::from([(attempt("a").to_string(), Charged { requests: 3, charges })]);
        books.findings(&names.map(id), &keys)
    }

    const PAID: Option<End> = Some(End::Settled(PaymentStatus::Succeeded));
    const FAILED: Option<End> = Some(End::Settled(PaymentStatus::Failed));

    #[rstest]
    #[case::all_is_well([PAID, FAILED, FAILED], 1, &[])]
    #[case::lost([PAID, None, FAILED], 1, &["1 acknowledged payments are not in the log, "])]
    #[case::open([PAID, Some(End::Open), Some(End::Open)], 1, &["2 acknowledged payments are not settled, "])]
    #[case::charged_twice([PAID, FAILED, FAILED], 2, &["1 keys were charged more than once at the gateway, "])]
    #[case::not_charged([PAID, FAILED, FAILED], 0,
        &["1 payments count as approved and were not charged at the gateway, "])]
    #[case::never_asked([PAID, PAID, FAILED], 1,
        &["1 payments count as approved and were not charged at the gateway, "])]
    #[case::charged_and_failed([FAILED, FAILED, FAILED], 1,
        &["1 keys were charged at the gateway and belong to no approved payment, "])]
    fn what_is_wrong(#[case] ends: [Option<End>; 3], #[case] charges: u64, #[case] expected: &[&str]) {
        let found = findings(ends, charges);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}");
        }
    }
}
