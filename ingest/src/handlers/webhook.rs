//! `POST /v1/gateway-accounts/{id}/webhook`: what a gateway tells of its own accord.
//!
//! Nobody is let in but by a signature under a secret of that account. What was told is in the log before the gateway hears that
//! it was taken in; a crash before that is a webhook that the gateway sends again, and one after it is a webhook that comes twice.
//! A notice that comes twice has the processor ask twice, which changes nothing.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use quittance_avro::{
    API_VERSION,
    ids::{GatewayAccountId, NoticeId, derive},
    records::{Actor, Envelope, GatewayAccount, GatewayNotice},
    seal::Binding,
    time::Timestamp,
    words::{ActorKind, NoticeTrouble},
};
use quittance_gateways::{NOTICE_BYTES_MAX, Notice, NoticeError, TOLERANCE_SECONDS, adapter, is_signed};
use serde_json::json;
use sha2::{Digest, Sha256};
use warp::http::{HeaderMap, StatusCode};

use super::{Answer, configure::opened_secrets, json, sealed, sealing_key, stores_down};
use crate::{
    app::App,
    body::{Chunks, read_body_of},
    problem::Problem,
    query::Query,
};

/// What the body of a notice is sealed for.
const BODY_PURPOSE: &str = "gateway_notice.body";

/// Takes a webhook in.
pub(crate) async fn webhook(
    app: &App,
    client: Option<IpAddr>,
    query: &Query,
    headers: &HeaderMap,
    id: &str,
    body: impl Chunks,
) -> Result<Answer, Problem> {
    query.none()?;
    let _share = app.parts.webhooks.take_of(client)?;
    // Whether there is such an account is not for strangers to know, so the body is read whatever is named.
    let body = read_body_of(headers, body, NOTICE_BYTES_MAX as u64).await?;
    let id: GatewayAccountId = id.parse().map_err(|_| Problem::Unauthorized)?;
    let account = app.parts.configurations.table()?.read().account(id).cloned();
    let account = account.filter(|account| account.value.webhook_secret_count > 0).ok_or(Problem::Unauthorized)?;
    let account = &account.value;
    let adapter = adapter(account.gateway);
    let signature = headers.get(adapter.signature_header()).and_then(|value| value.to_str().ok());
    let signature = signature.ok_or(Problem::Unauthorized)?;
    let secrets = opened_secrets(app, account).await?.webhook_secrets;
    let now = Timestamp::now();
    let is_right = |secret| is_signed(signature, &body, secret, now, TOLERANCE_SECONDS).is_ok();
    // While a secret is replaced there are two, and one of them will do.
    if !secrets.iter().any(is_right) {
        tracing::debug!(account = account.name, tenant = %account.envelope.tenant, "a webhook is not believed");
        return Err(Problem::Unauthorized);
    }
    let notice = notice(app, account, adapter.notice(&body), &body, now).await?;
    app.parts.commands.publish_notice(&notice).await?;
    json(StatusCode::OK, &json!({}))
}

/// The same with the payment that the gateway's name is of, if there is one: of disputes and refunds made in its dashboard a gateway
/// tells without our marks. While nobody can look, the gateway is to tell it again later.
async fn found(app: &App, account: &GatewayAccount, notice: Notice) -> Result<Notice, Problem> {
    let reads = &app.parts.reads;
    let known = reads.payment_at_gateway(&account.envelope, &account.name, &notice.gateway_reference).await;
    Ok(Notice { payment_id: known.map_err(|error| stores_down(&error))?, ..notice })
}

async fn notice(
    app: &App,
    account: &GatewayAccount,
    read: Result<Notice, NoticeError>,
    body: &[u8],
    now: Timestamp,
) -> Result<GatewayNotice, Problem> {
    let read = match read {
        Ok(notice) if notice.payment_id.is_none() => Ok(found(app, account, notice).await?),
        read => read,
    };
    let (read, unread) = match read {
        Ok(notice) if notice.payment_id.is_some() => (Some(notice), None),
        Ok(notice) => (Some(notice), Some(NoticeTrouble::NoPayment)),
        Err(NoticeError::NoPayment) => (None, Some(NoticeTrouble::NotAPayment)),
        Err(NoticeError::TooLarge | NoticeError::Malformed) => (None, Some(NoticeTrouble::Malformed)),
    };
    let told = read.as_ref().map_or_else(|| format!("{:x?}", Sha256::digest(body)), |notice| notice.id.clone());
    let id = NoticeId::new(derive(&["notice", &account.envelope.aggregate_id, &told]));
    let payment_id = read.as_ref().and_then(|notice| notice.payment_id);
    let envelope = Envelope {
        id: id.to_string(),
        aggregate_id: payment_id.map_or_else(|| id.to_string(), |id| id.to_string()),
        sequence: None,
        occurred_at: now,
        actor: Actor { kind: ActorKind::Gateway, subject: account.name.clone(), credential_id: None, sealed: None },
        cause: None,
        api_version: API_VERSION.to_owned(),
        ..account.envelope.clone()
    };
    let key = sealing_key(app, envelope.mode, &envelope.tenant).await?;
    let (mode, tenant) = (envelope.mode, &envelope.tenant);
    let binding = Binding { mode, tenant, aggregate_id: &envelope.aggregate_id, purpose: BODY_PURPOSE };
    let sealed = Some(sealed(&key, binding, &json!({ "body": STANDARD.encode(body) }))?);
    let (notice_id, kind, gateway_reference, attempt_id) = match read {
        Some(notice) => (Some(notice.id), Some(notice.kind), Some(notice.gateway_reference), notice.attempt_id),
        None => (None, None, None, None),
    };
    let gateway_account = account.name.clone();
    Ok(GatewayNotice { envelope, notice_id, kind, gateway_account, gateway_reference, attempt_id, unread, sealed })
}
