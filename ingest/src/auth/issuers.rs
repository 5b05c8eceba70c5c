//! The file of issuers: whose tokens are taken, where their keys are, and what each may name.

use std::{net::IpAddr, path::Path};

use quittance_avro::{tenant::Tenant, words::Mode};
use reqwest::Url;
use serde_json::Value;

use super::{key_source::KeySource, roles::Role};
use crate::{
    fields::{Fields, kind},
    json_value,
    problem::FieldError,
};

const NAME_CHARS_MAX: usize = 255;

/// What an issuer may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IssuerRules {
    /// What `iss` is.
    pub(super) name: String,
    /// What `aud` has to have.
    pub(super) audience: String,
    /// Tenants that it may name.
    pub(super) tenants: Tenants,
    /// Roles that it may name.
    pub(super) roles: Vec<Role>,
    /// Modes that it may name.
    pub(super) modes: Vec<Mode>,
    /// Whether its tokens have to say from when on they are valid.
    pub(super) not_before_required: bool,
}

/// Tenants that an issuer may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tenants {
    /// Every one, those that are not there yet included.
    All,
    /// These.
    Listed(Vec<Tenant>),
}

impl Tenants {
    /// Whether it is one of them.
    pub(super) fn includes(&self, tenant: &Tenant) -> bool {
        match self {
            Self::All => true,
            Self::Listed(tenants) => tenants.contains(tenant),
        }
    }
}

/// An issuer of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Issuer {
    /// What it may say.
    pub(super) rules: IssuerRules,
    /// Where its keys are.
    pub(super) source: KeySource,
}

/// Reads the file's text, or says everything that is wrong with it. `folder` is the file's, which files named in it are
/// looked for in.
pub(super) fn read(text: &[u8], folder: &Path) -> Result<Vec<Issuer>, String> {
    let value =
        json_value::read(text).map_err(|FieldError { field, message }| format!("must be JSON: {field} {message}"))?;
    let listed = match value {
        Value::Array(listed) if !listed.is_empty() => listed,
        Value::Array(_) => return Err("must be a list of at least one issuer".to_owned()),
        other => return Err(format!("must be a list of issuers, got {}", kind(&other))),
    };
    let mut errors = Vec::new();
    let mut issuers: Vec<Issuer> = Vec::new();
    for (at, value) in listed.into_iter().enumerate() {
        let path = format!("[{at}]");
        let Some(issuer) = issuer(&path, value, folder, &mut errors) else { continue };
        if issuers.iter().any(|other| other.rules.name == issuer.rules.name) {
            let message = "must be another one's name than that of an issuer before it".to_owned();
            errors.push(FieldError { field: format!("{path}.issuer"), message });
        }
        issuers.push(issuer);
    }
    if errors.is_empty() { Ok(issuers) } else { Err(told(&errors)) }
}

fn told(errors: &[FieldError]) -> String {
    let told: Vec<_> = errors.iter().map(|error| format!("{} {}", error.field, error.message)).collect();
    told.join("; ")
}

/// What is wrong with it goes to `errors`; if nothing is, there is an issuer.
fn issuer(path: &str, value: Value, folder: &Path, errors: &mut Vec<FieldError>) -> Option<Issuer> {
    let mut fields = Fields::new(path, value, errors)?;
    let name = text(&mut fields, "issuer");
    let audience = text(&mut fields, "audience");
    let source = source(&mut fields, folder);
    let tenants = tenants(&mut fields);
    let roles = fields.take("roles");
    let role_names = Role::ALL.map(Role::name);
    let roles = words(&mut fields, "roles", roles, &role_names, Role::from_name);
    let modes = match fields.take("modes") {
        None => Some(Mode::ALL.to_vec()),
        given => words(&mut fields, "modes", given, &["test", "live"], Mode::from_word),
    };
    let not_before_required = match fields.take("not_before").as_ref().map(Value::as_str) {
        None | Some(Some("required")) => Some(true),
        Some(Some("optional")) => Some(false),
        Some(_) => {
            fields.refuse("not_before", r#"must be "required" or "optional""#);
            None
        }
    };
    fields.end_with(
        "is not known here; there are issuer, audience, jwks_url or jwks_file, tenants, roles, modes and not_before",
    );
    let rules = IssuerRules {
        name: name?,
        audience: audience?,
        tenants: tenants?,
        roles: roles?,
        modes: modes?,
        not_before_required: not_before_required?,
    };
    Some(Issuer { rules, source: source? })
}

fn text(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    match fields.take(field) {
        Some(Value::String(name)) if (1..=NAME_CHARS_MAX).contains(&name.chars().count()) => Some(name),
        _ => {
            fields.refuse(field, format!("must be a string of 1 to {NAME_CHARS_MAX} characters"));
            None
        }
    }
}

fn source(fields: &mut Fields<'_>, folder: &Path) -> Option<KeySource> {
    match (fields.take("jwks_url"), fields.take("jwks_file")) {
        (Some(Value::String(url)), None) => match key_url(&url) {
            Ok(url) => Some(KeySource::Url(url)),
            Err(message) => {
                fields.refuse("jwks_url", format!("must be {message}"));
                None
            }
        },
        (None, Some(Value::String(file))) if !file.is_empty() => Some(KeySource::File(folder.join(file))),
        (Some(_), None) => {
            fields.refuse("jwks_url", "must be a string");
            None
        }
        (None, Some(_)) => {
            fields.refuse("jwks_file", "must be a string, the path of a file");
            None
        }
        (None, None) | (Some(_), Some(_)) => {
            fields.refuse("jwks_url", "must be there, or else jwks_file, and not both");
            None
        }
    }
}

/// An address that keys may come from, or what would be one. An error never repeats the text: it may hold a password.
fn key_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "an absolute URL, such as https://issuer.example/jwks.json")?;
    match url.scheme() {
        "https" => {}
        "http" if is_this_machine(&url) => {}
        "http" => return Err("https: http is for this machine only (127.0.0.1, [::1], localhost)"),
        _ => return Err("https, such as https://issuer.example/jwks.json"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("without user and password");
    }
    if url.fragment().is_some() { Err("without #") } else { Ok(url) }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn tenants(fields: &mut Fields<'_>) -> Option<Tenants> {
    const WANTED: &str =
        r#"must be "*" or a list of at least one tenant, each 1 to 64 characters of a-z, 0-9, - and _"#;
    let tenants = match fields.take("tenants") {
        Some(Value::String(all)) if all == "*" => Some(Tenants::All),
        Some(Value::Array(listed)) if !listed.is_empty() => {
            let tenants = listed.iter().map(|name| name.as_str()?.parse().ok()).collect::<Option<_>>();
            tenants.map(Tenants::Listed)
        }
        _ => None,
    };
    if tenants.is_none() {
        fields.refuse("tenants", WANTED);
    }
    tenants
}

/// A list of at least one of the words that there are.
fn words<T>(
    fields: &mut Fields<'_>,
    field: &str,
    given: Option<Value>,
    there_are: &[&str],
    parse: impl Fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let found = match given {
        Some(Value::Array(listed)) if !listed.is_empty() => {
            listed.iter().map(|word| word.as_str().and_then(&parse)).collect::<Option<_>>()
        }
        _ => None,
    };
    if found.is_none() {
        fields.refuse(field, format!("must be a list of at least one of {}", there_are.join(", ")));
    }
    found
}

#[cfg(test)]
mod tests;
