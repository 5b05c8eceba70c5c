//! How to reach the schema registry.

use quittance_avro::registry::{Registry, RegistryError};
use quittance_service::secret::Secret;

/// How to reach the schema registry.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Schema registry")]
pub struct RegistryArgs {
    /// Base URL of the registry's Confluent-compatible API; `https://user:password@…` where it asks for them
    #[arg(long, env = "QUITTANCE_SCHEMA_REGISTRY_URL", default_value = "http://127.0.0.1:18081/apis/ccompat/v7",
        hide_env_values = true, value_parser = parse_url)]
    pub schema_registry_url: Secret,
}

/// What is wrong with it is not said: that may be a piece of the password.
fn parse_url(text: &str) -> Result<Secret, String> {
    let refused = || "must be a URL that begins with http:// or https://".to_owned();
    if Registry::is_url(text) { text.parse().map_err(|_| refused()) } else { Err(refused()) }
}

impl RegistryArgs {
    /// A client for the topics under `prefix`. Does not connect yet.
    pub fn registry(&self, prefix: &str) -> Result<Registry, RegistryError> {
        Registry::new(self.schema_registry_url.expose(), prefix)
    }
}
