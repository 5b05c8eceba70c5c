//! Who asked, as the log keeps it: with every command and every change of the configuration, and with the events that come of them.

use std::net::IpAddr;

use quittance_avro::{
    API_VERSION,
    records::{Actor, Envelope, Sealed},
    seal::Binding,
    tenant::Tenant,
    time::Timestamp,
    words::Mode,
};
use serde::{Deserialize, Serialize};

use super::{sealed, sealing_key};
use crate::{app::App, auth::Caller, call::Call, problem::Problem, reads::HistoryEvent};

/// What the address of who asked is sealed for: it is personal data.
const PURPOSE: &str = "actor.address";

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Address {
    address: IpAddr,
}

impl Call<'_> {
    /// The envelope of a record about an aggregate, with who asks for it.
    pub(super) async fn envelope(&self, id: String, aggregate_id: String) -> Result<Envelope, Problem> {
        let (mode, tenant) = (self.caller.mode, &self.caller.tenant);
        let address = match self.client {
            Some(address) => {
                let key = sealing_key(self.app, mode, tenant).await?;
                Some(sealed(&key, binding(mode, tenant, &aggregate_id), &Address { address })?)
            }
            None => None,
        };
        Ok(Envelope {
            id,
            mode,
            tenant: tenant.clone(),
            merchant_account: "default".to_owned(),
            aggregate_id,
            sequence: None,
            occurred_at: Timestamp::now(),
            actor: Actor {
                kind: self.caller.kind,
                subject: self.caller.subject.clone(),
                credential_id: self.caller.credential_id.clone(),
                sealed: address,
            },
            cause: None,
            api_version: API_VERSION.to_owned(),
        })
    }
}

/// Where the request came from that the caller's event is a consequence of. An address that is not known, or does not open, is left out:
/// the rest of the event is told all the same.
pub(super) async fn address(app: &App, caller: &Caller, event: &HistoryEvent) -> Option<IpAddr> {
    let sealed = Sealed::deserialize(event.data.pointer("/envelope/actor/sealed")?).ok()?;
    let opened = app.parts.keys.open(binding(caller.mode, &caller.tenant, &event.aggregate_id), &sealed).await;
    let plain =
        opened.inspect_err(|error| tracing::debug!(event = event.id, %error, "an address does not open")).ok()?;
    serde_json::from_slice(&plain).ok().map(|Address { address }| address)
}

fn binding<'a>(mode: Mode, tenant: &'a Tenant, aggregate_id: &'a str) -> Binding<'a> {
    Binding { mode, tenant, aggregate_id, purpose: PURPOSE }
}
