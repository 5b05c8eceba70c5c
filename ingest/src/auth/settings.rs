//! Whose tokens are taken, as the operator says.

use std::path::PathBuf;

use super::development::DevelopmentArgs;

/// Whose tokens are taken.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Authentication")]
pub struct AuthArgs {
    /// JSON file with the issuers whose tokens are taken: their keys, and what each may name (docs/authentication.md)
    #[arg(long, env = "QUITTANCE_JWT_ISSUERS_FILE")]
    pub jwt_issuers_file: Option<PathBuf>,
    /// Tokens for development.
    #[command(flatten)]
    pub development: DevelopmentArgs,
}

/// Settings under which no token can be verified.
#[derive(Debug, thiserror::Error)]
pub enum AuthSettingsError {
    /// Nobody could ever get in.
    #[error(
        "QUITTANCE_JWT_ISSUERS_FILE must be set, or for development QUITTANCE_JWT_HS256_SECRET with \
         QUITTANCE_JWT_HS256_DEVELOPMENT=true"
    )]
    NobodyGetsIn,
    /// A secret that nobody said is for development.
    #[error(
        "QUITTANCE_JWT_HS256_SECRET is for development only, and is taken only with \
         QUITTANCE_JWT_HS256_DEVELOPMENT=true; elsewhere QUITTANCE_JWT_ISSUERS_FILE says whose tokens are taken"
    )]
    NotForDevelopment,
    /// Development tokens without a secret.
    #[error("QUITTANCE_JWT_HS256_SECRET must be set with QUITTANCE_JWT_HS256_DEVELOPMENT=true")]
    NoSecret,
    /// The secret can be guessed.
    #[error("QUITTANCE_JWT_HS256_SECRET must have at least 32 bytes, has {0}")]
    ShortSecret(usize),
    /// The file of issuers cannot be used; every mistake in it is told.
    #[error("QUITTANCE_JWT_ISSUERS_FILE {}: {detail}", path.display())]
    IssuersFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, where, and what would be right.
        detail: String,
    },
    /// Two issuers of one name: the token's `iss` could not choose between them.
    #[error(
        "QUITTANCE_JWT_ISSUER {0:?} is also an issuer in QUITTANCE_JWT_ISSUERS_FILE; each must have a name of its own"
    )]
    IssuerTwice(String),
    /// The client that fetches keys cannot be made.
    #[error("the HTTP client for issuers' keys cannot be made")]
    Http(#[source] reqwest::Error),
}
