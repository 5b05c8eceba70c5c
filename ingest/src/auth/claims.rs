//! What a token says of its bearer, held against what its issuer may say.

use quittance_avro::{
    time::Timestamp,
    words::{ActorKind, Mode},
};
use serde_json::{Map, Value};

use super::{Caller, Role, issuers::IssuerRules, token::TokenError};

/// By so much may the issuer's clock and ours differ.
const LEEWAY_SECONDS: i64 = 30;
/// The end of the year 9999: beyond it a number is no time but a mistake, or meant to overflow somewhere.
const SECONDS_MAX: i64 = 253_402_300_799;
const TEXT_CHARS_MAX: usize = 255;

/// When a token is valid, in seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    expires: i64,
    not_before: Option<i64>,
    issued: Option<i64>,
}

impl Times {
    /// Refuses a token outside its time.
    pub(super) fn check(&self, now: Timestamp) -> Result<(), TokenError> {
        let now_seconds = now.as_ms().div_euclid(1_000);
        let is_later = |time: i64| time > now_seconds + LEEWAY_SECONDS;
        if self.expires + LEEWAY_SECONDS <= now_seconds {
            Err(TokenError::Expired)
        } else if self.not_before.is_some_and(is_later) {
            Err(TokenError::NotYet)
        } else if self.issued.is_some_and(is_later) {
            Err(TokenError::IssuedLater)
        } else {
            Ok(())
        }
    }
}

/// Reads the claims of a token of that issuer. Whether it is its time is another question: [`Times::check`].
pub(super) fn read(payload: &Map<String, Value>, rules: &IssuerRules) -> Result<(Caller, Times), TokenError> {
    if !is_for(payload, &rules.audience)? {
        return Err(TokenError::Claim("aud", "ours"));
    }
    let times = Times {
        expires: time(payload, "exp")?.ok_or(TokenError::Missing("exp"))?,
        not_before: time(payload, "nbf")?,
        issued: time(payload, "iat")?,
    };
    if times.not_before.is_none() && rules.not_before_required {
        return Err(TokenError::Missing("nbf"));
    }
    let tenant = text(payload, "tenant")?.ok_or(TokenError::Missing("tenant"))?;
    let tenant = tenant.parse().map_err(|_| TokenError::Claim("tenant", "the name of a tenant"))?;
    if !rules.tenants.includes(&tenant) {
        return Err(TokenError::NotAllowed("tenant"));
    }
    let mode = mode(payload)?;
    if !rules.modes.contains(&mode) {
        return Err(TokenError::NotAllowed("mode"));
    }
    let roles = roles(payload)?;
    if roles.iter().any(|role| !rules.roles.contains(role)) {
        return Err(TokenError::NotAllowed("roles"));
    }
    let caller = Caller {
        kind: ActorKind::User,
        mode,
        tenant,
        subject: text(payload, "sub")?.ok_or(TokenError::Missing("sub"))?.to_owned(),
        credential_id: text(payload, "jti")?.map(str::to_owned),
        roles,
        expires_at: Some(Timestamp::from_ms(times.expires * 1_000)),
    };
    Ok((caller, times))
}

/// One audience or several (RFC 7519, 4.1.3).
fn is_for(payload: &Map<String, Value>, audience: &str) -> Result<bool, TokenError> {
    match payload.get("aud") {
        None => Err(TokenError::Missing("aud")),
        Some(Value::String(named)) => Ok(named == audience),
        Some(Value::Array(named)) if named.iter().all(Value::is_string) => Ok(named.iter().any(|one| one == audience)),
        Some(_) => Err(TokenError::Claim("aud", "a string or several")),
    }
}

/// Seconds since the epoch, of which the fraction that some issuers write (RFC 7519, 2) does not matter.
fn time(payload: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, TokenError> {
    let Some(value) = payload.get(name) else { return Ok(None) };
    let whole = value.as_i64().or_else(|| {
        let seconds = value.as_f64().filter(|seconds| (0.0..1e12).contains(seconds))?;
        Some(seconds as i64)
    });
    let sane = whole.filter(|seconds| (0..=SECONDS_MAX).contains(seconds));
    sane.map(Some).ok_or(TokenError::Claim(name, "a number of seconds since 1970"))
}

/// It ends up in records and logs.
fn text<'p>(payload: &'p Map<String, Value>, name: &'static str) -> Result<Option<&'p str>, TokenError> {
    let refused = TokenError::Claim(name, "a string of 1 to 255 characters, none of them a control character");
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => {
            let chars = text.chars().count();
            let is_sane = (1..=TEXT_CHARS_MAX).contains(&chars) && !text.chars().any(char::is_control);
            if is_sane { Ok(Some(text)) } else { Err(refused) }
        }
        Some(_) => Err(refused),
    }
}

/// `test` if it does not say, so that nobody moves money by leaving something out.
fn mode(payload: &Map<String, Value>) -> Result<Mode, TokenError> {
    match payload.get("mode") {
        None => Ok(Mode::Test),
        Some(value) => value.as_str().and_then(Mode::from_word).ok_or(TokenError::Claim("mode", "live or test")),
    }
}

/// Roles of other programs may stand beside ours.
fn roles(payload: &Map<String, Value>) -> Result<Vec<Role>, TokenError> {
    let listed = payload.get("roles").ok_or(TokenError::Missing("roles"))?;
    let names = listed.as_array().and_then(|list| list.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let mut roles: Vec<Role> = names
        .ok_or(TokenError::Claim("roles", "an array of strings"))?
        .into_iter()
        .filter_map(Role::from_name)
        .collect();
    roles.sort_unstable();
    roles.dedup();
    Ok(roles)
}

#[cfg(test)]
mod tests;
