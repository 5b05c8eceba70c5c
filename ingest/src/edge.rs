//! Settings of the way in: TLS, and the proxies before it.

use std::{net::IpAddr, path::PathBuf};

use clap::{ValueEnum, builder::PossibleValue};
use ipnet::IpNet;
use quittance_service::http::{
    CertificateError, CertificateFiles, Certificates, ForwardedHeader, HttpLimits, HttpSettings, Proxies,
};

/// Settings of the way in.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "HTTP")]
pub struct EdgeArgs {
    /// File with the certificate (PEM) and those that lead to the authority's: TLS is spoken with it, and it is read
    /// again when it changes
    #[arg(long, env = "QUITTANCE_TLS_CERTIFICATE_FILE", requires = "tls_key_file")]
    pub tls_certificate_file: Option<PathBuf>,
    /// File with the certificate's key (PEM)
    #[arg(long, env = "QUITTANCE_TLS_KEY_FILE", requires = "tls_certificate_file")]
    pub tls_key_file: Option<PathBuf>,
    /// Networks of the proxies that are believed whom they speak for, such as `10.1.0.0/16,fd00::/8`
    #[arg(long, env = "QUITTANCE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// Whether trusted proxies begin each connection with a header of the PROXY protocol; others cannot connect then
    #[arg(long, env = "QUITTANCE_PROXY_PROTOCOL", default_value_t = false, action = clap::ArgAction::Set)]
    pub proxy_protocol: bool,
    /// Header in which trusted proxies add whom they speak for
    #[arg(long, env = "QUITTANCE_FORWARDED_HEADER", value_enum, default_value_t)]
    pub forwarded_header: HeaderName,
}

/// The header that is believed.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeaderName(pub ForwardedHeader);

impl ValueEnum for HeaderName {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self(ForwardedHeader::XForwardedFor), Self(ForwardedHeader::Forwarded)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self.0 {
            ForwardedHeader::XForwardedFor => "x-forwarded-for",
            ForwardedHeader::Forwarded => "forwarded",
        }))
    }
}

/// A way in that would let in nobody.
#[derive(Debug, thiserror::Error)]
pub enum EdgeSettingsError {
    /// The certificate cannot be used.
    #[error("QUITTANCE_TLS_CERTIFICATE_FILE {0}")]
    Certificate(CertificateError),
    /// The key cannot be used.
    #[error("QUITTANCE_TLS_KEY_FILE {0}")]
    Key(CertificateError),
    /// The PROXY protocol is for proxies.
    #[error("QUITTANCE_PROXY_PROTOCOL lets in trusted proxies only, and QUITTANCE_TRUSTED_PROXIES names none")]
    NoProxies,
}

impl EdgeArgs {
    /// What the HTTP server is told.
    ///
    /// # Errors
    /// When nobody could come in.
    pub fn settings(&self, limits: HttpLimits) -> Result<HttpSettings, EdgeSettingsError> {
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            return Err(EdgeSettingsError::NoProxies);
        }
        let proxies = Proxies {
            trusted: self.trusted_proxies.clone(),
            proxy_protocol: self.proxy_protocol,
            header: self.forwarded_header.0,
        };
        let files = self.tls_certificate_file.clone().zip(self.tls_key_file.clone());
        let files = files.map(|(certificate, key)| CertificateFiles { certificate, key });
        let certificates = files.map(|files| Certificates::read(files, Certificates::LOOK_EVERY)).transpose();
        let certificates = certificates.map_err(|error| match error {
            CertificateError::Certificate { .. } => EdgeSettingsError::Certificate(error),
            CertificateError::Key { .. } => EdgeSettingsError::Key(error),
        })?;
        Ok(HttpSettings { limits, certificates, proxies })
    }
}

/// A network, or an address, which is the network of one.
fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
    let wanted = "must be networks or addresses, separated by commas, such as 10.1.0.0/16,fd00::/8";
    text.parse().ok().or_else(|| address().ok()).ok_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10.1.0.0/16", Some("10.1.0.0/16"))]
    #[case("fd00::/8", Some("fd00::/8"))]
    #[case("10.1.2.3", Some("10.1.2.3/32"))]
    #[case("::ffff:10.1.2.3", Some("10.1.2.3/32"))]
    #[case("10.1.0.0/33", None)]
    #[case("proxy.example", None)]
    #[case("", None)]
    fn networks(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(network(text).ok().map(|network| network.to_string()).as_deref(), expected);
    }

    #[rstest]
    #[case::good("certificate", "key", None)]
    #[case::no_certificate("key", "key", Some("QUITTANCE_TLS_CERTIFICATE_FILE "))]
    #[case::no_key("certificate", "certificate", Some("QUITTANCE_TLS_KEY_FILE "))]
    #[case::no_certificate_file("missing", "key", Some("QUITTANCE_TLS_CERTIFICATE_FILE "))]
    #[case::no_key_file("certificate", "missing", Some("QUITTANCE_TLS_KEY_FILE "))]
    fn a_file_that_cannot_be_used_is_told_by_its_variable(
        #[case] certificate: &str,
        #[case] key: &str,
        #[case] named: Option<&str>,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        std::fs::write(folder.path().join("certificate"), made.cert.pem()).expect("a file");
        std::fs::write(folder.path().join("key"), made.signing_key.serialize_pem()).expect("a file");
        let args = EdgeArgs {
            tls_certificate_file: Some(folder.path().join(certificate)),
            tls_key_file: Some(folder.path().join(key)),
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            forwarded_header: HeaderName::default(),
        };
        let error = args.settings(HttpLimits::default()).err().map(|error| error.to_string());
        match (&error, named) {
            (None, None) => {}
            (Some(error), Some(named)) => assert!(error.starts_with(named), "{error}"),
            (_, named) => panic!("{error:?} is not {named:?}"),
        }
    }
}
