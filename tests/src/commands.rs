//! Commands written straight to the log, as the ingest writes them.

use std::sync::Arc;

use anyhow::Result;
use quittance_avro::{
    ids::{CommandId, PaymentId},
    money::MinorUnits,
    records::{Actor, Bytes, CreatePayment, Envelope, Fingerprint, GatewayToken, PaymentMethod},
    registry::Registry,
    time::Timestamp,
    topics::Topic,
    wire::Encoder,
    words::{ActorKind, CaptureMethod, Initiator, Mode},
};
use quittance_log::{Headers, NewRecord};
use uuid::Uuid;

/// Makes commands.
#[derive(Clone)]
pub struct Commands {
    encoder: Encoder<CreatePayment>,
    topic: Arc<str>,
}

impl Commands {
    /// For the installation under this prefix.
    pub async fn new(registry: &Registry, prefix: &str) -> Result<Self> {
        let encoder = registry.encoder(Topic::PaymentCommands).await?;
        Ok(Self { encoder, topic: Arc::from(Topic::PaymentCommands.name(prefix)) })
    }

    /// A command for a payment of its own, and its id.
    pub fn create(&self, token: &str) -> Result<(CommandId, NewRecord)> {
        let (payment, command) = (PaymentId::new(Uuid::now_v7()), CommandId::new(Uuid::now_v7()));
        let create = CreatePayment {
            envelope: Envelope {
                id: command.to_string(),
                mode: Mode::Test,
                tenant: "acme".parse()?,
                merchant_account: "default".to_owned(),
                aggregate_id: payment.to_string(),
                sequence: None,
                occurred_at: Timestamp::now(),
                actor: Actor { kind: ActorKind::User, subject: "tests".to_owned(), credential_id: None, sealed: None },
                cause: None,
                api_version: "2026-11-01".to_owned(),
            },
            fingerprint: Fingerprint { version: 1, digest: Bytes(vec![7; 32]) },
            amount: MinorUnits::payable(1_250)?,
            currency: "EUR".parse()?,
            capture: CaptureMethod::Automatic,
            payment_method: PaymentMethod::of_tokens(
                "card".to_owned(),
                vec![GatewayToken { gateway_account: "simulator".to_owned(), token: token.to_owned() }],
            ),
            gateway_account: "simulator".to_owned(),
            initiator: Initiator::Customer,
            stored_credential: None,
            sealed: None,
            return_url: None,
            hold: false,
            declines_retried_max: 0,
            payment_method_id: None,
            network_transaction_id: None,
            routing_metadata: Vec::new(),
            configuration_version: 0,
            search_tokens: None,
        };
        let record = NewRecord {
            topic: Arc::clone(&self.topic),
            partition: None,
            key: payment.to_string().into_bytes(),
            value: Some(self.encoder.encode(&create)?),
            headers: Headers::default().with("command-id", command.to_string()),
        };
        Ok((command, record))
    }
}
