//! The one way in: from a request's headers to who sent it.

use quittance_avro::time::Timestamp;
use tokio::time::{Instant, sleep_until};
use warp::http::{HeaderMap, header};

use super::{
    ApiSecret, AuthArgs, AuthSettingsError, Caller,
    key_cache::Freshness,
    tokens::{NotVerified, Tokens},
};
use crate::{api_keys::ApiKeyTable, problem::Problem};

/// Verifies credentials. Dropping it ends what keeps the issuers' keys fresh.
pub struct Authenticator {
    tokens: Tokens,
    api_keys: Option<ApiKeyTable>,
}

impl Authenticator {
    /// Reads the settings, and begins to fetch the issuers' keys; must be called within a runtime. That an issuer cannot be
    /// reached is no error: its tokens are told to come again until it can.
    pub fn start(args: &AuthArgs) -> Result<Self, AuthSettingsError> {
        Self::start_with(args, Freshness::DEFAULT)
    }

    pub(super) fn start_with(args: &AuthArgs, freshness: Freshness) -> Result<Self, AuthSettingsError> {
        Ok(Self { tokens: Tokens::start(args, freshness)?, api_keys: None })
    }

    /// Lets in who has one of these keys, too.
    pub fn with_api_keys(self, keys: ApiKeyTable) -> Self {
        Self { api_keys: Some(keys), ..self }
    }

    /// Who sends these headers. Why a token is refused goes to the log and not to whoever sent it: to them all refusals are
    /// the same. An answer may take as long as it takes to fetch an issuer's keys.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let token = bearer(headers)?;
        if let (Some(keys), Some(secret)) = (&self.api_keys, ApiSecret::parse(token)) {
            return keys.caller(&secret, Timestamp::now());
        }
        self.tokens.verify(token, Timestamp::now()).await.map_err(|reason| match reason {
            NotVerified::Refused(reason) => {
                tracing::debug!(%reason, "a token was refused");
                Problem::InvalidToken
            }
            NotVerified::NoKeys => Problem::Unavailable("the token issuer's keys"),
        })
    }

    /// Returns when the caller has to show the credential of these headers again: it has ended, it was revoked, or the keys that it was
    /// verified with are no longer its issuer's.
    pub(crate) fn over(&self, headers: &HeaderMap, caller: &Caller) -> impl Future<Output = ()> + Send + 'static {
        let deadline = caller.time_left(Timestamp::now()).and_then(|left| Instant::now().checked_add(left));
        let withdrawn = bearer(headers).ok().map(|token| self.tokens.withdrawn(token));
        let (api_keys, caller) = (self.api_keys.clone(), caller.clone());
        async move {
            tokio::select! {
                () = some(deadline.map(sleep_until)) => {}
                () = some(withdrawn) => {}
                () = some(api_keys.as_ref().map(|keys| keys.revoked(&caller))) => {}
            }
        }
    }

    /// What its tokens are verified with.
    #[cfg(test)]
    pub(super) fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

/// Without anything to wait for there is no end.
async fn some(waiting: Option<impl Future<Output = ()>>) {
    match waiting {
        Some(waiting) => waiting.await,
        None => std::future::pending().await,
    }
}

/// The bearer token of a request (RFC 6750, 2.1). Of two `Authorization` headers somebody on the way may have seen the one,
/// and we the other.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Err(Problem::Unauthorized),
        (Some(value), None) => value.to_str().map_err(|_| Problem::InvalidToken)?,
        (Some(_), Some(_)) => return Err(Problem::InvalidToken),
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    // Other schemes are no bearer tokens, valid or not.
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim_start_matches(' ')) } else { Err(Problem::Unauthorized) }
}
