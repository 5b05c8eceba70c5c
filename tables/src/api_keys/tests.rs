//! What stands in the log in whatever order, and what is left of it after compaction.

use std::collections::BTreeMap;

use quittance_avro::{
    API_VERSION,
    records::{Actor, Bytes},
    words::ActorKind,
};

use super::*;

fn key(revoked_at: Option<i64>) -> ApiKeyRecord {
    let tenant: Tenant = "acme".parse().expect("a tenant");
    let id = api_key_id(Mode::Test, &tenant, "shop");
    let envelope = Envelope {
        id: id.to_string(),
        mode: Mode::Test,
        tenant,
        merchant_account: "default".to_owned(),
        aggregate_id: id.to_string(),
        sequence: None,
        occurred_at: Timestamp::from_ms(1),
        actor: Actor { kind: ActorKind::User, subject: "ann".to_owned(), credential_id: None, sealed: None },
        cause: None,
        api_version: API_VERSION.to_owned(),
    };
    ApiKeyRecord::Key(ApiKey {
        envelope,
        name: "shop".to_owned(),
        roles: vec!["merchant".to_owned()],
        digest: Bytes(vec![7; 32]),
        ending: "abcd".to_owned(),
        created_at: Timestamp::from_ms(1),
        created_by: "ann".to_owned(),
        days: None,
        expires_at: None,
        revoked_at: revoked_at.map(Timestamp::from_ms),
    })
}

fn folded<'a>(records: impl IntoIterator<Item = &'a ApiKeyRecord>) -> Option<Timestamp> {
    let mut table = ApiKeys::default();
    for (record, offset) in records.into_iter().zip(0..) {
        table.take_in(record.clone(), offset);
    }
    table.by_digest(&[7; 32]).expect("the key").revoked_at
}

/// A creation may be on its way for as long as a producer tries, and come behind the end of the key that its twin made.
#[test]
fn what_was_revoked_stays_so_in_every_order_and_after_compaction() {
    let (made, ended) = (key(None), key(Some(5)));
    for records in [[&made, &ended], [&ended, &made]] {
        assert_eq!(folded(records), Some(Timestamp::from_ms(5)));
        // Of each key the latest is kept, in the order of the log.
        let latest: BTreeMap<String, usize> = records.iter().zip(0..).map(|(record, at)| (record.key(), at)).collect();
        let kept = records.into_iter().zip(0..).filter(|(record, at)| latest[&record.key()] == *at);
        assert_eq!(folded(kept.map(|(record, _)| record)), Some(Timestamp::from_ms(5)));
    }
}
