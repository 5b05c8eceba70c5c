//! The events that Postgres has, by where they stand in the log.

use quittance_avro::{ids::AggregateId, topics::Topic, words::Mode};
use serde_json::Value;
use tokio_postgres::{Row, types::ToSql};

use super::{HistoryEvent, Reads, StoreError};
use crate::{
    auth::Caller,
    feed::{Change, Lane, Positions, Source},
};

/// Of each partition so many as are asked for, the earliest first; of all of these as many again, in the order of their times, by
/// which no partition gets ahead of itself: what stands behind something is not taken for earlier than that.
const OF_TENANT: &str = "
    with found as (
        select one.aggregate_id, one.sequence, one.stream, one.partition, one.position,
            max(one.occurred_at) over (partition by one.stream, one.partition order by one.position) as at
        from (
            select case topic when $3 then 'payment' else 'payment_method' end as stream, partition
            from progress where topic in ($3, $4)
        ) as lanes
        left join unnest($5::text[], $6::int[], $7::bigint[]) as since (stream, partition, position) using (stream, partition)
        cross join lateral (
            select * from events
            where events.mode = $1 and events.tenant = $2 and events.stream = lanes.stream
                and events.partition = lanes.partition and events.position >= coalesce(since.position, 0)
            order by events.position limit $8
        ) as one
    ), page as (
        select * from found order by at, stream, partition, position limit $8
    )
    select events.event_id, events.aggregate_id, events.sequence, events.type,
        to_char(events.occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), events.data,
        events.stream, events.partition, events.position
    from page join events on events.aggregate_id = page.aggregate_id and events.sequence = page.sequence
    order by page.at, page.stream, page.partition, page.position";

/// An aggregate is in one partition.
const OF_AGGREGATE: &str = "
    select event_id, aggregate_id, sequence, type,
        to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), data, stream, partition, events.position
    from events
    left join unnest($4::text[], $5::int[], $6::bigint[]) as since (stream, partition, position) using (stream, partition)
    where mode = $1 and tenant = $2 and aggregate_id = $3 and events.position >= coalesce(since.position, 0)
    order by sequence limit $7";

const ENDS: &str = "
    select case topic when $1 then 'payment' else 'payment_method' end, partition, next_offset
    from progress where topic in ($1, $2)";

const CHANGED: &str =
    "select stream, partition, position, mode, tenant, aggregate_id from changed_since($1, $2, $3, $4)";

/// An event, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FeedEvent {
    pub(crate) event: HistoryEvent,
    pub(crate) lane: Lane,
    pub(crate) position: i64,
}

impl From<FeedEvent> for HistoryEvent {
    fn from(found: FeedEvent) -> Self {
        found.event
    }
}

impl Reads {
    /// The caller's events from a place on, of one aggregate or of all, at most `limit`.
    pub(crate) async fn events_after(
        &self,
        caller: &Caller,
        place: &Positions,
        aggregate: Option<AggregateId>,
        limit: i64,
    ) -> Result<Vec<FeedEvent>, StoreError> {
        let (sources, partitions, positions) = place.columns();
        let rows = match aggregate {
            Some(id) => {
                let id = id.to_string();
                let params: [&(dyn ToSql + Sync); 5] = [&id, &sources, &partitions, &positions, &limit];
                self.tables.query(caller, OF_AGGREGATE, &params).await?
            }
            None => {
                let [payments, methods] = self.topics();
                let params: [&(dyn ToSql + Sync); 6] = [&payments, &methods, &sources, &partitions, &positions, &limit];
                self.tables.query(caller, OF_TENANT, &params).await?
            }
        };
        rows.iter().map(feed_event).collect()
    }

    /// Where the events end that Postgres has now.
    pub(crate) async fn event_ends(&self) -> Result<Positions, StoreError> {
        let [payments, methods] = self.topics();
        let mut ends = Positions::default();
        for row in self.tables.query_nobodys(ENDS, &[&payments, &methods]).await? {
            ends.begin(lane(&row, 0)?, row.try_get(2)?);
        }
        Ok(ends)
    }

    /// Whose events there are from a place on, at most so many of a partition.
    pub(crate) async fn changed_since(&self, place: &Positions, rows_max: i32) -> Result<Vec<Change>, StoreError> {
        let (sources, partitions, positions) = place.columns();
        let rows = self.tables.query_nobodys(CHANGED, &[&sources, &partitions, &positions, &rows_max]).await?;
        rows.iter().map(change).collect()
    }

    fn topics(&self) -> [String; 2] {
        [Topic::PaymentEvents, Topic::PaymentMethodEvents].map(|topic| topic.name(&self.prefix))
    }
}

fn feed_event(row: &Row) -> Result<FeedEvent, StoreError> {
    let event = HistoryEvent {
        id: row.try_get(0)?,
        aggregate_id: row.try_get(1)?,
        sequence: row.try_get(2)?,
        kind: row.try_get(3)?,
        occurred_at: row.try_get(4)?,
        data: row.try_get::<_, Value>(5)?,
    };
    Ok(FeedEvent { event, lane: lane(row, 6)?, position: row.try_get(8)? })
}

/// What this build cannot read of it is nobody's whom it could wake.
fn change(row: &Row) -> Result<Change, StoreError> {
    Ok(Change {
        lane: lane(row, 0)?,
        position: row.try_get(2)?,
        mode: Mode::from_word(row.try_get(3)?),
        tenant: row.try_get::<_, &str>(4)?.parse().ok(),
        aggregate_id: row.try_get::<_, &str>(5)?.parse().ok(),
    })
}

/// From two columns.
fn lane(row: &Row, first: usize) -> Result<Lane, StoreError> {
    let source = Source::from_name(row.try_get(first)?).ok_or(StoreError::Source)?;
    Ok((source, row.try_get(first + 1)?))
}
