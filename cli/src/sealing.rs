//! What text and secrets are sealed with.

use anyhow::Context;
use quittance_avro::seal::MasterKey;
use quittance_service::secret::Secret;

/// What text and secrets are sealed with.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sealing")]
pub(crate) struct SealingArgs {
    /// Master key that wraps the tenants' keys: 32 random bytes in base64
    #[arg(long, env = "QUITTANCE_MASTER_KEY", hide_env_values = true)]
    master_key: Secret,
}

impl SealingArgs {
    /// The key, read.
    pub(crate) fn master_key(&self) -> anyhow::Result<MasterKey> {
        self.master_key.expose().parse().context("QUITTANCE_MASTER_KEY")
    }
}
