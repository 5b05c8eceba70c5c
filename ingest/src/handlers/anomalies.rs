//! `GET /v1/gateway-anomalies`: what gateways told that fits nothing we know.

use serde::Serialize;
use serde_json::Value;
use warp::http::StatusCode;

use super::{Answer, json, stores_down};
use crate::{call::Call, ledger_view::Page, problem::Problem, reads::Anomaly};

/// How many are told at once, unless the client says.
const LIMIT: i64 = 25;

/// An anomaly as it is shown. Its body is not: it is kept sealed in the log.
#[derive(Serialize)]
struct AnomalyView {
    id: String,
    reason: String,
    gateway_account: String,
    notice_id: Value,
    kind: Value,
    gateway_reference: Value,
    attempt_id: Value,
    payment_id: Option<String>,
    occurred_at: String,
}

/// Tells them, the latest first.
pub(crate) async fn read_anomalies(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    let (limit, before) = query.page(LIMIT, Anomaly::place)?;
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
