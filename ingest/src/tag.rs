//! Entity tags (RFC 9110, 8.8.3): what a client has already need not be sent again.

use warp::http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::handlers::Answer;

/// The tag of a resource at a sequence. It is weak: what is sealed in the resource is shown as absent once its key is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// Of the resource as it is after the event of that sequence.
    pub(crate) fn of(sequence: Option<i64>) -> Self {
        Self(format!("\"{}\"", sequence.unwrap_or_default()))
    }

    /// Of what has a name of its own for each of its versions: hexadecimal digits.
    pub(crate) fn named(name: &str) -> Self {
        Self(format!("\"{name}\""))
    }

    /// Whether the client says (`If-None-Match`) that it has this one. Weak or not makes no difference there (RFC 9110, 13.1.2).
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = known.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.0)
    }

    /// The answer to a client that has it.
    pub(crate) fn not_modified(&self) -> Answer {
        let mut answer = Answer::default();
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        self.put_on(answer)
    }

    /// The answer with the tag. It may be kept by who asked, to be asked about each time.
    pub(crate) fn put_on(&self, mut answer: Answer) -> Answer {
        let headers = answer.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&format!("W/{}", self.0)) {
            headers.insert(header::ETAG, tag);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["W/\"3\""], true)]
    #[case(&["\"3\""], true)]
    #[case(&["\"1\", W/\"3\""], true)]
    #[case(&["\"1\"", "\"3\""], true)]
    #[case(&["*"], true)]
    #[case(&["\"33\""], false)]
    #[case(&["3"], false)]
    #[case(&[], false)]
    fn tags(#[case] values: &[&'static str], #[case] known: bool) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(value));
        }
        assert_eq!(Tag::of(Some(3)).is_known(&headers), known);
    }

    #[test]
    fn it_goes_with_the_answer() {
        let answer = Tag::of(Some(3)).not_modified();
        assert_eq!(
            (answer.status(), &answer.headers()[header::ETAG]),
            (StatusCode::NOT_MODIFIED, &HeaderValue::from_static("W/\"3\""))
        );
    }
}
