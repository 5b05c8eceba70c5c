//! What tenants configure: gateway accounts ([`accounts`]), and what there is one set of each: routing rules, limits and fees
//! ([`sets`]). All of it is written whole, and of two changes the later one holds, so that a request that is sent again changes
//! nothing. API keys ([`api_keys`]) are made, under an Idempotency-Key, and revoked.

mod accounts;
mod api_keys;
mod sets;

use quittance_avro::records::Envelope;
use quittance_tables::TenantConfiguration;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

pub(super) use self::accounts::opened_secrets;
pub(crate) use self::{
    accounts::{put_gateway_account, read_gateway_account, read_gateway_accounts},
    api_keys::{create_api_key, read_api_key, read_api_keys, revoke_api_key},
    sets::{Fees, Limits, Rules, put_set, read_set},
};
use crate::{app::App, auth::Caller, call::Call, problem::Problem};

/// An answer with all there is of something.
#[derive(Serialize, ToSchema)]
pub(crate) struct All<T> {
    data: Vec<T>,
}

/// What the caller's tenant configured.
fn own(app: &App, caller: &Caller) -> Result<TenantConfiguration, Problem> {
    let table = app.parts.configurations.table()?.read();
    Ok(table.of(caller.mode, &caller.tenant).cloned().unwrap_or_default())
}

/// The envelope of a change.
async fn envelope(call: &Call<'_>, aggregate_id: String) -> Result<Envelope, Problem> {
    call.envelope(format!("cfg_{}", Uuid::now_v7().as_simple()), aggregate_id).await
}
