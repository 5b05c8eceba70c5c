//! Writing what tenants configure.

use std::sync::Arc;

use quittance_avro::{
    records::{FeeRules, GatewayAccount, PaymentLimits, RoutingRules},
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
};
use quittance_tables::{ConfigurationFolding, Configured, Followed};

use crate::{problem::Problem, table::Table, writer::Writer};

/// What tenants configured, and the writer of what they change. Cheap to clone.
#[derive(Clone)]
pub struct Configurations {
    table: Table<ConfigurationFolding>,
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
        writer: Writer,
        followed: Followed<ConfigurationFolding>,
    ) -> Result<Self, RegistryError> {
        let encoders = Encoders {
            account: registry.encoder(Topic::Configuration).await?,
            rules: registry.encoder(Topic::Configuration).await?,
            limits: registry.encoder(Topic::Configuration).await?,
            fees: registry.encoder(Topic::Configuration).await?,
        };
        Ok(Self { table: Table::new(followed, writer, "the configuration"), encoders: Arc::new(encoders) })
    }

    /// What holds, as far as this instance knows.
    pub(crate) fn table(&self) -> Result<&Followed<ConfigurationFolding>, Problem> {
        self.table.known()
    }

    /// The same, once this instance knows all that is in the log now.
    pub(crate) async fn latest(&self) -> Result<&Followed<ConfigurationFolding>, Problem> {
        self.table.latest().await
    }

    /// Writes a change. Returns once it is in the log and this instance goes by it. A payment that it is asked for from then on is
    /// decided by it, since the command says which version it was read by.
    pub(crate) async fn write(&self, configured: &Configured) -> Result<(), Problem> {
        let value = self
            .encode(configured)
            .map_err(|error| Problem::internal("a change of the configuration cannot be written", error))?;
        self.table.write(configured.envelope().aggregate_id.clone(), value).await
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
