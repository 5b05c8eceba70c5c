//! Sealing text for the log, by the tenant's own key.

use quittance_avro::{
    records::Sealed,
    seal::{Binding, DataKey},
    tenant::Tenant,
    words::Mode,
};
use serde::Serialize;

use crate::{app::App, problem::Problem};

/// The key that a tenant's data is sealed with.
pub(super) async fn sealing_key(app: &App, mode: Mode, tenant: &Tenant) -> Result<DataKey, Problem> {
    let key = app.parts.commands.writer().while_reached(app.parts.keys.sealing_key(mode, tenant)).await?;
    key.map_err(|error| {
        tracing::error!(%error, "a tenant's data key is not to be had");
        Problem::Unavailable("the log")
    })
}

/// Text, as JSON, that opens only where it belongs.
pub(super) fn sealed(key: &DataKey, binding: Binding<'_>, text: &impl Serialize) -> Result<Sealed, Problem> {
    let plain = serde_json::to_vec(text).map_err(|error| Problem::internal("a text cannot be written", error))?;
    Ok(key.seal(binding, &plain))
}
