//! Where the gateways are at which tenants have accounts of their own, as it is configured: `gateway=url` with commas between.
//! A tenant names a gateway, never an address: it is not for tenants to say which machines this process calls.

use std::{collections::BTreeMap, fmt, str::FromStr};

use quittance_avro::words::GatewayKind;

use super::BaseUrl;

/// Addresses by gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayUrls(BTreeMap<GatewayKind, BaseUrl>);

/// Why a text is not a list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlsError {
    /// An entry, counted from 1, is no gateway with an address.
    #[error("entry {0} must be `gateway=url` with one of the gateways {known}", known = super::list::known())]
    NotAPair(usize),
    /// Two entries of one gateway.
    #[error("the gateway {0} is listed twice; each must be listed once")]
    Twice(GatewayKind),
    /// What follows the gateway is no address of one.
    #[error("the URL of gateway {gateway} must be {wanted}")]
    Url {
        /// Which gateway.
        gateway: GatewayKind,
        /// What would be right.
        wanted: &'static str,
    },
}

impl GatewayUrls {
    /// Where a gateway is, if tenants may have accounts there.
    pub(super) fn get(&self, kind: GatewayKind) -> Option<&BaseUrl> {
        self.0.get(&kind)
    }
}

impl FromStr for GatewayUrls {
    type Err = UrlsError;

    fn from_str(text: &str) -> Result<Self, UrlsError> {
        let mut urls = BTreeMap::new();
        for (index, entry) in text.split(',').enumerate() {
            let pair = entry.trim().split_once('=');
            let pair = pair.and_then(|(kind, url)| Some((GatewayKind::from_word(kind)?, url)));
            let (gateway, url) = pair.ok_or(UrlsError::NotAPair(index + 1))?;
            let base = BaseUrl::parse(url).map_err(|wanted| UrlsError::Url { gateway, wanted })?;
            if urls.insert(gateway, base).is_some() {
                return Err(UrlsError::Twice(gateway));
            }
        }
        Ok(Self(urls))
    }
}

/// The list as it is written.
impl fmt::Display for GatewayUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (gateway, base)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{gateway}={base}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn goes_round() {
        let text = "simulator=http://127.0.0.1:8090,stripe=https://api.stripe.com";
        assert_eq!(text.parse::<GatewayUrls>().map(|urls| urls.to_string()), Ok(text.to_owned()));
    }

    #[rstest]
    #[case("", UrlsError::NotAPair(1))]
    #[case("stripe", UrlsError::NotAPair(1))]
    #[case("stripe=https://a.example,adyen=https://b.example", UrlsError::NotAPair(2))]
    #[case("stripe=https://a.example,stripe=https://b.example", UrlsError::Twice(GatewayKind::Stripe))]
    fn refuses(#[case] text: &str, #[case] error: UrlsError) {
        assert_eq!(text.parse::<GatewayUrls>(), Err(error));
    }

    #[test]
    fn a_gateway_elsewhere_needs_https() {
        let error = "stripe=http://api.stripe.com".parse::<GatewayUrls>().expect_err("a bad address");
        assert!(error.to_string().starts_with("the URL of gateway stripe must be https"), "{error}");
    }
}
