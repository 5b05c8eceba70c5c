//! Bearer tokens (RFC 7519), checked as RFC 8725 advises: the algorithm is fixed by the key, every claim that we rely on
//! is required, and nothing that the token says chooses how it is verified.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use quittance_avro::{tenant::Tenant, words::Mode};
use quittance_service::secret::Secret;
use serde::{Deserialize, Serialize};
use warp::http::{HeaderMap, header};

use super::{Caller, Role};
use crate::problem::Problem;

/// A token is refused unread above this.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
const LEEWAY_SECONDS: u64 = 30;
const SECRET_BYTES_MIN: usize = 32;
const SUBJECT_CHARS_MAX: usize = 255;

/// Whose tokens are accepted.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Authentication")]
pub struct AuthArgs {
    /// Issuer (`iss`) that tokens must name
    #[arg(long, env = "QUITTANCE_JWT_ISSUER", default_value = "quittance-dev", value_parser = NonEmptyStringValueParser::new())]
    pub jwt_issuer: String,
    /// Audience (`aud`) that tokens must name
    #[arg(long, env = "QUITTANCE_JWT_AUDIENCE", default_value = "quittance", value_parser = NonEmptyStringValueParser::new())]
    pub jwt_audience: String,
    /// Shared secret for HS256 tokens, at least 32 bytes: for development only
    #[arg(long, env = "QUITTANCE_JWT_HS256_SECRET", hide_env_values = true)]
    pub jwt_hs256_secret: Option<Secret>,
    /// File with the public key (PEM) for RS256 tokens
    #[arg(long, env = "QUITTANCE_JWT_RS256_PUBLIC_KEY_FILE")]
    pub jwt_rs256_public_key_file: Option<PathBuf>,
}

/// Settings under which no token can be verified.
#[derive(Debug, thiserror::Error)]
pub enum AuthSettingsError {
    /// No key at all.
    #[error("QUITTANCE_JWT_RS256_PUBLIC_KEY_FILE or, for development, QUITTANCE_JWT_HS256_SECRET must be set")]
    NoKey,
    /// The secret can be guessed.
    #[error("QUITTANCE_JWT_HS256_SECRET must have at least 32 bytes, has {0}")]
    ShortSecret(usize),
    /// The key file cannot be used.
    #[error("QUITTANCE_JWT_RS256_PUBLIC_KEY_FILE {path}: {detail}")]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

/// What a token of ours says.
#[derive(Debug, Clone, Serialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Subject.
    pub sub: String,
    /// Expiry, seconds since the epoch.
    pub exp: i64,
    /// Not before, seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Id of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The tenant that it speaks for.
    pub tenant: Tenant,
    /// What it is for.
    pub roles: Vec<String>,
    /// `live` or `test`.
    pub mode: Mode,
}

/// The part of a token that callers are made of. `iss`, `aud`, `exp` and `nbf` are checked by the library, where `aud`
/// may be a list.
#[derive(Deserialize)]
struct Verified {
    sub: String,
    jti: Option<String>,
    tenant: Tenant,
    roles: Vec<String>,
    /// `test` if it does not say, so that nobody moves money by leaving something out.
    #[serde(default = "test_mode")]
    mode: Mode,
}

fn test_mode() -> Mode {
    Mode::Test
}

/// Verifies bearer tokens.
pub struct Authenticator {
    keys: Vec<(Algorithm, DecodingKey, Validation)>,
}

impl Authenticator {
    /// Reads the keys.
    pub fn new(args: &AuthArgs) -> Result<Self, AuthSettingsError> {
        let mut keys = Vec::new();
        if let Some(secret) = &args.jwt_hs256_secret {
            let bytes = secret.expose().as_bytes();
            if bytes.len() < SECRET_BYTES_MIN {
                return Err(AuthSettingsError::ShortSecret(bytes.len()));
            }
            keys.push((Algorithm::HS256, DecodingKey::from_secret(bytes), validation(Algorithm::HS256, args)));
        }
        if let Some(path) = &args.jwt_rs256_public_key_file {
            let refuse = |detail: String| AuthSettingsError::KeyFile { path: path.clone(), detail };
            let pem = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
            let key =
                DecodingKey::from_rsa_pem(&pem).map_err(|_| refuse("must hold an RSA public key in PEM".to_owned()))?;
            keys.push((Algorithm::RS256, key, validation(Algorithm::RS256, args)));
        }
        if keys.is_empty() { Err(AuthSettingsError::NoKey) } else { Ok(Self { keys }) }
    }

    /// Who sends these headers. Why a token is refused goes to the log and not to whoever sent it.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = bearer(headers).ok_or(Problem::Unauthorized)?;
        self.verify(token).map_err(|reason| {
            tracing::debug!(reason, "a token was refused");
            Problem::Unauthorized
        })
    }

    fn verify(&self, token: &str) -> Result<Caller, String> {
        let head = decode_header(token).map_err(|error| error.to_string())?;
        let key = self.keys.iter().find(|(algorithm, ..)| *algorithm == head.alg);
        let (_, key, validation) = key.ok_or("no key for its algorithm")?;
        if head.crit.is_some() {
            return Err("critical extensions are not understood".to_owned());
        }
        let claims = decode::<Verified>(token, key, validation).map_err(|error| error.to_string())?.claims;
        if claims.sub.is_empty() || claims.sub.chars().count() > SUBJECT_CHARS_MAX {
            return Err("its subject is empty or too long".to_owned());
        }
        Ok(Caller {
            mode: claims.mode,
            tenant: claims.tenant,
            subject: claims.sub,
            credential_id: claims.jti.filter(|id| id.len() <= SUBJECT_CHARS_MAX),
            roles: claims.roles.iter().filter_map(|name| Role::from_name(name)).collect(),
        })
    }
}

fn validation(algorithm: Algorithm, args: &AuthArgs) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[&args.jwt_issuer]);
    validation.set_audience(&[&args.jwt_audience]);
    validation.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS;
    validation
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_BYTES_MAX).then_some(token.trim())
}

/// Signs a development token (HS256).
pub fn mint(secret: &Secret, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.expose().as_bytes()))
}

#[cfg(test)]
mod tests;
