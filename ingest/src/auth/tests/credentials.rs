//! The header that the token is in, and what whoever sent it is told.

use bytes::Bytes;
use http_body_util::BodyExt as _;
use rstest::rstest;
use serde_json::json;
use warp::http::{HeaderMap, HeaderValue, header};

use super::world::{WORLD, claims, place};
use crate::problem::Problem;

/// `TOKEN` stands for a good one.
#[rstest]
#[case::one(&["Bearer TOKEN"], None)]
#[case::small_letters(&["bearer TOKEN"], None)]
#[case::spaces_before_it(&["BEARER   TOKEN"], None)]
#[case::none(&[], Some(Problem::Unauthorized))]
#[case::no_scheme(&["TOKEN"], Some(Problem::Unauthorized))]
#[case::another_scheme(&["Basic TOKEN"], Some(Problem::Unauthorized))]
#[case::empty(&[""], Some(Problem::Unauthorized))]
#[case::no_token(&["Bearer"], Some(Problem::InvalidToken))]
#[case::only_a_space(&["Bearer "], Some(Problem::InvalidToken))]
#[case::two_headers(&["Bearer TOKEN", "Bearer TOKEN"], Some(Problem::InvalidToken))]
#[case::another_header_first(&["Basic eDp5", "Bearer TOKEN"], Some(Problem::InvalidToken))]
#[case::two_tokens(&["Bearer TOKEN TOKEN"], Some(Problem::InvalidToken))]
#[case::a_list(&["Bearer TOKEN, Bearer TOKEN"], Some(Problem::InvalidToken))]
#[case::space_behind_it(&["Bearer TOKEN "], Some(Problem::InvalidToken))]
#[case::a_tab(&["Bearer \tTOKEN"], Some(Problem::InvalidToken))]
#[case::a_tab_for_the_space(&["Bearer\tTOKEN"], Some(Problem::Unauthorized))]
#[case::in_quotes(&["Bearer \"TOKEN\""], Some(Problem::InvalidToken))]
#[case::not_ascii(&["Bearer TOKEN\u{e4}"], Some(Problem::InvalidToken))]
#[tokio::test]
async fn headers(#[case] values: &[&str], #[case] refused: Option<Problem>) {
    let place = place();
    let token = WORLD.ed.token(&claims(json!({})));
    let mut headers = HeaderMap::new();
    for value in values {
        let value = HeaderValue::from_bytes(value.replace("TOKEN", &token).as_bytes()).expect("a header");
        headers.append(header::AUTHORIZATION, value);
    }
    assert_eq!(place.authenticator.caller(&headers).await.err(), refused);
}

async fn body(problem: Problem) -> Bytes {
    problem.response().into_body().collect().await.expect("a body").to_bytes()
}

#[rstest]
#[case(Problem::Unauthorized, "Bearer")]
#[case(Problem::InvalidToken, r#"Bearer error="invalid_token""#)]
#[tokio::test]
async fn the_answer_says_no_more_than_whether_there_was_a_token(#[case] problem: Problem, #[case] challenge: &str) {
    let response = problem.response();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["www-authenticate"], challenge);
    assert_eq!(body(problem).await, body(Problem::Unauthorized).await);
}
