//! The one implementation of TLS that Rust clients of this process use.

/// Makes aws-lc-rs the process's provider of cryptography. Clients that ask rustls for its default would panic if two
/// providers were compiled in and none was chosen. Calls after the first change nothing.
pub fn install_provider() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
