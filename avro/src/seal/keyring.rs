//! The data keys that are known, as the keys topic tells them.

use std::collections::{HashMap, HashSet};

use super::{DataKey, OpenError};
use crate::{ids::KeyId, records::Sealed, seal::Binding, tenant::Tenant, words::Mode};

/// The data keys by id, and for each tenant the one to seal with: the first in the log, so that every instance that
/// reads the log picks the same one, whoever else tried to create one at the same time.
#[derive(Debug, Default)]
pub struct Keyring {
    keys: HashMap<KeyId, DataKey>,
    current: HashMap<(Mode, Tenant), KeyId>,
    /// All that a tenant has.
    of: HashMap<(Mode, Tenant), Vec<KeyId>>,
    erased: HashSet<KeyId>,
}

impl Keyring {
    /// Takes in a key, in the order of the log.
    pub fn add(&mut self, mode: Mode, tenant: &Tenant, key: DataKey) {
        self.current.entry((mode, tenant.clone())).or_insert(key.id);
        let known = self.of.entry((mode, tenant.clone())).or_default();
        if !known.contains(&key.id) {
            known.push(key.id);
        }
        self.erased.remove(&key.id);
        self.keys.insert(key.id, key);
    }

    /// Forgets a key: what it sealed cannot be opened any more.
    pub fn erase(&mut self, id: KeyId) {
        self.keys.remove(&id);
        self.erased.insert(id);
        self.current.retain(|_, current| *current != id);
    }

    /// Takes a key that is not known for one that was erased.
    pub fn presume_erased(&mut self, id: KeyId) {
        if !self.keys.contains_key(&id) {
            self.erased.insert(id);
        }
    }

    /// The key that a tenant's data is sealed with.
    pub fn current(&self, mode: Mode, tenant: &Tenant) -> Option<&DataKey> {
        self.current.get(&(mode, tenant.clone())).and_then(|id| self.keys.get(id))
    }

    /// Every key that a tenant's data may have been sealed with.
    pub fn all(&self, mode: Mode, tenant: &Tenant) -> impl Iterator<Item = &DataKey> {
        self.of.get(&(mode, tenant.clone())).into_iter().flatten().filter_map(|id| self.keys.get(id))
    }

    /// Opens what was sealed under any known key.
    pub fn open(&self, binding: Binding<'_>, sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        let id = sealed.key_id;
        match self.keys.get(&id) {
            Some(key) => key.open(binding, sealed),
            None if self.erased.contains(&id) => Err(OpenError::Erased(id)),
            None => Err(OpenError::NoKey(id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_first_key_of_a_tenant_wins_until_it_is_erased() -> Result<(), Box<dyn std::error::Error>> {
        let acme: Tenant = "acme".parse()?;
        let [first, second] = [1, 2].map(|n| DataKey::draw(KeyId::new(Uuid::from_u128(n))));
        let binding = Binding { mode: Mode::Test, tenant: &acme, aggregate_id: "a", purpose: "p" };
        let sealed = first.seal(binding, b"x");
        let mut keyring = Keyring::default();
        assert_eq!(keyring.open(binding, &sealed), Err(OpenError::NoKey(first.id)));
        keyring.add(Mode::Test, &acme, first.clone());
        keyring.add(Mode::Test, &acme, second);
        assert_eq!(keyring.current(Mode::Test, &acme).map(|key| key.id), Some(first.id));
        assert_eq!(keyring.current(Mode::Live, &acme).map(|key| key.id), None);
        assert_eq!(keyring.open(binding, &sealed)?, b"x");
        keyring.presume_erased(first.id);
        assert_eq!(keyring.open(binding, &sealed)?, b"x", "it is known");
        assert_eq!(keyring.all(Mode::Test, &acme).count(), 2);
        assert_eq!(keyring.all(Mode::Live, &acme).count(), 0);
        keyring.erase(first.id);
        assert_eq!(keyring.all(Mode::Test, &acme).count(), 1);
        assert_eq!(keyring.open(binding, &sealed), Err(OpenError::Erased(first.id)));
        assert_eq!(keyring.current(Mode::Test, &acme).map(|key| key.id), None);
        Ok(())
    }
}
