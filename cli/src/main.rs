//! The `quittance` program: one subcommand for each process and tool.

use std::process::ExitCode;

fn main() -> ExitCode {
    match quittance_cli::parse(std::env::args_os()) {
        Ok(cli) => quittance_cli::run(cli),
        Err(refused) => refused.exit(),
    }
}
