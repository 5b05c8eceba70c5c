//! What a tenant has one set of each: routing rules, limits and fees.

use quittance_avro::records::{CurrencyLimit, Envelope, FeeRule, FeeRules, PaymentLimits, RoutingRule, RoutingRules};
use quittance_tables::{Configured, TenantConfiguration, fee_rules_id, payment_limits_id, routing_rules_id};
use serde::Serialize;
use serde_json::Value;
use warp::http::StatusCode;

use super::{envelope, own};
use crate::{
    auth::Caller,
    body::Chunks,
    call::Call,
    configure::{FeesView, LimitsView, Parsed, RulesView, parse_fees, parse_limits, parse_rules},
    handlers::{Answer, command::read_json, json},
    problem::Problem,
};

/// A set that is read and replaced as a whole.
pub(crate) trait Set {
    /// What is in it.
    type Items;
    /// How it is shown.
    type View: Serialize;

    /// Reads a body.
    fn parse(body: Value) -> Parsed<Self::Items>;
    /// Its id, which is the key of its record.
    fn id(caller: &Caller) -> String;
    /// Its record.
    fn configured(envelope: Envelope, items: Self::Items) -> Configured;
    /// The one that a tenant has.
    fn view(own: &TenantConfiguration) -> Self::View;
}

/// `/v1/routing-rules`
pub(crate) struct Rules;
/// `/v1/limits`
pub(crate) struct Limits;
/// `/v1/fees`
pub(crate) struct Fees;

/// `GET`
pub(crate) async fn read_set<S: Set>(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    query.none()?;
    json(StatusCode::OK, &S::view(&own(app, caller)?))
}

/// `PUT`
pub(crate) async fn put_set<S: Set>(call: &Call<'_>, body: impl Chunks) -> Result<Answer, Problem> {
    let Call { app, caller, query, headers, .. } = *call;
    query.none()?;
    let items = S::parse(read_json(headers, body, false).await?).map_err(Problem::Invalid)?;
    let configured = S::configured(envelope(call, S::id(caller)).await?, items);
    app.parts.configurations.write(&configured).await?;
    json(StatusCode::OK, &S::view(&own(app, caller)?))
}

impl Set for Rules {
    type Items = Vec<RoutingRule>;
    type View = RulesView;

    fn parse(body: Value) -> Parsed<Self::Items> {
        parse_rules(body)
    }

    fn id(caller: &Caller) -> String {
        routing_rules_id(caller.mode, &caller.tenant).to_string()
    }

    fn configured(envelope: Envelope, rules: Self::Items) -> Configured {
        Configured::Rules(RoutingRules { envelope, rules })
    }

    fn view(own: &TenantConfiguration) -> Self::View {
        RulesView::of(own.rules.as_deref())
    }
}

impl Set for Limits {
    type Items = Vec<CurrencyLimit>;
    type View = LimitsView;

    fn parse(body: Value) -> Parsed<Self::Items> {
        parse_limits(body)
    }

    fn id(caller: &Caller) -> String {
        payment_limits_id(caller.mode, &caller.tenant).to_string()
    }

    fn configured(envelope: Envelope, currencies: Self::Items) -> Configured {
        Configured::Limits(PaymentLimits { envelope, currencies })
    }

    fn view(own: &TenantConfiguration) -> Self::View {
        LimitsView::of(own.limits.as_deref())
    }
}

impl Set for Fees {
    type Items = Vec<FeeRule>;
    type View = FeesView;

    fn parse(body: Value) -> Parsed<Self::Items> {
        parse_fees(body)
    }

    fn id(caller: &Caller) -> String {
        fee_rules_id(caller.mode, &caller.tenant).to_string()
    }

    fn configured(envelope: Envelope, rules: Self::Items) -> Configured {
        Configured::Fees(FeeRules { envelope, rules })
    }

    fn view(own: &TenantConfiguration) -> Self::View {
        FeesView::of(own.fees.as_deref())
    }
}
