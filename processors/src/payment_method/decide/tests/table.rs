//! What each input does to a method of each status.

use quittance_avro::{ids::AttemptId, records::SetUpResult, words::SetUpOutcome};
use rstest::rstest;
use uuid::Uuid;

use super::{Scenario, answer};
use crate::payment_method::samples::Ask;

/// How a method comes to each status. The gateway is being asked in all of them but `active`.
fn of(status: &str) -> Scenario {
    let mut scenario = Scenario::begun(&["stripe"]);
    match status {
        "requires_action" => {
            scenario.says(SetUpOutcome::ActionRequired);
            scenario.timer_fires();
        }
        "active" => scenario.says(SetUpOutcome::Approved),
        "failed" => scenario.says(SetUpOutcome::Declined),
        "removed" => drop(scenario.asks(Ask::Remove)),
        _ => {}
    }
    assert_eq!(scenario.status().as_str(), status);
    scenario
}

#[rstest]
#[case("pending", ["refused already_exists", "refused no_action_required", "applied removed"])]
#[case("requires_action", ["refused already_exists", "applied pending", "applied removed"])]
#[case("active", ["refused already_exists", "refused no_action_required", "applied removed"])]
#[case("failed", ["refused already_exists", "refused no_action_required", "applied removed"])]
#[case("removed", ["refused already_exists", "refused no_action_required", "refused payment_method_removed"])]
fn commands(#[case] status: &str, #[case] told: [&str; 3]) {
    let asks = [Ask::Create, Ask::Confirm, Ask::Remove];
    assert_eq!(asks.map(|what| of(status).asks(what)), told);
}

#[rstest]
#[case(Ask::Confirm, "refused not_found")]
#[case(Ask::Remove, "refused not_found")]
fn commands_to_none(#[case] what: Ask, #[case] told: &str) {
    assert_eq!(Scenario::new().asks(what), told);
}

/// A command that was decided is told the same again, and changes nothing.
#[rstest]
fn a_command_again(#[values(Ask::Create, Ask::Confirm, Ask::Remove)] what: Ask) {
    for status in ["pending", "requires_action", "active", "failed", "removed"] {
        let mut scenario = of(status);
        let first = scenario.asks(what);
        let before = scenario.state.clone();
        let again = scenario.asks_again(what);
        assert_eq!(again.starts_with("repeated applied"), first.starts_with("applied"), "{status} {again}");
        assert_eq!(scenario.state, before);
        assert!(scenario.creates(&["stripe"]).starts_with("repeated applied"));
    }
}

#[rstest]
#[case(SetUpOutcome::Approved, "applied active", "applied active")]
#[case(SetUpOutcome::Declined, "applied failed", "applied failed")]
#[case(SetUpOutcome::Rejected, "applied failed", "applied failed")]
#[case(SetUpOutcome::ActionRequired, "applied requires_action", "applied requires_action")]
#[case(SetUpOutcome::Pending, "applied pending", "applied requires_action")]
#[case(SetUpOutcome::NotProcessed, "applied pending", "applied requires_action")]
#[case(SetUpOutcome::Expired, "applied pending", "applied requires_action")]
#[case(SetUpOutcome::Absent, "applied pending", "applied requires_action")]
#[case(SetUpOutcome::Unknown, "applied pending", "applied requires_action")]
fn results(#[case] outcome: SetUpOutcome, #[case] of_pending: &str, #[case] of_acting: &str) {
    for (status, told) in [("pending", of_pending), ("requires_action", of_acting)] {
        let mut scenario = of(status);
        let result = answer(&scenario.latest(), outcome);
        assert_eq!(scenario.told(result.clone()), told, "{status}");
        let before = scenario.state.clone();
        assert!(scenario.told(result).starts_with("ignored"), "the same again, {status}");
        assert_eq!(scenario.state, before);
    }
    for status in ["active", "failed", "removed"] {
        let mut scenario = of(status);
        let result = answer(&scenario.latest(), outcome);
        assert_eq!(scenario.told(result), "ignored AlreadySettled", "{status}");
    }
}

#[rstest]
fn results_of_nothing_of_ours(#[values("pending", "requires_action", "active", "failed", "removed")] status: &str) {
    let mut scenario = of(status);
    let result = answer(&scenario.latest(), SetUpOutcome::Approved);
    let foreign = SetUpResult { attempt_id: AttemptId::new(Uuid::from_u128(9)), ..result.clone() };
    assert_eq!(scenario.told(foreign), "ignored UnknownAttempt");
    assert_eq!(Scenario::new().told(result), "ignored UnknownAttempt");
}

#[rstest]
#[case("pending", true)]
#[case("requires_action", true)]
#[case("active", false)]
#[case("failed", false)]
#[case("removed", false)]
fn timers(#[case] status: &str, #[case] waits: bool) {
    let mut scenario = of(status);
    assert_eq!(scenario.due_at().is_some(), waits);
    assert_eq!(scenario.take(&crate::payment_method::Input::Timer), "ignored NothingPending", "none is due");
    if waits {
        assert_eq!(scenario.timer_fires(), format!("applied {status}"));
    }
    assert_eq!(Scenario::new().take(&crate::payment_method::Input::Timer), "ignored NothingPending");
}
