//! Drawing by weights.

use quittance_avro::{ids::derive, records::WeightedAccount};

/// The accounts in the order in which they are tried, and how that came about. The first is drawn by the weights, from the
/// payment's id: deciding again draws the same. The others follow as they are listed.
pub(super) fn drawn(accounts: &[&WeightedAccount], payment_id: &str) -> (Vec<String>, String) {
    let weight = |account: &WeightedAccount| u64::from(account.weight.max(0).unsigned_abs());
    let total: u64 = accounts.iter().map(|account| weight(account)).sum();
    let names = || accounts.iter().map(|account| account.gateway_account.clone());
    if total == 0 {
        return (names().collect(), "in the order of its accounts".to_owned());
    }
    let (_, random) = derive(&["routing", payment_id]).as_u64_pair();
    let mut left = random % total;
    let first = accounts.iter().find(|account| {
        let is_drawn = left < weight(account);
        left = left.saturating_sub(weight(account));
        is_drawn
    });
    let Some(first) = first else { return (names().collect(), "in the order of its accounts".to_owned()) };
    let rest = names().filter(|name| *name != first.gateway_account);
    let order = std::iter::once(first.gateway_account.clone()).chain(rest).collect();
    let how = if accounts.len() == 1 {
        format!("it names {}", first.gateway_account)
    } else {
        format!("{} was drawn, by a weight of {} in {total}", first.gateway_account, first.weight)
    };
    (order, how)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str, weight: i32) -> WeightedAccount {
        WeightedAccount { gateway_account: name.to_owned(), weight }
    }

    #[test]
    fn weights_are_shares_and_zero_is_never_first() {
        let accounts = [account("a", 75), account("b", 25), account("c", 0)];
        let accounts: Vec<&WeightedAccount> = accounts.iter().collect();
        let firsts: Vec<String> = (0..4_000).map(|n| drawn(&accounts, &format!("pay_{n}")).0[0].clone()).collect();
        let count = |name: &str| firsts.iter().filter(|first| *first == name).count();
        assert!((2_850..3_150).contains(&count("a")), "{}", count("a"));
        assert_eq!(count("c"), 0);
        let (order, _) = drawn(&accounts, "pay_1");
        assert_eq!(order.len(), 3);
        assert_eq!(order.last().map(String::as_str), Some("c"));
        assert_eq!(drawn(&accounts, "pay_1"), drawn(&accounts, "pay_1"));
    }

    #[test]
    fn without_weights_the_order_is_that_of_the_list() {
        let accounts = [account("b", 0), account("a", 0)];
        let accounts: Vec<&WeightedAccount> = accounts.iter().collect();
        assert_eq!(drawn(&accounts, "pay_1").0, ["b", "a"]);
    }
}
