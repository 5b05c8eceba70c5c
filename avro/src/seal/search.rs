//! Tokens by which sealed text can be looked for: a blind index.
//!
//! A token is the same for the same text of a tenant, so who has the store sees which payments have a text in common, and not which
//! text: without the tenant's key nobody can make the token of a text that they guess. When the key is erased, its tokens are as
//! meaningless as what it sealed.

use super::{DataKey, parts};

/// How long a token is. Two texts have the same one by chance once in 2^64 texts of a tenant.
pub const SEARCH_TOKEN_LEN: usize = 16;

/// A token.
pub type SearchToken = [u8; SEARCH_TOKEN_LEN];

/// What the key for tokens is derived for, so that it is no other use's.
const PURPOSE: &str = "quittance payment search 1";

impl DataKey {
    /// The token of a value under a name, such as `["metadata", "cart"]`.
    pub fn search_token(&self, name: &[&str], value: &str) -> SearchToken {
        let digest = self.derive(PURPOSE, &parts(&[name, &[value]].concat()));
        let mut token = SearchToken::default();
        token.copy_from_slice(&digest[..SEARCH_TOKEN_LEN]);
        token
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::KeyId;

    fn key(secret: u8) -> DataKey {
        DataKey { id: KeyId::new(Uuid::from_u128(1)), secret: [secret; 32] }
    }

    #[test]
    fn the_same_text_under_the_same_name_and_key_has_the_same_token_and_no_other() {
        let token = key(1).search_token(&["metadata", "cart"], "77");
        assert_eq!(token, key(1).search_token(&["metadata", "cart"], "77"));
        let others = [
            key(2).search_token(&["metadata", "cart"], "77"),
            key(1).search_token(&["metadata", "cart"], "78"),
            key(1).search_token(&["metadata", "cart7"], "7"),
            key(1).search_token(&["metadata"], "cart77"),
            key(1).search_token(&["reference"], "77"),
        ];
        assert!(!others.contains(&token));
    }

    /// Tokens are kept: another way to make them would find nothing of what was written before.
    #[test]
    fn tokens_stay_as_they_are() {
        let hex: String =
            key(7).search_token(&["reference"], "order-1001").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "007c591e4f49c2bbbaaca83c669d9472");
    }
}
