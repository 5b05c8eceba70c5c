//! The service itself.

use warp::http::StatusCode;

use crate::{
    openapi::{
        description::{Answer, Content, Description, Tag},
        parameters::Parameter,
        problems::invalid,
    },
    problem::Problem,
};

/// Whether, as text.
fn verdict(status: StatusCode, about: &'static str, example: &'static str) -> Answer {
    Answer {
        status,
        about,
        content: vec![Content::Text { media_type: "text/plain; charset=utf-8", example }],
        headers: &[],
    }
}

fn is(about: &'static str) -> Answer {
    verdict(StatusCode::OK, about, "ok")
}

fn is_not(about: &'static str) -> Answer {
    verdict(StatusCode::SERVICE_UNAVAILABLE, about, "no")
}

pub(super) fn document() -> Description {
    Description::new(
        "readDocument",
        Tag::Service,
        "Read this document",
        "The description of the API (OpenAPI 3.1), as this process serves it.",
    )
    .takes([Parameter::Shared("IfNoneMatch")])
    .answers(Answer { headers: &["ETag"], ..Answer::ok("Document", "The document.") })
    .answers(Answer::not_modified())
    .fails([invalid("limit", "is not a parameter of this request"), Problem::Internal])
}

pub(super) fn live() -> Description {
    Description::new(
        "tellLive",
        Tag::Service,
        "Ask whether the process is alive",
        "For whoever would start it anew if it is not.",
    )
    .answers(is("It is."))
    .answers(is_not("It is not."))
}

pub(super) fn ready() -> Description {
    Description::new(
        "tellReady",
        Tag::Service,
        "Ask whether the process can do its work",
        "For whoever sends requests to it.",
    )
    .answers(is("It can."))
    .answers(is_not("It cannot."))
}
