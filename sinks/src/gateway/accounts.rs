//! The gateway accounts that this process can call, and where each is.

use std::{collections::BTreeMap, fmt, net::IpAddr, str::FromStr};

use reqwest::Url;

/// Gateway accounts by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayAccounts(BTreeMap<String, BaseUrl>);

/// Where a gateway is: an address that requests for money may go to, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

/// Why a text is not a list of gateway accounts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// An entry, counted from 1, has no `=`.
    #[error("entry {0} must be `name=url`, such as simulator=http://127.0.0.1:8090")]
    NotAPair(usize),
    /// A name with characters that a label or a key could not hold.
    #[error("the account name {0:?} must be 1 to 64 characters of a-z, 0-9, - and _")]
    Name(String),
    /// Two entries of one name.
    #[error("the account {0} is listed twice; each name must be listed once")]
    Twice(String),
    /// What follows the name is no address of a gateway.
    #[error("the URL of account {account} must be {wanted}")]
    Url {
        /// Name of the account.
        account: String,
        /// What would be right.
        wanted: &'static str,
    },
}

impl GatewayAccounts {
    /// Where the account of that name is.
    pub(crate) fn get(&self, name: &str) -> Option<&BaseUrl> {
        self.0.get(name)
    }
}

impl FromStr for GatewayAccounts {
    type Err = AccountsError;

    fn from_str(text: &str) -> Result<Self, AccountsError> {
        let mut accounts = BTreeMap::new();
        for (index, entry) in text.split(',').enumerate() {
            let (name, url) = entry.trim().split_once('=').ok_or(AccountsError::NotAPair(index + 1))?;
            let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
            if !(1..=64).contains(&name.len()) || !name.bytes().all(allowed) {
                return Err(AccountsError::Name(name.to_owned()));
            }
            let url = BaseUrl::parse(url).map_err(|wanted| AccountsError::Url { account: name.to_owned(), wanted })?;
            if accounts.insert(name.to_owned(), url).is_some() {
                return Err(AccountsError::Twice(name.to_owned()));
            }
        }
        Ok(Self(accounts))
    }
}

/// The list as it is written.
impl fmt::Display for GatewayAccounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, url)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}={}", url.0)?;
        }
        Ok(())
    }
}

impl BaseUrl {
    /// Reads an address, or says what would be one. An error never repeats the text: it may hold a password.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "absolute, such as https://gateway.example/api")?;
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&url) => {}
            "http" => {
                return Err("https: without encryption only this machine (127.0.0.1, [::1], localhost) is called");
            }
            _ => return Err("https, such as https://gateway.example/api"),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("without user and password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("without ? and #");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The address of `target`, which begins with a slash.
    pub(crate) fn at(&self, target: &str) -> String {
        format!("{}{target}", self.0)
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("simulator=http://127.0.0.1:8090", "simulator=http://127.0.0.1:8090")]
    #[case::several("b=https://b.example/v2/, a=http://localhost", "a=http://localhost,b=https://b.example/v2")]
    #[case::ipv6("a=http://[::1]:80", "a=http://[::1]")]
    #[case::equals_sign_in_the_path("a=https://x.example/k=v", "a=https://x.example/k=v")]
    fn accepts(#[case] text: &str, #[case] normal: &str) {
        let accounts: GatewayAccounts = text.parse().expect("good accounts");
        assert_eq!(accounts.to_string(), normal);
        assert_eq!(normal.parse(), Ok(accounts));
    }

    #[rstest]
    #[case::empty("", "entry 1 must be `name=url`")]
    #[case::no_name("http://127.0.0.1:8090", "entry 1 must be `name=url`")]
    #[case::trailing_comma("a=https://x.example,", "entry 2 must be `name=url`")]
    #[case::bad_name("Acme Inc=https://x.example", "\"Acme Inc\" must be 1 to 64 characters")]
    #[case::empty_name("=https://x.example", "\"\" must be 1 to 64 characters")]
    #[case::twice("a=https://x.example,a=https://y.example", "a is listed twice")]
    #[case::relative("a=x.example", "account a must be absolute")]
    #[case::no_host("a=https://", "account a must be absolute")]
    #[case::other_scheme("a=ftp://x.example", "account a must be https")]
    #[case::plain_text_over_a_network("a=http://x.example", "only this machine")]
    #[case::private_is_not_this_machine("a=http://10.0.0.1", "only this machine")]
    #[case::looks_like_this_machine("a=http://127.0.0.1.example", "only this machine")]
    #[case::password("a=https://u:hunter2@x.example", "without user and password")]
    #[case::query("a=https://x.example/?a=1", "without ? and #")]
    fn refuses(#[case] text: &str, #[case] complaint: &str) {
        let error = text.parse::<GatewayAccounts>().expect_err("bad accounts").to_string();
        assert!(error.contains(complaint), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
