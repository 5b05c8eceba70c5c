//! Issuers that rotate, that are down, and that serve something else.

use std::time::Duration;

use rstest::rstest;

use super::*;
use crate::auth::{
    key_source::{KEY_SET_BYTES_MAX, client},
    tests::{Issuer, Signer, issuer::Serves, signer::key_set},
};

const LONG: Duration = Duration::from_secs(3_600);
const DEADLINE: Duration = Duration::from_secs(20);

/// Nothing is fetched after the first time but what is asked for, and that once.
const QUIET: Freshness = Freshness { every: LONG, asked_every: LONG, retry: LONG, within: Duration::from_secs(10) };
/// Fetches all the time, and never because it is asked.
const BUSY: Freshness = Freshness {
    every: Duration::from_millis(20),
    asked_every: LONG,
    retry: Duration::from_millis(10),
    within: Duration::from_millis(200),
};

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.expect("done within the deadline")
}

fn cache(url: &str, freshness: Freshness) -> KeyCache {
    let source = KeySource::Url(url.parse().expect("a URL"));
    KeyCache::start("issuer", source, client().expect("a client"), freshness)
}

fn set(signers: &[&Signer]) -> Serves {
    Serves::Body(key_set(signers))
}

fn signers() -> [Signer; 2] {
    [Signer::new("ES256", "first"), Signer::new("ES256", "second")]
}

impl KeyCache {
    /// Whether there is a key of that id now.
    async fn has(&self, id: &str) -> Result<bool, NeverFetched> {
        within(self.having(id)).await.map(|set| set.find(id).is_some())
    }

    /// Waits until so many more fetches have begun and ended.
    async fn fetched(&self, more: u64) {
        let target = self.state.borrow().begun + more;
        within(self.state.clone().wait_for(|state| state.ended >= target)).await.expect("its task is there");
    }
}

#[tokio::test]
async fn a_new_key_is_found_with_its_first_token_and_a_removed_one_is_gone() {
    let [first, second] = signers();
    let issuer = Issuer::start(set(&[&first])).await;
    let cache = cache(&issuer.url(), QUIET);
    assert_eq!(cache.has("first").await, Ok(true));
    issuer.serve(set(&[&second]));
    assert_eq!(cache.has("first").await, Ok(true), "nobody has looked yet");
    assert_eq!(cache.has("second").await, Ok(true));
    assert_eq!(cache.has("first").await, Ok(false));
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn unknown_keys_bring_about_one_request() {
    let [first, _] = signers();
    let issuer = Issuer::start(set(&[&first])).await;
    let cache = cache(&issuer.url(), QUIET);
    assert_eq!(cache.has("first").await, Ok(true));
    let asked = (0..100).map(|n| format!("unknown-{n}"));
    let found = futures::future::join_all(asked.map(|id| {
        let cache = &cache;
        async move { cache.has(&id).await }
    }));
    assert_eq!(found.await, vec![Ok(false); 100]);
    for _ in 0..10 {
        assert_eq!((cache.has("unknown").await, issuer.requests()), (Ok(false), 2));
    }
}

#[tokio::test]
async fn after_a_while_they_may_bring_about_another() {
    let [first, _] = signers();
    let issuer = Issuer::start(set(&[&first])).await;
    let cache = cache(&issuer.url(), Freshness { asked_every: Duration::ZERO, ..QUIET });
    assert_eq!(cache.has("first").await, Ok(true));
    for requests in 2..5 {
        assert_eq!((cache.has("unknown").await, issuer.requests()), (Ok(false), requests));
    }
}

#[tokio::test]
async fn whoever_comes_while_keys_are_fetched_waits_for_them() {
    let [first, second] = signers();
    let issuer = Issuer::start(set(&[&first])).await;
    let cache = cache(&issuer.url(), QUIET);
    assert_eq!(cache.has("first").await, Ok(true));
    issuer.serve(Serves::Nothing);
    let many = futures::future::join_all((0..20).map(|_| cache.has("second")));
    let answer = async {
        within(issuer.asked(2)).await;
        assert_eq!(cache.has("first").await, Ok(true), "what is there need not wait");
        issuer.serve(set(&[&second]));
    };
    let (found, ()) = tokio::join!(many, answer);
    assert_eq!(found, vec![Ok(true); 20]);
    assert_eq!(issuer.requests(), 2);
}

#[tokio::test]
async fn a_key_that_was_removed_stops_working_by_itself() {
    let [first, second] = signers();
    let issuer = Issuer::start(set(&[&first, &second])).await;
    let cache = cache(&issuer.url(), BUSY);
    assert_eq!(cache.has("first").await, Ok(true));
    issuer.serve(set(&[&second]));
    cache.fetched(2).await;
    assert_eq!((cache.has("first").await, cache.has("second").await), (Ok(false), Ok(true)));
    issuer.serve(set(&[]));
    cache.fetched(2).await;
    assert_eq!(cache.has("second").await, Ok(false), "an issuer may take back all of its keys");
}

#[rstest]
#[case::status(Serves::Status(500, key_set(&[])))]
#[case::not_found(Serves::Status(404, key_set(&[])))]
#[case::no_content(Serves::Status(204, String::new()))]
#[case::garbage(Serves::Body("<html>sign in</html>".to_owned()))]
#[case::another_document(Serves::Body(r#"{"issuer":"x"}"#.to_owned()))]
#[case::member_twice(Serves::Body(r#"{"keys":[],"keys":[]}"#.to_owned()))]
#[case::empty(Serves::Body(String::new()))]
#[case::oversized(Serves::Body(format!(r#"{{"keys":[]{}}}"#, " ".repeat(KEY_SET_BYTES_MAX))))]
#[case::slow(Serves::Nothing)]
#[tokio::test]
async fn what_is_no_set_of_keys_changes_nothing(#[case] serves: Serves) {
    let [first, second] = signers();
    let issuer = Issuer::start(serves.clone()).await;
    let cache = cache(&issuer.url(), BUSY);
    cache.fetched(1).await;
    assert_eq!(cache.has("first").await, Err(NeverFetched));
    issuer.serve(set(&[&first]));
    cache.fetched(2).await;
    assert_eq!(cache.has("first").await, Ok(true));
    issuer.serve(serves);
    cache.fetched(3).await;
    assert_eq!(cache.has("first").await, Ok(true));
    issuer.serve(set(&[&second]));
    cache.fetched(2).await;
    assert_eq!((cache.has("first").await, cache.has("second").await), (Ok(false), Ok(true)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let [first, _] = signers();
    let elsewhere = Issuer::start(set(&[&first])).await;
    let issuer = Issuer::start(Serves::Redirect(elsewhere.url())).await;
    let cache = cache(&issuer.url(), BUSY);
    cache.fetched(2).await;
    assert_eq!((cache.has("first").await, elsewhere.requests()), (Err(NeverFetched), 0));
}

#[tokio::test]
async fn an_issuer_that_is_down_keeps_its_keys() {
    let [first, _] = signers();
    let issuer = Issuer::start(set(&[&first])).await;
    let cache = cache(&issuer.url(), BUSY);
    assert_eq!(cache.has("first").await, Ok(true));
    within(issuer.stop()).await;
    cache.fetched(3).await;
    assert_eq!((cache.has("first").await, cache.has("second").await), (Ok(true), Ok(false)));
}

#[tokio::test]
async fn a_slow_issuer_keeps_nobody_for_long() {
    let issuer = Issuer::start(Serves::Nothing).await;
    let cache = cache(&issuer.url(), Freshness { within: Duration::from_millis(50), ..QUIET });
    assert_eq!(cache.has("first").await, Err(NeverFetched));
}

#[tokio::test]
async fn a_file_is_read_again() {
    let [first, second] = signers();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.json");
    let cache = KeyCache::start("issuer", KeySource::File(path.clone()), client().expect("a client"), BUSY);
    cache.fetched(1).await;
    assert_eq!(cache.has("first").await, Err(NeverFetched));
    for (there, gone) in [(&first, &second), (&second, &first)] {
        std::fs::write(&path, key_set(&[there])).expect("a file");
        cache.fetched(2).await;
        assert_eq!((cache.has(there.id).await, cache.has(gone.id).await), (Ok(true), Ok(false)));
    }
    std::fs::write(&path, "x".repeat(KEY_SET_BYTES_MAX + 1)).expect("a file");
    cache.fetched(2).await;
    assert_eq!(cache.has("second").await, Ok(true));
}

#[tokio::test]
async fn a_set_is_current_until_another_is_served() {
    let [first, second] = signers();
    let issuer = Issuer::start(set(&[&first])).await;
    let cache = cache(&issuer.url(), BUSY);
    let before = within(cache.having("first")).await.expect("keys");
    cache.fetched(2).await;
    assert!(cache.is_current(&before));
    issuer.serve(set(&[&first, &second]));
    cache.fetched(2).await;
    assert!(!cache.is_current(&before));
}

#[tokio::test]
async fn the_task_ends_with_the_cache() {
    let issuer = Issuer::start(set(&[])).await;
    let cache = cache(&issuer.url(), BUSY);
    cache.fetched(1).await;
    let mut state = cache.state.clone();
    drop(cache);
    while within(state.changed()).await.is_ok() {}
}
