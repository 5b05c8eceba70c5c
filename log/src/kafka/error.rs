//! What librdkafka's errors mean to us.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::LogError;

pub(super) fn settings(what: impl Into<String>) -> impl FnOnce(KafkaError) -> LogError {
    let what = what.into();
    move |cause| LogError::Settings { what, cause: cause.into() }
}

pub(super) fn unavailable(what: impl Into<String>) -> impl FnOnce(KafkaError) -> LogError {
    let what = what.into();
    move |cause| {
        // Somebody has to grant it; waiting does not.
        let denied = is_denied(&cause);
        let cause = cause.into();
        if denied { LogError::Client { what, cause } } else { LogError::Unavailable { what, cause } }
    }
}

pub(super) fn failed(what: impl Into<String>) -> impl FnOnce(KafkaError) -> LogError {
    let what = what.into();
    move |cause| LogError::Client { what, cause: cause.into() }
}

/// What an error that a consumer meets while polling calls for.
pub(super) enum Consuming {
    /// The client goes on by itself.
    GoesOn,
    /// It does not.
    Fails(LogError),
}

/// Sorts what `poll` reports.
pub(super) fn consuming(cause: KafkaError) -> Consuming {
    use RDKafkaErrorCode as Code;
    let code = cause.rdkafka_error_code();
    match (&cause, code) {
        (_, Some(Code::FencedInstanceId)) => Consuming::Fails(LogError::Fenced { cause: cause.to_string() }),
        (_, Some(Code::OffsetOutOfRange | Code::AutoOffsetReset | Code::NoOffset)) => {
            Consuming::Fails(LogError::LostPosition {
                at: "a topic of this group".to_owned(),
                detail: cause.to_string(),
            })
        }
        (_, Some(Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition)) => {
            Consuming::Fails(LogError::NoTopic { topic: "of this group".to_owned() })
        }
        (KafkaError::MessageConsumptionFatal(_), _) => Consuming::Fails(failed("consuming")(cause)),
        _ if is_denied(&cause) => Consuming::Fails(failed("consuming")(cause)),
        // Brokers down, time-outs, rebalances in progress: librdkafka reports them and goes on by itself.
        _ => Consuming::GoesOn,
    }
}

/// Whether the brokers do not let us do it.
fn is_denied(cause: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        cause.rdkafka_error_code(),
        Some(
            Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::ClusterAuthorizationFailed
                | Code::TransactionalIdAuthorizationFailed
                | Code::Authentication
                | Code::SaslAuthenticationFailed,
        )
    )
}
