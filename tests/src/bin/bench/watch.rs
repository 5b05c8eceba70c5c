//! Seeing in Redis when payments are settled: the moment from which a client could read it.
//!
//! The cache tells of every change on one channel, without saying what changed, so each notice is followed by a look at
//! the payment's sequence. That costs Redis a few bytes for a notice, and ingest nothing. A payment that was waited for
//! without a notice is looked at all the same, so that a lost notice makes a latency too long, never a payment lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use quittance_avro::{cache, ids::PaymentId, tenant::Tenant, words};
use redis::aio::MultiplexedConnection;

use crate::payments::{NOTICE_WITHIN, Payments};

/// Notices that are followed up together.
const NOTICES_MAX: usize = 512;
/// Payments that are looked at without a notice at a time: enough to catch up, too few to be a load of its own.
const LOOKS_MAX: usize = 2_000;
/// `payment.created` is the first event, and with every further one a payment leaves `processing` or waits for a
/// person. That it has the right status is verified at the end.
const SETTLED_SEQUENCE: i64 = 2;

/// Looks at payments in the cache.
#[derive(Clone)]
pub(crate) struct Watcher {
    connection: MultiplexedConnection,
    prefix: String,
    tenant: Tenant,
    payments: Arc<Payments>,
}

impl Watcher {
    /// One who looks at the payments of a tenant, in test mode.
    pub(crate) fn new(
        connection: MultiplexedConnection,
        prefix: &str,
        tenant: Tenant,
        payments: Arc<Payments>,
    ) -> Self {
        Self { connection, prefix: prefix.to_owned(), tenant, payments }
    }

    /// Follows the notices. Only ever ends with an error.
    pub(crate) async fn follow_notices(self, client: redis::Client) -> Result<()> {
        let mut notices = client.get_async_pubsub().await.context("listening to Redis")?;
        notices.subscribe(cache::notices_channel(&self.prefix)).await.context("listening to Redis")?;
        let mut batches = notices.on_message().ready_chunks(NOTICES_MAX);
        while let Some(batch) = batches.next().await {
            let ids = batch.iter().filter_map(|notice| notice.get_payload::<String>().ok()?.parse().ok());
            let mut ids: Vec<PaymentId> = ids.filter(|&id| self.payments.is_open(id)).collect();
            ids.sort_unstable();
            ids.dedup();
            self.look(&ids).await?;
        }
        bail!("Redis has closed the connection that tells of changes");
    }

    /// Looks now and then at payments that no notice came for. Only ever ends with an error.
    pub(crate) async fn look_around(self) -> Result<()> {
        loop {
            tokio::time::sleep(Duration::from_millis(250)).await;
            let Some(before) = Instant::now().checked_sub(NOTICE_WITHIN) else { continue };
            self.look(&self.payments.waiting_since(before, LOOKS_MAX)).await?;
        }
    }

    async fn look(&self, ids: &[PaymentId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for &id in ids {
            let key = cache::payment_key(&self.prefix, words::Mode::Test, &self.tenant, id);
            pipeline.cmd("HGET").arg(key).arg("sequence");
        }
        let mut connection = self.connection.clone();
        let sequences: Vec<Option<i64>> = pipeline.query_async(&mut connection).await.context("asking Redis")?;
        // Not before this could anybody have read it.
        let now = Instant::now();
        for (&id, sequence) in ids.iter().zip(sequences) {
            if sequence >= Some(SETTLED_SEQUENCE) {
                self.payments.settled(id, now);
            }
        }
        Ok(())
    }
}
