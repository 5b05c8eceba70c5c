//! Records of the runtime.

use quittance_avro::{
    ids::InstallationId,
    records::{Bytes, DeadLetter, Header, Installation, TenantKey},
    words::Mode,
};
use uuid::Uuid;

use super::{
    Fill,
    parts::{KEY, every_byte, tenant, time},
};

pub(super) fn dead_letter(fill: Fill) -> DeadLetter {
    DeadLetter {
        part: "processor-payments".to_owned(),
        reason: "undecodable".to_owned(),
        detail: "the datum ends early".to_owned(),
        topic: "quittance.payment.commands.v1".to_owned(),
        partition: 7,
        offset: i64::MAX,
        timestamp: fill.option(-1),
        key: fill.option(Bytes(b"pay_1".to_vec())),
        value: fill.option(every_byte()),
        headers: fill.list(Header { key: "traceparent".to_owned(), value: fill.option(Bytes(b"00-".to_vec())) }),
        occurred_at: time(0),
    }
}

pub(super) fn tenant_key() -> TenantKey {
    TenantKey {
        key_id: KEY,
        mode: Mode::Live,
        tenant: tenant(),
        master_key_id: "0011223344556677".to_owned(),
        algorithm: "xchacha20poly1305".to_owned(),
        nonce: Bytes(vec![0x4e; 24]),
        wrapped: Bytes(vec![0x77; 48]),
        created_at: time(0),
    }
}

pub(super) fn installation() -> Installation {
    Installation { id: InstallationId::new(Uuid::from_u128(0x15)), partitions: 24, created_at: time(0) }
}
