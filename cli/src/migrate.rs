//! `quittance migrate`

use std::io::{self, Write as _};

use quittance_service::postgres::{PostgresArgs, ReaderArgs};
use quittance_sinks::postgres;

/// Options of `migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    reader: ReaderArgs,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let reader = args.reader.role()?;
    let migrated = postgres::migrate(&args.postgres, &reader).await?;
    for name in &migrated.applied {
        writeln!(io::stdout(), "{name}: applied")?;
    }
    if migrated.reader_made {
        writeln!(io::stdout(), "the role {}: made", reader.name)?;
    }
    if migrated.applied.is_empty() && !migrated.reader_made {
        writeln!(io::stdout(), "nothing to do")?;
    }
    Ok(())
}
