//! Waiting for something to become true, with a deadline: never a fixed time.

use std::{
    fmt::Display,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

const EVERY: Duration = Duration::from_millis(50);

/// Asks again until the answer is there. Fails with the last reason why it was not.
pub async fn eventually<T, E: Display, F: Future<Output = Result<T, E>>>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        match ask().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > deadline => bail!("{what}: not within {within:?}: {error}"),
            Err(_) => tokio::time::sleep(EVERY).await,
        }
    }
}

/// Asks again until it is so.
pub async fn until<F: Future<Output = bool>>(what: &str, within: Duration, mut ask: impl FnMut() -> F) -> Result<()> {
    eventually(what, within, || {
        let asked = ask();
        async move { if asked.await { Ok(()) } else { Err("it is not so") } }
    })
    .await
}
