//! A payment as the tests ask for it.

use quittance_avro::{
    ids::AttemptId,
    money::MinorUnits,
    records::GatewayFact,
    words::{CaptureMethod, FactStatus, OperationKind},
};
use uuid::Uuid;

use super::*;

pub(super) const BOTH: [GatewayKind; 2] = [GatewayKind::Simulator, GatewayKind::Stripe];

/// Asks a gateway for one thing after the other about one payment.
pub(super) struct Payment<'a> {
    pub(super) account: &'a Account,
    kind: GatewayKind,
    token: String,
    capture: CaptureMethod,
    pub(super) return_url: Option<String>,
    /// The gateway's name for it.
    pub(super) reference: Option<String>,
}

/// The attempt of that number at that gateway: 1 authorizes. Both dialects know one memory of keys.
pub(super) fn attempt(kind: GatewayKind, number: u8) -> AttemptId {
    let base = match kind {
        GatewayKind::Simulator => 0x100,
        GatewayKind::Stripe => 0x200,
    };
    AttemptId::new(Uuid::from_u128(base + u128::from(number)))
}

impl<'a> Payment<'a> {
    /// `token` without what comes before its name, which is another one for each gateway.
    pub(super) fn new(accounts: &'a Accounts, kind: GatewayKind, token: &str, capture: CaptureMethod) -> Outcome<Self> {
        let prefix = match kind {
            GatewayKind::Simulator => "tok",
            GatewayKind::Stripe => "pm",
        };
        let (account, token) = (account(accounts, kind)?, format!("{prefix}_{token}"));
        Ok(Self { account, kind, token, capture, return_url: None, reference: None })
    }

    pub(super) fn effect(&self, kind: EffectKind, number: u8, amount: i64) -> Outcome<GatewayEffect> {
        let mut effect = effect(kind, &self.token);
        effect.attempt_id = attempt(self.kind, number);
        effect.amount = MinorUnits::payable(amount)?;
        effect.capture = self.capture;
        effect.return_url.clone_from(&self.return_url);
        match effect.operation_kind {
            OperationKind::Authorize => effect.gateway_reference.clone_from(&self.reference),
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund | OperationKind::Dispute => {
                effect.payment_reference.clone_from(&self.reference);
            }
        }
        Ok(effect)
    }

    /// One or two steps, as the gateway has it. What it is told again is the same.
    pub(super) async fn authorize(&mut self) -> Outcome<Verdict> {
        let effect = self.effect(EffectKind::Authorize, 1, 1250)?;
        let (_, mut verdict) = carry_out(self.account, &effect).await?;
        self.reference.clone_from(&verdict.details.gateway_reference);
        if verdict.outcome == ResultOutcome::Created {
            let effect = self.effect(EffectKind::Confirm, 1, 1250)?;
            (_, verdict) = carry_out(self.account, &effect).await?;
            assert_eq!(carry_out(self.account, &effect).await?.1, verdict);
        } else {
            assert_eq!(carry_out(self.account, &effect).await?.1, verdict);
        }
        Ok(verdict)
    }

    /// A capture, void or refund. What it is told again is the same.
    pub(super) async fn ask(&self, kind: EffectKind, number: u8, amount: i64) -> Outcome<Verdict> {
        let effect = self.effect(kind, number, amount)?;
        let (_, verdict) = carry_out(self.account, &effect).await?;
        assert_eq!(carry_out(self.account, &effect).await?.1, verdict);
        Ok(verdict)
    }

    /// What the gateway says of it when the attempt that authorized asks.
    pub(super) async fn facts(&self) -> Outcome<Vec<GatewayFact>> {
        let (_, verdict) = carry_out(self.account, &self.effect(EffectKind::Query, 1, 1250)?).await?;
        let report = verdict.report.ok_or_else(|| format!("{:?}", verdict.failure))?;
        assert_eq!(Some(&report.gateway_reference), self.reference.as_ref());
        Ok(report.facts)
    }

    /// The simulator's name for its first capture.
    pub(super) async fn capture_id(&self, simulator: SocketAddr) -> Outcome<String> {
        let charge = self.reference.as_deref().unwrap_or_default().replace("pi_", "ch_");
        let charge = reqwest::get(format!("http://{simulator}/v1/charges/{charge}")).await?.text().await?;
        let charge: serde_json::Value = serde_json::from_str(&charge)?;
        Ok(charge["captures"][0]["id"].as_str().ok_or("no capture")?.to_owned())
    }
}

pub(super) type Short = (OperationKind, FactStatus, i64, Option<AttemptId>);

pub(super) fn in_short(facts: &[GatewayFact]) -> Vec<Short> {
    facts.iter().map(|fact| (fact.kind, fact.status, fact.amount.get(), fact.attempt_id)).collect()
}

/// An authorization of the whole amount.
pub(super) fn authorized(kind: GatewayKind) -> Short {
    (OperationKind::Authorize, FactStatus::Succeeded, 1250, Some(attempt(kind, 1)))
}
