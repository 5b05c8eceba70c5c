//! `quittance migrate`

use std::io::{self, Write as _};

use quittance_service::postgres::PostgresArgs;
use quittance_sinks::postgres;

/// Options of `migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    postgres: PostgresArgs,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let applied = postgres::migrate(&args.postgres).await?;
    for name in &applied {
        writeln!(io::stdout(), "{name}: applied")?;
    }
    if applied.is_empty() {
        writeln!(io::stdout(), "nothing to do")?;
    }
    Ok(())
}
