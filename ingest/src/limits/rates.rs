//! How many requests a second, of a tenant and of a credential, over all instances.
//!
//! The buckets are in Redis. An instance leases a few tokens at a time, so that it asks Redis for a few of many requests; what it
//! does not use within a second is lost to it. While Redis does not answer, each instance goes by buckets of its own: then the limit
//! holds for each instance rather than for all of them, and nobody is turned away for want of Redis.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};
use redis::{Script, aio::ConnectionManager};
use tokio::time::{Instant, timeout};

use crate::{auth::Caller, problem::Problem};

/// How long leased tokens are good for.
const LEASE: Duration = Duration::from_secs(1);
/// What part of a second's tokens is leased at once.
const LEASES_PER_SECOND: u32 = 100;
/// How long Redis may take, and how long it is left alone after it did not answer.
const REDIS_TIMEOUT: Duration = Duration::from_millis(100);
const REDIS_PAUSE: Duration = Duration::from_secs(1);
/// So many buckets are remembered before those are forgotten that nobody asks for.
const BUCKETS_MAX: usize = 4_096;

/// So many requests a second; twice as many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(pub NonZeroU32);

/// The meters. Cheap to clone.
#[derive(Clone)]
pub struct Rates {
    meters: Arc<[Meter; 2]>,
    redis: ConnectionManager,
    prefix: String,
    lease: Arc<Script>,
    left_alone_until: Arc<Mutex<Option<Instant>>>,
}

/// One kind of bucket.
struct Meter {
    kind: &'static str,
    rate: Rate,
    buckets: Mutex<HashMap<String, Bucket>>,
    /// What counts while Redis does not answer.
    own: DefaultKeyedRateLimiter<String>,
}

/// What this instance knows of a bucket. Held by the one request that leases; the others wait for what it gets.
type Bucket = Arc<tokio::sync::Mutex<Leased>>;

/// What was leased of a bucket.
#[derive(Debug)]
struct Leased {
    tokens: u32,
    /// The tokens are good until then, or there are none before.
    until: Instant,
}

/// What Redis said.
enum Granted {
    Tokens(u32),
    After(Duration),
}

impl Rate {
    fn burst(self) -> NonZeroU32 {
        self.0.saturating_mul(TWO)
    }

    fn interval_us(self) -> u64 {
        (1_000_000 / u64::from(self.0.get())).max(1)
    }
}

const TWO: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);

impl Rates {
    /// So many of a tenant, and so many of a credential.
    pub fn new(redis: ConnectionManager, prefix: &str, tenant: Rate, credential: Rate) -> Self {
        let meters = Arc::new([Meter::new("credential", credential), Meter::new("tenant", tenant)]);
        let lease = Arc::new(Script::new(include_str!("lease.lua")));
        Self { meters, redis, prefix: prefix.to_owned(), lease, left_alone_until: Arc::default() }
    }

    /// Takes a token of each bucket of the caller's.
    ///
    /// # Errors
    /// [`Problem::RateLimited`] when there is none.
    pub(crate) async fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        let [credential, tenant] = &*self.meters;
        let of_tenant = format!("{}:{}", caller.mode, caller.tenant);
        let of_credential = format!("{of_tenant}:{}", caller.credential_id.as_deref().unwrap_or(&caller.subject));
        self.take(credential, of_credential).await?;
        self.take(tenant, of_tenant).await
    }

    async fn take(&self, meter: &Meter, key: String) -> Result<(), Problem> {
        let bucket = meter.bucket(&key);
        let mut leased = bucket.lock().await;
        let now = Instant::now();
        if leased.until > now {
            return leased.take(now);
        }
        match self.lease(meter, &key).await {
            Some(Granted::Tokens(tokens)) => *leased = Leased { tokens, until: now + LEASE },
            Some(Granted::After(pause)) => *leased = Leased { tokens: 0, until: now + pause },
            None => return meter.take_own(&key),
        }
        leased.take(now)
    }

    /// None if Redis does not answer.
    async fn lease(&self, meter: &Meter, key: &str) -> Option<Granted> {
        let now = Instant::now();
        if self.left_alone().is_some_and(|until| until > now) {
            return None;
        }
        let mut invocation = self.lease.key(format!("{}:{key}:rate:{}", self.prefix, meter.kind));
        let rate = meter.rate;
        invocation.arg(rate.interval_us()).arg(rate.burst().get()).arg((rate.0.get() / LEASES_PER_SECOND).max(1));
        let mut redis = self.redis.clone();
        match timeout(REDIS_TIMEOUT, invocation.invoke_async::<(u32, u64)>(&mut redis)).await {
            Ok(Ok((0, after_us))) => Some(Granted::After(Duration::from_micros(after_us))),
            Ok(Ok((tokens, _))) => Some(Granted::Tokens(tokens)),
            Ok(Err(_)) | Err(_) => {
                *self.left_alone_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(now + REDIS_PAUSE);
                None
            }
        }
    }

    fn left_alone(&self) -> Option<Instant> {
        *self.left_alone_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leased {
    /// Of what is there until `self.until`. Once the last token is gone, the next one asks anew.
    fn take(&mut self, now: Instant) -> Result<(), Problem> {
        if self.tokens == 0 {
            return Err(Problem::RateLimited(self.until - now));
        }
        self.tokens -= 1;
        if self.tokens == 0 {
            self.until = now;
        }
        Ok(())
    }
}

impl Meter {
    fn new(kind: &'static str, rate: Rate) -> Self {
        let quota = Quota::per_second(rate.0).allow_burst(rate.burst());
        Self { kind, rate, buckets: Mutex::default(), own: RateLimiter::keyed(quota) }
    }

    fn bucket(&self, key: &str) -> Bucket {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get(key) {
            return Arc::clone(bucket);
        }
        if buckets.len() >= BUCKETS_MAX {
            buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1);
            self.own.retain_recent();
        }
        let bucket = Arc::new(tokio::sync::Mutex::new(Leased { tokens: 0, until: Instant::now() }));
        buckets.insert(key.to_owned(), Arc::clone(&bucket));
        bucket
    }

    fn take_own(&self, key: &String) -> Result<(), Problem> {
        let now = self.own.clock().now();
        self.own.check_key(key).map_err(|refused| Problem::RateLimited(refused.wait_time_from(now)))
    }
}
