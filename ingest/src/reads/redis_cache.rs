//! The hot reads.

use std::future::Future;

use quittance_avro::{
    cache,
    ids::{CommandId, PaymentId},
    records::{Outcome, PaymentState},
};
use redis::AsyncCommands;
use serde::{Serialize, de::DeserializeOwned};

use super::{Cached, Reads};
use crate::auth::Caller;

/// How long an answer of 202 is remembered as pending.
const PENDING_SECONDS: u64 = 24 * 3600;

impl Reads {
    /// The payment as the cache has it.
    pub(crate) async fn cached_payment(&self, caller: &Caller, id: PaymentId) -> Cached<PaymentState> {
        let mut connection = self.cache.clone();
        let key = cache::payment_key(&self.prefix, caller.mode, &caller.tenant, id);
        cached(connection.hget(key, "state")).await
    }

    /// The outcome as the cache has it.
    pub(crate) async fn cached_outcome(&self, caller: &Caller, id: CommandId) -> Cached<Outcome> {
        let mut connection = self.cache.clone();
        let key = cache::outcome_key(&self.prefix, caller.mode, &caller.tenant, id);
        cached(connection.get(key)).await
    }

    /// Remembers that a command was accepted without its outcome being known, so that it can be asked about. Only a
    /// convenience: without it the command is not found until its outcome is there.
    pub(crate) async fn remember_pending<T: Serialize + Sync>(&self, caller: &Caller, id: CommandId, view: &T) {
        let mut connection = self.cache.clone();
        let Ok(json) = serde_json::to_string(view) else { return };
        let key = self.pending_key(caller, id);
        let stored: Result<(), _> = connection.set_ex(key, json, PENDING_SECONDS).await;
        if let Err(error) = stored {
            tracing::debug!(%error, "a pending command is not remembered");
        }
    }

    /// What [`Self::remember_pending`] remembered.
    pub(crate) async fn pending<T: DeserializeOwned>(&self, caller: &Caller, id: CommandId) -> Option<T> {
        let mut connection = self.cache.clone();
        match cached(connection.get(self.pending_key(caller, id))).await {
            Cached::Hit(view) => Some(view),
            Cached::Miss | Cached::Down => None,
        }
    }

    fn pending_key(&self, caller: &Caller, id: CommandId) -> String {
        format!("{}:{}:{}:pending:{id}", self.prefix, caller.mode, caller.tenant)
    }
}

async fn cached<T: DeserializeOwned>(answer: impl Future<Output = redis::RedisResult<Option<String>>>) -> Cached<T> {
    match answer.await {
        Ok(Some(json)) => match serde_json::from_str(&json) {
            Ok(value) => Cached::Hit(value),
            Err(error) => {
                tracing::error!(%error, "the cache holds what cannot be read");
                Cached::Miss
            }
        },
        Ok(None) => Cached::Miss,
        Err(error) => {
            tracing::debug!(%error, "the cache cannot be asked");
            Cached::Down
        }
    }
}
