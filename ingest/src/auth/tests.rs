//! Tokens of every kind against a real [`super::Authenticator`].

mod attacks;
mod credentials;
mod good;
pub(super) mod issuer;
pub(super) mod signer;
mod world;

pub(super) use self::{issuer::Issuer, signer::Signer};
