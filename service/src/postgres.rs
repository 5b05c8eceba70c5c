//! How to reach Postgres: options, and a pool of connections that give up in time.

mod row_security;

use std::{net::IpAddr, str::FromStr, time::Duration};

use deadpool_postgres::{
    BuildError, Manager, ManagerConfig, Pool, PoolBuilder, RecyclingMethod, Runtime,
    tokio_postgres::{
        Config, NoTls,
        config::{Host, SslMode},
    },
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{secret::Secret, tls};

/// How the owner of the tables reaches Postgres.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct PostgresArgs {
    /// URL of the database for the role that owns the tables; add `?sslmode=require` outside closed networks
    #[arg(
        long,
        env = "QUITTANCE_POSTGRES_URL",
        hide_env_values = true,
        default_value = "postgres://quittance:quittance@127.0.0.1:15432/quittance"
    )]
    pub postgres_url: Secret,
    /// Where the tables are.
    #[command(flatten)]
    pub tables: TablesArgs,
}

/// How a reader, to whom Postgres shows the rows of one tenant at a time, reaches it.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct PostgresReaderArgs {
    /// Who the reader is.
    #[command(flatten)]
    pub reader: ReaderArgs,
    /// Where the tables are.
    #[command(flatten)]
    pub tables: TablesArgs,
}

/// Who the reader is.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct ReaderArgs {
    /// URL of the database for the role that reads, to which row-level security applies; `migrate` makes the role if it is absent
    #[arg(
        long,
        env = "QUITTANCE_POSTGRES_READER_URL",
        hide_env_values = true,
        default_value = "postgres://quittance_reader:quittance_reader@127.0.0.1:15432/quittance"
    )]
    pub postgres_reader_url: Secret,
}

/// Where the tables are, and how many connections lead there.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Postgres")]
pub struct TablesArgs {
    /// Schema that holds the tables, so that installations can share a database
    #[arg(long, env = "QUITTANCE_POSTGRES_SCHEMA", default_value = "quittance", value_parser = parse_schema)]
    pub postgres_schema: String,
    /// The most connections that this process opens
    #[arg(long, env = "QUITTANCE_POSTGRES_CONNECTIONS_MAX", default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub postgres_connections_max: u16,
}

/// Settings with which no pool can be made.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// The URL does not parse. What is wrong with it is not said, since that may be a piece of the password.
    #[error(
        "{0} must be postgres://user:password@host:port/database, with sslmode=disable, prefer or require, and special \
         characters percent-encoded"
    )]
    Url(&'static str),
    /// The server is not on this machine or wants TLS, and there is no authority to trust.
    #[error("no certificates of trusted authorities were found for TLS to Postgres: {0}")]
    Certificates(String),
    /// The pool refuses its settings.
    #[error(transparent)]
    Pool(#[from] BuildError),
}

/// How long to wait for a connection: for a free one, and for a new one to be let in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the server works on one statement before it gives up.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for those who read: less than they wait for an answer. A query may set less, but only after the server has looked at it, and
/// for that alone it may have to wait for a lock.
pub const READ_STATEMENT_TIMEOUT: Duration = Duration::from_secs(4);
/// After how long without an acknowledgement a connection counts as dead.
const SILENCE_MAX: Duration = Duration::from_secs(10);

impl PostgresArgs {
    /// A pool of connections that see the schema's tables by their bare names. Does not connect yet.
    ///
    /// A connection is asked whether it still works each time before it is handed out, so that a server that was
    /// started again costs nobody an error.
    ///
    /// # Errors
    /// When the URL or the machine's certificates are of no use.
    pub fn pool(&self) -> Result<Pool, PostgresError> {
        let config = parse_url("QUITTANCE_POSTGRES_URL", &self.postgres_url)?;
        Ok(self.tables.pool(config, STATEMENT_TIMEOUT)?.build()?)
    }
}

impl PostgresReaderArgs {
    /// A pool such as that of [`PostgresArgs`], which keeps no connection to which more is shown than the rows of one tenant.
    ///
    /// # Errors
    /// When the URL or the machine's certificates are of no use.
    pub fn pool(&self) -> Result<Pool, PostgresError> {
        let pool = self.tables.pool(self.reader.config()?, READ_STATEMENT_TIMEOUT)?;
        Ok(pool.post_create(row_security::required()).build()?)
    }
}

/// A role of the database that can log in.
#[derive(Debug, Clone)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it logs in with, unless the server knows it otherwise.
    pub password: Option<Secret>,
}

impl ReaderArgs {
    /// The role that the URL names.
    ///
    /// # Errors
    /// When the URL is of no use.
    pub fn role(&self) -> Result<Role, PostgresError> {
        let config = self.config()?;
        let name = config.get_user().ok_or(PostgresError::Url(Self::VARIABLE))?.to_owned();
        let password = config.get_password().map(|password| String::from_utf8_lossy(password).parse());
        let password = password.transpose().map_err(|_| PostgresError::Url(Self::VARIABLE))?;
        Ok(Role { name, password })
    }

    const VARIABLE: &str = "QUITTANCE_POSTGRES_READER_URL";

    fn config(&self) -> Result<Config, PostgresError> {
        parse_url(Self::VARIABLE, &self.postgres_reader_url)
    }
}

impl TablesArgs {
    fn pool(&self, config: Config, statement_timeout: Duration) -> Result<PoolBuilder, PostgresError> {
        let config = self.configure(config, statement_timeout);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Verified };
        let manager = if wants_tls(&config) {
            Manager::from_config(config, trusting_the_system()?, recycling)
        } else {
            Manager::from_config(config, NoTls, recycling)
        };
        Ok(Pool::builder(manager)
            .runtime(Runtime::Tokio1)
            .max_size(usize::from(self.postgres_connections_max))
            .wait_timeout(Some(CONNECT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .recycle_timeout(Some(CONNECT_TIMEOUT)))
    }

    fn configure(&self, mut config: Config, statement_timeout: Duration) -> Config {
        let options = format!(
            "{} -c search_path=\"{}\" -c statement_timeout={}",
            config.get_options().unwrap_or_default(),
            self.postgres_schema,
            statement_timeout.as_millis(),
        );
        config
            .options(options.trim_start())
            .application_name("quittance")
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(SILENCE_MAX)
            .keepalives_idle(SILENCE_MAX);
        config
    }
}

fn parse_url(variable: &'static str, url: &Secret) -> Result<Config, PostgresError> {
    let config = Config::from_str(url.expose()).map_err(|_| PostgresError::Url(variable))?;
    if config.get_hosts().is_empty() { Err(PostgresError::Url(variable)) } else { Ok(config) }
}

/// Whether TLS is needed or at least worth asking for. On the machine itself it is not, unless it is required.
fn wants_tls(config: &Config) -> bool {
    match config.get_ssl_mode() {
        SslMode::Disable => false,
        SslMode::Prefer => !config.get_hosts().iter().all(is_local),
        // `require`, and whatever stricter modes later versions may add.
        _ => true,
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

fn trusting_the_system() -> Result<MakeRustlsConnect, PostgresError> {
    tls::install_provider();
    let found = MakeRustlsConnect::with_native_certs();
    found.map(|(connector, _)| connector).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        PostgresError::Certificates(if errors.is_empty() { "the store is empty".to_owned() } else { errors.join("; ") })
    })
}

fn parse_schema(text: &str) -> Result<String, String> {
    let first = |b: u8| b.is_ascii_lowercase() || b == b'_';
    let rest = |b: u8| first(b) || b.is_ascii_digit();
    let fits = (1..=63).contains(&text.len()) && text.bytes().next().is_some_and(first) && text.bytes().all(rest);
    if fits && !text.starts_with("pg_") {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 63 of a-z, 0-9 and _, beginning with neither a digit nor pg_".to_owned())
    }
}

#[cfg(test)]
mod tests;
