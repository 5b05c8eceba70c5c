//! How to reach Redis: options, and a connection that gives up in time and comes back by itself.

use std::time::Duration;

use redis::{
    Client, ErrorKind, IntoConnectionInfo, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

use crate::{secret::Secret, tls};

/// How to reach Redis.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Redis")]
pub struct RedisArgs {
    /// URL of the server; `rediss://` for TLS
    #[arg(long, env = "QUITTANCE_REDIS_URL", hide_env_values = true, default_value = "redis://127.0.0.1:16379/0")]
    pub redis_url: Secret,
}

/// How long a connection may take, and how long an answer: Redis is asked while a client waits, and Postgres can
/// answer in its place.
const TIMEOUT: Duration = Duration::from_secs(1);
/// How often a lost connection is tried again before the callers that wait for it get an error. The next call starts
/// over.
const RETRIES: usize = 1;
const RETRY_DELAY_MAX: Duration = Duration::from_millis(100);
/// After how long without an acknowledgement a connection counts as dead. A time-out of one answer alone does not end
/// a connection, and a subscription waits for none.
const SILENCE_MAX: Duration = Duration::from_secs(5);

impl RedisArgs {
    /// A client. Does not connect yet.
    ///
    /// # Errors
    /// When the URL is of no use.
    pub fn client(&self) -> Result<Client, RedisError> {
        // What is wrong with the URL is not said, since that may be a piece of the password.
        let refused = |_| {
            RedisError::from((
                ErrorKind::InvalidClientConfig,
                "QUITTANCE_REDIS_URL must be redis://[user:password@]host:port/number, or rediss:// for TLS",
            ))
        };
        tls::install_provider();
        let info = self.redis_url.expose().into_connection_info().map_err(refused)?;
        let tcp = TcpSettings::default()
            // Otherwise the end of a long command would wait for the acknowledgement of its beginning.
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(SILENCE_MAX).with_interval(SILENCE_MAX))
            .set_user_timeout(SILENCE_MAX);
        Client::open(info.set_tcp_settings(tcp)).map_err(refused)
    }

    /// A connection that many tasks can share (it is cheap to clone) and that is made again when it was lost.
    ///
    /// Succeeds while Redis is down: whoever uses the connection gets the error then, within about two seconds. It is
    /// async all the same, because the connection is served by the runtime that this is polled on.
    ///
    /// # Errors
    /// When the URL is of no use.
    pub async fn connection(&self) -> Result<ConnectionManager, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT))
            .set_number_of_retries(RETRIES)
            .set_max_delay(RETRY_DELAY_MAX);
        ConnectionManager::new_lazy_with_config(self.client()?, config)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn args(url: &str) -> RedisArgs {
        RedisArgs { redis_url: url.parse().expect("a URL") }
    }

    #[rstest]
    #[case("redis://127.0.0.1:16379/0", true)]
    #[case("rediss://user:hunter2@redis:6380/1", true)]
    #[case("http://user:hunter2@redis", false)]
    #[case("redis://user:hunter2@redis:port", false)]
    #[case("redis://redis/hunter2", false)]
    #[case("hunter2", false)]
    fn urls(#[case] url: &str, #[case] accepted: bool) {
        match args(url).client() {
            Ok(_) => assert!(accepted, "{url}"),
            Err(error) => {
                let text = format!("{error} {error:?}");
                assert!(!accepted && text.contains("QUITTANCE_REDIS_URL") && !text.contains("hunter2"), "{text}");
            }
        }
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_an_error_of_the_call_in_time() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut connection = args(&format!("redis://127.0.0.1:{port}")).connection().await.expect("a good URL");
        for _ in 0..2 {
            let began = std::time::Instant::now();
            let answer = redis::cmd("PING").query_async::<String>(&mut connection).await;
            assert!(answer.is_err_and(|error| error.is_io_error()));
            assert!(began.elapsed() < Duration::from_secs(3));
        }
    }
}
