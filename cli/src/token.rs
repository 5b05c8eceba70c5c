//! `quittance token`

use std::io::{self, Write as _};

use anyhow::{Context, bail};
use quittance_avro::{tenant::Tenant, time::Timestamp, words::Mode};
use quittance_ingest::auth::{DevelopmentArgs, DevelopmentClaims, Role};
use uuid::Uuid;

/// Options of `token`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    development: DevelopmentArgs,
    /// Tenant that the token speaks for
    #[arg(long, env = "QUITTANCE_TOKEN_TENANT", help_heading = "Token")]
    tenant: Tenant,
    /// What it is for; may be given several times
    #[arg(
        long = "role",
        env = "QUITTANCE_TOKEN_ROLES",
        required = true,
        value_enum,
        value_delimiter = ',',
        help_heading = "Token"
    )]
    roles: Vec<Role>,
    /// Who it is for
    #[arg(long, env = "QUITTANCE_TOKEN_SUBJECT", default_value = "developer", help_heading = "Token")]
    subject: String,
    /// How long it is valid: a number with s, m, h or d
    #[arg(long, env = "QUITTANCE_TOKEN_TTL", default_value = "1h", value_parser = parse_ttl, allow_hyphen_values = true,
        help_heading = "Token")]
    ttl: i64,
    /// live or test
    #[arg(long, env = "QUITTANCE_TOKEN_MODE", default_value = "test", value_parser = parse_mode, help_heading = "Token")]
    mode: Mode,
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    Mode::from_word(text).ok_or_else(|| "must be live or test".to_owned())
}

/// Seconds. A negative time makes a token that has expired, to see what happens.
fn parse_ttl(text: &str) -> Result<i64, String> {
    let split = text.len().saturating_sub(1);
    let unit = match text.get(split..) {
        Some("s") => Some(1),
        Some("m") => Some(60),
        Some("h") => Some(3_600),
        Some("d") => Some(86_400),
        _ => None,
    };
    let number = text.get(..split).and_then(|number| number.parse::<i64>().ok());
    unit.zip(number)
        .and_then(|(unit, number)| number.checked_mul(unit))
        .filter(|seconds| seconds.abs() <= 365 * 86_400)
        .ok_or_else(|| "must be a number with s, m, h or d, at most 365d, such as 1h".to_owned())
}

/// Prints a token and nothing else.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Some(key) = args.development.key()? else {
        bail!(
            "QUITTANCE_JWT_HS256_SECRET must be set, with QUITTANCE_JWT_HS256_DEVELOPMENT=true: tokens are signed with it"
        );
    };
    let now = Timestamp::now().as_ms() / 1_000;
    let claims = DevelopmentClaims {
        sub: args.subject.clone(),
        exp: now + args.ttl,
        nbf: now,
        iat: now,
        jti: Uuid::new_v4().to_string(),
        tenant: args.tenant.clone(),
        roles: args.roles.clone(),
        mode: args.mode,
    };
    writeln!(io::stdout(), "{}", key.mint(&claims).context("signing the token")?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1h", Some(3_600))]
    #[case("90s", Some(90))]
    #[case("-1m", Some(-60))]
    #[case("2d", Some(172_800))]
    #[case("", None)]
    #[case("h", None)]
    #[case("5", None)]
    #[case("366d", None)]
    #[case("9223372036854775807d", None)]
    #[case("1ä", None)]
    fn times(#[case] text: &str, #[case] seconds: Option<i64>) {
        assert_eq!(parse_ttl(text).ok(), seconds);
    }
}
