//! What anybody may ask of the process itself.

use quittance_service::{admin, health::Health};
use warp::http::{HeaderMap, HeaderValue, header};

use super::Answer;
use crate::{openapi::SERVED, problem::Problem, query::Query, tag::Tag};

/// How long the document may be kept before it is asked about again.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// `GET /openapi.json`
pub(crate) fn openapi(query: &Query, headers: &HeaderMap) -> Result<Answer, Problem> {
    query.none()?;
    let tag = Tag::named(&SERVED.name);
    let mut answer = if tag.is_known(headers) {
        tag.not_modified()
    } else {
        let mut answer = Answer::new(SERVED.bytes.clone().into());
        answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        tag.put_on(answer)
    };
    answer.headers_mut().insert(header::CACHE_CONTROL, KEPT);
    Ok(answer)
}

/// `GET /livez`
pub(crate) fn live(health: &Health) -> Answer {
    admin::bare(health.liveness().is_ok())
}

/// `GET /readyz`
pub(crate) fn ready(health: &Health) -> Answer {
    admin::bare(health.readiness().is_ok())
}
