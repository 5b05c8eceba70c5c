//! What is kept where there is no payment, or not any more.

use quittance_avro::{
    records::GatewayNotice,
    time::Timestamp,
    words::{CaptureMethod::Automatic, OutcomeStatus, ResultOutcome},
};
use rstest::rstest;

use super::*;
use crate::payment::{
    policy::policy,
    samples::{Ask, COMMAND, TRACE, answer, ask, command, create, envelope, gateways, input, start},
};

const DAY_MS: i64 = 86_400_000;

/// What is kept, and the time.
struct Story {
    kept: Option<Kept>,
    now: Timestamp,
}

impl Story {
    fn new() -> Self {
        Self { kept: None, now: start() }
    }

    /// A payment that could not be created: there is no token.
    fn refused() -> Self {
        let mut story = Self::new();
        assert_eq!(story.hears(&without_a_token()).as_deref(), Some("refused no_token"));
        story
    }

    /// A payment that was taken at once.
    fn taken() -> Self {
        let mut story = Self::new();
        story.hears(&create(Automatic));
        let effect =
            story.kept.as_ref().and_then(Kept::payment).map(|payment| payment.state.operations[0].attempts[0].id);
        let gateways = gateways();
        let cx = Context { now: story.now, traceparent: TRACE, policy: &policy(), gateways: &gateways };
        let Decision::Applied(change) = decide(None, &create(Automatic), cx) else { panic!("it is created") };
        assert_eq!(Some(change.effects[0].attempt_id), effect);
        story.hears(&Input::Result(Box::new(answer(&change.effects[0], ResultOutcome::Approved))));
        story
    }

    /// Takes an input; gives what a client is told.
    fn hears(&mut self, input: &Input) -> Option<String> {
        let (gateways, policy) = (gateways(), policy());
        let cx = Context { now: self.now, traceparent: TRACE, policy: &policy, gateways: &gateways };
        let (outcome, state) = match decide_kept(self.kept.as_ref(), input, cx) {
            Said::ByRules(Decision::Applied(change)) => {
                let change = *change;
                (change.outcome, StateChange::Put(Kept::Payment(Box::new(change.state))))
            }
            Said::ByRules(Decision::Refused(refused)) => (
                None,
                refused.state.map_or(StateChange::Unchanged, |state| StateChange::Put(Kept::Payment(Box::new(state)))),
            ),
            Said::ByRules(_) | Said::Anomalous(_) => (None, StateChange::Unchanged),
            Said::Told(outcome, state) => (Some(*outcome), state),
            Said::Silent(state) => (None, state),
        };
        match state {
            StateChange::Unchanged => {}
            StateChange::Put(kept) => self.kept = Some(kept),
            StateChange::Removed => self.kept = None,
        }
        outcome.map(|outcome| match outcome.status {
            OutcomeStatus::Applied => format!("applied {}", outcome.sequence.unwrap_or_default()),
            OutcomeStatus::Refused => format!("refused {}", outcome.code.unwrap_or_default()),
        })
    }

    /// What is kept comes due.
    fn comes_due(&mut self) {
        self.now = self.kept.as_ref().and_then(Kept::due_at).expect("something is to become of it");
        self.hears(&Input::Timer);
    }

    fn age_ms(&self) -> i64 {
        self.now.as_ms() - start().as_ms()
    }
}

fn without_a_token() -> Input {
    let mut asked = command(Automatic);
    asked.payment_method.tokens.clear();
    input(COMMAND, asked)
}

#[test]
fn a_refused_creation_is_told_again_whatever_has_changed_since() {
    let mut story = Story::refused();
    story.now = story.now.plus_ms(7 * DAY_MS - 1);
    assert_eq!(story.hears(&create(Automatic)).as_deref(), Some("refused no_token"), "the key is used up");
}

#[test]
fn a_refused_creation_tells_by_its_fingerprint_what_it_was() {
    let story = Story::refused();
    let Some(Kept::Refused(refused)) = &story.kept else { panic!("it is kept") };
    assert_eq!(refused.refusal.fingerprint, command(Automatic).fingerprint);
}

#[test]
fn a_refused_creation_is_forgotten_after_a_week() {
    let mut story = Story::refused();
    story.comes_due();
    assert_eq!((story.age_ms(), &story.kept), (7 * DAY_MS, &None));
    assert_eq!(story.hears(&create(Automatic)).as_deref(), Some("applied 1"));
}

#[test]
fn a_key_may_be_used_again_before_the_timer_has_fired() {
    let mut story = Story::refused();
    story.now = story.now.plus_ms(7 * DAY_MS);
    assert_eq!(story.hears(&create(Automatic)).as_deref(), Some("applied 1"));
}

#[test]
fn a_timer_that_comes_early_forgets_nothing() {
    let mut story = Story::refused();
    story.hears(&Input::Timer);
    assert!(story.kept.is_some());
}

#[test]
fn there_is_still_no_payment_to_ask_anything_of() {
    let mut story = Story::refused();
    assert_eq!(story.hears(&ask(1, Ask::Refund { amount: None })).as_deref(), Some("refused not_found"));
    assert!(matches!(story.kept, Some(Kept::Refused(_))), "and the refusal is still remembered");
}

#[test]
fn a_payment_at_its_end_shrinks_after_400_days() {
    let mut story = Story::taken();
    story.comes_due();
    assert_eq!(story.age_ms(), 400 * DAY_MS);
    let Some(Kept::Stub(stub)) = &story.kept else { panic!("a stub is left") };
    assert_eq!((stub.envelope.sequence, stub.commands.len()), (Some(3), 1));
    assert_eq!(story.kept.as_ref().and_then(Kept::due_at), None, "it stays");
}

#[test]
fn what_a_payment_remembers_of_refusals_is_not_cut_short() {
    let mut story = Story::taken();
    story.now = story.now.plus_ms(399 * DAY_MS);
    let refused = story.hears(&ask(1, Ask::Cancel));
    assert_eq!(refused, None, "it is told by the rules");
    assert_eq!(story.kept.as_ref().and_then(Kept::due_at), Some(story.now.plus_ms(7 * DAY_MS)));
}

#[test]
fn what_happens_to_a_payment_keeps_it_whole() {
    let mut story = Story::taken();
    story.now = story.now.plus_ms(300 * DAY_MS);
    story.hears(&ask(1, Ask::Update));
    story.comes_due();
    assert_eq!(story.age_ms(), 700 * DAY_MS);
}

#[rstest]
#[case::its_creation(create(Automatic), "applied 1")]
#[case::a_refund(ask(1, Ask::Refund { amount: None }), "refused payment_archived")]
#[case::its_text(ask(1, Ask::Update), "refused payment_archived")]
fn a_stub_tells(#[case] input: Input, #[case] told: &str) {
    let mut story = Story::taken();
    story.comes_due();
    let stub = story.kept.clone();
    assert_eq!(story.hears(&input).as_deref(), Some(told));
    assert_eq!(story.kept, stub);
}

#[test]
fn what_a_gateway_tells_of_a_stub_is_for_a_person() {
    let mut story = Story::taken();
    story.comes_due();
    let notice = GatewayNotice {
        envelope: envelope("ntc_00000000000000000000000000000001".to_owned()),
        notice_id: Some("evt_1".to_owned()),
        kind: Some("charge.refunded".to_owned()),
        gateway_account: "simulator".to_owned(),
        gateway_reference: None,
        attempt_id: None,
        unread: None,
        sealed: None,
    };
    let (gateways, policy) = (gateways(), policy());
    let cx = Context { now: story.now, traceparent: TRACE, policy: &policy, gateways: &gateways };
    let said = decide_kept(story.kept.as_ref(), &Input::Notice(Box::new(notice)), cx);
    assert!(matches!(said, Said::Anomalous(_)), "{said:?}");
}
