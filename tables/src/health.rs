//! Which gateway accounts cannot be reached, as those who call them saw it last.

use std::collections::HashMap;

use quittance_avro::{
    records::GatewayHealth,
    tenant::Tenant,
    time::Timestamp,
    words::{HealthStatus, Mode},
};

/// Whose account it is, and its name. An account of the installation is nobody's.
type Key = (Mode, Option<Tenant>, String);

/// The accounts that are down, and until when that holds. Each observer's word counts for itself: an account is down as long
/// as anybody says so who has not taken it back, and whose word has not run out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Healths {
    down: HashMap<Key, HashMap<String, Timestamp>>,
}

impl Healths {
    /// Takes in what somebody saw.
    pub fn take_in(&mut self, health: GatewayHealth) {
        let key = (health.mode, health.tenant, health.gateway_account);
        match (health.status, health.retry_at) {
            (HealthStatus::Down, Some(retry_at)) => {
                self.down.entry(key).or_default().insert(health.observer, retry_at);
            }
            (HealthStatus::Down, None) | (HealthStatus::Up, _) => {
                if let Some(observers) = self.down.get_mut(&key) {
                    observers.remove(&health.observer);
                    if observers.is_empty() {
                        self.down.remove(&key);
                    }
                }
            }
        }
    }

    /// All that are taken to be down in a mode: whose, which, and until when.
    pub fn down(&self, mode: Mode) -> impl Iterator<Item = (Option<&Tenant>, &str, Timestamp)> {
        self.down.iter().filter(move |((of, _, _), _)| *of == mode).filter_map(|((_, tenant, account), observers)| {
            Some((tenant.as_ref(), account.as_str(), observers.values().max().copied()?))
        })
    }
}

/// Key of what an observer says of an account, on the topic.
pub fn health_key(health: &GatewayHealth) -> String {
    let tenant = health.tenant.as_ref().map_or("", Tenant::as_str);
    format!("{}/{tenant}/{}/{}", health.mode, health.gateway_account, health.observer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(observer: &str, status: HealthStatus, retry_ms: Option<i64>) -> GatewayHealth {
        GatewayHealth {
            mode: Mode::Test,
            tenant: None,
            gateway_account: "main".to_owned(),
            status,
            retry_at: retry_ms.map(Timestamp::from_ms),
            failures: 5,
            observer: observer.to_owned(),
            occurred_at: Timestamp::from_ms(0),
        }
    }

    #[test]
    fn an_account_is_down_while_anybody_says_so() {
        let mut healths = Healths::default();
        let until = |healths: &Healths| healths.down(Mode::Test).next().map(|(.., until)| until.as_ms());
        assert_eq!(until(&healths), None);
        healths.take_in(health("a", HealthStatus::Down, Some(1_000)));
        healths.take_in(health("b", HealthStatus::Down, Some(2_000)));
        assert_eq!(until(&healths), Some(2_000));
        healths.take_in(health("b", HealthStatus::Up, None));
        assert_eq!(until(&healths), Some(1_000));
        assert_eq!(healths.down(Mode::Live).count(), 0);
        healths.take_in(health("a", HealthStatus::Up, None));
        assert_eq!(healths, Healths::default());
    }
}
