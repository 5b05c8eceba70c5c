//! How to reach Kafka, and the settings that every client shares.

use std::time::Duration;

use quittance_service::secret::Secret;
use rdkafka::ClientConfig;

/// How the connection to the brokers is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SecurityProtocol {
    /// No encryption, no authentication: loopback and closed networks only.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL without TLS.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

/// How to reach Kafka.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Kafka")]
pub struct KafkaArgs {
    /// Brokers to start from, `host:port` with commas between
    #[arg(long, env = "QUITTANCE_KAFKA_BROKERS", default_value = "127.0.0.1:19092")]
    pub kafka_brokers: String,
    /// First part of every topic's and group's name, so that installations can share a cluster
    #[arg(long, env = "QUITTANCE_TOPIC_PREFIX", default_value = "quittance", value_parser = parse_prefix)]
    pub topic_prefix: String,
    /// How the connection is secured
    #[arg(long, env = "QUITTANCE_KAFKA_SECURITY_PROTOCOL", default_value = "plaintext")]
    pub kafka_security_protocol: SecurityProtocol,
    /// File with the certificates of the authorities to trust (PEM); the system's if not given
    #[arg(long, env = "QUITTANCE_KAFKA_CA_FILE")]
    pub kafka_ca_file: Option<String>,
    /// How long the end of a transaction is waited for before it counts as unknown, milliseconds
    #[arg(long, env = "QUITTANCE_COMMIT_TIMEOUT_MS", default_value_t = 8_000,
        value_parser = clap::value_parser!(u64).range(100..=9_000))]
    pub commit_timeout_ms: u64,
    /// SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512
    #[arg(long, env = "QUITTANCE_KAFKA_SASL_MECHANISM",
        value_parser = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], requires_all = ["kafka_sasl_username", "kafka_sasl_password"])]
    pub kafka_sasl_mechanism: Option<String>,
    /// SASL user
    #[arg(long, env = "QUITTANCE_KAFKA_SASL_USERNAME")]
    pub kafka_sasl_username: Option<String>,
    /// SASL password
    #[arg(long, env = "QUITTANCE_KAFKA_SASL_PASSWORD", hide_env_values = true)]
    pub kafka_sasl_password: Option<Secret>,
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 letters, digits, - and _".to_owned())
    }
}

/// How long a partition's leader may take to tell its end. Whoever asks has other things to do.
pub(super) const END_MAX: Duration = Duration::from_secs(3);

/// How long a call to a broker may take before it counts as failed.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(10);

impl KafkaArgs {
    /// What every client has in common.
    pub(super) fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        let protocol = match self.kafka_security_protocol {
            SecurityProtocol::Plaintext => "plaintext",
            SecurityProtocol::Ssl => "ssl",
            SecurityProtocol::SaslPlaintext => "sasl_plaintext",
            SecurityProtocol::SaslSsl => "sasl_ssl",
        };
        config
            .set("bootstrap.servers", &self.kafka_brokers)
            .set("security.protocol", protocol)
            .set("client.id", "quittance")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", "30000")
            // Each topic has its own, smaller bound; dead letters need the most.
            .set("message.max.bytes", "2097152");
        for (name, value) in [
            ("ssl.ca.location", self.kafka_ca_file.as_deref()),
            ("sasl.mechanism", self.kafka_sasl_mechanism.as_deref()),
            ("sasl.username", self.kafka_sasl_username.as_deref()),
            ("sasl.password", self.kafka_sasl_password.as_ref().map(Secret::expose)),
        ] {
            if let Some(value) = value {
                config.set(name, value);
            }
        }
        config
    }

    /// A consumer that commits nothing by itself and never guesses a position.
    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A lost position is an incident, not a guess.
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.queue.backoff.ms", "20")
            .set("queued.max.messages.kbytes", "65536");
        config
    }
}
