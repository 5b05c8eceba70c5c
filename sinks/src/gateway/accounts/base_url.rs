//! Where a gateway is.

use std::{fmt, net::IpAddr};

use reqwest::Url;

/// An address that requests for money may go to, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(String);

impl BaseUrl {
    /// Reads an address, or says what would be one. An error never repeats the text: it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
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

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
