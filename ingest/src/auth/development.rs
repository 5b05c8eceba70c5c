//! Tokens that `quittance token` makes: signed with a secret that whoever verifies them has, too (HS256). Whoever can verify
//! such a token can make one, so that they are for development only, and have to be asked for by name.

use aws_lc_rs::hmac;
use clap::{ArgAction, builder::NonEmptyStringValueParser};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use quittance_avro::{tenant::Tenant, words::Mode};
use quittance_service::secret::Secret;
use serde::Serialize;

use super::{
    AuthSettingsError,
    issuers::{IssuerRules, Tenants},
    roles::Role,
    token::{Token, TokenError},
};

const SECRET_BYTES_MIN: usize = 32;

/// Tokens for development.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Authentication")]
pub struct DevelopmentArgs {
    /// Issuer (`iss`) of development tokens
    #[arg(long, env = "QUITTANCE_JWT_ISSUER", default_value = "quittance-dev", value_parser = NonEmptyStringValueParser::new())]
    pub jwt_issuer: String,
    /// Audience (`aud`) of development tokens
    #[arg(long, env = "QUITTANCE_JWT_AUDIENCE", default_value = "quittance", value_parser = NonEmptyStringValueParser::new())]
    pub jwt_audience: String,
    /// Shared secret of development tokens (HS256), at least 32 bytes. Whoever has it can make tokens for every tenant
    #[arg(long, env = "QUITTANCE_JWT_HS256_SECRET", hide_env_values = true)]
    pub jwt_hs256_secret: Option<Secret>,
    /// Whether development tokens are meant to be made and taken: without it there must be no secret
    #[arg(long, env = "QUITTANCE_JWT_HS256_DEVELOPMENT", action = ArgAction::Set, default_value = "false")]
    pub jwt_hs256_development: bool,
}

/// What a development token says.
#[derive(Debug, Clone, Serialize)]
pub struct DevelopmentClaims {
    /// Subject.
    pub sub: String,
    /// Expiry, seconds since the epoch.
    pub exp: i64,
    /// Not before, seconds since the epoch.
    pub nbf: i64,
    /// When it was made, seconds since the epoch.
    pub iat: i64,
    /// Id of the token.
    pub jti: String,
    /// The tenant that it speaks for.
    pub tenant: Tenant,
    /// What it is for.
    pub roles: Vec<Role>,
    /// `live` or `test`.
    pub mode: Mode,
}

/// Makes development tokens and verifies them.
pub struct DevelopmentKey {
    issuer: String,
    audience: String,
    secret: Secret,
    key: hmac::Key,
}

impl DevelopmentArgs {
    /// The key, if development tokens are asked for.
    pub fn key(&self) -> Result<Option<DevelopmentKey>, AuthSettingsError> {
        let secret = match (&self.jwt_hs256_secret, self.jwt_hs256_development) {
            (None, false) => return Ok(None),
            (None, true) => return Err(AuthSettingsError::NoSecret),
            (Some(_), false) => return Err(AuthSettingsError::NotForDevelopment),
            (Some(secret), true) => secret,
        };
        let bytes = secret.expose().as_bytes();
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(AuthSettingsError::ShortSecret(bytes.len()));
        }
        Ok(Some(DevelopmentKey {
            issuer: self.jwt_issuer.clone(),
            audience: self.jwt_audience.clone(),
            secret: secret.clone(),
            key: hmac::Key::new(hmac::HMAC_SHA256, bytes),
        }))
    }
}

impl DevelopmentKey {
    /// Makes a token.
    pub fn mint(&self, claims: &DevelopmentClaims) -> Result<String, jsonwebtoken::errors::Error> {
        #[derive(Serialize)]
        struct Claims<'c> {
            iss: &'c str,
            aud: &'c str,
            #[serde(flatten)]
            claims: &'c DevelopmentClaims,
        }
        let claims = Claims { iss: &self.issuer, aud: &self.audience, claims };
        encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(self.secret.expose().as_bytes()))
    }

    /// All that may be named may be named.
    pub(super) fn rules(&self) -> IssuerRules {
        IssuerRules {
            name: self.issuer.clone(),
            audience: self.audience.clone(),
            tenants: Tenants::All,
            roles: Role::ALL.to_vec(),
            modes: Mode::ALL.to_vec(),
            not_before_required: true,
        }
    }

    /// Refuses a token that was not signed with the secret.
    pub(super) fn verify(&self, token: &Token<'_>) -> Result<(), TokenError> {
        if token.algorithm != "HS256" {
            return Err(TokenError::Algorithm("HS256"));
        }
        hmac::verify(&self.key, token.signed, &token.signature).map_err(|_| TokenError::Signature)
    }
}
