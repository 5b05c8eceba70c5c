//! The certificate and the key of a listener, from files that may be replaced while it runs.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::TlsAcceptor;

/// Where a listener's certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// PEM: the listener's certificate, and behind it those that lead to the authority's.
    pub certificate: PathBuf,
    /// PEM: the key of the first certificate.
    pub key: PathBuf,
}

/// Why a listener cannot use its files.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The file with the certificates.
    #[error("{path}: {reason}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: FileError,
    },
    /// The file with the key.
    #[error("{path}: {reason}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: FileError,
    },
}

/// What is wrong with one file.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It has no such part, or a broken one.
    #[error(transparent)]
    Pem(#[from] pem::Error),
    /// The part makes no sense, or the key belongs to another certificate.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// The certificate that a listener shows now. Clones share it.
#[derive(Clone, Debug)]
pub struct Certificates {
    files: CertificateFiles,
    look_every: Duration,
    state: Arc<RwLock<State>>,
}

#[derive(Debug)]
struct State {
    config: Arc<ServerConfig>,
    /// Of the files that were read last, whether they could be used or not.
    stamps: [Option<Stamp>; 2],
}

/// What tells a file from the one that was there before.
type Stamp = (SystemTime, u64);

impl Certificates {
    /// How often the files are looked at: a new certificate is put in its place days before the old one ends.
    pub const LOOK_EVERY: Duration = Duration::from_secs(10);

    /// Reads the files, and looks from then on, as long as a server runs with them, whether they have changed.
    ///
    /// # Errors
    /// When the files cannot be used.
    pub fn read(files: CertificateFiles, look_every: Duration) -> Result<Self, CertificateError> {
        let stamps = files.stamps();
        let state = State { config: Arc::new(files.config()?), stamps };
        Ok(Self { files, look_every, state: Arc::new(RwLock::new(state)) })
    }

    /// Shows the certificate to whoever connects next.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&state.config).into()
    }

    /// Takes what the files have become, for ever. Connections that are open keep what they have.
    pub(super) async fn follow(self) {
        loop {
            tokio::time::sleep(self.look_every).await;
            let certificates = self.clone();
            // A disk may take its time.
            if let Err(error) = tokio::task::spawn_blocking(move || certificates.look()).await {
                tracing::error!(%error, "looking for a new certificate panicked");
            }
        }
    }

    fn look(&self) {
        let stamps = self.files.stamps();
        if self.state.read().unwrap_or_else(PoisonError::into_inner).stamps == stamps {
            return;
        }
        // One of the files may be there before the other: then they do not fit, and the next look finds both.
        let config = self.files.config();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.stamps = stamps;
        match config {
            Ok(config) => {
                state.config = Arc::new(config);
                tracing::info!(file = %self.files.certificate.display(), "took a new certificate");
            }
            Err(error) => tracing::error!(%error, "the new certificate cannot be used, keeping the old one"),
        }
    }
}

impl CertificateFiles {
    /// Before they are read: what is written meanwhile is seen at the next look.
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| {
            let file = path.metadata().ok()?;
            Some((file.modified().ok()?, file.len()))
        })
    }

    /// TLS 1.2 or newer, and by ALPN HTTP/2 or HTTP/1.1.
    fn config(&self) -> Result<ServerConfig, CertificateError> {
        let certificate_error = |reason| CertificateError::Certificate { path: self.certificate.clone(), reason };
        let key_error = |reason| CertificateError::Key { path: self.key.clone(), reason };
        let chain = chain(&self.certificate).map_err(certificate_error)?;
        let key = key(&self.key).map_err(key_error)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|error| certificate_error(error.into()))?;
        let config = builder.with_no_client_auth().with_single_cert(chain, key);
        let mut config = config.map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => certificate_error(error.into()),
            error => key_error(error.into()),
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let text = std::fs::read(path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>()?;
    if chain.is_empty() { Err(pem::Error::NoItemsFound.into()) } else { Ok(chain) }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
    Ok(PrivateKeyDer::from_pem_slice(&std::fs::read(path)?)?)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rstest::rstest;

    use super::*;

    fn self_signed() -> (String, String) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
        (cert.pem(), signing_key.serialize_pem())
    }

    #[rstest]
    #[case::nothing("", |key| key, "certificate.pem: no items found")]
    #[case::no_pem("-----BEGIN CERTIFICATE-----\n!\n", |key| key, "certificate.pem: ")]
    #[case::no_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", |key| key, "certificate.pem: ")]
    #[case::no_key("good", |_| String::new(), "key.pem: no items found")]
    #[case::another_key("good", |_| self_signed().1, "key.pem: keys may not be consistent")]
    fn what_cannot_be_used_is_named(#[case] certificate: &str, #[case] key: fn(String) -> String, #[case] error: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let (good, good_key) = self_signed();
        let files =
            CertificateFiles { certificate: folder.path().join("certificate.pem"), key: folder.path().join("key.pem") };
        std::fs::write(&files.certificate, if certificate == "good" { &good } else { certificate }).expect("a file");
        std::fs::write(&files.key, key(good_key)).expect("a file");
        let found = Certificates::read(files, Certificates::LOOK_EVERY).expect_err("they cannot be used").to_string();
        assert!(found.contains(error), "{found}");
    }
}
