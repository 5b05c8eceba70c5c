//! What gateways told that fits nothing, as Postgres has it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use quittance_avro::{ids::NoticeId, time::Timestamp};
use serde_json::Value;

use super::{Reads, StoreError};
use crate::auth::Caller;

const ANOMALIES: &str = "select anomaly_id, reason, gateway_account, occurred_at, data from gateway_anomalies \
     where mode = $1 and tenant = $2 and (occurred_at, anomaly_id) < (coalesce($3, 'infinity'::timestamptz), $4) \
     order by occurred_at desc, anomaly_id desc limit $5";

/// The end of the year 9999, in milliseconds since 1970.
const OCCURRED_AT_MS_MAX: u64 = 253_402_300_799_999;

/// Something that a gateway told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Anomaly {
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) gateway_account: String,
    occurred_at: SystemTime,
    pub(crate) data: Value,
}

/// Where an anomaly stands among those of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnomalyPlace {
    occurred_at: SystemTime,
    id: String,
}

impl Anomaly {
    /// When the notice came, as the API tells it.
    pub(crate) fn occurred_at(&self) -> String {
        Timestamp::from_ms(self.occurred_at_ms()).to_string()
    }

    fn occurred_at_ms(&self) -> i64 {
        let since = self.occurred_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    /// A cursor that points behind it.
    pub(crate) fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}:{}", self.occurred_at_ms(), self.id))
    }

    /// Where a cursor points.
    pub(crate) fn place(cursor: &str) -> Option<AnomalyPlace> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (ms, id) = text.split_once(':')?;
        let ms: u64 = ms.parse().ok().filter(|ms| *ms <= OCCURRED_AT_MS_MAX)?;
        let id = id.parse::<NoticeId>().ok()?.to_string();
        Some(AnomalyPlace { occurred_at: UNIX_EPOCH + Duration::from_millis(ms), id })
    }
}

impl Reads {
    /// The caller's, the latest first, from behind that place on.
    pub(crate) async fn anomalies(
        &self,
        caller: &Caller,
        before: Option<&AnomalyPlace>,
        limit: i64,
    ) -> Result<Vec<Anomaly>, StoreError> {
        let (time, id) = (before.map(|place| place.occurred_at), before.map_or("", |place| place.id.as_str()));
        let rows = self.tables.query(caller, ANOMALIES, &[&time, &id, &limit]).await?;
        rows.iter()
            .map(|row| {
                Ok(Anomaly {
                    id: row.try_get(0)?,
                    reason: row.try_get(1)?,
                    gateway_account: row.try_get(2)?,
                    occurred_at: row.try_get(3)?,
                    data: row.try_get(4)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_points_where_it_was_made() {
        let anomaly = Anomaly {
            id: NoticeId::new(uuid::Uuid::from_u128(7)).to_string(),
            reason: "malformed".to_owned(),
            gateway_account: "main".to_owned(),
            occurred_at: UNIX_EPOCH + Duration::from_millis(1_793_534_400_123),
            data: Value::Null,
        };
        let place = Anomaly::place(&anomaly.cursor());
        assert_eq!(place, Some(AnomalyPlace { occurred_at: anomaly.occurred_at, id: anomaly.id }));
        for bad in ["", "x", "MTIzOg", "OTk5OTk5OTk5OTk5OTk5OTk6bnRjXw"] {
            assert_eq!(Anomaly::place(bad), None, "{bad}");
        }
    }
}
