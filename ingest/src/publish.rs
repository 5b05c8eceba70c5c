//! Writing commands.

use std::sync::Arc;

use quittance_avro::{
    records::CreatePayment,
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::Encoder,
};
use quittance_log::{Headers, NewRecord, ProduceError, Producer};
use quittance_service::trace::TraceContext;

use crate::problem::Problem;

/// Writes commands to their topic. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    producer: Producer,
    create: Encoder<CreatePayment>,
    topic: Arc<str>,
}

impl Commands {
    /// Looks the ids of this build's schemas up.
    pub async fn look_up(registry: &Registry, producer: Producer, prefix: &str) -> Result<Self, RegistryError> {
        let create = registry.encoder(Topic::PaymentCommands).await?;
        Ok(Self { producer, create, topic: Arc::from(Topic::PaymentCommands.name(prefix)) })
    }

    /// Returns once all in-sync replicas have the command: from then on it is a promise.
    ///
    /// If that is not known in time the command may still be in the log. The client is told to try again with the same
    /// key, which is the same command, so nothing is done twice.
    pub(crate) async fn create(&self, command: &CreatePayment, trace: &TraceContext) -> Result<(), Problem> {
        let value = self.create.encode(command).map_err(|error| {
            tracing::error!(%error, "a command cannot be written");
            Problem::Internal
        })?;
        let headers = Headers::default()
            .with("traceparent", trace.to_string())
            .with("command-id", command.envelope.id.as_bytes());
        let record = NewRecord {
            topic: Arc::clone(&self.topic),
            partition: None,
            key: command.envelope.aggregate_id.clone().into_bytes(),
            value: Some(value),
            headers,
        };
        match self.producer.produce(&record).await {
            Ok(_) => Ok(()),
            Err(error @ ProduceError::TooLarge { .. }) => {
                tracing::error!(%error, "a bounded request made too large a command");
                Err(Problem::Internal)
            }
            Err(error @ (ProduceError::Unacknowledged { .. } | ProduceError::Dead { .. })) => {
                tracing::warn!(%error, trace_id = %trace.trace_id(), "a command was not acknowledged");
                Err(Problem::Unavailable("the log"))
            }
        }
    }
}
