//! The ledger's rules as tables, and its invariants over random requests.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::tokens::Advice;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn key(name: &str) -> IdempotencyKey {
    name.to_owned().try_into().expect("the tests use valid keys")
}

fn request(token: &str, amount: i64) -> ChargeRequest {
    ChargeRequest {
        amount: amount.try_into().expect("the tests use valid amounts"),
        currency: "EUR".to_owned().try_into().expect("EUR is a currency"),
        token: token.to_owned(),
        capture: true,
        metadata: BTreeMap::new(),
    }
}

/// One word for what an answer says, to be compared in tables.
fn word(answer: &Answer) -> &'static str {
    match answer {
        Answer::Processed(charge) if charge.status == Status::Declined => "declined",
        Answer::Processed(_) => "approved",
        Answer::ProcessedLate(_) => "approved late",
        Answer::Replayed(_) => "replayed",
        Answer::Refused(Refusal::KeyReused) => "key reused",
        Answer::Refused(Refusal::InProgress) => "in progress",
        Answer::Refused(Refusal::InvalidToken) => "invalid token",
        Answer::Refused(Refusal::Failed) => "failed",
        Answer::Refused(Refusal::Full) => "full",
    }
}

#[rstest]
#[case("tok_approve", ["approved", "replayed", "replayed"], 1)]
#[case("tok_decline", ["declined", "replayed", "replayed"], 0)]
#[case("tok_decline_hard", ["declined", "replayed", "replayed"], 0)]
#[case("tok_slow", ["approved late", "in progress", "in progress"], 1)]
#[case("tok_error", ["failed", "failed", "failed"], 0)]
#[case("tok_flaky", ["failed", "approved", "replayed"], 1)]
#[case("tok_nonsense", ["invalid token", "invalid token", "invalid token"], 0)]
fn a_key_asked_three_times(#[case] token: &str, #[case] words: [&str; 3], #[case] charges: u64) -> Outcome {
    let mut ledger = Ledger::new(1);
    let answers = [(); 3].map(|()| word(&ledger.charge(&key("k"), &request(token, 1250))));
    assert_eq!(answers, words);
    let report = ledger.report(&key("k")).ok_or("no report")?;
    assert_eq!((report.requests, report.charges, report.amount_charged), (3, charges, charges * 1250));
    assert_eq!(report.token, Token::parse(token).map(Token::name));
    Ok(())
}

#[rstest]
#[case::approved("tok_approve", "key reused")]
#[case::declined("tok_decline", "key reused")]
#[case::in_progress("tok_slow", "key reused")]
#[case::failed("tok_error", "key reused")]
#[case::never_began("tok_nonsense", "approved")]
fn another_body(#[case] token: &str, #[case] expected: &str) {
    let mut ledger = Ledger::new(1);
    ledger.charge(&key("k"), &request(token, 1250));
    assert_eq!(word(&ledger.charge(&key("k"), &request("tok_approve", 1251))), expected);
}

#[test]
fn metadata_and_capture_are_of_the_body() {
    let plain = request("tok_approve", 1250);
    let held = ChargeRequest { capture: false, ..plain.clone() };
    let metadata = BTreeMap::from([("attempt_id".to_owned(), "att_1".to_owned())]);
    let marked = ChargeRequest { metadata, ..plain.clone() };
    for other in [held, marked] {
        let mut ledger = Ledger::new(1);
        ledger.charge(&key("k"), &plain);
        assert_eq!(word(&ledger.charge(&key("k"), &other)), "key reused");
    }
}

#[test]
fn a_late_answer_ends_the_progress_of_its_own_charge_only() -> Outcome {
    let mut ledger = Ledger::new(1);
    let slow = request("tok_slow", 1250);
    let Answer::ProcessedLate(before) = ledger.charge(&key("k"), &slow) else { return Err("not late".into()) };
    assert_eq!(ledger.charge_by_key(&key("k")), Some(before.clone()));
    ledger.reset();
    let Answer::ProcessedLate(after) = ledger.charge(&key("k"), &slow) else { return Err("not late".into()) };
    ledger.answered(&key("k"), before.id);
    assert_eq!(word(&ledger.charge(&key("k"), &slow)), "in progress");
    ledger.answered(&key("k"), after.id);
    assert_eq!(ledger.charge(&key("k"), &slow), Answer::Replayed(after));
    Ok(())
}

#[rstest]
#[case("tok_approve", true, Status::Succeeded, 1250, None)]
#[case("tok_approve", false, Status::Authorized, 0, None)]
#[case("tok_decline", true, Status::Declined, 0, Some(("insufficient_funds", Advice::TryAgainLater)))]
#[case("tok_decline_hard", false, Status::Declined, 0, Some(("stolen_card", Advice::DoNotTryAgain)))]
fn what_a_charge_says(
    #[case] token: &str,
    #[case] capture: bool,
    #[case] status: Status,
    #[case] captured: u64,
    #[case] decline: Option<(&'static str, Advice)>,
) -> Outcome {
    let mut ledger = Ledger::new(1);
    let answer = ledger.charge(&key("k"), &ChargeRequest { capture, ..request(token, 1250) });
    let Answer::Processed(charge) = answer else { return Err(word(&answer).into()) };
    assert_eq!((charge.status, charge.amount_captured), (status, captured));
    assert_eq!(charge.decline_code.zip(charge.advice), decline);
    let code = decline.is_none().then(|| "A00001".to_owned());
    assert_eq!(charge.authorization_code, code);
    assert_eq!(ledger.charge_by_id(ChargeId(1)), Some(charge));
    Ok(())
}

#[test]
fn a_full_memory_refuses_new_keys_and_keeps_the_old() {
    let mut ledger = Ledger::new(1);
    let approve = request("tok_approve", 1250);
    let answers = ["a", "b", "a"].map(|name| word(&ledger.charge(&key(name), &approve)));
    assert_eq!(answers, ["approved", "full", "replayed"]);
    assert_eq!(ledger.totals().requests, 3);
}

#[test]
fn a_reset_forgets_charges_and_gives_out_no_id_again() {
    let mut ledger = Ledger::new(1);
    let approve = request("tok_approve", 1250);
    ledger.charge(&key("k"), &approve);
    ledger.reset();
    assert_eq!((ledger.totals(), ledger.charge_by_key(&key("k"))), (Totals::default(), None));
    ledger.charge(&key("k"), &approve);
    assert_eq!(ledger.charge_by_id(ChargeId(1)), None);
    assert_eq!(ledger.charge_by_key(&key("k")).map(|charge| charge.id), Some(ChargeId(2)));
}

fn requests() -> impl Strategy<Value = Vec<(IdempotencyKey, ChargeRequest)>> {
    let names = Token::ALL.map(Token::name).into_iter().chain(["tok_nonsense"]).collect::<Vec<_>>();
    let one = (0..4_u8, proptest::sample::select(names), 1..3_i64, any::<bool>());
    let one = one.prop_map(|(name, token, amount, capture)| {
        (key(&format!("k{name}")), ChargeRequest { capture, ..request(token, amount) })
    });
    proptest::collection::vec(one, 0..60)
}

proptest! {
    #[test]
    fn a_key_is_charged_once_and_always_answered_alike(requests in requests(), limit in 1..6_usize) {
        let mut ledger = Ledger::new(3);
        let mut processed = BTreeMap::new();
        for (key, request) in &requests {
            match ledger.charge(key, request) {
                Answer::Processed(charge) | Answer::ProcessedLate(charge) => {
                    ledger.answered(key, charge.id);
                    prop_assert!(processed.insert(key.clone(), charge).is_none(), "{} processed twice", key);
                }
                Answer::Replayed(charge) => prop_assert_eq!(processed.get(key), Some(&charge)),
                Answer::Refused(_) => {}
            }
            prop_assert_eq!(ledger.charge_by_key(key), processed.get(key).cloned());
        }
        let approved = processed.values().filter(|charge| charge.status != Status::Declined).count() as u64;
        let totals = ledger.totals();
        prop_assert_eq!(totals.requests, requests.len() as u64);
        prop_assert_eq!((totals.charges, totals.charges + totals.declines), (approved, processed.len() as u64));
        let captured = processed.values().map(|charge| charge.amount_captured).sum::<u64>();
        prop_assert_eq!(totals.amount_captured.values().sum::<u64>(), captured);

        let reports = all_reports(&ledger, limit);
        prop_assert!(reports.len() <= 3 && reports.is_sorted_by(|a, b| a.key < b.key));
        prop_assert!(reports.iter().all(|report| report.charges <= 1));
        prop_assert_eq!(reports.iter().map(|report| report.charges).sum::<u64>(), approved);
    }
}

/// Reads every page.
fn all_reports(ledger: &Ledger, limit: usize) -> Vec<KeyReport> {
    let mut reports = Vec::<KeyReport>::new();
    loop {
        let page = ledger.reports(reports.last().map(|report| &report.key), limit);
        reports.extend(page.data);
        if !page.has_more {
            return reports;
        }
    }
}
