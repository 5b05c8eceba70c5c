//! Writing commands.

use std::sync::Arc;

use quittance_avro::{
    records::{
        ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, ConfirmPaymentMethod, CreatePayment,
        CreatePaymentMethod, Envelope, GatewayNotice, RefundPayment, RejectPayment, RemovePaymentMethod, ResolveReview,
        UpdatePayment,
    },
    registry::{Registry, RegistryError},
    topics::Topic,
    wire::{EncodeError, Encoder},
};
use quittance_log::{Headers, NewRecord};
use quittance_service::trace::TraceContext;

use crate::{problem::Problem, writer::Writer};

macro_rules! commands {
    ($($name:ident($record:ident) as $field:ident;)*) => {
        /// A command to a payment, or to a saved payment method.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(clippy::large_enum_variant, reason = "one command is held at a time, by its request")]
        pub(crate) enum Command {
            $($name($record),)*
        }

        impl Command {
            /// Who, what, when and why of its record.
            fn envelope(&self) -> &Envelope {
                match self { $(Self::$name(command) => &command.envelope,)* }
            }
        }

        /// Encoders of commands.
        #[derive(Clone)]
        struct Encoders {
            $($field: Encoder<$record>,)*
        }

        impl Encoders {
            async fn look_up(registry: &Registry) -> Result<Self, RegistryError> {
                Ok(Self { $($field: registry.encoder(Topic::PaymentCommands).await?,)* })
            }

            fn encode(&self, command: &Command) -> Result<Vec<u8>, EncodeError> {
                match command { $(Command::$name(command) => self.$field.encode(command),)* }
            }
        }
    };
}

commands! {
    Create(CreatePayment) as create;
    Capture(CapturePayment) as capture;
    Refund(RefundPayment) as refund;
    Cancel(CancelPayment) as cancel;
    Confirm(ConfirmPayment) as confirm;
    Approve(ApprovePayment) as approve;
    Reject(RejectPayment) as reject;
    Resolve(ResolveReview) as resolve;
    Update(UpdatePayment) as update;
    CreateMethod(CreatePaymentMethod) as create_method;
    ConfirmMethod(ConfirmPaymentMethod) as confirm_method;
    RemoveMethod(RemovePaymentMethod) as remove_method;
}

/// Writes commands, and what gateways tell, to their topics. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    writer: Writer,
    encoders: Arc<Encoders>,
    topic: Arc<str>,
    notices: Arc<str>,
    notice_encoder: Encoder<GatewayNotice>,
}

impl Commands {
    /// Looks the ids of this build's schemas up.
    pub async fn look_up(registry: &Registry, writer: Writer, prefix: &str) -> Result<Self, RegistryError> {
        let encoders = Arc::new(Encoders::look_up(registry).await?);
        let notice_encoder = registry.encoder(Topic::PaymentNotices).await?;
        let [topic, notices] =
            [Topic::PaymentCommands, Topic::PaymentNotices].map(|topic| Arc::from(topic.name(prefix)));
        Ok(Self { writer, encoders, topic, notices, notice_encoder })
    }

    /// The way that they go.
    pub(crate) fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Returns once all in-sync replicas have the command: from then on it is a promise.
    ///
    /// If that is not known in time the command may still be in the log. The client is told to try again with the same
    /// key, which is the same command, so nothing is done twice.
    pub(crate) async fn publish(&self, command: &Command, trace: &TraceContext) -> Result<(), Problem> {
        let value =
            self.encoders.encode(command).map_err(|error| Problem::internal("a command cannot be written", error))?;
        let envelope = command.envelope();
        let headers =
            Headers::default().with("traceparent", trace.to_string()).with("command-id", envelope.id.as_bytes());
        let record = NewRecord {
            topic: Arc::clone(&self.topic),
            partition: None,
            key: envelope.aggregate_id.clone().into_bytes(),
            value: Some(value),
            headers,
        };
        self.writer.write(&record).await.map(drop)
    }

    /// Returns once all in-sync replicas have what a gateway told.
    pub(crate) async fn publish_notice(&self, notice: &GatewayNotice) -> Result<(), Problem> {
        let value = self
            .notice_encoder
            .encode(notice)
            .map_err(|error| Problem::internal("a notice cannot be written", error))?;
        let record = NewRecord {
            topic: Arc::clone(&self.notices),
            partition: None,
            key: notice.envelope.aggregate_id.clone().into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        self.writer.write(&record).await.map(drop)
    }
}
