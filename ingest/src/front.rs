//! What every answer has for browsers and caches, whoever made it: who may read it from a page (CORS), and that it is data and nothing
//! to be run, shown in a frame, guessed about or kept.

use std::{convert::Infallible, str::FromStr, time::Duration};

use quittance_service::{health::Health, http::RequestBody};
use tower::{Service, ServiceBuilder};
use tower_http::cors::{AllowOrigin, CorsLayer};
use warp::{
    http::{HeaderName, HeaderValue, Method, Request, Response, Uri, header},
    hyper::body::{Body, Bytes},
};

use crate::{app::App, routes::routes};

/// What answers have unless they say otherwise. The API answers with data alone.
const HEADERS: &[(HeaderName, &str)] = &[
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// What a page may send beside what every page may.
const ASKED: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("quittance-version"),
];
/// What a page may read beside what every page may.
const TOLD: [HeaderName; 7] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    HeaderName::from_static("idempotent-replayed"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("quittance-version"),
    HeaderName::from_static("request-id"),
];
/// How long a browser need not ask again what a page may.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// A site whose pages may ask and read: scheme, host and port, as browsers say it (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || "must be an origin, such as https://shop.example or http://localhost:3000".to_owned();
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(refused());
        };
        // As a browser says it: no path, no user, nothing in upper case, or it would never be met.
        if format!("{scheme}://{authority}") != text || text.contains('@') || text.to_ascii_lowercase() != text {
            return Err(refused());
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| refused())
    }
}

/// The whole of the public side.
pub fn service(
    app: App,
    health: Health,
    origins: Vec<Origin>,
) -> impl Service<
    Request<RequestBody>,
    Response = Response<impl Body<Data = Bytes, Error = warp::Error> + Send + 'static>,
    Error = Infallible,
    Future = impl Future + Send,
> + Clone
+ Send
+ 'static {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let origins = origins.into_iter().map(|Origin(origin)| origin);
    let cors = CorsLayer::new().allow_origin(AllowOrigin::list(origins)).allow_methods(methods);
    let cors = cors.allow_headers(ASKED).expose_headers(TOLD).max_age(PREFLIGHT_AGE);
    ServiceBuilder::new().map_response(harmless).layer(cors).service(warp::service(routes(app, health)))
}

fn harmless<B>(mut response: Response<B>) -> Response<B> {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://shop.example", true)]
    #[case("http://localhost:3000", true)]
    #[case("https://shop.example/", false)]
    #[case("https://Shop.example", false)]
    #[case("https://me@shop.example", false)]
    #[case("shop.example", false)]
    #[case("ftp://shop.example", false)]
    #[case("*", false)]
    #[case("null", false)]
    #[case("", false)]
    fn origins(#[case] text: &str, #[case] taken: bool) {
        assert_eq!(text.parse::<Origin>().is_ok(), taken);
    }
}
