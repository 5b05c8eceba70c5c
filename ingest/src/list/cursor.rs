//! Where a page of payments ends, as clients carry it: a version, the place, and a digest of the filters, in base64url.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use quittance_avro::{ids::PaymentId, records::PaymentState, time::Timestamp};
use uuid::Uuid;

/// The form of the cursors of this build. Those of another one are refused, and their clients begin anew.
const VERSION: u8 = 1;
/// The end of the year 9999, in milliseconds since 1970: what Postgres and the API can both tell.
const CREATED_AT_MS_MAX: i64 = 253_402_300_799_999;
/// Version, time, id, digest.
const LEN: usize = 1 + 8 + 16 + DIGEST_LEN;

/// How long a digest of filters is. It keeps clients from mistakes, and nobody from anything else: whose payments are listed, the
/// query says.
pub(super) const DIGEST_LEN: usize = 8;
pub(super) type Digest = [u8; DIGEST_LEN];

/// Where a payment stands among those of a tenant, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaymentPlace {
    pub(crate) created_at: Timestamp,
    pub(crate) id: PaymentId,
}

impl PaymentPlace {
    /// Where a payment stands; none if its id is not one, which no record of ours has.
    pub(crate) fn of(state: &PaymentState) -> Option<Self> {
        Some(Self { created_at: state.created_at, id: state.envelope.aggregate_id.parse().ok()? })
    }

    pub(super) fn write(self, filters: Digest) -> String {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.created_at.as_ms().to_be_bytes());
        bytes.extend_from_slice(self.id.uuid().as_bytes());
        bytes.extend_from_slice(&filters);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place, and the filters that it is for.
    pub(super) fn read(cursor: &str) -> Option<(Self, Digest)> {
        let bytes: [u8; LEN] = URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
        let (&version, rest) = bytes.split_first()?;
        let (ms, rest) = rest.split_first_chunk::<8>()?;
        let (id, filters) = rest.split_first_chunk::<16>()?;
        let ms = i64::from_be_bytes(*ms);
        if version != VERSION || !(0..=CREATED_AT_MS_MAX).contains(&ms) {
            return None;
        }
        let place = Self { created_at: Timestamp::from_ms(ms), id: PaymentId::new(Uuid::from_bytes(*id)) };
        Some((place, filters.try_into().ok()?))
    }
}
