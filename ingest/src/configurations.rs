//! Writing what tenants configure.

use std::{sync::Arc, time::Duration};

use quittance_avro::{
    records::{FeeRules, GatewayAccount, PaymentLimits, RoutingRules},
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
};
use quittance_log::{Headers, NewRecord, Producer, TopicPartition};
use quittance_tables::{ConfigurationFolding, Configured, Followed};
use tokio::time::{Instant, timeout_at};

use crate::{problem::Problem, publish::unwritten};

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
    fees: Encoder<FeeRules>,
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
            fees: registry.encoder(Topic::Configuration).await?,
        };
        Ok(Self { followed, producer, encoders: Arc::new(encoders) })
    }

    /// What holds, as far as this instance knows. There is nothing to go by before it has been read once.
    pub(crate) fn table(&self) -> Result<&Followed<ConfigurationFolding>, Problem> {
        if self.followed.is_filled() { Ok(&self.followed) } else { Err(Problem::Unavailable("the configuration")) }
    }

    /// The same, once this instance knows all that is in the log now: a change that builds on what is there must not build on what
    /// another instance has replaced.
    pub(crate) async fn latest(&self) -> Result<&Followed<ConfigurationFolding>, Problem> {
        let unavailable = || Problem::Unavailable("the configuration");
        let (producer, at) = (self.producer.clone(), self.at());
        let end = tokio::task::spawn_blocking(move || producer.end(&at, BACK_MAX)).await;
        let end = end.ok().and_then(Result::ok).ok_or_else(unavailable)?;
        self.reaches(end).await?;
        self.table()
    }

    fn at(&self) -> TopicPartition {
        TopicPartition { topic: Arc::clone(self.followed.topic()), partition: 0 }
    }

    /// Waits until the table has that version.
    async fn reaches(&self, version: i64) -> Result<(), Problem> {
        let deadline = Instant::now() + BACK_MAX;
        let mut changes = self.followed.changes();
        while self.followed.read().version() < version {
            if !matches!(timeout_at(deadline, changes.changed()).await, Ok(Ok(()))) {
                return Err(Problem::Unavailable("the configuration"));
            }
        }
        Ok(())
    }

    /// Writes a change. Returns once it is in the log and this instance goes by it. A payment that it is asked for from then on is
    /// decided by it, since the command says which version it was read by.
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
        let (_, offset) = self.producer.produce(&record).await.map_err(|error| unwritten(&error))?;
        self.reaches(offset + 1).await
    }

    fn encode(&self, configured: &Configured) -> Result<Vec<u8>, EncodeError> {
        match configured {
            Configured::Account(account) => self.encoders.account.encode(account),
            Configured::Rules(rules) => self.encoders.rules.encode(rules),
            Configured::Limits(limits) => self.encoders.limits.encode(limits),
            Configured::Fees(fees) => self.encoders.fees.encode(fees),
        }
    }
}
