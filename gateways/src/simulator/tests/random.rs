//! Whatever comes.

use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![any::<u16>(), select(vec![200, 201, 400, 402, 404, 409, 422, 429, 500, 503])]
}

/// A body of the dialect with one member of it changed to something else, or left out.
fn bodies() -> impl Strategy<Value = Value> {
    let held = with(&succeeded(), &json!({ "status": "authorized", "amount_captured": 0, "captures": [] }));
    let whole = vec![succeeded(), held, requires_action(), moved("cap_1", "succeeded"), moved("void_1", "succeeded")];
    let members = vec![
        "id",
        "status",
        "amount",
        "amount_captured",
        "currency",
        "charge",
        "metadata",
        "captures",
        "void",
        "refunds",
        "disputes",
        "card",
    ];
    let values = prop_oneof![
        any::<i64>().prop_map(|number| json!(number)),
        (0_i64..3_000).prop_map(|number| json!(number)),
        ".{0,8}".prop_map(|text| json!(text)),
        select(vec![
            json!(null),
            json!([]),
            json!({}),
            json!("succeeded"),
            json!("voided"),
            json!("ch_1"),
            json!([{}])
        ]),
    ];
    (select(whole), select(members), values).prop_map(|(body, member, value)| with(&body, &json!({ member: value })))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        kind in select(ALL.to_vec()),
        status in statuses(),
        body in vec(any::<u8>(), 0..64),
    ) {
        let exchange = Exchange::Answered { status, body: Ok(body) };
        judge(kind, exchange);
    }

    /// What holds of every verdict is checked of each; and what is approved is what the gateway said, also if that is
    /// more than was asked for.
    #[test]
    fn nothing_is_approved_but_what_the_gateway_said(kind in select(ALL.to_vec()), status in statuses(), body in bodies()) {
        let wrapped = json!({ "data": [body], "error": { "code": "card_declined" }, "charge": body });
        for body in [&body, &wrapped] {
            let verdict = judged(kind, status, body);
            if verdict.outcome == ResultOutcome::Approved {
                let said = body["amount"].as_i64();
                let told = verdict.authorized_amount.saturating_add(verdict.amount).get();
                let is_unheld = kind == EffectKind::Void && said == Some(0);
                prop_assert_eq!(Some(told), if is_unheld { Some(1250) } else { said });
                prop_assert!(verdict.captured_amount.get() <= body["amount_captured"].as_i64().unwrap_or_default().max(0));
            }
        }
    }

    #[test]
    fn no_notice_makes_it_panic(bytes in vec(any::<u8>(), 0..64), body in bodies()) {
        prop_assert!(Simulator.notice(&bytes).is_err());
        let event = json!({ "id": "evt_1", "type": "charge.updated", "data": { "object": body } });
        if let Ok(notice) = Simulator.notice(event.to_string().as_bytes()) {
            prop_assert_eq!(Some(notice.gateway_reference.as_str()), body["id"].as_str());
        }
    }
}
