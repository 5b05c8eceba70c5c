//! `quittance simulator`

use std::net::SocketAddr;

use anyhow::Context;
use quittance_service::shutdown::Shutdown;
use quittance_simulator::{Config, serve};
use tokio::net::TcpListener;

/// Options of `simulator`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address to listen on
    #[arg(long, env = "QUITTANCE_SIMULATOR_LISTEN", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// How late `tok_slow` is answered, milliseconds
    #[arg(long, env = "QUITTANCE_SIMULATOR_SLOW_MS", default_value_t = 2_000,
        value_parser = clap::value_parser!(u64).range(0..=600_000))]
    slow_ms: u64,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let listener = TcpListener::bind(args.listen).await;
    let listener = listener.with_context(|| format!("QUITTANCE_SIMULATOR_LISTEN: cannot listen on {}", args.listen))?;
    let config = Config { slow_ms: args.slow_ms, ..Config::default() };
    serve(listener, config, async move { shutdown.requested().await }).await?;
    Ok(())
}
