//! What happened.

use warp::http::StatusCode;

use crate::{
    openapi::{
        description::{Answer, Content, Description, Tag},
        parameters::{self, Parameter},
    },
    problem::Problem,
};

/// What can go wrong with a stream alone.
fn crowded() -> [Problem; 2] {
    [Problem::TooMany("at most 1024 for a tenant at a time".to_owned()), Problem::Overloaded]
}

pub(super) fn history() -> Description {
    let about = "All events of the payment, the earliest first, up to a thousand. They come by way of Postgres alone, which may be a moment behind \
                 the payment itself.";
    Description::new("readHistory", Tag::Payments, "Read the history of a payment", about)
        .takes([parameters::payment(), Parameter::Shared("After"), Parameter::Shared("Prefer")])
        .answers(Answer::ok("History", "Its events."))
        .fails([Problem::Behind(3)])
}

pub(super) fn follow() -> Description {
    let about = "A stream (server-sent events) of one payment's events, from the first on, that goes on as they happen. A client that reconnects \
                 says by `Last-Event-ID` where it was.";
    Description::new("followPayment", Tag::Events, "Follow the events of a payment", about)
        .takes([parameters::payment(), Parameter::Shared("LastEventId")])
        .answers(Answer {
            status: StatusCode::OK,
            about: "Events as they happen.",
            content: vec![Content::Events],
            headers: &[],
        })
        .fails(crowded())
}

pub(super) fn feed() -> Description {
    let about = "All that happened to the tenant's payments and payment methods, each event once: a page to begin with, and `next_cursor` for the \
                 next one, which there always will be. Who accepts `text/event-stream` is sent them as they happen.";
    Description::new("readEvents", Tag::Events, "Read the feed of events", about)
        .takes(parameters::feed_page())
        .answers(Answer {
            content: vec![Content::Json("EventPage"), Content::Events],
            ..Answer::ok("EventPage", "A page, or events as they happen.")
        })
        .fails(crowded())
}
