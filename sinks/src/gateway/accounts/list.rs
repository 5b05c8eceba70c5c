//! The list of gateway accounts as it is configured: `name=url` for the simulator, `name=stripe+url` for another gateway.

use std::{collections::BTreeMap, fmt, str::FromStr};

use quittance_avro::words::GatewayKind;

use super::BaseUrl;

/// Gateway accounts by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayAccounts(BTreeMap<String, (GatewayKind, BaseUrl)>);

/// Why a text is not a list of gateway accounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// An entry, counted from 1, has no `=`.
    #[error(
        "entry {0} must be `name=url`, such as simulator=http://127.0.0.1:8090, or `name=gateway+url`, such as \
         main=stripe+https://api.stripe.com"
    )]
    NotAPair(usize),
    /// A name with characters that a label or a key could not hold.
    #[error("the account name {0:?} must be 1 to 64 characters of a-z, 0-9, - and _")]
    Name(String),
    /// Two entries of one name.
    #[error("the account {0} is listed twice; each name must be listed once")]
    Twice(String),
    /// There is no adapter for the gateway that stands before the `+`.
    #[error("the gateway of account {0} must be one of {known}", known = known())]
    Gateway(String),
    /// What follows the name is no address of a gateway.
    #[error("the URL of account {account} must be {wanted}")]
    Url {
        /// Name of the account.
        account: String,
        /// What would be right.
        wanted: &'static str,
    },
}

pub(super) fn known() -> String {
    GatewayKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

impl GatewayAccounts {
    /// Name and gateway of each account: what the payment rules need to know of them.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, GatewayKind)> {
        self.iter().map(|(name, kind, _)| (name, kind))
    }

    /// Which gateway the account of that name is at, and where.
    pub(super) fn get(&self, name: &str) -> Option<&(GatewayKind, BaseUrl)> {
        self.0.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, GatewayKind, &BaseUrl)> {
        self.0.iter().map(|(name, (kind, base))| (name.as_str(), *kind, base))
    }
}

impl FromStr for GatewayAccounts {
    type Err = AccountsError;

    fn from_str(text: &str) -> Result<Self, AccountsError> {
        let mut accounts = BTreeMap::new();
        for (index, entry) in text.split(',').enumerate() {
            let (name, address) = entry.trim().split_once('=').ok_or(AccountsError::NotAPair(index + 1))?;
            let name = parse_name(name)?;
            let (kind, url) = gateway(address).ok_or_else(|| AccountsError::Gateway(name.clone()))?;
            let base = BaseUrl::parse(url).map_err(|wanted| AccountsError::Url { account: name.clone(), wanted })?;
            if accounts.insert(name.clone(), (kind, base)).is_some() {
                return Err(AccountsError::Twice(name));
            }
        }
        Ok(Self(accounts))
    }
}

/// A name that labels, keys and both lists can hold.
pub(super) fn parse_name(name: &str) -> Result<String, AccountsError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(name.to_owned())
    } else {
        Err(AccountsError::Name(name.to_owned()))
    }
}

/// The gateway that is named before the URL, and the URL. A `+` further on belongs to the URL.
fn gateway(address: &str) -> Option<(GatewayKind, &str)> {
    let scheme = address.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme.split_once('+') {
        Some((kind, _)) => Some((GatewayKind::from_word(kind)?, &address[kind.len() + 1..])),
        None => Some((GatewayKind::Simulator, address)),
    }
}

/// The list as it is written.
impl fmt::Display for GatewayAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, kind, base)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match kind {
                GatewayKind::Simulator => write!(f, "{comma}{name}={base}")?,
                GatewayKind::Stripe => write!(f, "{comma}{name}={kind}+{base}")?,
            }
        }
        Ok(())
    }
}
