//! How to reach the schema registry.

use quittance_avro::registry::{Registry, RegistryError};

/// How to reach the schema registry.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Schema registry")]
pub struct RegistryArgs {
    /// Base URL of the registry's Confluent-compatible API
    #[arg(long, env = "QUITTANCE_SCHEMA_REGISTRY_URL", default_value = "http://127.0.0.1:18081/apis/ccompat/v7",
        value_parser = parse_url)]
    pub schema_registry_url: String,
}

fn parse_url(text: &str) -> Result<String, String> {
    if text.starts_with("http://") || text.starts_with("https://") {
        Ok(text.to_owned())
    } else {
        Err("must begin with http:// or https://".to_owned())
    }
}

impl RegistryArgs {
    /// A client for the topics under `prefix`. Does not connect yet.
    pub fn registry(&self, prefix: &str) -> Result<Registry, RegistryError> {
        Registry::new(&self.schema_registry_url, prefix)
    }
}
