//! How a payment is paid.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How it is paid. Facts about the card are as reported; no card number anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentMethod {
    /// `card`.
    pub kind: String,
    /// One token for each gateway account that may be used.
    pub tokens: Vec<GatewayToken>,
    /// Same for the same card, as the gateway reports it.
    pub fingerprint: Option<String>,
    /// Lower-case scheme, e.g. `visa`.
    pub brand: Option<String>,
    /// `credit`, `debit` or `prepaid`.
    pub funding: Option<String>,
    /// Issuer's country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Issuer identification number, 6 to 8 digits.
    pub iin: Option<String>,
    /// Last four digits.
    pub last4: Option<String>,
    /// 1 to 12.
    pub exp_month: Option<i32>,
    /// Four digits.
    pub exp_year: Option<i32>,
    /// e.g. `apple_pay`.
    pub wallet: Option<String>,
}

impl PaymentMethod {
    /// A method of which nothing is known but its tokens.
    pub fn of_tokens(kind: String, tokens: Vec<GatewayToken>) -> Self {
        Self {
            kind,
            tokens,
            fingerprint: None,
            brand: None,
            funding: None,
            country: None,
            iin: None,
            last4: None,
            exp_month: None,
            exp_year: None,
            wallet: None,
        }
    }
}

/// A payment method as one gateway account knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct GatewayToken {
    /// Name of the gateway account.
    pub gateway_account: String,
    /// The gateway's token; never a card number.
    pub token: String,
}

/// A member of a payment's metadata that routing rules ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataPair {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Result of a 3-D Secure authentication.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreeDSecure {
    /// Protocol version, e.g. `2.2.0`.
    pub version: Option<String>,
    /// Electronic commerce indicator, two digits.
    pub eci: Option<String>,
    /// The directory server's transaction id.
    pub ds_transaction_id: Option<String>,
    /// `issuer` or `merchant`.
    pub liability: Option<String>,
    /// Exemption asked for, e.g. `low_value`.
    pub exemption: Option<String>,
}
