//! What comes of each token.

use rstest::rstest;

use super::*;
use crate::tokens::Decline;

#[rstest]
#[case("tok_approve", ["succeeded", "succeeded again", "succeeded again"], 1)]
#[case("tok_decline", ["declined", "declined again", "declined again"], 0)]
#[case("tok_decline_hard", ["declined", "declined again", "declined again"], 0)]
#[case("tok_decline_expired_card", ["declined", "declined again", "declined again"], 0)]
#[case("tok_slow", ["succeeded late", "InProgress", "InProgress"], 1)]
#[case("tok_error", ["Failed", "Failed", "Failed"], 0)]
#[case("tok_flaky", ["Failed", "succeeded", "succeeded again"], 1)]
#[case("tok_busy", ["Busy", "succeeded", "succeeded again"], 1)]
#[case("tok_conflict", ["InProgress", "succeeded", "succeeded again"], 1)]
#[case("tok_timeout_before", ["Lost", "succeeded", "succeeded again"], 1)]
#[case("tok_timeout_after", ["succeeded untold", "succeeded again", "succeeded again"], 1)]
#[case("tok_action", ["requires_action", "requires_action again", "requires_action again"], 0)]
#[case("tok_pending", ["processing", "processing again", "processing again"], 0)]
#[case("tok_webhook_first", ["succeeded", "succeeded again", "succeeded again"], 1)]
#[case("tok_nonsense", ["InvalidToken", "InvalidToken", "InvalidToken"], 0)]
fn a_key_asked_three_times(#[case] token: &str, #[case] words: [&str; 3], #[case] charges: u64) -> Outcome {
    let mut ledger = ledger(1);
    let answers = [(); 3].map(|()| word(&charge(&mut ledger, "k", &new_charge(token, 1250))));
    assert_eq!(answers, words);
    let report = ledger.report(&key("k")).ok_or("no report")?;
    assert_eq!((report.requests, report.charges, report.amount_charged), (3, charges, charges * 1250));
    assert_eq!(report.token, Token::parse(token).map(Token::name));
    Ok(())
}

#[rstest]
#[case("tok_approve", true, Status::Succeeded, 1250, None)]
#[case("tok_approve", false, Status::Authorized, 0, None)]
#[case("tok_partial", true, Status::Succeeded, 750, None)]
#[case("tok_partial", false, Status::Authorized, 0, None)]
#[case("tok_decline", true, Status::Declined, 0, Some(Decline::InsufficientFunds))]
#[case("tok_decline_hard", false, Status::Declined, 0, Some(Decline::StolenCard))]
#[case("tok_action", true, Status::RequiresAction, 0, None)]
#[case("tok_pending", true, Status::Processing, 0, None)]
fn what_a_charge_is(
    #[case] token: &str,
    #[case] capture: bool,
    #[case] status: Status,
    #[case] captured: u64,
    #[case] decline: Option<Decline>,
) -> Outcome {
    let mut ledger = ledger(1);
    let id = charged(&mut ledger, "k", &NewCharge { capture, ..new_charge(token, 1250) })?;
    let charge = ledger.charge_by_id(id).ok_or("no charge")?;
    assert_eq!((charge.status(), charge.captured(), charge.decline()), (status, captured, decline));
    let is_approved = matches!(status, Status::Succeeded | Status::Authorized);
    assert_eq!(charge.authorization_code(), is_approved.then(|| "A00001".to_owned()));
    assert_eq!(charge.expires_ms().is_some(), status == Status::Authorized);
    Ok(())
}

#[test]
fn a_capture_at_once_has_the_marks_of_its_charge() -> Outcome {
    let mut ledger = ledger(1);
    let marks = BTreeMap::from([("attempt_id".to_owned(), "att_1".to_owned())]);
    let id = charged(&mut ledger, "k", &NewCharge { metadata: marks.try_into()?, ..new_charge("tok_approve", 5) })?;
    let charge = ledger.charge_by_id(id).ok_or("no charge")?;
    assert_eq!(
        charge.captures.iter().map(|capture| capture.metadata.get("attempt_id")).collect::<Vec<_>>(),
        [Some("att_1")]
    );
    Ok(())
}

#[test]
fn who_is_away_cannot_act() -> Outcome {
    let mut ledger = ledger(1);
    let id = charged(&mut ledger, "k", &NewCharge { off_session: true, ..new_charge("tok_action", 5) })?;
    let charge = ledger.charge_by_id(id).ok_or("no charge")?;
    assert_eq!(charge.decline(), Some(Decline::AuthenticationRequired));
    Ok(())
}

#[rstest]
#[case::with_a_card("tok_approve", "succeeded")]
#[case::declined("tok_decline", "declined")]
#[case::without("tok_nonsense", "NotConfirmable")]
fn what_is_only_created_is_charged_when_confirmed(#[case] token: &str, #[case] expected: &str) -> Outcome {
    let mut ledger = ledger(2);
    let Ok(Done::Charged(created)) = ledger.create(&ask("a", ""), &new_charge(token, 5)).result else {
        return Err("not created".into());
    };
    assert_eq!((created.status(), created.is_approved()), (Status::Created, false));
    assert_eq!(ledger.totals().charges, 0);
    let confirmed = ledger.confirm(&ask("b", ""), created.id, &Confirmation::default());
    assert_eq!(word(&confirmed), expected);
    assert_eq!(word(&ledger.confirm(&ask("b", ""), created.id, &Confirmation::default())), format!("{expected} again"));
    Ok(())
}

#[test]
fn a_decline_can_be_confirmed_with_another_card_and_an_approval_cannot() -> Outcome {
    let mut ledger = ledger(5);
    let Ok(Done::Charged(created)) = ledger.create(&ask("a", ""), &new_charge("tok_decline", 5)).result else {
        return Err("not created".into());
    };
    let mut confirm = |name: &str, token: Option<Token>| {
        word(&ledger.confirm(&ask(name, ""), created.id, &Confirmation { token, ..Confirmation::default() }))
    };
    assert_eq!(confirm("b", None), "declined");
    assert_eq!(confirm("again", None), "declined");
    assert_eq!(confirm("c", Some(Token::Approve)), "succeeded");
    assert_eq!(confirm("d", Some(Token::Approve)), "NotConfirmable");
    let report = ledger.report(&key("a")).ok_or("no report")?;
    assert_eq!((report.charges, report.amount_charged), (1, 5));
    assert_eq!((ledger.totals().charges, ledger.totals().declines), (1, 2));
    Ok(())
}

#[test]
fn what_is_only_created_can_be_canceled_in_one_dialect() -> Outcome {
    let mut ledger = ledger(3);
    let Ok(Done::Charged(created)) = ledger.create(&ask("a", ""), &new_charge("tok_approve", 5)).result else {
        return Err("not created".into());
    };
    assert_eq!(word(&void(&mut ledger, "b", created.id)), "NotVoidable");
    let cancel = NewVoid { cancels_unconfirmed: true, ..NewVoid::default() };
    assert_eq!(word(&ledger.void(&ask("c", ""), created.id, &cancel)), "voided");
    assert_eq!(word(&ledger.confirm(&ask("d", ""), created.id, &Confirmation::default())), "Full");
    assert_eq!(stands(&ledger, created.id)?, ("voided", 0, 0, 0));
    Ok(())
}

#[rstest]
#[case::lies("tok_webhook_contradicts", What::Declined, Status::Declined, false)]
#[case::comes_first("tok_webhook_first", What::Captured, Status::Succeeded, true)]
#[case::plain("tok_approve", What::Captured, Status::Succeeded, false)]
fn what_is_told_of_an_approval(
    #[case] token: &str,
    #[case] what: What,
    #[case] told: Status,
    #[case] is_awaited: bool,
) -> Outcome {
    let mut ledger = ledger(2);
    let id = charged(&mut ledger, "k", &new_charge(token, 5))?;
    refund(&mut ledger, "r", id, 5);
    let events = ledger.take_events();
    let [first, second] = events.as_slice() else { return Err(format!("{events:?}").into()) };
    assert_eq!((first.what, first.charge.status(), first.is_awaited), (what, told, is_awaited));
    assert_eq!((second.what, second.charge.status(), second.is_awaited), (What::Refunded, Status::Succeeded, false));
    assert_eq!(stands(&ledger, id)?.0, "succeeded");
    assert!(ledger.take_events().is_empty());
    Ok(())
}
