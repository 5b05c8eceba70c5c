//! Calls of the scripts: what they are given, and what their answers mean. Pure.

use std::collections::{BTreeMap, BTreeSet};

use quittance_avro::{
    cache,
    ids::{AggregateId, InstallationId},
};
use quittance_log::TopicPartition;

use super::rows::{Row, TIME_TO_LIVE};
use crate::store::{Batch, Claim, StoreError};

/// Raises epochs.
pub(super) const CLAIM: &str = include_str!("claim.lua");
/// Writes a batch: one script, so that others see all of it or nothing, and so that nobody else writes in between.
pub(super) const APPLY: &str = include_str!("apply.lua");

/// Keys and arguments of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) keys: Vec<String>,
    pub(super) args: Vec<String>,
}

fn installation_key(prefix: &str) -> String {
    format!("{prefix}:installation")
}

/// A hash with `next`, the offset wanted next, and `epoch`, that of the latest writer.
fn progress_key(prefix: &str, installation: InstallationId, at: &TopicPartition) -> String {
    format!("{prefix}:{installation}:progress:{}:{}", at.topic, at.partition)
}

pub(super) fn claim(prefix: &str, installation: InstallationId, partitions: &[TopicPartition]) -> Call {
    let mut keys = vec![installation_key(prefix)];
    keys.extend(partitions.iter().map(|at| progress_key(prefix, installation, at)));
    Call { keys, args: vec![installation.to_string()] }
}

pub(super) fn claims(
    wanted: InstallationId,
    partitions: &[TopicPartition],
    answer: &[String],
) -> Result<Vec<Claim>, StoreError> {
    match answer {
        [installation, found] if installation == "installation" => {
            Err(StoreError::WrongInstallation { found: found.clone(), wanted })
        }
        [claimed, rest @ ..] if claimed == "claimed" && rest.len() == 2 * partitions.len() => {
            let number = |text: &String| text.parse().map_err(|_| unexpected(answer));
            let claim = |(at, pair): (&TopicPartition, &[String])| {
                Ok(Claim { at: at.clone(), next: number(&pair[0])?, epoch: number(&pair[1])? })
            };
            partitions.iter().zip(rest.chunks_exact(2)).map(claim).collect()
        }
        _ => Err(unexpected(answer)),
    }
}

/// Of several states of a payment the latest is sent, of several outcomes of a command the last, and one notice for
/// each payment, or payment method.
pub(super) fn apply(prefix: &str, batch: &Batch<Row>) -> Call {
    let (mut payments, mut outcomes, mut notices) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for row in &batch.rows {
        match row {
            Row::State { key, payment_id, sequence, state } => {
                notices.insert(AggregateId::from(*payment_id));
                let latest = payments.entry(key).or_insert((*sequence, state));
                if latest.0 < *sequence {
                    *latest = (*sequence, state);
                }
            }
            Row::Outcome { key, aggregate_id, outcome } => {
                notices.insert(*aggregate_id);
                outcomes.insert(key, outcome);
            }
        }
    }
    let mut call = Call { keys: vec![installation_key(prefix)], args: Vec::new() };
    call.args.push(batch.installation.to_string());
    call.args.push(cache::notices_channel(prefix));
    call.args.push(TIME_TO_LIVE.as_secs().to_string());
    call.args.push(batch.advances.len().to_string());
    for (at, advance) in &batch.advances {
        call.keys.push(progress_key(prefix, batch.installation, at));
        call.args.extend([advance.epoch, advance.from, advance.to].map(|number| number.to_string()));
    }
    call.args.push(payments.len().to_string());
    for (key, (sequence, state)) in payments {
        call.keys.push(key.clone());
        call.args.extend([sequence.to_string(), state.clone()]);
    }
    call.args.push(outcomes.len().to_string());
    for (key, outcome) in outcomes {
        call.keys.push(key.clone());
        call.args.push(outcome.clone());
    }
    call.args.extend(notices.iter().map(ToString::to_string));
    call
}

pub(super) fn applied(batch: &Batch<Row>, answer: &[String]) -> Result<(), StoreError> {
    let partition = |number: &String| number.parse().ok().and_then(|number: usize| batch.advances.keys().nth(number));
    match answer {
        [applied] if applied == "applied" => Ok(()),
        [word, detail] => match (word.as_str(), partition(detail)) {
            ("installation", _) => {
                Err(StoreError::WrongInstallation { found: detail.clone(), wanted: batch.installation })
            }
            ("fenced", Some(at)) => Err(StoreError::Fenced(at.clone())),
            ("stale", Some(at)) => Err(StoreError::Stale(at.clone())),
            _ => Err(unexpected(answer)),
        },
        _ => Err(unexpected(answer)),
    }
}

fn unexpected(answer: &[String]) -> StoreError {
    let word = answer.first().map_or("nothing", String::as_str);
    StoreError::Fatal(format!("Redis: a script answered with {word}, which is none of its answers"))
}

#[cfg(test)]
mod tests;
