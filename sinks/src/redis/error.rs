//! Errors of Redis, by what is to be done about them.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::store::StoreError;

/// What the server says to one client more than its `maxclients`.
const TOO_MANY_CLIENTS: &str = "max number of clients reached";

/// Sorts an error of the client or the server.
pub(super) fn class(error: &RedisError) -> StoreError {
    let text = format!("Redis: {error}");
    match error.kind() {
        ErrorKind::Io
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::NoScript,
        ) => StoreError::Unavailable(text),
        // The only one of that kind that passes.
        ErrorKind::Server(ServerErrorKind::ResponseError)
            if error.detail().is_some_and(|detail| detail.starts_with(TOO_MANY_CLIENTS)) =>
        {
            StoreError::Unavailable(text)
        }
        ErrorKind::Extension => class_of(error.code().unwrap_or_default(), text),
        _ => StoreError::Fatal(text),
    }
}

/// By the first word of what the server says, where the client has no name for it.
fn class_of(code: &str, text: String) -> StoreError {
    match code {
        // Out of memory, a script that runs, a disk that cannot be written, too few replicas: an operator or time helps.
        "OOM" | "BUSY" | "MISCONF" | "NOREPLICAS" | "UNKILLABLE" => StoreError::Unavailable(text),
        // A key of ours holds something else.
        "WRONGTYPE" => StoreError::Rejected(text),
        _ => StoreError::Fatal(text),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("OOM", "unavailable")]
    #[case("MISCONF", "unavailable")]
    #[case("NOREPLICAS", "unavailable")]
    #[case("WRONGTYPE", "rejected")]
    #[case("NOAUTH", "fatal")]
    #[case("WRONGPASS", "fatal")]
    fn codes(#[case] code: &str, #[case] class: &str) {
        let error = redis::make_extension_error(code.to_owned(), Some("detail".to_owned()));
        assert_eq!(super::class(&error).class(), class);
    }

    #[test]
    fn a_full_server_is_waited_for() {
        let kind = ErrorKind::Server(ServerErrorKind::ResponseError);
        let error = RedisError::from((kind, "the server says no", format!("{TOO_MANY_CLIENTS} + cluster connections")));
        assert_eq!(super::class(&error).class(), "unavailable");
    }

    #[rstest]
    #[case(ErrorKind::Io, "unavailable")]
    #[case(ErrorKind::Server(ServerErrorKind::BusyLoading), "unavailable")]
    #[case(ErrorKind::Server(ServerErrorKind::ReadOnly), "unavailable")]
    #[case(ErrorKind::Server(ServerErrorKind::ResponseError), "fatal")]
    #[case(ErrorKind::Server(ServerErrorKind::NoPerm), "fatal")]
    #[case(ErrorKind::InvalidClientConfig, "fatal")]
    fn kinds(#[case] kind: ErrorKind, #[case] class: &str) {
        assert_eq!(super::class(&RedisError::from((kind, "detail"))).class(), class);
    }
}
