//! Who asked, as the log keeps it: with every command and every change of the configuration, and with the events that come of them.

use std::net::IpAddr;

use quittance_avro::{
    API_VERSION,
    records::{Actor, Envelope},
    seal::Binding,
    tenant::Tenant,
    time::Timestamp,
    words::Mode,
};
use serde::Serialize;

use super::sealing_key;
use crate::{call::Call, problem::Problem};

/// What the address of who asked is sealed for: it is personal data.
const PURPOSE: &str = "actor.address";

/// What is sealed.
#[derive(Serialize)]
struct Address {
    address: IpAddr,
}

impl Call<'_> {
    /// The envelope of a record about an aggregate, with who asks for it.
    pub(super) async fn envelope(&self, id: String, aggregate_id: String) -> Result<Envelope, Problem> {
        let (mode, tenant) = (self.caller.mode, &self.caller.tenant);
        let sealed = match self.client {
            Some(address) => {
                let key = sealing_key(self.app, mode, tenant).await?;
                let plain = serde_json::to_vec(&Address { address }).map_err(|_| Problem::Internal)?;
                Some(key.seal(binding(mode, tenant, &aggregate_id), &plain))
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
                sealed,
            },
            cause: None,
            api_version: API_VERSION.to_owned(),
        })
    }
}

fn binding<'a>(mode: Mode, tenant: &'a Tenant, aggregate_id: &'a str) -> Binding<'a> {
    Binding { mode, tenant, aggregate_id, purpose: PURPOSE }
}
