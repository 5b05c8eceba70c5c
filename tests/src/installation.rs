//! One installation: its topics, its tables, its processes.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use quittance_avro::{registry::Registry, topics::TOPICS};
use quittance_log::{KafkaArgs, Reader, RegistryArgs};
use uuid::Uuid;

use crate::{Client, Part, Process, Simulator, Stack, process};

const SECRET: &str = "a secret of the tests, known to all";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What differs from the defaults.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Variables of every process.
    pub variables: Vec<(&'static str, String)>,
}

/// One installation.
pub struct Installation {
    /// The servers it runs on.
    pub stack: Stack,
    /// Its topic prefix, which is also that of its Redis keys.
    pub prefix: String,
    /// Its Postgres schema.
    pub schema: String,
    variables: BTreeMap<String, String>,
    processes: BTreeMap<Part, Process>,
}

impl Installation {
    /// Sets everything up and starts every process; returns when all are ready.
    pub async fn start(name: &str, options: Options) -> Result<Self> {
        let mut installation = Self::prepare(name, options)?;
        for part in Part::ALL {
            installation.process(part).start()?;
        }
        installation.ready().await?;
        Ok(installation)
    }

    /// Sets everything up and starts nothing.
    pub fn prepare(name: &str, options: Options) -> Result<Self> {
        let installation = Self::unprepared(name, options)?;
        installation.tool(&["schemas", "register"])?;
        installation.tool(&["topics", "apply"])?;
        installation.tool(&["migrate"])?;
        Ok(installation)
    }

    /// Processes that find no topics and no tables.
    pub fn unprepared(name: &str, options: Options) -> Result<Self> {
        let stack = Stack::given()?;
        let unique = Uuid::new_v4().simple().to_string();
        let prefix = format!("{name}-{}", &unique[..8]);
        let schema = prefix.replace('-', "_");
        let mut variables = stack.variables.clone();
        for (name, value) in [
            ("QUITTANCE_TOPIC_PREFIX", prefix.as_str()),
            ("QUITTANCE_POSTGRES_SCHEMA", &schema),
            ("QUITTANCE_MASTER_KEY", "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzISE="),
            ("QUITTANCE_JWT_HS256_SECRET", SECRET),
            ("QUITTANCE_JWT_HS256_DEVELOPMENT", "true"),
            ("QUITTANCE_PARTITIONS", "4"),
            ("QUITTANCE_REPLICATION", "1"),
            ("QUITTANCE_LOG_FORMAT", "json"),
            ("QUITTANCE_LOG", "info"),
            // What a test or a benchmark asks in a second, a tenant does not; what tests the limits sets them.
            ("QUITTANCE_TENANT_RATE", "1000000"),
            ("QUITTANCE_CREDENTIAL_RATE", "1000000"),
            ("RUST_BACKTRACE", "1"),
        ] {
            variables.insert(name.to_owned(), value.to_owned());
        }
        variables.extend(options.variables.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let processes = processes(&prefix, &mut variables)?;
        Ok(Self { stack, prefix, schema, variables, processes })
    }

    /// One of its processes.
    pub fn process(&mut self, part: Part) -> &mut Process {
        self.processes.get_mut(&part).expect("every part has a process")
    }

    /// A process beside the one of that part, in a slot of its own. It has not been started.
    pub fn another(&self, part: Part, slot: &str) -> Result<Process> {
        let mut variables = self.variables.clone();
        variables.insert("QUITTANCE_INSTANCE".to_owned(), slot.to_owned());
        let log = process::log_folder(&self.prefix)?.join(format!("{part:?}-{slot}.log").to_lowercase());
        Process::new(part, variables, log)
    }

    /// Waits until every process can do its work.
    pub async fn ready(&self) -> Result<()> {
        for process in self.processes.values() {
            process.ready(READY_WITHIN).await?;
        }
        Ok(())
    }

    /// Runs a tool of the program on this installation and returns what it printed.
    pub fn tool(&self, args: &[&str]) -> Result<String> {
        process::tool(args, &self.variables)
    }

    /// A token as `quittance token` prints it.
    pub fn token(&self, tenant: &str, roles: &[&str]) -> Result<String> {
        let mut args = vec!["token", "--tenant", tenant];
        for role in roles {
            args.extend(["--role", role]);
        }
        Ok(self.tool(&args)?.trim().to_owned())
    }

    /// Which topics hold a text, in whatever record.
    pub async fn found_on_topics(&self, text: &str) -> Result<Vec<String>> {
        let (kafka, text) = (self.kafka()?, text.as_bytes().to_vec());
        let holds = move |bytes: &Option<Vec<u8>>| {
            bytes.as_ref().is_some_and(|bytes| bytes.windows(text.len()).any(|window| window == text))
        };
        tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            for spec in TOPICS {
                let reader = Reader::new(&kafka, &spec.topic.name(&kafka.topic_prefix))?;
                let partitions: Vec<i32> = (0..reader.partitions()?).collect();
                let mut is_found = false;
                reader.read_all(&partitions, |record| {
                    is_found |= holds(&record.value)
                        || holds(&record.key)
                        || record.headers.0.iter().any(|(_, value)| holds(value));
                })?;
                found.extend(is_found.then(|| spec.name.to_owned()));
            }
            Ok(found)
        })
        .await?
    }

    /// A client for a tenant's merchant.
    pub fn client(&self, tenant: &str) -> Result<Client> {
        Client::new(&self.url(Part::Ingest, ""), &self.token(tenant, &["merchant"])?)
    }

    /// A client with a token of one's own.
    pub fn client_with(&self, token: &str) -> Result<Client> {
        Client::new(&self.url(Part::Ingest, ""), token)
    }

    /// The simulated gateway's own view.
    pub fn simulator(&self) -> Result<Simulator> {
        Simulator::new(&self.url(Part::Simulator, ""))
    }

    /// A URL on the listener of a process.
    pub fn url(&self, part: Part, path: &str) -> String {
        self.processes[&part].url(path)
    }

    /// A URL on a process's listener for operators.
    pub fn admin_url(&self, part: Part, path: &str) -> String {
        self.processes[&part].admin_url(path)
    }

    /// All that a process has logged so far.
    pub fn log(&self, part: Part) -> String {
        self.processes[&part].log()
    }

    /// A process's metrics as text.
    pub async fn metrics(&self, part: Part) -> Result<String> {
        self.processes[&part].metrics().await
    }

    /// How to reach Kafka as its processes do.
    pub fn kafka(&self) -> Result<KafkaArgs> {
        #[derive(Parser)]
        struct Args {
            #[command(flatten)]
            kafka: KafkaArgs,
        }
        let brokers = self.stack.variable("QUITTANCE_KAFKA_BROKERS")?;
        let args = ["", "--kafka-brokers", brokers, "--topic-prefix", &self.prefix];
        Ok(Args::try_parse_from(args)?.kafka)
    }

    /// The schema registry as its processes see it.
    pub fn registry(&self) -> Result<Registry> {
        let schema_registry_url = self.stack.variable("QUITTANCE_SCHEMA_REGISTRY_URL")?.parse()?;
        Ok(RegistryArgs { schema_registry_url }.registry(&self.prefix)?)
    }

    /// A connection to Postgres that sees its tables, as their owner.
    pub async fn postgres(&self) -> Result<tokio_postgres::Client> {
        self.postgres_as("QUITTANCE_POSTGRES_URL").await
    }

    /// A connection to Postgres that sees its tables as the role that reads is shown them.
    pub async fn postgres_reader(&self) -> Result<tokio_postgres::Client> {
        self.postgres_as("QUITTANCE_POSTGRES_READER_URL").await
    }

    async fn postgres_as(&self, variable: &str) -> Result<tokio_postgres::Client> {
        let url = self.stack.variable(variable)?;
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.context("Postgres")?;
        tokio::spawn(connection);
        client.batch_execute(&format!("set search_path to {}", self.schema)).await?;
        Ok(client)
    }

    /// A connection to Redis.
    pub async fn redis(&self) -> Result<redis::aio::MultiplexedConnection> {
        let url = self.stack.variable("QUITTANCE_REDIS_URL")?;
        Ok(redis::Client::open(url)?.get_multiplexed_async_connection().await?)
    }
}

fn processes(prefix: &str, variables: &mut BTreeMap<String, String>) -> Result<BTreeMap<Part, Process>> {
    let folder = process::log_folder(prefix)?;
    let mut processes = BTreeMap::new();
    for part in Part::ALL {
        let log = folder.join(format!("{part:?}.log").to_lowercase());
        let process = Process::new(part, variables.clone(), log)?;
        if part == Part::Simulator {
            let account = format!("simulator={}", process.url(""));
            variables.insert("QUITTANCE_GATEWAY_ACCOUNTS".to_owned(), account);
        }
        processes.insert(part, process);
    }
    Ok(processes)
}
