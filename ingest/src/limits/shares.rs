//! How many of something there are at a time, in all and of one tenant.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quittance_avro::{tenant::Tenant, words::Mode};

use crate::auth::Caller;

/// How many there are, by whoever has them: a tenant in a mode, unless it is about somebody else. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shares<K: Eq + Hash = (Mode, Tenant)> {
    taken: Arc<Mutex<Taken<K>>>,
    all_max: usize,
    own_max: usize,
}

#[derive(Debug)]
struct Taken<K> {
    all: usize,
    own: HashMap<K, usize>,
}

/// One of them; given back when dropped.
#[derive(Debug)]
pub struct Share<K: Eq + Hash = (Mode, Tenant)> {
    shares: Shares<K>,
    of: K,
}

/// Why there is none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// Whoever asks has as many as one may have.
    Own(usize),
    /// All are taken.
    All,
}

impl Shares {
    /// Takes one for the caller's tenant.
    ///
    /// # Errors
    /// When none is left for it.
    pub fn take(&self, caller: &Caller) -> Result<Share, Full> {
        self.take_of((caller.mode, caller.tenant.clone()))
    }
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// At most `all_max`, at least one, of which each may have one in `part`.
    pub fn new(all_max: usize, part: usize) -> Self {
        let taken = Arc::new(Mutex::new(Taken { all: 0, own: HashMap::new() }));
        Self { taken, all_max: all_max.max(1), own_max: (all_max / part).max(1) }
    }

    /// Takes one.
    ///
    /// # Errors
    /// When none is left for whoever it is.
    pub fn take_of(&self, of: K) -> Result<Share<K>, Full> {
        let mut taken = self.lock();
        if taken.all >= self.all_max {
            return Err(Full::All);
        }
        let own = taken.own.entry(of.clone()).or_default();
        if *own >= self.own_max {
            return Err(Full::Own(self.own_max));
        }
        *own += 1;
        taken.all += 1;
        Ok(Share { shares: self.clone(), of })
    }
}

impl<K: Eq + Hash> Shares<K> {
    fn lock(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.lock();
        taken.all -= 1;
        if let Some(own) = taken.own.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                taken.own.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(mode: Mode, tenant: &str) -> Caller {
        Caller { mode, ..Caller::somebody(tenant) }
    }

    #[test]
    fn a_tenant_has_its_share_and_leaves_room_for_others() {
        let shares = Shares::new(8, 4);
        let take = |mode, tenant| shares.take(&caller(mode, tenant));
        let own: Vec<_> = (0..2).map(|_| take(Mode::Test, "acme").expect("room")).collect();
        assert_eq!(take(Mode::Test, "acme").err(), Some(Full::Own(2)));
        let others: Vec<_> = ["a", "a", "b", "b", "c"].map(|tenant| take(Mode::Test, tenant).expect("room")).into();
        let live = take(Mode::Live, "acme").expect("room for what is no test");
        assert_eq!(take(Mode::Test, "d").err(), Some(Full::All));
        drop(own);
        assert!(take(Mode::Test, "acme").is_ok());
        drop((others, live));
        assert!(shares.lock().own.is_empty() && shares.lock().all == 0, "who left leaves nothing behind");
    }
}
