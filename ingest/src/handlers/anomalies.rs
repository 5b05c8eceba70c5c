//! `GET /v1/gateway-anomalies`: what gateways told that fits nothing we know.

use quittance_avro::{
    ids::{NoticeId, PaymentId},
    words::NoticeTrouble,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use warp::http::StatusCode;

use super::{Answer, json, stores_down};
use crate::{call::Call, ledger_view::Page, problem::Problem, reads::Anomaly};

/// An anomaly as it is shown. Its body is not: it is kept sealed in the log.
#[derive(Serialize, ToSchema)]
#[schema(as = GatewayAnomaly)]
pub(crate) struct AnomalyView {
    #[schema(value_type = NoticeId)]
    id: String,
    #[schema(value_type = NoticeTrouble)]
    reason: String,
    /// Name of the gateway account that told it.
    gateway_account: String,
    /// The gateway's own id of what it told.
    #[schema(value_type = Option<String>)]
    notice_id: Value,
    /// The gateway's word for what it told.
    #[schema(value_type = Option<String>)]
    kind: Value,
    /// The gateway's name of what it is about.
    #[schema(value_type = Option<String>)]
    gateway_reference: Value,
    /// The attempt that it names, if it names one.
    #[schema(value_type = Option<String>)]
    attempt_id: Value,
    /// The payment that it names, if it names one.
    #[schema(value_type = Option<PaymentId>)]
    payment_id: Option<String>,
    #[schema(format = DateTime)]
    occurred_at: String,
}

/// Tells them, the latest first.
pub(crate) async fn read_anomalies(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    let (limit, before) = query.page(Anomaly::place)?;
    let found = app.parts.reads.anomalies(caller, before.as_ref(), limit + 1).await;
    let found = found.map_err(|error| stores_down(&error))?;
    let limit = usize::try_from(limit).unwrap_or(0);
    json(StatusCode::OK, &Page::of(found, limit, Anomaly::cursor, view))
}

fn view(anomaly: Anomaly) -> AnomalyView {
    let field = |name: &str| anomaly.data.get(name).cloned().unwrap_or(Value::Null);
    let about = anomaly.data.pointer("/envelope/aggregate_id").and_then(Value::as_str);
    AnomalyView {
        notice_id: field("notice_id"),
        kind: field("kind"),
        gateway_reference: field("gateway_reference"),
        attempt_id: field("attempt_id"),
        payment_id: about.filter(|id| *id != anomaly.id).map(str::to_owned),
        occurred_at: anomaly.occurred_at(),
        id: anomaly.id,
        reason: anomaly.reason,
        gateway_account: anomaly.gateway_account,
    }
}
