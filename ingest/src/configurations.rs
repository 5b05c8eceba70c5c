//! Writing what tenants configure.

use std::{sync::Arc, time::Duration};

use quittance_avro::{
    records::{GatewayAccount, PaymentLimits, RoutingRules},
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
};
use quittance_log::{Headers, NewRecord, ProduceError, Producer};
use quittance_tables::{ConfigurationFolding, Configured, Followed};
use tokio::time::{Instant, timeout_at};

use crate::problem::Problem;

/// How long a record may take to come back from its topic.
const BACK_MAX: Duration = Duration::from_secs(5);

/// What tenants configured, and the writer of what they change. Cheap to clone.
#[derive(Clone)]
pub struct Configurations {
    followed: Followed<ConfigurationFolding>,
    producer: Producer,
    encoders: Arc<Encoders>,
}

struct Encoders {
    account: Encoder<GatewayAccount>,
    rules: Encoder<RoutingRules>,
    limits: Encoder<PaymentLimits>,
}

impl Configurations {
    /// Looks the ids of this build's schemas up. The table is followed by somebody else.
    pub async fn look_up(
        registry: &Registry,
        producer: Producer,
        followed: Followed<ConfigurationFolding>,
    ) -> Result<Self, RegistryError> {
        let encoders = Encoders {
            account: registry.encoder(Topic::Configuration).await?,
            rules: registry.encoder(Topic::Configuration).await?,
            limits: registry.encoder(Topic::Configuration).await?,
        };
        Ok(Self { followed, producer, encoders: Arc::new(encoders) })
    }

    /// What holds now, if all of it is known.
    pub(crate) fn table(&self) -> Result<&Followed<ConfigurationFolding>, Problem> {
        if self.followed.is_caught_up() { Ok(&self.followed) } else { Err(Problem::Unavailable("the configuration")) }
    }

    /// What is known now, be it all or not.
    pub(crate) fn known(&self) -> &Followed<ConfigurationFolding> {
        &self.followed
    }

    /// Writes a change. Returns once it is in the log and this instance goes by it. Whoever asks for a payment from then on is
    /// served by it everywhere, since the command says which version it was read by.
    pub(crate) async fn write(&self, configured: &Configured) -> Result<(), Problem> {
        let value = self.encode(configured).map_err(|error| {
            tracing::error!(%error, "a change of the configuration cannot be written");
            Problem::Internal
        })?;
        let record = NewRecord {
            topic: Arc::clone(self.followed.topic()),
            partition: None,
            key: configured.envelope().aggregate_id.clone().into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        let mut changes = self.followed.changes();
        let (_, offset) = self.producer.produce(&record).await.map_err(|error| match error {
            ProduceError::TooLarge { .. } => Problem::TooLarge(0),
            ProduceError::Unacknowledged { .. } | ProduceError::Dead { .. } => {
                tracing::warn!(%error, "a change of the configuration was not acknowledged");
                Problem::Unavailable("the log")
            }
        })?;
        let deadline = Instant::now() + BACK_MAX;
        while self.followed.read().version() <= offset {
            if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return Err(Problem::Unavailable("the configuration"));
            }
        }
        Ok(())
    }

    fn encode(&self, configured: &Configured) -> Result<Vec<u8>, EncodeError> {
        match configured {
            Configured::Account(account) => self.encoders.account.encode(account),
            Configured::Rules(rules) => self.encoders.rules.encode(rules),
            Configured::Limits(limits) => self.encoders.limits.encode(limits),
        }
    }
}
