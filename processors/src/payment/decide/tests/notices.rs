//! A gateway tells that something happened.

use quittance_avro::{
    ids::NoticeId,
    records::GatewayNotice,
    words::{
        CaptureMethod::Manual,
        NoticeTrouble,
        ResultOutcome::{Approved, Reported, Unknown},
    },
};
use uuid::Uuid;

use super::scenario::{Scenario, told};
use crate::payment::{
    decision::{Decision, Input},
    samples::envelope,
};

fn notice(change: impl FnOnce(&mut GatewayNotice)) -> Input {
    let mut notice = GatewayNotice {
        envelope: envelope(NoticeId::new(Uuid::from_u128(1)).to_string()),
        notice_id: Some("evt_1".to_owned()),
        kind: Some("charge.refunded".to_owned()),
        gateway_account: "simulator".to_owned(),
        gateway_reference: None,
        attempt_id: None,
        unread: None,
        sealed: None,
    };
    change(&mut notice);
    Input::Notice(Box::new(notice))
}

fn of_latest(scenario: &Scenario) -> Input {
    let attempt_id = scenario.latest().attempt_id;
    notice(|notice| notice.attempt_id = Some(attempt_id))
}

fn reason(decision: &Decision) -> Option<NoticeTrouble> {
    match decision {
        Decision::Anomalous(anomaly) => Some(anomaly.reason),
        _ => None,
    }
}

#[test]
fn a_settled_payment_is_asked_about() {
    let mut scenario = Scenario::captured();
    let input = of_latest(&scenario);
    assert_eq!(told(&scenario.take(&input)), "→ succeeded query:1");
}

#[test]
fn the_gateways_own_name_will_do() {
    let mut scenario = Scenario::captured();
    let reference = scenario.payment().operations[0].gateway_reference.clone();
    assert!(reference.is_some());
    let input = notice(|notice| notice.gateway_reference = reference);
    assert_eq!(told(&scenario.take(&input)), "→ succeeded query:1");
}

#[test]
fn before_the_synchronous_answer_it_is_kept_in_mind_and_the_gateway_asked_after_it() {
    let mut scenario = Scenario::created(Manual);
    let input = of_latest(&scenario);
    assert_eq!(told(&scenario.take(&input)), "→ processing");
    assert!(matches!(scenario.take(&input), Decision::Ignored(_)), "once is enough");
    assert_eq!(told(&scenario.gateway_says(Approved)), "authorized → requires_capture query:1");
}

#[test]
fn an_attempt_that_is_sent_again_goes_on_as_it_would() {
    let mut scenario = Scenario::created(Manual);
    let input = of_latest(&scenario);
    scenario.take(&input);
    assert_eq!(told(&scenario.gateway_says(Unknown)), "→ processing retry", "it is not asked about yet");
    assert_eq!(told(&scenario.timer_fires()), "→ processing authorize:2");
    assert_eq!(told(&scenario.gateway_says(Approved)), "authorized → requires_capture query:1");
}

#[test]
fn an_answer_to_a_question_from_before_it_is_not_the_last_word() {
    let mut scenario = Scenario::captured();
    let input = of_latest(&scenario);
    scenario.take(&input);
    scenario.take(&input);
    let decision = scenario.gateway_says(Reported);
    assert!(told(&decision).contains("query:2"), "{}", told(&decision));
}

#[test]
fn what_fits_nothing_is_kept_for_a_person() {
    let mut scenario = Scenario::captured();
    let stranger = notice(|notice| notice.gateway_reference = Some("pi_other".to_owned()));
    assert_eq!(reason(&scenario.take(&stranger)), Some(NoticeTrouble::UnknownAttempt));
    let attempt_id = scenario.latest().attempt_id;
    let of_other_account = notice(|notice| {
        notice.attempt_id = Some(attempt_id);
        "other".clone_into(&mut notice.gateway_account);
    });
    assert_eq!(reason(&scenario.take(&of_other_account)), Some(NoticeTrouble::UnknownAttempt));
    let unread = notice(|notice| notice.unread = Some(NoticeTrouble::Malformed));
    assert_eq!(reason(&scenario.take(&unread)), Some(NoticeTrouble::Malformed));
    let other = notice(|notice| notice.unread = Some(NoticeTrouble::NotAPayment));
    assert!(matches!(scenario.take(&other), Decision::Ignored(_)), "nobody has to look");
    let mut nobody = Scenario::new(crate::payment::policy::policy());
    assert_eq!(reason(&nobody.take(&stranger)), Some(NoticeTrouble::UnknownPayment));
}
