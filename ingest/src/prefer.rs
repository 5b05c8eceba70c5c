//! The Prefer header (RFC 7240), as far as it says how long to wait.

use std::time::Duration;

use warp::http::HeaderMap;

/// The longest that a client can ask for.
const WAIT_SECONDS_MAX: u64 = 30;

/// How the client wants to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefer {
    /// `respond-async`: as soon as the command is durable, or after `wait` (RFC 7240, 4.3).
    pub(crate) respond_async: bool,
    /// `wait=N`: after so long at the latest.
    pub(crate) wait: Option<Duration>,
}

impl Prefer {
    /// Reads the header; preferences that are not understood are ignored, as the RFC wants.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split(',')) {
            let token = preference.split(';').next().unwrap_or_default().trim();
            let (name, value) = token.split_once('=').map_or((token, ""), |(name, value)| (name.trim(), value.trim()));
            if name.eq_ignore_ascii_case("respond-async") {
                prefer.respond_async = true;
            } else if name.eq_ignore_ascii_case("wait") && prefer.wait.is_none() {
                let seconds = value.trim_matches('"').parse::<u64>().ok();
                prefer.wait = seconds.map(|seconds| Duration::from_secs(seconds.min(WAIT_SECONDS_MAX)));
            }
        }
        prefer
    }

    /// Whether the answer is not to wait for the outcome at all.
    pub(crate) fn is_async(self) -> bool {
        self.respond_async && self.wait.is_none()
    }

    /// What of it was followed, for Preference-Applied.
    pub(crate) fn applied(self) -> Option<String> {
        match (self.respond_async, self.wait) {
            (true, None) => Some("respond-async".to_owned()),
            (true, Some(wait)) => Some(format!("respond-async, wait={}", wait.as_secs())),
            (false, Some(wait)) => Some(format!("wait={}", wait.as_secs())),
            (false, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use warp::http::HeaderValue;

    use super::*;

    #[rstest]
    #[case("respond-async", true, None)]
    #[case("Respond-Async, wait=5", true, Some(5))]
    #[case("wait=2", false, Some(2))]
    #[case("wait=\"3\"; foo=bar", false, Some(3))]
    #[case("wait=9999", false, Some(WAIT_SECONDS_MAX))]
    #[case("wait=-1", false, None)]
    #[case("return=minimal", false, None)]
    fn preferences(#[case] value: &'static str, #[case] respond_async: bool, #[case] wait_seconds: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", HeaderValue::from_static(value));
        let wait = wait_seconds.map(Duration::from_secs);
        assert_eq!(Prefer::from_headers(&headers), Prefer { respond_async, wait });
    }
}
