//! The one table of topics: names, keys, retention, what they carry and who consumes them.

use crate::records::{
    ApiKey, ApiKeyUse, ApprovePayment, CancelPayment, CapturePayment, ConfirmPayment, ConfirmPaymentMethod,
    CreatePayment, CreatePaymentMethod, DeadLetter, FeeRules, GatewayAccount, GatewayAnomaly, GatewayEffect,
    GatewayHealth, GatewayNotice, GatewayResult, Installation, Outcome, PaymentActionRequired, PaymentApproved,
    PaymentAttemptStarted, PaymentAuthorized, PaymentCancelRequested, PaymentCanceled, PaymentCaptured,
    PaymentChangelog, PaymentConfirmed, PaymentCreated, PaymentDeclined, PaymentDisputeClosed, PaymentDisputeOpened,
    PaymentExpired, PaymentFailed, PaymentHeld, PaymentLimits, PaymentMethodActionRequired, PaymentMethodActivated,
    PaymentMethodChangelog, PaymentMethodConfirmed, PaymentMethodCreated, PaymentMethodFailed, PaymentMethodRemoved,
    PaymentMethodSetUp, PaymentMethodSetUpFailed, PaymentMethodState, PaymentOperationCorrected,
    PaymentOperationFailed, PaymentOperationRequested, PaymentRefunded, PaymentRejected, PaymentReviewOpened,
    PaymentReviewResolved, PaymentState, PaymentStub, PaymentUnwantedSuccess, PaymentUpdated, PaymentVoided, Record,
    RefundPayment, RefusedCreation, RejectPayment, RemovePaymentMethod, ResolveReview, RoutingRules, SetUpEffect,
    SetUpResult, TenantKey, Transfer, UpdatePayment,
};

/// A topic of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Requests to change a payment.
    PaymentCommands,
    /// What became of effects.
    PaymentResults,
    /// What gateways told of payments of their own accord.
    PaymentNotices,
    /// Facts that happened to payments.
    PaymentEvents,
    /// The public view of each payment.
    PaymentState,
    /// The processor's private state of each payment.
    PaymentChangelog,
    /// Tries at gateways.
    PaymentGatewayEffects,
    /// What became of clients' commands.
    PaymentOutcomes,
    /// Money moved in the ledger.
    LedgerTransfers,
    /// What gateways told that fits nothing we know.
    GatewayAnomalies,
    /// Which gateway accounts can be reached.
    GatewayHealth,
    /// What tenants configure: gateway accounts, routing rules and limits.
    Configuration,
    /// The keys by which tenants' servers are let in.
    ApiKeys,
    /// What the payment processor gave up.
    ProcessorPaymentsDeadLetters,
    /// What the gateway sink gave up.
    SinkGatewayDeadLetters,
    /// What the Postgres sink gave up.
    SinkPostgresDeadLetters,
    /// What the Redis sink gave up.
    SinkRedisDeadLetters,
    /// Tenants' data keys, wrapped.
    TenantKeys,
    /// What was chosen at installation.
    Installation,
    /// Facts that happened to saved payment methods.
    PaymentMethodEvents,
    /// The public view of each saved payment method.
    PaymentMethodState,
}

/// A consuming part: its name is that of its consumer group behind the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The payment processor.
    ProcessorPayments,
    /// The gateway sink.
    SinkGateway,
    /// The Postgres sink.
    SinkPostgres,
    /// The Redis sink.
    SinkRedis,
}

/// How long a topic keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// For ever.
    Kept,
    /// So many days.
    Days(u32),
    /// The latest of each key.
    Compacted,
    /// The latest of each key, and what was deleted is gone within a day: for what must be erasable.
    CompactedWithinADay,
}

/// What there is to know of a topic.
#[derive(Debug)]
pub struct TopicSpec {
    /// Which.
    pub topic: Topic,
    /// Its name without the prefix.
    pub name: &'static str,
    /// Whether it has the installation's number of partitions (keyed by aggregate id) or just one.
    pub keyed: bool,
    /// How long it keeps records.
    pub retention: Retention,
    /// The largest record, bytes.
    pub record_bytes_max: u32,
    /// Full names of the records that it carries.
    pub records: &'static [&'static str],
    /// Who consumes it in a group.
    pub consumers: &'static [Part],
}

const MIB: u32 = 1 << 20;
/// The largest record of every topic but those for dead letters, bytes.
pub const RECORD_BYTES_MAX: u32 = MIB;

const fn spec(topic: Topic, name: &'static str, retention: Retention, records: &'static [&'static str]) -> TopicSpec {
    TopicSpec { topic, name, keyed: true, retention, record_bytes_max: RECORD_BYTES_MAX, records, consumers: &[] }
}

const fn dead_letters(topic: Topic, name: &'static str) -> TopicSpec {
    // A dead letter holds a whole record and its position, so it may be larger than what it buries.
    TopicSpec { record_bytes_max: 2 * MIB, keyed: false, ..spec(topic, name, Retention::Days(90), &[DeadLetter::NAME]) }
}

/// Every topic.
pub const TOPICS: &[TopicSpec] = &[
    TopicSpec {
        // 30 days: an accepted command is a promise.
        consumers: &[Part::ProcessorPayments],
        ..spec(
            Topic::PaymentCommands,
            "payment.commands.v1",
            Retention::Days(30),
            &[
                CreatePayment::NAME,
                CapturePayment::NAME,
                RefundPayment::NAME,
                CancelPayment::NAME,
                ConfirmPayment::NAME,
                ApprovePayment::NAME,
                RejectPayment::NAME,
                ResolveReview::NAME,
                UpdatePayment::NAME,
                CreatePaymentMethod::NAME,
                ConfirmPaymentMethod::NAME,
                RemovePaymentMethod::NAME,
            ],
        )
    },
    TopicSpec {
        consumers: &[Part::ProcessorPayments],
        ..spec(
            Topic::PaymentResults,
            "payment.results.v1",
            Retention::Days(30),
            &[GatewayResult::NAME, SetUpResult::NAME],
        )
    },
    TopicSpec {
        // 30 days: the gateway was told that it has been taken in.
        consumers: &[Part::ProcessorPayments],
        ..spec(Topic::PaymentNotices, "payment.notices.v1", Retention::Days(30), &[GatewayNotice::NAME])
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres],
        ..spec(
            Topic::PaymentEvents,
            "payment.events.v1",
            Retention::Kept,
            &[
                PaymentCreated::NAME,
                PaymentAuthorized::NAME,
                PaymentCaptured::NAME,
                PaymentDeclined::NAME,
                PaymentFailed::NAME,
                PaymentReviewOpened::NAME,
                PaymentOperationRequested::NAME,
                PaymentOperationFailed::NAME,
                PaymentOperationCorrected::NAME,
                PaymentRefunded::NAME,
                PaymentVoided::NAME,
                PaymentActionRequired::NAME,
                PaymentConfirmed::NAME,
                PaymentCancelRequested::NAME,
                PaymentCanceled::NAME,
                PaymentExpired::NAME,
                PaymentHeld::NAME,
                PaymentApproved::NAME,
                PaymentRejected::NAME,
                PaymentReviewResolved::NAME,
                PaymentAttemptStarted::NAME,
                PaymentUnwantedSuccess::NAME,
                PaymentUpdated::NAME,
                PaymentDisputeOpened::NAME,
                PaymentDisputeClosed::NAME,
            ],
        )
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres, Part::SinkRedis],
        ..spec(Topic::PaymentState, "payment.state.v1", Retention::Compacted, &[PaymentState::NAME])
    },
    spec(
        Topic::PaymentChangelog,
        "payment.changelog.v1",
        Retention::Compacted,
        &[PaymentChangelog::NAME, RefusedCreation::NAME, PaymentStub::NAME, PaymentMethodChangelog::NAME],
    ),
    TopicSpec {
        consumers: &[Part::SinkGateway],
        ..spec(
            Topic::PaymentGatewayEffects,
            "payment.effects.gateway.v1",
            Retention::Days(7),
            &[GatewayEffect::NAME, SetUpEffect::NAME],
        )
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres, Part::SinkRedis],
        ..spec(Topic::PaymentOutcomes, "payment.outcomes.v1", Retention::Days(30), &[Outcome::NAME])
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres],
        ..spec(Topic::LedgerTransfers, "ledger.transfers.v1", Retention::Kept, &[Transfer::NAME])
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres],
        ..spec(Topic::GatewayAnomalies, "gateway.anomalies.v1", Retention::Kept, &[GatewayAnomaly::NAME])
    },
    TopicSpec {
        keyed: false,
        ..spec(Topic::GatewayHealth, "gateway.health.v1", Retention::Compacted, &[GatewayHealth::NAME])
    },
    TopicSpec {
        keyed: false,
        ..spec(
            Topic::Configuration,
            "configuration.v1",
            Retention::Compacted,
            &[GatewayAccount::NAME, RoutingRules::NAME, PaymentLimits::NAME, FeeRules::NAME],
        )
    },
    TopicSpec {
        keyed: false,
        ..spec(Topic::ApiKeys, "api-keys.v1", Retention::Compacted, &[ApiKey::NAME, ApiKeyUse::NAME])
    },
    dead_letters(Topic::ProcessorPaymentsDeadLetters, "processor-payments.dead-letters.v1"),
    dead_letters(Topic::SinkGatewayDeadLetters, "sink-gateway.dead-letters.v1"),
    dead_letters(Topic::SinkPostgresDeadLetters, "sink-postgres.dead-letters.v1"),
    dead_letters(Topic::SinkRedisDeadLetters, "sink-redis.dead-letters.v1"),
    TopicSpec {
        keyed: false,
        ..spec(Topic::TenantKeys, "tenant.keys.v1", Retention::CompactedWithinADay, &[TenantKey::NAME])
    },
    TopicSpec {
        keyed: false,
        ..spec(Topic::Installation, "installation.v1", Retention::Compacted, &[Installation::NAME])
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres],
        ..spec(
            Topic::PaymentMethodEvents,
            "payment-method.events.v1",
            Retention::Kept,
            &[
                PaymentMethodCreated::NAME,
                PaymentMethodActionRequired::NAME,
                PaymentMethodConfirmed::NAME,
                PaymentMethodSetUp::NAME,
                PaymentMethodSetUpFailed::NAME,
                PaymentMethodActivated::NAME,
                PaymentMethodFailed::NAME,
                PaymentMethodRemoved::NAME,
            ],
        )
    },
    TopicSpec {
        consumers: &[Part::SinkPostgres],
        ..spec(Topic::PaymentMethodState, "payment-method.state.v1", Retention::Compacted, &[PaymentMethodState::NAME])
    },
];

impl Topic {
    /// What there is to know of this topic.
    pub fn spec(self) -> &'static TopicSpec {
        TOPICS.iter().find(|spec| spec.topic == self).expect("every topic is in the table, which a test holds")
    }

    /// Its name on Kafka.
    pub fn name(self, prefix: &str) -> String {
        format!("{prefix}.{}", self.spec().name)
    }
}

impl TopicSpec {
    /// The registry's subject of a record on this topic (TopicRecordNameStrategy).
    pub fn subject(&self, prefix: &str, record: &str) -> String {
        format!("{prefix}.{}-{record}", self.name)
    }
}

impl Part {
    /// Every consuming part.
    pub const ALL: &'static [Self] = &[Self::ProcessorPayments, Self::SinkGateway, Self::SinkPostgres, Self::SinkRedis];

    /// Its name, also in dead letters and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProcessorPayments => "processor-payments",
            Self::SinkGateway => "sink-gateway",
            Self::SinkPostgres => "sink-postgres",
            Self::SinkRedis => "sink-redis",
        }
    }

    /// Its consumer group on Kafka.
    pub fn group(self, prefix: &str) -> String {
        format!("{prefix}.{}", self.name())
    }

    /// The topics that it consumes.
    pub fn topics(self) -> impl Iterator<Item = Topic> {
        TOPICS.iter().filter(move |spec| spec.consumers.contains(&self)).map(|spec| spec.topic)
    }

    /// Where it buries what it can never process.
    pub const fn dead_letters(self) -> Topic {
        match self {
            Self::ProcessorPayments => Topic::ProcessorPaymentsDeadLetters,
            Self::SinkGateway => Topic::SinkGatewayDeadLetters,
            Self::SinkPostgres => Topic::SinkPostgresDeadLetters,
            Self::SinkRedis => Topic::SinkRedisDeadLetters,
        }
    }
}
