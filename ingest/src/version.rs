//! The dated version of the API: what a client may ask for, and what it is answered by.
//!
//! There is one version so far. A client that names it will be answered by it when there are others; one that names none gets the
//! oldest that is still there, so that nothing changes under it.

use quittance_avro::API_VERSION;
use warp::http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::{FieldError, Problem};

/// Where it stands, in requests and in answers.
const HEADER: HeaderName = HeaderName::from_static("quittance-version");

/// Refuses a version that there is not.
pub(crate) fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let mut asked = headers.get_all(HEADER).iter();
    if asked.all(|version| version.as_bytes() == API_VERSION.as_bytes()) {
        return Ok(());
    }
    let message = format!("must be {API_VERSION}, or left out");
    Err(Problem::Invalid(vec![FieldError { field: "Quittance-Version".to_owned(), message }]))
}

/// Says by which version it was answered.
pub(crate) fn tell(headers: &mut HeaderMap) {
    headers.insert(HEADER, HeaderValue::from_static(API_VERSION));
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], true)]
    #[case(&[API_VERSION], true)]
    #[case(&["2026-11-02"], false)]
    #[case(&[""], false)]
    #[case(&[API_VERSION, "2020-01-01"], false)]
    fn versions(#[case] asked: &[&'static str], #[case] taken: bool) {
        let mut headers = HeaderMap::new();
        for version in asked {
            headers.append(HEADER, HeaderValue::from_static(version));
        }
        assert_eq!(check(&headers).is_ok(), taken);
    }
}
