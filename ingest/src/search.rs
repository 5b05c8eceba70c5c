//! By which tokens a payment's sealed text is found. Pure.

use quittance_avro::{
    records::{Bytes, Sealed},
    seal::{DataKey, SearchToken},
};

use crate::{list::Filters, view::Text};

/// A payment's text as commands carry it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SealedText {
    pub(crate) sealed: Option<Sealed>,
    pub(crate) search_tokens: Option<Vec<Bytes>>,
    /// Of a text that was made of another: the sequence of the event that the other came with.
    pub(crate) made_of: Option<i64>,
}

/// The tokens of a text. They are in the order of their bytes, which says nothing of what they are for.
pub(crate) fn tokens(key: &DataKey, text: &Text) -> Vec<Bytes> {
    let reference = text.reference.iter().map(|reference| of_reference(key, reference));
    let metadata = text.metadata.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
    let metadata = metadata.map(|(name, value)| of_metadata(key, name, value));
    let mut tokens: Vec<SearchToken> = reference.chain(metadata).collect();
    tokens.sort_unstable();
    tokens.into_iter().map(|token| Bytes(token.to_vec())).collect()
}

/// What a payment has to have to be found: of each list one token. There is one in it for each key, so where there is no key, there
/// is nothing that could be found.
pub(crate) fn sought(keys: &[DataKey], filters: &Filters) -> Vec<Vec<Vec<u8>>> {
    let under_each = |token: &dyn Fn(&DataKey) -> SearchToken| keys.iter().map(|key| token(key).to_vec()).collect();
    let reference = filters.reference.iter().map(|text| under_each(&|key| of_reference(key, text)));
    let metadata = filters.metadata.iter().map(|(name, text)| under_each(&|key| of_metadata(key, name, text)));
    reference.chain(metadata).collect()
}

fn of_reference(key: &DataKey, text: &str) -> SearchToken {
    key.search_token(&["reference"], text)
}

fn of_metadata(key: &DataKey, name: &str, text: &str) -> SearchToken {
    key.search_token(&["metadata", name], text)
}

#[cfg(test)]
mod tests {
    use quittance_avro::ids::KeyId;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_sought_is_found_by_the_tokens_of_the_key_that_it_was_written_under() {
        let keys = [1, 2, 3].map(|number| DataKey::draw(KeyId::new(Uuid::from_u128(number))));
        let mut text = Text { reference: Some("order-1".to_owned()), ..Text::default() };
        text.metadata.insert("cart".to_owned(), Value::from("77"));
        text.metadata.insert("odd".to_owned(), json!(1));
        let tokens: Vec<_> = tokens(&keys[1], &text).into_iter().map(|token| token.0).collect();
        assert!(tokens.is_sorted());
        assert_eq!(tokens.len(), 2);
        let found = |filters: &Filters, keys: &[DataKey]| {
            sought(keys, filters).iter().all(|under| under.iter().any(|token| tokens.contains(token)))
        };
        let reference = Filters { reference: Some("order-1".to_owned()), ..Filters::default() };
        let mut both = reference.clone();
        both.metadata.insert("cart".to_owned(), "77".to_owned());
        let mut other = reference.clone();
        other.metadata.insert("cart".to_owned(), "78".to_owned());
        assert!(found(&reference, &keys) && found(&both, &keys) && !found(&other, &keys));
        assert!(!found(&reference, &keys[..1]) && !found(&reference, &[]));
    }
}
