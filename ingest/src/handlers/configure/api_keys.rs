//! `/v1/api-keys…`: the keys by which a tenant's servers are let in.

use quittance_avro::{ids::ApiKeyId, records::ApiKey, time::Timestamp};
use quittance_tables::api_key_id;
use warp::http::StatusCode;

use super::{All, envelope};
use crate::{
    api_keys::is_good,
    auth::ApiSecret,
    body::Chunks,
    call::Call,
    configure::{ApiKeyRequest, ApiKeyView},
    handlers::{
        Answer,
        command::{read_json, told_again},
        json, sealing_key,
    },
    idempotency::IdempotencyKey,
    problem::{FieldError, Problem},
};

/// How many keys a tenant may have in a mode that let somebody in, and how many in all: every ingest holds all of them.
const GOOD_MAX: usize = 100;
const ALL_MAX: usize = 1_000;

/// `POST /v1/api-keys`. A key is made once: the same request again shows it without the key itself.
pub(crate) async fn create_api_key(call: &Call<'_>, body: impl Chunks) -> Result<Answer, Problem> {
    let Call { app, caller, query, headers, .. } = *call;
    query.none()?;
    let idempotency_key = IdempotencyKey::from_headers(headers)?;
    let request = ApiKeyRequest::parse(read_json(headers, body, false).await?).map_err(Problem::Invalid)?;
    let roles: Vec<String> = request.roles.iter().map(|role| role.name().to_owned()).collect();
    let id = api_key_id(caller.mode, &caller.tenant, idempotency_key.as_str());
    let now = Timestamp::now();
    {
        let table = app.parts.api_keys.latest().await?.read();
        if let Some(key) = table.one(caller.mode, &caller.tenant, id) {
            let is_same = key.name == request.name && key.roles == roles && key.days == request.days;
            let view = ApiKeyView::of(key, table.used_at(&key.envelope.aggregate_id), now);
            return if is_same { told_again(json(StatusCode::CREATED, &view)) } else { Err(Problem::KeyReused) };
        }
        let all = table.of(caller.mode, &caller.tenant);
        if all.clone().count() >= ALL_MAX || all.filter(|key| is_good(key, now)).count() >= GOOD_MAX {
            let message =
                format!("must not be that of one more: there are at most {GOOD_MAX} active API keys, {ALL_MAX} in all");
            return Err(Problem::Invalid(vec![FieldError { field: "name".to_owned(), message }]));
        }
    }
    let secret = ApiSecret::derive(&sealing_key(app, caller.mode, &caller.tenant).await?, caller.mode, id);
    let key = ApiKey {
        envelope: envelope(call, id.to_string()).await?,
        expires_at: request.expires_at(now),
        name: request.name,
        roles,
        digest: secret.digest(),
        ending: secret.ending().to_owned(),
        days: request.days,
        created_at: now,
        created_by: caller.subject.clone(),
        revoked_at: None,
    };
    app.parts.api_keys.write(key.clone()).await?;
    json(StatusCode::CREATED, &ApiKeyView::of(&key, None, now).with_key(secret.expose()))
}

/// `GET /v1/api-keys`, the ended ones too
pub(crate) async fn read_api_keys(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    query.none()?;
    let (table, now) = (app.parts.api_keys.known()?.read(), Timestamp::now());
    let keys = table.of(caller.mode, &caller.tenant);
    let mut data: Vec<_> =
        keys.map(|key| (key.created_at, ApiKeyView::of(key, table.used_at(&key.envelope.aggregate_id), now))).collect();
    data.sort_by_key(|(created_at, _)| std::cmp::Reverse(*created_at));
    json(StatusCode::OK, &All { data: data.into_iter().map(|(_, view)| view).collect() })
}

/// `GET /v1/api-keys/{id}`
pub(crate) async fn read_api_key(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    query.none()?;
    let id: ApiKeyId = id.parse().map_err(|_| Problem::NotFound)?;
    let table = app.parts.api_keys.known()?.read();
    let key = table.one(caller.mode, &caller.tenant, id).ok_or(Problem::NotFound)?;
    json(StatusCode::OK, &ApiKeyView::of(key, table.used_at(&key.envelope.aggregate_id), Timestamp::now()))
}

/// `DELETE /v1/api-keys/{id}`: from then on it lets nobody in here, and nowhere else a moment later. One that has been revoked stays
/// as it is.
pub(crate) async fn revoke_api_key(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id, .. } = *call;
    query.none()?;
    let id: ApiKeyId = id.parse().map_err(|_| Problem::NotFound)?;
    let (key, used_at) = {
        let table = app.parts.api_keys.latest().await?.read();
        let key = table.one(caller.mode, &caller.tenant, id).ok_or(Problem::NotFound)?;
        (ApiKey::clone(key), table.used_at(&key.envelope.aggregate_id))
    };
    let now = Timestamp::now();
    if key.revoked_at.is_some() {
        return json(StatusCode::OK, &ApiKeyView::of(&key, used_at, now));
    }
    let revoked = ApiKey { envelope: envelope(call, id.to_string()).await?, revoked_at: Some(now), ..key };
    app.parts.api_keys.write(revoked.clone()).await?;
    json(StatusCode::OK, &ApiKeyView::of(&revoked, used_at, now))
}
