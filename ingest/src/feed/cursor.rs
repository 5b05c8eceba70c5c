//! Places in the log, and how clients keep them.
//!
//! Positions are the installation's: who could read two of them would know how much all others do in between. So a cursor is sealed
//! with the tenant's data key, which also keeps anybody from making one up or using another tenant's.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use quittance_avro::{
    ids::KeyId,
    records::{Bytes, Sealed},
    seal::{ALGORITHM, Binding, DataKey, NONCE_BYTES},
    tenant::Tenant,
    words::Mode,
};
use uuid::Uuid;

/// What cursors are sealed for.
const PURPOSE: &str = "events.cursor";
/// The first byte of a cursor: how the rest is to be read.
const VERSION: u8 = 1;
/// The longest cursor that is read, characters: 512 partitions come to a third of it.
const CHARS_MAX: usize = 16 * 1024;

/// A topic of events. Its number stands in cursors, its name in Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    Payment,
    PaymentMethod,
}

impl Source {
    pub(crate) const ALL: [Self; 2] = [Self::Payment, Self::PaymentMethod];

    /// Its name in Postgres.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::PaymentMethod => "payment_method",
        }
    }

    /// By its name in Postgres.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

/// A partition of a topic of events.
pub(crate) type Lane = (Source, i32);

/// The first position in each partition that is not passed yet; 0 where none is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Positions(BTreeMap<Lane, i64>);

impl Positions {
    /// The first position of a partition that is not passed.
    #[cfg(test)]
    pub(crate) fn next(&self, lane: Lane) -> i64 {
        self.0.get(&lane).copied().unwrap_or_default()
    }

    /// Goes on behind that position, never back.
    pub(crate) fn pass(&mut self, lane: Lane, position: i64) {
        let next = self.0.entry(lane).or_default();
        *next = (*next).max(position.saturating_add(1));
    }

    /// Begins a partition that is not known yet at that position.
    pub(crate) fn begin(&mut self, lane: Lane, position: i64) {
        self.0.entry(lane).or_insert(position);
    }

    /// The partitions that it says something of.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.0.keys().copied()
    }

    /// Three columns: topic, partition, position.
    pub(crate) fn columns(&self) -> (Vec<&'static str>, Vec<i32>, Vec<i64>) {
        let mut columns = (Vec::new(), Vec::new(), Vec::new());
        for ((source, partition), position) in &self.0 {
            columns.0.push(source.as_str());
            columns.1.push(*partition);
            columns.2.push(*position);
        }
        columns
    }

    /// For each topic the number of its partitions, and of each its number and position. What stands at 0 is left out.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for source in Source::ALL {
            let passed = || self.0.iter().filter(|((of, _), position)| *of == source && **position > 0);
            write(&mut bytes, passed().count() as u64);
            for ((_, partition), position) in passed() {
                write(&mut bytes, u64::from(partition.unsigned_abs()));
                write(&mut bytes, position.unsigned_abs());
            }
        }
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut positions = BTreeMap::new();
        for source in Source::ALL {
            for _ in 0..read(&mut bytes)? {
                let partition = i32::try_from(read(&mut bytes)?).ok()?;
                positions.insert((source, partition), i64::try_from(read(&mut bytes)?).ok()?);
            }
        }
        bytes.is_empty().then_some(Self(positions))
    }
}

/// Seven bits a byte, the lowest first; the eighth says that more follow (LEB128).
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// What a tenant's cursors are bound to.
pub(crate) fn binding(mode: Mode, tenant: &Tenant) -> Binding<'_> {
    Binding { mode, tenant, aggregate_id: "", purpose: PURPOSE }
}

/// A place as its tenant keeps it.
pub(crate) fn seal(positions: &Positions, key: &DataKey, binding: Binding<'_>) -> String {
    let sealed = key.seal(binding, &positions.encode());
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(sealed.key_id.uuid().as_bytes());
    bytes.extend_from_slice(&sealed.nonce.0);
    bytes.extend_from_slice(&sealed.ciphertext.0);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is sealed in a cursor, which has to be opened yet.
pub(crate) fn read_sealed(cursor: &str) -> Option<Sealed> {
    let bytes = URL_SAFE_NO_PAD.decode(Some(cursor).filter(|cursor| cursor.len() <= CHARS_MAX)?).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (key_id, rest) = rest.split_at_checked(16)?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE_BYTES)?;
    let key_id = KeyId::new(Uuid::from_slice(key_id).ok()?);
    let (nonce, ciphertext) = (Bytes(nonce.to_vec()), Bytes(ciphertext.to_vec()));
    (*version == VERSION).then(|| Sealed { key_id, algorithm: ALGORITHM.to_owned(), nonce, ciphertext })
}

/// The place that was sealed.
pub(crate) fn read_opened(bytes: &[u8]) -> Option<Positions> {
    Positions::decode(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn positions() -> impl Strategy<Value = Positions> {
        let lane = (prop_oneof![Just(Source::Payment), Just(Source::PaymentMethod)], 0..64_i32);
        proptest::collection::btree_map(lane, 1..i64::MAX, 0..40).prop_map(Positions)
    }

    fn sealed_with(key: &DataKey, tenant: &str, positions: &Positions) -> String {
        seal(positions, key, binding(Mode::Test, &tenant.parse().expect("a tenant")))
    }

    fn opened(key: &DataKey, tenant: &str, cursor: &str) -> Option<Positions> {
        let tenant = tenant.parse().expect("a tenant");
        let bytes = key.open(binding(Mode::Test, &tenant), &read_sealed(cursor)?).ok()?;
        read_opened(&bytes)
    }

    proptest! {
        #[test]
        fn a_cursor_goes_round(positions in positions()) {
            let key = DataKey::draw(KeyId::new(Uuid::new_v4()));
            let cursor = sealed_with(&key, "acme", &positions);
            prop_assert_eq!(opened(&key, "acme", &cursor), Some(positions));
            prop_assert_eq!(opened(&key, "other", &cursor), None);
        }

        #[test]
        fn whatever_else_is_none(text in "[A-Za-z0-9_-]{0,200}") {
            let key = DataKey::draw(KeyId::new(Uuid::new_v4()));
            prop_assert_eq!(opened(&key, "acme", &text), None);
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(positions) = read_opened(&bytes) {
                let again = read_opened(&positions.encode());
                prop_assert!(again.is_some());
            }
        }
    }

    #[test]
    fn a_place_never_goes_back() {
        let mut positions = Positions::default();
        positions.pass((Source::Payment, 1), 7);
        positions.pass((Source::Payment, 1), 3);
        positions.begin((Source::Payment, 1), 0);
        positions.begin((Source::Payment, 2), 5);
        assert_eq!([1, 2, 3].map(|partition| positions.next((Source::Payment, partition))), [8, 5, 0]);
    }
}
