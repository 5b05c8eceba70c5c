//! What a tenant configures: its gateway accounts, how payments are routed to them, what they may amount to, and what they cost.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Envelope, Sealed};
use crate::{
    money::{Currency, MinorUnits},
    words::GatewayKind,
};

/// A tenant's account at a gateway. It never goes: payments refer to it for as long as they live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayAccount {
    /// Who, what, when and why of this record; `aggregate_id` is the account's id, `gwa_…`.
    pub envelope: Envelope,
    /// What payment methods and payments call it; 1 to 64 characters of a-z, 0-9, - and _.
    pub name: String,
    /// `simulator` or `stripe`.
    pub gateway: GatewayKind,
    /// Whether new payments may go there. What is there already can be captured, voided and refunded all the same.
    pub enabled: bool,
    /// `{"secret", "webhook_secrets"}`.
    pub sealed: Option<Sealed>,
    /// Whether `sealed` has a secret key.
    pub has_secret: bool,
    /// How many webhook secrets `sealed` has: two while one is replaced.
    pub webhook_secret_count: i32,
}

/// How a tenant's payments are routed: its rules, all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoutingRules {
    /// Who, what, when and why of this record; `aggregate_id` is that of the tenant's rules, `rou_…`.
    pub envelope: Envelope,
    /// In the order of their priorities.
    pub rules: Vec<RoutingRule>,
}

/// Which gateway accounts take the payments that meet its conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoutingRule {
    /// 1 to 64 characters of a-z, 0-9, - and _; unique among the rules.
    pub name: String,
    /// The rule of the lowest number that fits a payment decides.
    pub priority: i32,
    /// All of them have to be met.
    pub conditions: RoutingConditions,
    /// Where such payments go: at first to one with a weight, drawn by the weights; then to the others in this order.
    pub accounts: Vec<WeightedAccount>,
}

/// Which payments a rule is for. An empty list, or an amount that is absent, asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RoutingConditions {
    /// ISO 4217 alphabetic codes, e.g. `EUR`.
    pub currencies: Vec<Currency>,
    /// The least amount, in minor units of `currency` of the payment (ISO 4217 exponent), below 2^53.
    pub minimum_amount: Option<MinorUnits>,
    /// The largest amount, in minor units of `currency` of the payment (ISO 4217 exponent), below 2^53.
    pub maximum_amount: Option<MinorUnits>,
    /// Lower-case schemes, e.g. `visa`. A payment whose brand is not known meets no list.
    pub brands: Vec<String>,
    /// `credit`, `debit` or `prepaid`. A payment whose funding is not known meets no list.
    pub fundings: Vec<String>,
    /// Issuers' countries, ISO 3166-1 alpha-2. A payment whose country is not known meets no list.
    pub countries: Vec<String>,
    /// What the payment's metadata has to say.
    pub metadata: Vec<MetadataCondition>,
}

/// A member of the metadata with one of these values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MetadataCondition {
    /// Name of the member.
    pub key: String,
    /// Any of them will do.
    pub values: Vec<String>,
}

/// A gateway account with its share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WeightedAccount {
    /// Name of the gateway account.
    pub gateway_account: String,
    /// Its share of the payments, against those of the rule's other accounts; with 0 it is only failed over to.
    pub weight: i32,
}

/// What a tenant's payments may amount to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentLimits {
    /// Who, what, when and why of this record; `aggregate_id` is that of the tenant's limits, `lim_…`.
    pub envelope: Envelope,
    /// The currencies that are allowed; if there are none, every currency is, with every amount.
    pub currencies: Vec<CurrencyLimit>,
}

/// What a payment in one currency may amount to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CurrencyLimit {
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// The least amount, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub minimum_amount: Option<MinorUnits>,
    /// The largest amount, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub maximum_amount: Option<MinorUnits>,
}

/// What a tenant's merchants pay for payments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeeRules {
    /// Who, what, when and why of this record; `aggregate_id` is that of the tenant's fees, `fee_…`.
    pub envelope: Envelope,
    /// At most one for each currency; of a payment in another one nothing is taken.
    pub rules: Vec<FeeRule>,
}

/// What is paid for payments in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeeRule {
    /// ISO 4217 alphabetic code, e.g. `EUR`.
    pub currency: Currency,
    /// Share of each capture, in millionths: 14000 is 1.4 %. Rounded to the nearest minor unit, halves up.
    pub rate_ppm: i64,
    /// For each capture beside that share, in minor units of `currency` (ISO 4217 exponent), below 2^53.
    pub fixed_amount: MinorUnits,
    /// Whether the merchant gets the fee back in proportion to what is refunded.
    pub returned: bool,
}
