//! What gateways tell of their own accord.

use quittance_avro::{
    records::{GatewayAnomaly, GatewayHealth, GatewayNotice},
    words::{HealthStatus, Mode, NoticeTrouble},
};

use super::{
    Fill,
    parts::{ATTEMPT, GATEWAY_ACCOUNT, envelope, sealed, tenant, time},
};

pub(super) fn health(fill: Fill) -> GatewayHealth {
    GatewayHealth {
        mode: Mode::Test,
        tenant: fill.option(tenant()),
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        status: HealthStatus::Down,
        retry_at: fill.option(time(5_000)),
        failures: 5,
        observer: "sink-gateway-0".to_owned(),
        occurred_at: time(0),
    }
}

pub(super) fn notice(fill: Fill) -> GatewayNotice {
    GatewayNotice {
        envelope: envelope(fill),
        notice_id: fill.text("evt_1"),
        kind: fill.text("charge.refunded"),
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        gateway_reference: fill.text("pi_1"),
        attempt_id: fill.option(ATTEMPT),
        unread: fill.option(NoticeTrouble::NoPayment),
        sealed: fill.option(sealed()),
    }
}

pub(super) fn anomaly(fill: Fill) -> GatewayAnomaly {
    GatewayAnomaly {
        envelope: envelope(fill),
        reason: NoticeTrouble::UnknownPayment,
        notice_id: fill.text("evt_1"),
        kind: fill.text("charge.refunded"),
        gateway_account: GATEWAY_ACCOUNT.to_owned(),
        gateway_reference: fill.text("pi_1"),
        attempt_id: fill.option(ATTEMPT),
        sealed: fill.option(sealed()),
    }
}
