//! How many of something there are at a time, in all and of one tenant.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quittance_avro::{tenant::Tenant, words::Mode};

use crate::auth::Caller;

/// How many there are. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shares {
    taken: Arc<Mutex<Taken>>,
    all_max: usize,
    own_max: usize,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    own: HashMap<(Mode, Tenant), usize>,
}

/// One of them; given back when dropped.
#[derive(Debug)]
pub struct Share {
    shares: Shares,
    of: (Mode, Tenant),
}

/// Why there is none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The tenant has as many as one may have.
    Own(usize),
    /// All are taken.
    All,
}

impl Shares {
    /// At most `all_max`, of which a tenant may have one in `part` in each mode.
    pub fn new(all_max: usize, part: usize) -> Self {
        Self { taken: Arc::default(), all_max, own_max: (all_max / part).max(1) }
    }

    /// Takes one.
    ///
    /// # Errors
    /// When none is left for that tenant.
    pub fn take(&self, caller: &Caller) -> Result<Share, Full> {
        let of = (caller.mode, caller.tenant.clone());
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

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
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
