//! What every gateway's answers have in common.

use quittance_avro::words::SetUpKind;

use crate::{BODY_BYTES_MAX, Exchange, Verdict};

/// Status and body of an answer, or what it means that there is none. A body that could not be read, or is larger than any answer,
/// counts as empty, which no dialect is.
pub(crate) fn read(exchange: &Exchange) -> Result<(u16, &[u8]), Box<Verdict>> {
    match exchange {
        Exchange::NotSent(_) => {
            Err(Box::new(Verdict::not_processed("the gateway could not be reached, and nothing was sent to it")))
        }
        Exchange::Unanswered(_) => Err(Box::new(Verdict::unknown("the gateway did not answer"))),
        Exchange::Answered { status, body } => {
            let body = body.as_deref().ok().filter(|body| body.len() <= BODY_BYTES_MAX);
            Ok((*status, body.unwrap_or_default()))
        }
    }
}

/// The gateway takes no requests at the moment.
pub(crate) fn busy() -> Verdict {
    Verdict::not_processed("the gateway takes no requests now, and nothing was processed")
}

/// An answer that is not of the dialect, or contradicts itself or what was asked.
pub(crate) fn unusable() -> Verdict {
    Verdict::unknown("the gateway's answer does not make sense for this request")
}

/// Of a gateway that can charge every token as it is, and is asked to set one up all the same.
pub(crate) fn sets_nothing_up(kind: SetUpKind) -> Verdict {
    let message = "this gateway sets no payment methods up, and nothing was sent";
    match kind {
        SetUpKind::SetUp => Verdict::rejected(Some("not_supported_by_gateway"), message),
        SetUpKind::Query => Verdict::not_processed(message),
    }
}

/// An answer with a status that proves nothing.
pub(crate) fn indefinite(status: u16) -> Verdict {
    Verdict::unknown(format!("the gateway answered with status {status}, which does not say what was processed"))
}
