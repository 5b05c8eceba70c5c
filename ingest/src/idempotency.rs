//! Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same request is the same command.

use quittance_avro::{
    ids::{CommandId, PaymentId, PaymentMethodId, derive},
    tenant::Tenant,
    words::Mode,
};
use warp::http::HeaderMap;

use crate::{problem::Problem, text};

const CHARS_MAX: usize = 255;

/// The client's name for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header, which whatever asks for something must have once. The draft's quotes around the key may be there or not.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let refused = |message: String| Problem::malformed("Idempotency-Key", message);
        let mut values = headers.get_all("idempotency-key").iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(refused("is required, exactly once".to_owned()));
        };
        let text = value.to_str().unwrap_or_default().trim();
        let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        if key.is_empty() || key.len() > CHARS_MAX || !key.bytes().all(|b| (b' '..=b'~').contains(&b)) {
            return Err(refused(format!("must be 1 to {CHARS_MAX} printable ASCII characters")));
        }
        if let Some(message) = text::unwanted(key) {
            return Err(refused(message.to_owned()));
        }
        Ok(Self(key.to_owned()))
    }

    /// The key itself.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Id of the command that a request is. `operation` names the request, `target` the resource it is about.
    pub(crate) fn command_id(&self, mode: Mode, tenant: &Tenant, operation: &str, target: &str) -> CommandId {
        CommandId::new(derive(&["command", mode.as_str(), tenant.as_str(), operation, target, &self.0]))
    }

    /// Id of the payment that a creating request makes.
    pub(crate) fn payment_id(&self, mode: Mode, tenant: &Tenant, operation: &str) -> PaymentId {
        PaymentId::new(derive(&["payment", mode.as_str(), tenant.as_str(), operation, "", &self.0]))
    }

    /// Id of the payment method that a creating request saves.
    pub(crate) fn payment_method_id(&self, mode: Mode, tenant: &Tenant, operation: &str) -> PaymentMethodId {
        PaymentMethodId::new(derive(&["payment_method", mode.as_str(), tenant.as_str(), operation, "", &self.0]))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use warp::http::HeaderValue;

    use super::*;

    #[rstest]
    #[case(b"k-1", Some("k-1"))]
    #[case(b"\"k-1\"", Some("k-1"))]
    #[case(b"", None)]
    #[case(b"4242424242424242", None)]
    #[case(b"qk_live_0123456789abcdefABCD", None)]
    #[case(b"42424242-4242-4242-8242-424242424242", Some("42424242-4242-4242-8242-424242424242"))]
    #[case(b"\xc3\xa4", None)]
    fn keys(#[case] value: &[u8], #[case] key: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", HeaderValue::from_bytes(value).unwrap_or(HeaderValue::from_static("")));
        assert_eq!(IdempotencyKey::from_headers(&headers).ok().as_ref().map(IdempotencyKey::as_str), key);
    }

    #[test]
    fn one_is_required_and_two_are_too_many() {
        let mut headers = HeaderMap::new();
        assert!(IdempotencyKey::from_headers(&headers).is_err());
        headers.append("idempotency-key", HeaderValue::from_static("a"));
        headers.append("idempotency-key", HeaderValue::from_static("b"));
        assert!(IdempotencyKey::from_headers(&headers).is_err());
    }

    #[test]
    fn ids_differ_by_tenant_mode_and_key() -> Result<(), Box<dyn std::error::Error>> {
        let (a, b): (Tenant, Tenant) = ("a".parse()?, "b".parse()?);
        let key = IdempotencyKey("k".to_owned());
        let id = |mode, tenant| key.payment_id(mode, tenant, "payments.create");
        assert_eq!(id(Mode::Test, &a), id(Mode::Test, &a));
        assert_ne!(id(Mode::Test, &a), id(Mode::Test, &b));
        assert_ne!(id(Mode::Test, &a), id(Mode::Live, &a));
        let command = key.command_id(Mode::Test, &a, "payments.create", "");
        assert_ne!(command.uuid(), id(Mode::Test, &a).uuid());
        Ok(())
    }
}
