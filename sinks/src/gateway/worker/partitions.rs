//! Taking partitions over and giving them back.

use std::time::{Duration, Instant};

use quittance_log::{GroupConsumer, LogError, TopicPartition};
use quittance_service::backoff::Backoff;

use super::{GatewayFatal, Worker};

/// How long the group waits for effects in flight before their partitions go to somebody else.
const HANDOVER: Duration = Duration::from_secs(5);
/// How long effects in flight have to end, beyond the gateway's own time, when the process is to stop.
const STOP_MARGIN: Duration = Duration::from_secs(1);

impl Worker {
    /// Reads these partitions from where the group stands. Until Kafka says where that is, nothing is read.
    pub(super) fn take_over(&mut self, assigned: Vec<TopicPartition>) -> Result<(), GatewayFatal> {
        let Some(committed) = self.patiently(|consumer| consumer.committed(&assigned))? else { return Ok(()) };
        // Earlier owners have lost the partitions by now, so what they may have carried out stands before these ends.
        let end = |consumer: &GroupConsumer, at: &TopicPartition| Ok((at.partition, consumer.bounds(at)?.1));
        let ends = self.patiently(|consumer| assigned.iter().map(|at| end(consumer, at)).collect())?;
        let Some(ends) = ends else { return Ok(()) };

        let positions: Vec<_> = committed.into_iter().map(|(at, committed)| (at, committed.offset)).collect();
        self.lanes.assign(positions.iter().map(|(at, offset)| (at.partition, *offset)));
        self.inherited = ends;
        self.consumer.start(&positions)?;
        tracing::info!(partitions = ?numbers(&assigned), "took over partitions");
        self.assigned = assigned;
        Ok(())
    }

    /// Asks Kafka until it answers. Nothing, if the process is to stop meanwhile.
    fn patiently<T>(&mut self, ask: impl Fn(&GroupConsumer) -> Result<T, LogError>) -> Result<Option<T>, GatewayFatal> {
        let mut backoff = Backoff::default();
        while !self.shutdown.is_requested() {
            match ask(&self.consumer) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) if error.is_transient() => {
                    self.latch.unready(error.to_string());
                    self.warn("partitions wait to be taken over", &error);
                    self.await_tasks(Instant::now() + backoff.next_delay(), |worker| worker.shutdown.is_requested())?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
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

fn numbers(partitions: &[TopicPartition]) -> Vec<i32> {
    partitions.iter().map(|at| at.partition).collect()
}
