//! The description of the API (OpenAPI 3.1), made from the table of endpoints: [`operations`] says of each what it is for, what it takes
//! and what it answers with; the rest follows from the row. Pure.
//!
//! `docs/openapi.json` is what it came to last. When it changes: `UPDATE_DOCS=1 cargo test --workspace --lib openapi`

mod description;
mod operations;
mod parameters;
mod problems;
mod schemas;

use std::sync::LazyLock;

use bytes::Bytes;
use quittance_avro::{API_VERSION, words::GatewayKind};
use quittance_gateways::adapter;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use self::{description::Tag, problems::Problems};
use crate::endpoints::ENDPOINTS;

/// The document as it is sent, and a name that no other has.
pub(crate) struct Served {
    pub(crate) bytes: Bytes,
    pub(crate) name: String,
}

/// It is the same for as long as the process runs.
pub(crate) static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let bytes = document().to_string();
    let name = Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Served { bytes: bytes.into(), name }
});

const ABOUT: &str = "\
Quittance takes payments, and tells what became of them. Amounts are integers of minor units. What is asked for by one request is a command: \
sent again under the same `Idempotency-Key` it is the same command, and nothing is done twice. Problems are told as RFC 9457 has it, by a `type` \
that keeps its meaning, and refusals by a `code` beside it. There will be more members in answers, more types of events, and more codes: ignore \
what you do not know. A credential's mode says whether real money moves; the two never see each other.";

/// The document.
pub(crate) fn document() -> Value {
    let (mut paths, mut problems) = (Map::new(), Problems::default());
    for spec in ENDPOINTS {
        let operation = operations::describe(spec.access).operation(spec, &mut problems);
        let methods = paths.entry(spec.path).or_insert_with(|| json!({}));
        methods[spec.method.as_str().to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Quittance",
            "version": API_VERSION,
            "summary": "Payments, from a request to the ledger.",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The installation that this document comes from." }],
        "tags": Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.about() })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": security_schemes(),
            "parameters": parameters::shared(),
            "headers": parameters::answered(),
            "responses": problems.shared(),
            "schemas": schemas::all(),
            "examples": schemas::examples(),
        },
    })
}

/// The name of the scheme by which everybody comes in who works for a tenant.
const BEARER: &str = "bearer";

/// The name of the scheme by which a gateway says that it is one.
fn signature(gateway: GatewayKind) -> String {
    format!("{gateway}Signature")
}

fn security_schemes() -> Value {
    let mut schemes = json!({
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "description": "A token (JWT) of an issuer that the installation trusts, or an API key: it names the tenant, the mode and the roles.",
        },
    });
    for gateway in GatewayKind::ALL {
        schemes[signature(*gateway)] = json!({
            "type": "apiKey",
            "in": "header",
            "name": adapter(*gateway).signature_header(),
            "description": format!("The signature of the body by `{gateway}`, under a secret of the account, not older than five minutes."),
        });
    }
    schemes
}

#[cfg(test)]
mod tests;
