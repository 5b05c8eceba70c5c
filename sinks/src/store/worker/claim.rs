//! Becoming the writer of partitions, and giving them back.

use quittance_log::TopicPartition;

use super::{Owned, Store, StoreWorker, Trouble, lag::Watch, pause::Pause};
use crate::store::{Claim, StoreFatal};

impl<S: Store> StoreWorker<S> {
    /// Takes in an assignment. It is claimed by the next steps, as soon as the store can be reached.
    pub(super) fn assigned(&mut self, partitions: Vec<TopicPartition>) -> Result<(), StoreFatal> {
        self.forget_partitions()?;
        self.owned = partitions.into_iter().map(|at| (at, Owned::default())).collect();
        self.must_claim = true;
        self.settings.latch.unready("claiming partitions");
        // Acknowledged at once, with nothing to read yet: a client that has not hears of no rebalance, and the group waits.
        Ok(self.consumer.start(&[])?)
    }

    /// Gives everything back. What was taken in and not written is read again by whoever comes next.
    pub(super) fn forget(&mut self, what: &str) -> Result<(), StoreFatal> {
        tracing::info!(partitions = self.owned.len(), "{what}");
        self.forget_partitions()?;
        self.settings.latch.unready("no partitions are assigned");
        Ok(self.consumer.release()?)
    }

    fn forget_partitions(&mut self) -> Result<(), StoreFatal> {
        // A paused partition would still be paused when it comes back.
        self.unpause()?;
        self.owned.keys().for_each(|at| self.settings.metrics.forget(at));
        self.owned.clear();
        self.drop_unwritten();
        (self.must_claim, self.is_started) = (false, false);
        (self.pause, self.watch) = (Pause::default(), Watch::default());
        Ok(())
    }

    /// Makes the next step claim again what is owned, and go on where the store says.
    pub(super) fn claim_again(&mut self) {
        self.drop_unwritten();
        self.must_claim = true;
    }

    /// Claims what is owned, and reads it from where the store says.
    ///
    /// A crash in between leaves a higher epoch, which the next claim raises again.
    pub(super) fn claim(&mut self) -> Result<(), Trouble> {
        if !self.must_claim {
            return Ok(());
        }
        let claimed = self.store.claim(self.settings.installation, &self.partitions());
        let claims = claimed.map_err(|error| self.trouble(error))?;
        let mut owned = Vec::with_capacity(claims.len());
        for claim in claims {
            owned.push(self.position(claim)?);
        }
        let positions: Vec<_> = owned.iter().map(|(at, owned)| (at.clone(), owned.next)).collect();
        // Paused partitions would be started paused. Those that were started before are started over: going back
        // within them is refused, and that in silence, while librdkafka is still busy with the start.
        self.unpause()?;
        self.consumer.start(&positions)?;
        self.drop_unwritten();
        self.owned = owned.into_iter().collect();
        (self.must_claim, self.is_started) = (false, true);
        self.settings.latch.ready();
        tracing::info!(partitions = positions.len(), "claimed partitions");
        Ok(())
    }

    fn position(&self, claim: Claim) -> Result<(TopicPartition, Owned), Trouble> {
        let Claim { at, next: stored, epoch } = claim;
        let (first, end) = self.consumer.bounds(&at)?;
        if stored > end {
            return Err(Trouble::Fatal(StoreFatal::Ahead { at, next: stored, end }));
        }
        if 0 < stored && stored < first {
            // Not fatal: a store that is rebuilt could not have these either. Markers of transactions count as well.
            tracing::error!(%at, stored, first, "the log dropped records before this store had them");
            self.settings.metrics.errors.with_label_values(&["missed"]).inc();
        }
        Ok((at, Owned { epoch, stored, next: stored.max(first) }))
    }
}
