//! The progress table.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::tokio_postgres::{Row, Transaction};
use quittance_avro::ids::InstallationId;
use quittance_log::TopicPartition;

use super::error;
use crate::store::{Advance, Claim, StoreError};

const OTHER_INSTALLATION: &str = "select installation_id from progress where installation_id <> $1 limit 1";

const CLAIM: &str = "
    insert into progress (topic, partition, installation_id, next_offset, epoch)
    select topic, partition, $3, 0, 1 from unnest($1::text[], $2::int[]) as claimed (topic, partition)
    on conflict (topic, partition) do update set epoch = progress.epoch + 1
    returning topic, partition, installation_id, next_offset, epoch";

const ADVANCE: &str = "
    update progress set next_offset = batch.next_offset
    from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::bigint[])
        as batch (topic, partition, epoch, from_offset, next_offset)
    where progress.topic = batch.topic and progress.partition = batch.partition
        and progress.epoch = batch.epoch and progress.next_offset = batch.from_offset
        and progress.installation_id = $6
    returning progress.topic, progress.partition";

const FOUND: &str = "
    select topic, partition, installation_id, next_offset, epoch from progress
    where topic = $1 and partition = $2";

/// Raises the epochs.
pub(super) async fn claim(
    transaction: &Transaction<'_>,
    installation: InstallationId,
    partitions: &[TopicPartition],
) -> Result<Vec<Claim>, StoreError> {
    let id = installation.to_string();
    let other = transaction.query_opt(OTHER_INSTALLATION, &[&id]).await.map_err(error::class)?;
    if let Some(row) = other {
        return Err(StoreError::WrongInstallation { found: row.get(0), wanted: installation });
    }
    let (topics, numbers) = columns(partitions);
    let rows = transaction.query(CLAIM, &[&topics, &numbers, &id]).await.map_err(error::class)?;
    let found: BTreeMap<(String, i32), Found> = rows.iter().map(found).collect();
    let claim = |at: &TopicPartition| match found.get(&(at.topic.to_string(), at.partition)) {
        Some(row) if row.installation == id => Ok(Claim { at: at.clone(), next: row.next, epoch: row.epoch }),
        Some(row) => Err(StoreError::WrongInstallation { found: row.installation.clone(), wanted: installation }),
        None => Err(StoreError::Stale(at.clone())),
    };
    partitions.iter().map(claim).collect()
}

/// Compares and sets. An error leaves it to the transaction's end to undo what was set.
pub(super) async fn advance(
    transaction: &Transaction<'_>,
    installation: InstallationId,
    advances: &BTreeMap<TopicPartition, Advance>,
) -> Result<(), StoreError> {
    let (topics, numbers) = columns(advances.keys());
    let epochs: Vec<i64> = advances.values().map(|advance| advance.epoch).collect();
    let from: Vec<i64> = advances.values().map(|advance| advance.from).collect();
    let to: Vec<i64> = advances.values().map(|advance| advance.to).collect();
    let id = installation.to_string();
    let set = transaction.query(ADVANCE, &[&topics, &numbers, &epochs, &from, &to, &id]).await.map_err(error::class)?;
    let set: BTreeSet<(String, i32)> = set.iter().map(|row| (row.get(0), row.get(1))).collect();
    let is_set = |at: &TopicPartition| set.contains(&(at.topic.to_string(), at.partition));
    let Some((at, advance)) = advances.iter().find(|(at, _)| !is_set(at)) else { return Ok(()) };
    let row = transaction.query_opt(FOUND, &[&&*at.topic, &at.partition]).await.map_err(error::class)?;
    Err(misfit(installation, at, advance, row.map(|row| found(&row).1)))
}

struct Found {
    installation: String,
    next: i64,
    epoch: i64,
}

fn found(row: &Row) -> ((String, i32), Found) {
    ((row.get(0), row.get(1)), Found { installation: row.get(2), next: row.get(3), epoch: row.get(4) })
}

/// Why the progress of a partition is not what the batch starts from.
fn misfit(installation: InstallationId, at: &TopicPartition, advance: &Advance, found: Option<Found>) -> StoreError {
    match found {
        Some(found) if found.installation != installation.to_string() => {
            StoreError::WrongInstallation { found: found.installation, wanted: installation }
        }
        Some(found) if found.epoch > advance.epoch => StoreError::Fenced(at.clone()),
        Some(_) | None => StoreError::Stale(at.clone()),
    }
}

fn columns<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> (Vec<&'a str>, Vec<i32>) {
    partitions.into_iter().map(|at| (&*at.topic, at.partition)).unzip()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::emptied(None, "stale")]
    #[case::restored_from_a_backup(Some((1, 3, 10)), "stale")]
    #[case::an_epoch_that_went_back(Some((1, 2, 20)), "stale")]
    #[case::its_answer_was_lost(Some((1, 3, 30)), "stale")]
    #[case::another_writer(Some((1, 4, 20)), "fenced")]
    #[case::another_writer_that_went_on(Some((1, 4, 90)), "fenced")]
    #[case::another_installation(Some((2, 9, 20)), "wrong_installation")]
    fn misfits(#[case] row: Option<(u8, i64, i64)>, #[case] class: &str) {
        let id = |number: u8| format!("ins_{number:032x}");
        let at = TopicPartition { topic: "events".into(), partition: 0 };
        let found = row.map(|(number, epoch, next)| Found { installation: id(number), next, epoch });
        let installation = id(1).parse().expect("an id");
        assert_eq!(misfit(installation, &at, &Advance { epoch: 3, from: 20, to: 30 }, found).class(), class);
    }
}
