//! Where an issuer's keys are fetched from. All of it is bounded: the time, the size, and where the request goes.

use std::{fmt, io, path::PathBuf, time::Duration};

use quittance_service::causes::with_causes;
use reqwest::{Client, Url, redirect, retry};
use tokio::io::AsyncReadExt as _;

/// Sets of keys have a few kilobytes; with certificates in them, some tens.
pub(super) const KEY_SET_BYTES_MAX: usize = 256 * 1024;

/// Where the keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeySource {
    /// At an address: https, or http on this machine.
    Url(Url),
    /// In a file.
    File(PathBuf),
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What follows the ? may be a secret.
            Self::Url(url) => write!(f, "{}{}", url.origin().ascii_serialization(), url.path()),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Why the keys were not to be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// It took too long.
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    /// Not reached, or broken off.
    #[error("it cannot be read: {0}")]
    Http(String),
    /// Neither of these is a set of keys; a redirect would lead to an address that nobody configured.
    #[error("it answered with status {0}")]
    Status(u16),
    /// Read no further.
    #[error("it has more than {KEY_SET_BYTES_MAX} bytes")]
    TooLarge,
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    File(io::Error),
}

/// A client for addresses of keys.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        // A proxy of the environment would choose whose keys we trust.
        .no_proxy()
        .redirect(redirect::Policy::none())
        // When to ask again is the cache's to say.
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("quittance/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl KeySource {
    /// What is there, within that time.
    pub(super) async fn fetch(&self, client: &Client, within: Duration) -> Result<Vec<u8>, FetchError> {
        let fetched = async {
            match self {
                Self::Url(url) => from_url(client, url.clone()).await,
                Self::File(path) => {
                    let file = tokio::fs::File::open(path).await.map_err(FetchError::File)?;
                    let mut bytes = Vec::new();
                    let read = file.take(KEY_SET_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).await;
                    read.map_err(FetchError::File)?;
                    if bytes.len() > KEY_SET_BYTES_MAX { Err(FetchError::TooLarge) } else { Ok(bytes) }
                }
            }
        };
        tokio::time::timeout(within, fetched).await.unwrap_or(Err(FetchError::TimedOut(within)))
    }
}

async fn from_url(client: &Client, url: Url) -> Result<Vec<u8>, FetchError> {
    let http = |error: reqwest::Error| FetchError::Http(with_causes(&error.without_url()));
    let request = client.get(url).header("accept", "application/jwk-set+json, application/json");
    let mut response = request.send().await.map_err(http)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(http)? {
        if body.len() + chunk.len() > KEY_SET_BYTES_MAX {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
