//! Taking partitions over and giving them back.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use quittance_log::{GroupConsumer, LogError, TopicPartition};
use quittance_service::backoff::Backoff;

use super::{GatewayFatal, Worker};

/// How long the group waits for effects in flight before their partitions go to somebody else.
const HANDOVER: Duration = Duration::from_secs(5);
/// How long effects in flight have to end, beyond the gateway's own time, when the process is to stop.
const STOP_MARGIN: Duration = Duration::from_secs(1);

/// Partitions that are assigned, until Kafka has said from where on they are to be read.
pub(super) struct Untaken {
    partitions: Vec<TopicPartition>,
    backoff: Backoff,
    again_at: Instant,
    /// Why they wait.
    pub(super) why: String,
}

/// Where partitions are to be read from, and where they ended.
struct Bounds {
    positions: Vec<(TopicPartition, i64)>,
    ends: BTreeMap<i32, i64>,
}

impl Worker {
    /// Takes in an assignment. It is taken over by the next steps, as soon as Kafka answers.
    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<(), GatewayFatal> {
        let why = "taking over partitions".to_owned();
        self.untaken = Some(Untaken { partitions, backoff: Backoff::default(), again_at: Instant::now(), why });
        // Acknowledged at once, with nothing to read yet: a client that has not hears of no rebalance, and the group waits.
        Ok(self.consumer.start(&[])?)
    }

    /// Reads the assigned partitions from where the group stands.
    pub(super) fn take_over(&mut self) -> Result<(), GatewayFatal> {
        let Some(mut untaken) = self.untaken.take_if(|untaken| untaken.again_at <= Instant::now()) else {
            return Ok(());
        };
        match bounds(&self.consumer, &untaken.partitions) {
            Ok(Bounds { positions, ends }) => {
                self.lanes.assign(positions.iter().map(|(at, offset)| (at.partition, *offset)));
                self.inherited = ends;
                self.consumer.start(&positions)?;
                tracing::info!(partitions = ?numbers(&untaken.partitions), "took over partitions");
                self.assigned = untaken.partitions;
            }
            Err(error) if error.is_transient() => {
                self.warn("partitions wait to be taken over", &error);
                untaken.again_at = Instant::now() + untaken.backoff.next_delay();
                untaken.why = error.to_string();
                self.untaken = Some(untaken);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Gives everything back in order. What is in flight gets a little time to end, so that the next owner repeats
    /// little. What does not end in time goes on, and its result is published; the next owner asks the gateway the same
    /// under the same key, and the gateway charges once.
    pub(super) fn give_back(&mut self) -> Result<(), GatewayFatal> {
        self.settle(HANDOVER)?;
        self.forget("gave back partitions")
    }

    /// Drops what belongs to somebody else already: no position is committed any more. What is in flight ends as in
    /// [`Worker::give_back`].
    pub(super) fn lose(&mut self, partitions: &[TopicPartition]) -> Result<(), GatewayFatal> {
        tracing::warn!(partitions = ?numbers(partitions), "lost partitions");
        self.forget("forgot lost partitions")
    }

    /// Ends in order.
    pub(in crate::gateway) fn stop(mut self) -> Result<(), GatewayFatal> {
        self.settle(self.gateway_timeout + STOP_MARGIN)?;
        self.forget("gave back partitions")
    }

    /// Starts nothing more, waits for what is in flight, and commits what is complete.
    fn settle(&mut self, limit: Duration) -> Result<(), GatewayFatal> {
        self.lanes.close();
        self.await_tasks(Instant::now() + limit, |worker| worker.lanes.running() == 0)?;
        let left = self.lanes.running();
        if left > 0 {
            tracing::warn!(
                effects = left,
                ?limit,
                "effects in flight did not end in time and will be carried out again"
            );
        }
        // All of them: what was committed without waiting may not have arrived.
        self.commit(&self.lanes.positions(), GroupConsumer::commit_and_wait)
    }

    fn forget(&mut self, what: &str) -> Result<(), GatewayFatal> {
        // Left paused, a partition that comes back would stay so.
        self.resume()?;
        self.lanes.abandon();
        self.inherited.clear();
        self.untaken = None;
        self.unread.clear();
        self.full_since = None;
        self.tools.metrics.in_flight.set(0);
        self.tools.metrics.lag_ms.reset();
        self.latch.unready("no partitions are assigned");
        tracing::info!(partitions = ?numbers(&self.assigned), "{what}");
        self.assigned.clear();
        Ok(self.consumer.release()?)
    }
}

fn bounds(consumer: &GroupConsumer, partitions: &[TopicPartition]) -> Result<Bounds, LogError> {
    let committed = consumer.committed(partitions)?;
    let positions = committed.into_iter().map(|(at, committed)| (at, committed.offset)).collect();
    // Earlier owners have lost the partitions by now, so what they may have carried out stands before these ends.
    let end = |at: &TopicPartition| Ok((at.partition, consumer.bounds(at)?.1));
    Ok(Bounds { positions, ends: partitions.iter().map(end).collect::<Result<_, LogError>>()? })
}

fn numbers(partitions: &[TopicPartition]) -> Vec<i32> {
    partitions.iter().map(|at| at.partition).collect()
}
