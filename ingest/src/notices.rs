//! Change notices: Redis tells on one channel which payments and payment methods changed, and whoever waits for one of them looks again.
//!
//! Missing one is harmless but slow, so waiters also look by themselves now and then, and all of them are woken when the connection
//! comes back.

use futures::StreamExt;
use quittance_avro::{cache, ids::AggregateId};
use quittance_service::{backoff::Backoff, shutdown::Shutdown};

use crate::waiting::{self, Waiting};

/// Who waits for which of them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Notices {
    waiting: Waiting<AggregateId>,
}

/// One who waits.
pub(crate) type Waiter = waiting::Waiter<AggregateId>;

impl Notices {
    /// Waits for a payment, or payment method, from now on: a change after this call is not missed.
    pub(crate) fn subscribe(&self, id: impl Into<AggregateId>) -> Waiter {
        self.waiting.subscribe(id.into())
    }

    /// Listens until shutdown, and connects again whenever the connection breaks.
    pub async fn listen(&self, client: redis::Client, prefix: String, shutdown: Shutdown) {
        let channel = cache::notices_channel(&prefix);
        let mut backoff = Backoff::default();
        while !shutdown.is_requested() {
            tokio::select! {
                () = shutdown.requested() => return,
                ended = self.listen_once(&client, &channel, &mut backoff) => {
                    let why = ended.err().map_or_else(|| "it was closed".to_owned(), |error| error.to_string());
                    tracing::warn!(why, "no change notices from Redis; connecting again");
                }
            }
            tokio::select! {
                () = shutdown.requested() => return,
                () = tokio::time::sleep(backoff.next_delay()) => {}
            }
        }
    }

    async fn listen_once(
        &self,
        client: &redis::Client,
        channel: &str,
        backoff: &mut Backoff,
    ) -> Result<(), redis::RedisError> {
        let mut pubsub = client.get_async_pubsub().await?;
        pubsub.subscribe(channel).await?;
        backoff.reset();
        self.waiting.wake_all();
        let mut messages = pubsub.on_message();
        while let Some(message) = messages.next().await {
            if let Some(id) = message.get_payload::<String>().ok().and_then(|text| text.parse().ok()) {
                self.waiting.wake(&id);
            }
        }
        Ok(())
    }
}
