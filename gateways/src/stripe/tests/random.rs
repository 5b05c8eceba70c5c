//! Whatever comes.

use proptest::{collection::vec, prelude::*, sample::select};

use quittance_avro::words::SetUpKind;

use super::*;

fn statuses() -> impl Strategy<Value = u16> {
    prop_oneof![any::<u16>(), select(vec![200, 200, 200, 400, 401, 402, 403, 404, 409, 429, 500, 503])]
}

/// A body of the dialect with one member of it changed to something else.
fn bodies() -> impl Strategy<Value = Value> {
    let whole = vec![
        succeeded(),
        held(),
        requires_action(),
        captured(700),
        canceled(&charge(0), None),
        refund("succeeded"),
        dispute("lost"),
        decline("card_declined", Some("lost_card")),
        intent("requires_confirmation"),
        setups::intent_to_set_up("succeeded"),
        setups::intent_to_set_up("requires_action"),
    ];
    let members = vec![
        "id",
        "status",
        "amount",
        "amount_received",
        "amount_capturable",
        "currency",
        "metadata",
        "latest_charge",
        "payment_intent",
        "error",
        "data",
        "next_action",
        "capture_method",
        "payment_method",
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
            json!("canceled"),
            json!("pi_1"),
            json!([{}]),
            charge(1250),
            json!("manual"),
        ]),
    ];
    (select(whole), select(members), values).prop_map(|(body, member, value)| with(&body, &json!({ member: value })))
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(kind in select(ALL.to_vec()), status in statuses(), bytes in vec(any::<u8>(), 0..64)) {
        let answer = || Exchange::Answered { status, body: Ok(bytes.clone()) };
        judge(kind, &[answer()]);
        judge(kind, &[answer(), answer()]);
        SetUpKind::ALL.iter().for_each(|kind| drop(setups::judged(*kind, &answer())));
    }

    /// What holds of every verdict is checked of each; and what is approved is what the gateway said, also if that is
    /// more than was asked for.
    #[test]
    fn nothing_is_approved_but_what_the_gateway_said(kind in select(ALL.to_vec()), status in statuses(), body in bodies()) {
        let verdict = judged(kind, status, &body);
        SetUpKind::ALL.iter().for_each(|kind| drop(setups::judged(*kind, &answered(status, &body))));
        if verdict.outcome == ResultOutcome::Approved {
            let said = |member: &str| body[member].as_i64().unwrap_or_default();
            let most = said("amount").max(said("amount_received")).max(said("amount_capturable"));
            let most = most.max(body["latest_charge"]["amount"].as_i64().unwrap_or_default());
            prop_assert!(verdict.authorized_amount.saturating_add(verdict.amount).get() <= most);
            prop_assert!(verdict.captured_amount.get() <= said("amount_received").max(0));
        }
    }

    #[test]
    fn no_report_makes_it_panic(intent in bodies(), one in bodies(), is_listed: bool) {
        let list = if is_listed { refunds(&[one]) } else { one };
        let none = refunds(&[]);
        for (refunds, disputes) in [(&list, &none), (&none, &list)] {
            let exchanges = [&intent, refunds, disputes].map(|body| answered(200, body));
            let verdict = judge(EffectKind::Query, &exchanges);
            for fact in verdict.report.into_iter().flat_map(|report| report.facts) {
                prop_assert!(fact.amount.get() > 0);
            }
        }
    }

    #[test]
    fn no_notice_makes_it_panic(bytes in vec(any::<u8>(), 0..64), body in bodies()) {
        prop_assert!(Stripe.notice(&bytes).is_err());
        let _ = Stripe.notice(json!({ "id": "evt_1", "object": "event", "type": "x", "data": { "object": body } }).to_string().as_bytes());
    }
}
