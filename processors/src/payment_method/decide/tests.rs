//! Stories of payment methods, told input by input. Each step is held against the invariants.

mod random;
mod scenario;
mod table;

use quittance_avro::{
    records::{GatewayDetails, PaymentMethod, SetUpResult},
    words::{PaymentMethodStatus, SetUpKind, SetUpOutcome, SetUpStatus},
};

use self::scenario::Scenario;
use super::set_up::OPEN_MAX_MS;
use crate::payment::KEY_AGE_MAX_MS;
use crate::payment_method::samples::{Ask, SETUP, answer};

#[test]
fn tokens_that_need_no_set_up_are_ready_as_they_are() {
    let scenario = Scenario::begun(&["simulator"]);
    assert_eq!(scenario.status(), PaymentMethodStatus::Active);
    assert_eq!(scenario.effects, []);
    assert_eq!(scenario.types, ["created", "activated"]);
}

#[test]
fn it_is_active_once_every_set_up_has_ended_and_a_token_is_left() {
    let mut scenario = Scenario::begun(&["stripe", "simulator", "other"]);
    assert_eq!(scenario.effects.len(), 2, "the simulator is not asked");
    let [first, second] = [0, 1].map(|index| scenario.effects[index].clone());
    assert_ne!(first.attempt_id, second.attempt_id);
    let card =
        PaymentMethod { last4: Some("4242".to_owned()), ..PaymentMethod::of_tokens("card".to_owned(), Vec::new()) };
    let details = GatewayDetails {
        gateway_reference: Some(SETUP.to_owned()),
        network_transaction_id: Some("ntx_1".to_owned()),
        ..GatewayDetails::default()
    };
    let approved = answer(&first, SetUpOutcome::Approved);
    scenario.hears(SetUpResult { card: Some(card), details, ..approved });
    assert_eq!(scenario.status(), PaymentMethodStatus::Pending, "the other has not ended");
    scenario.hears(answer(&second, SetUpOutcome::Declined));
    assert_eq!(scenario.status(), PaymentMethodStatus::Active);
    let method = &scenario.method().payment_method;
    let tokens: Vec<_> = method.tokens.iter().map(|token| (&*token.gateway_account, &*token.token)).collect();
    assert_eq!(tokens, [("stripe", "pm_saved"), ("simulator", "pm_simulator")], "the declined one is dropped");
    assert_eq!(method.last4.as_deref(), Some("4242"));
    assert_eq!(scenario.method().network_transaction_id.as_deref(), Some("ntx_1"));
    assert_eq!(scenario.types, ["created", "set_up", "set_up_failed", "activated"]);
}

#[test]
fn without_a_token_left_it_has_failed_and_says_why() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::Declined);
    assert_eq!(scenario.status(), PaymentMethodStatus::Failed);
    assert_eq!(scenario.failure_code(), "declined");
    assert_eq!(scenario.types, ["created", "set_up_failed", "failed"]);
}

#[test]
fn an_unknown_account_is_refused() {
    let mut scenario = Scenario::new();
    assert_eq!(scenario.creates(&["stripe", "nowhere"]), "refused gateway_account_unknown");
}

#[test]
fn what_is_not_answered_is_sent_again_under_the_same_key_and_given_up_in_the_end() {
    let mut scenario = Scenario::begun(&["stripe"]);
    let key = scenario.effects[0].attempt_id;
    for _ in 1..scenario.policy.unknown_tries_max {
        scenario.says(SetUpOutcome::Unknown);
        scenario.timer_fires();
    }
    assert!(scenario.effects.iter().all(|effect| effect.attempt_id == key && effect.kind == SetUpKind::SetUp));
    assert_eq!(scenario.effects.len(), 4);
    scenario.says(SetUpOutcome::Unknown);
    assert_eq!((scenario.status(), scenario.failure_code()), (PaymentMethodStatus::Failed, "gateway_unavailable"));
}

#[test]
fn what_was_certainly_not_done_is_tried_as_long_as_an_attempt_may_be() {
    let mut scenario = Scenario::begun(&["stripe"]);
    let began = scenario.now;
    while scenario.status() == PaymentMethodStatus::Pending {
        scenario.says(SetUpOutcome::NotProcessed);
        if scenario.due_at().is_some() {
            scenario.timer_fires();
        }
    }
    assert_eq!(scenario.failure_code(), "gateway_unavailable");
    let took_ms = scenario.now.as_ms() - began.as_ms();
    assert!((600_000..640_000).contains(&took_ms), "{took_ms}");
}

#[test]
fn no_try_is_made_when_a_gateway_may_have_forgotten_the_key() {
    let mut scenario = Scenario::new();
    scenario.policy.attempt_ttl_ms = KEY_AGE_MAX_MS;
    scenario.creates(&["stripe"]);
    while scenario.status() == PaymentMethodStatus::Pending {
        scenario.says(SetUpOutcome::NotProcessed);
        if scenario.due_at().is_some() {
            scenario.timer_fires();
        }
    }
    let last = scenario.latest().not_after.as_ms() - scenario.set_up().started_at.as_ms();
    assert_eq!(last, KEY_AGE_MAX_MS, "as long as that, and no longer");
}

#[test]
fn a_lost_result_is_asked_for_again() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.timer_fires();
    assert_eq!(scenario.effects.len(), 2);
    assert_eq!(scenario.set_up().unanswered, 1);
}

#[test]
fn what_the_gateway_has_taken_is_asked_about_by_its_name() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::Pending);
    scenario.timer_fires();
    let query = scenario.latest();
    assert_eq!((query.kind, query.gateway_reference.as_deref()), (SetUpKind::Query, Some(SETUP)));
    scenario.says(SetUpOutcome::Approved);
    assert_eq!(scenario.status(), PaymentMethodStatus::Active);
}

#[test]
fn a_customer_has_a_day_and_is_asked_about_ever_less_often() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::ActionRequired);
    assert_eq!(scenario.status(), PaymentMethodStatus::RequiresAction);
    assert!(scenario.method().next_action.is_some());
    let began = scenario.now;
    let mut asked = 0;
    while scenario.status() == PaymentMethodStatus::RequiresAction {
        let waited_since = scenario.now;
        scenario.timer_fires();
        assert!(scenario.now.as_ms() - waited_since.as_ms() >= 15_000, "not all the time");
        assert_eq!(scenario.latest().kind, SetUpKind::Query);
        scenario.says(SetUpOutcome::ActionRequired);
        asked += 1;
    }
    assert_eq!((scenario.status(), scenario.failure_code()), (PaymentMethodStatus::Failed, "action_expired"));
    assert_eq!(scenario.now.as_ms() - began.as_ms(), OPEN_MAX_MS);
    assert!((20..120).contains(&asked), "{asked}");
    assert_eq!(scenario.types, ["created", "action_required", "set_up_failed", "failed"], "polling tells nothing");
    assert_eq!(scenario.method().next_action, None);
}

/// The customer may have acted at the last moment: that one question is not answered is no proof that they have not.
#[test]
fn a_gateway_that_does_not_say_at_the_end_is_asked_again() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::ActionRequired);
    let began = scenario.now;
    while scenario.now.as_ms() - began.as_ms() < OPEN_MAX_MS {
        scenario.timer_fires();
        if scenario.now.as_ms() - began.as_ms() < OPEN_MAX_MS {
            scenario.says(SetUpOutcome::ActionRequired);
        }
    }
    scenario.says(SetUpOutcome::NotProcessed);
    assert_eq!(scenario.status(), PaymentMethodStatus::RequiresAction);
    scenario.timer_fires();
    scenario.says(SetUpOutcome::Approved);
    assert_eq!(scenario.status(), PaymentMethodStatus::Active);
}

#[test]
fn a_gateway_that_never_says_is_not_taken_for_a_customer_who_did_not_act() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::ActionRequired);
    while scenario.status() == PaymentMethodStatus::RequiresAction {
        scenario.timer_fires();
        scenario.says(SetUpOutcome::NotProcessed);
    }
    assert_eq!(scenario.failure_code(), "gateway_unavailable");
}

#[test]
fn a_merchant_who_says_that_the_customer_acted_has_the_gateway_asked() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::ActionRequired);
    assert_eq!(scenario.asks(Ask::Confirm), "applied pending");
    assert_eq!((scenario.latest().kind, &scenario.method().next_action), (SetUpKind::Query, &None));
    scenario.says(SetUpOutcome::ActionRequired);
    assert_eq!(scenario.status(), PaymentMethodStatus::RequiresAction, "they have not");
    scenario.asks(Ask::Confirm);
    scenario.says(SetUpOutcome::Approved);
    assert_eq!(scenario.status(), PaymentMethodStatus::Active);
}

#[test]
fn an_answer_that_is_older_than_the_question_does_not_count() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::ActionRequired);
    scenario.timer_fires();
    let before = scenario.latest();
    scenario.asks(Ask::Confirm);
    assert_eq!(scenario.told(answer(&before, SetUpOutcome::ActionRequired)), "ignored Superseded");
    assert_eq!(scenario.told(answer(&before, SetUpOutcome::Approved)), "applied active", "an end is the end");
}

#[test]
fn what_was_removed_stays_so_whatever_gateways_say() {
    let mut scenario = Scenario::begun(&["stripe"]);
    assert_eq!(scenario.asks(Ask::Remove), "applied removed");
    assert_eq!(scenario.due_at(), None);
    assert_eq!(scenario.told(answer(&scenario.latest(), SetUpOutcome::Approved)), "ignored AlreadySettled");
    assert_eq!(scenario.set_up().status, SetUpStatus::Failed);
    let kept = scenario.state.as_ref().map(|state| state.state.payment_method.tokens.len());
    assert_eq!(kept, Some(0), "and nothing can be charged with what is kept");
}

#[test]
fn confirmations_are_bounded_and_leave_room_for_the_removal() {
    let mut scenario = Scenario::begun(&["stripe"]);
    scenario.says(SetUpOutcome::ActionRequired);
    loop {
        match scenario.asks(Ask::Confirm).as_str() {
            "applied pending" => scenario.says(SetUpOutcome::ActionRequired),
            told => break assert_eq!(told, "refused too_many_commands"),
        };
    }
    assert_eq!(scenario.state.as_ref().map(|state| state.commands.len()), Some(100));
    assert_eq!(scenario.asks(Ask::Remove), "applied removed");
}
