//! What comes of disputes, and what cannot be done meanwhile.

use rstest::rstest;

use super::operations::Step;
use super::*;
use Step::{Capture, CaptureAndKeep, Close, Dispute, DisputeAll, FailCapture, FailRefund, Refund};
use Verdict::{Lost, Won};

/// A charge of 100 that is only held; in the end what was lost, what can be given back, and what can be disputed.
#[rstest]
#[case::opened(&[Capture(100), Dispute(60)], "done", (0, 0, 40))]
#[case::opened_for_all(&[Capture(100), DisputeAll], "done", (0, 0, 0))]
#[case::opened_for_the_rest(&[Capture(100), Refund(30), DisputeAll], "done", (0, 0, 0))]
#[case::opened_for_a_part_of_the_rest(&[Capture(100), Refund(30), Dispute(60)], "done", (0, 0, 10))]
#[case::opened_while_more_is_held(&[CaptureAndKeep(60), DisputeAll, Capture(40)], "captured", (0, 0, 40))]
#[case::of_nothing(&[DisputeAll], "NotDisputable", (0, 0, 0))]
#[case::of_too_much(&[Capture(60), Dispute(61)], "AmountTooLarge", (0, 60, 60))]
#[case::of_what_was_given_back(&[Capture(60), Refund(60), Dispute(1)], "NotDisputable", (0, 0, 0))]
#[case::of_more_than_was_kept(&[Capture(60), Refund(20), Dispute(41)], "AmountTooLarge", (0, 40, 40))]
#[case::one_is_open(&[Capture(100), Dispute(60), Dispute(1)], "NotDisputable", (0, 0, 40))]
#[case::won(&[Capture(100), Dispute(60), Close(1, Won)], "done", (0, 100, 100))]
#[case::lost(&[Capture(100), Dispute(60), Close(1, Lost)], "done", (60, 0, 40))]
#[case::won_and_opened_anew(&[Capture(100), DisputeAll, Close(1, Won), DisputeAll], "done", (0, 0, 0))]
#[case::lost_one_after_another(&[Capture(100), Dispute(60), Close(1, Lost), DisputeAll, Close(2, Lost)], "done", (100, 0, 0))]
#[case::lost_and_too_much_after_it(&[Capture(100), Dispute(60), Close(1, Lost), Dispute(41)], "AmountTooLarge", (60, 0, 40))]
#[case::won_twice(&[Capture(100), Dispute(60), Close(1, Won), Close(1, Won)], "NotClosable", (0, 100, 100))]
#[case::lost_twice(&[Capture(100), Dispute(60), Close(1, Lost), Close(1, Lost)], "NotClosable", (60, 0, 40))]
#[case::won_after_it_was_lost(&[Capture(100), Dispute(60), Close(1, Lost), Close(1, Won)], "done", (0, 100, 100))]
#[case::lost_after_it_was_won(&[Capture(100), Dispute(60), Close(1, Won), Close(1, Lost)], "done", (60, 0, 40))]
#[case::lost_after_some_was_given_back(&[Capture(100), Dispute(60), Close(1, Won), Refund(40), Close(1, Lost)], "done", (60, 0, 0))]
#[case::lost_after_too_much_was_given_back(&[Capture(100), Dispute(60), Close(1, Won), Refund(41), Close(1, Lost)], "NotClosable", (0, 59, 59))]
#[case::lost_after_it_was_disputed_again(&[Capture(100), DisputeAll, Close(1, Won), Dispute(1), Close(1, Lost)], "NotClosable", (0, 0, 99))]
#[case::no_dispute(&[Capture(100), Close(1, Won)], "DisputeNotFound", (0, 100, 100))]
#[case::given_back_while_it_is_open(&[Capture(100), Dispute(60), Refund(1)], "ChargeDisputed", (0, 0, 40))]
#[case::given_back_after_it_was_lost(&[Capture(100), Dispute(60), Close(1, Lost), Refund(1)], "ChargeDisputed", (60, 0, 40))]
#[case::given_back_after_it_was_won(&[Capture(100), Dispute(60), Close(1, Won), Refund(100)], "refunded", (0, 0, 0))]
#[case::too_much_while_it_is_open(&[Capture(100), Dispute(60), Refund(101)], "ChargeDisputed", (0, 0, 40))]
#[case::a_refund_fails_while_it_is_open(&[Capture(100), Refund(40), Dispute(60), FailRefund(1)], "done", (0, 0, 40))]
#[case::the_capture_fails_while_it_is_open(&[Capture(100), Dispute(1), FailCapture(1)], "NotFailable", (0, 0, 99))]
#[case::the_capture_fails_after_it_was_lost(&[Capture(100), Dispute(1), Close(1, Lost), FailCapture(1)], "NotFailable", (1, 0, 99))]
#[case::the_capture_fails_after_it_was_won(&[Capture(100), Dispute(1), Close(1, Won), FailCapture(1)], "done", (0, 0, 0))]
fn a_charge_that_is_disputed(#[case] steps: &[Step], #[case] last: &str, #[case] sums: (u64, u64, u64)) -> Outcome {
    let mut ledger = ledger(10);
    let id = charged(&mut ledger, "k", &held("tok_approve", 100))?;
    let mut words = steps.iter().enumerate().map(|(n, step)| step.take(&mut ledger, &n.to_string(), id));
    assert_eq!(words.by_ref().last().as_deref(), Some(last));
    drop(words);
    let charge = ledger.charge_by_id(id).ok_or("no charge")?;
    assert_eq!((charge.lost(), charge.refundable(), charge.kept()), sums);
    assert_eq!(ledger.totals().amount_lost.values().sum::<u64>(), sums.0);
    assert_eq!(ledger.lines(None, 1).data.iter().map(|line| line.lost).collect::<Vec<_>>(), [sums.0]);
    Ok(())
}

#[test]
fn a_refund_refused_for_a_dispute_stays_refused() -> Outcome {
    let mut ledger = ledger(10);
    let id = charged(&mut ledger, "k", &new_charge("tok_approve", 100))?;
    assert_eq!(DisputeAll.take(&mut ledger, "d", id), "done");
    assert_eq!(word(&refund(&mut ledger, "r", id, 10)), "ChargeDisputed");
    assert_eq!(Close(1, Won).take(&mut ledger, "e", id), "done");
    assert_eq!(word(&refund(&mut ledger, "r", id, 10)), "ChargeDisputed again");
    assert_eq!(word(&refund(&mut ledger, "s", id, 10)), "refunded");
    Ok(())
}

#[test]
fn disputes_take_places_like_refunds() -> Outcome {
    let mut ledger = ledger(1);
    let id = charged(&mut ledger, "k", &new_charge("tok_approve", 100))?;
    assert_eq!(Dispute(1).take(&mut ledger, "d", id), "done");
    assert_eq!(Close(1, Won).take(&mut ledger, "e", id), "done");
    assert_eq!(Dispute(1).take(&mut ledger, "f", id), "Full");
    ledger.reset();
    let id = charged(&mut ledger, "k", &new_charge("tok_approve", 100))?;
    assert_eq!(Dispute(1).take(&mut ledger, "d", id), "done");
    assert_eq!(Close(1, Won).take(&mut ledger, "e", id), "DisputeNotFound", "ids are not given out again");
    assert_eq!(Close(2, Won).take(&mut ledger, "f", id), "done");
    Ok(())
}

#[test]
fn every_change_is_told_with_its_time() -> Outcome {
    let mut ledger = ledger(2);
    let id = charged(&mut ledger, "k", &new_charge("tok_approve", 100))?;
    ledger.take_events();
    for (now_ms, step) in [(5, DisputeAll), (6, Close(1, Won)), (7, Close(1, Won)), (8, Close(1, Lost))] {
        ledger.advance(now_ms);
        step.take(&mut ledger, "", id);
    }
    let told = ledger.take_events();
    let told = told.iter().map(|event| {
        let words = event.charge.disputes.iter().map(|dispute| (dispute.word(), dispute.created_ms));
        (event.at_ms, event.what, words.collect::<Vec<_>>())
    });
    let (opened, closed) = (What::Disputed(DisputeId(1)), What::DisputeClosed(DisputeId(1)));
    let expected = [(5, opened, vec![("open", 5)]), (6, closed, vec![("won", 5)]), (8, closed, vec![("lost", 5)])];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    Ok(())
}

#[test]
fn the_newest_disputes_come_first_page_by_page() -> Outcome {
    let mut ledger = ledger(9);
    let first = charged(&mut ledger, "a", &new_charge("tok_approve", 100))?;
    let second = charged(&mut ledger, "b", &new_charge("tok_approve", 100))?;
    for (number, id) in [(1, first), (2, second), (3, first)] {
        assert_eq!(Dispute(1).take(&mut ledger, "", id), "done");
        assert_eq!(Close(number, Won).take(&mut ledger, "", id), "done");
    }
    let page = |before: Option<u64>, limit| {
        let page = ledger.newest_disputes(before.map(DisputeId), limit);
        let data = page.data.iter().map(|(charge, id)| (id.0, charge.id)).collect::<Vec<_>>();
        (data, page.has_more)
    };
    assert_eq!(page(None, 2), (vec![(3, first), (2, second)], true));
    assert_eq!(page(Some(2), 2), (vec![(1, first)], false));
    assert_eq!(page(Some(1), 2), (vec![], false));
    Ok(())
}
