//! The invariants, over random requests, operators and times.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::values::CaptureId;

/// Something that is asked of the ledger. Charges, captures and refunds are chosen among those that there are.
#[derive(Debug, Clone)]
enum Move {
    Charge { key: u8, token: &'static str, amount: i64, capture: bool },
    Create { key: u8, token: &'static str, amount: i64 },
    Confirm { key: u8, of: Index },
    Capture { key: u8, of: Index, amount: i64, is_final: bool },
    Void { key: u8, of: Index },
    Refund { key: u8, of: Index, amount: i64 },
    Act { of: Index, act: Act },
    Dashboard { of: Index, amount: i64 },
    FailCapture { of: Index, capture: u64 },
    FailRefund { refund: u64 },
    Dispute { of: Index, amount: Option<i64> },
    Close { dispute: u64, verdict: Verdict },
    Expire { of: Index },
    Wait { ms: u64 },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let token = || select(Token::all().map(Token::name).chain(["tok_nonsense"]).collect::<Vec<_>>());
    let (key, of, amount) = (|| 0..40_u8, any::<Index>, || 1..120_i64);
    let one = prop_oneof![
        6 => (key(), token(), amount(), any::<bool>())
            .prop_map(|(key, token, amount, capture)| Move::Charge { key, token, amount, capture }),
        1 => (key(), token(), amount()).prop_map(|(key, token, amount)| Move::Create { key, token, amount }),
        1 => (key(), of()).prop_map(|(key, of)| Move::Confirm { key, of }),
        4 => (key(), of(), amount(), any::<bool>())
            .prop_map(|(key, of, amount, is_final)| Move::Capture { key, of, amount, is_final }),
        2 => (key(), of()).prop_map(|(key, of)| Move::Void { key, of }),
        4 => (key(), of(), amount()).prop_map(|(key, of, amount)| Move::Refund { key, of, amount }),
        2 => (of(), select(vec![Act::Approve, Act::Fail])).prop_map(|(of, act)| Move::Act { of, act }),
        1 => (of(), amount()).prop_map(|(of, amount)| Move::Dashboard { of, amount }),
        2 => (of(), 0..20_u64).prop_map(|(of, capture)| Move::FailCapture { of, capture }),
        1 => (0..20_u64).prop_map(|refund| Move::FailRefund { refund }),
        2 => (of(), proptest::option::of(amount())).prop_map(|(of, amount)| Move::Dispute { of, amount }),
        2 => (0..8_u64, select(vec![Verdict::Won, Verdict::Lost]))
            .prop_map(|(dispute, verdict)| Move::Close { dispute, verdict }),
        1 => of().prop_map(|of| Move::Expire { of }),
        3 => select(vec![1, SLOW_MS, 2_000, 3_600_000, 7 * DAY_MS]).prop_map(|ms| Move::Wait { ms }),
    ];
    proptest::collection::vec(one, 0..80)
}

/// A ledger, and what it said so far.
struct Game {
    ledger: Ledger,
    now_ms: u64,
    told: BTreeMap<IdempotencyKey, (Ask, Result<Done, Refusal>)>,
}

impl Game {
    fn choose(&self, of: Index) -> ChargeId {
        let count = self.ledger.book.next_charge_id().0;
        // The last of them is one that is not there.
        ChargeId(of.index(usize::try_from(count).unwrap_or(1)) as u64 + 1)
    }

    /// Makes a move; `again` does what was just asked once more.
    fn play(&mut self, one: &Move) -> Result<(), TestCaseError> {
        match *one {
            Move::Wait { ms } => {
                self.now_ms += ms;
                self.ledger.advance(self.now_ms);
            }
            Move::Act { of, act } => drop(self.ledger.act(self.choose(of), act)),
            Move::Dashboard { of, amount } => {
                drop(self.ledger.refund_in_dashboard(self.choose(of), super::amount(amount)))
            }
            Move::FailCapture { of, capture } => drop(self.ledger.fail_capture(self.choose(of), CaptureId(capture))),
            Move::FailRefund { refund } => drop(self.ledger.fail_refund(RefundId(refund))),
            Move::Dispute { of, amount } => {
                let id = self.choose(of);
                drop(dispute(&mut self.ledger, id, amount));
            }
            Move::Close { dispute, verdict } => drop(self.ledger.close_dispute(DisputeId(dispute), verdict)),
            Move::Expire { of } => drop(self.ledger.expire(self.choose(of))),
            Move::Charge { key, .. }
            | Move::Create { key, .. }
            | Move::Confirm { key, .. }
            | Move::Capture { key, .. }
            | Move::Void { key, .. }
            | Move::Refund { key, .. } => {
                let ask = ask(&format!("k{key}"), &format!("{one:?}"));
                let answer = self.request(&ask, one);
                self.check_answer(&ask, &answer)?;
            }
        }
        Ok(())
    }

    fn request(&mut self, ask: &Ask, one: &Move) -> Answer {
        let none = Metadata::default;
        match *one {
            Move::Charge { token, amount, capture, .. } => {
                self.ledger.charge(ask, &NewCharge { capture, ..new_charge(token, amount) })
            }
            Move::Create { token, amount, .. } => self.ledger.create(ask, &new_charge(token, amount)),
            Move::Confirm { of, .. } => self.ledger.confirm(ask, self.choose(of), &Confirmation::default()),
            Move::Capture { of, amount, is_final, .. } => {
                let new = NewCapture { amount: Some(super::amount(amount)), is_final, metadata: none() };
                self.ledger.capture(ask, self.choose(of), &new)
            }
            Move::Void { of, .. } => self.ledger.void(ask, self.choose(of), &NewVoid::default()),
            Move::Refund { of, amount, .. } => {
                let new = NewRefund { amount: Some(super::amount(amount)), reason: None, metadata: none() };
                self.ledger.refund(ask, self.choose(of), &new)
            }
            _ => unreachable!("this is no request"),
        }
    }

    /// A key says the same for ever once it said something, and whoever asks again changes nothing.
    fn check_answer(&mut self, ask: &Ask, answer: &Answer) -> Result<(), TestCaseError> {
        let key = ask.key.clone().ok_or(TestCaseError::fail("a request without a key"))?;
        match (self.told.get(&key), answer.replayed) {
            (Some((first, told)), true) => {
                prop_assert_eq!(first.fingerprint, ask.fingerprint);
                prop_assert_eq!(told, &answer.result);
            }
            (Some(_), false) => {
                let is_expected = matches!(answer.result, Err(Refusal::KeyReused | Refusal::InProgress));
                prop_assert!(is_expected, "{} answers {:?}", key, answer);
            }
            (None, is_replayed) => {
                prop_assert!(!is_replayed);
                let is_kept = match &answer.result {
                    Ok(_) => true,
                    Err(refusal) => refusal.kept(false) == super::super::answer::Kept::Answer,
                };
                if is_kept {
                    self.told.insert(key, (ask.clone(), answer.result.clone()));
                }
            }
        }
        Ok(())
    }

    fn state(&self) -> String {
        let totals = &self.ledger.book.totals;
        format!("{:?} {:?} {:?} {:?}", self.charges(), totals.amount_captured, totals.amount_lost, self.ledger.timeline)
    }

    fn charges(&self) -> Vec<Arc<Charge>> {
        self.ledger.newest_charges(None, usize::MAX).data
    }

    fn check_sums(&self) -> Result<(), TestCaseError> {
        let charges = self.charges();
        for charge in &charges {
            prop_assert!(charge.captured() <= charge.authorized(), "{charge:?}");
            let disputes = charge.disputes.iter().filter(|dispute| dispute.verdict != Some(Verdict::Won));
            let disputed = disputes.map(|dispute| dispute.amount).sum::<u64>();
            prop_assert!(charge.refunded() + disputed <= charge.captured(), "{charge:?}");
            prop_assert!(charge.disputes.iter().filter(|dispute| dispute.verdict.is_none()).count() <= 1, "{charge:?}");
            let voided = charge.void.as_ref().map_or(0, |void| void.amount);
            prop_assert!(charge.captured() + voided <= charge.authorized(), "{charge:?}");
            prop_assert!(charge.authorized() <= charge.requested.minor_units(), "{charge:?}");
        }
        let lines = all_lines(&self.ledger);
        prop_assert_eq!(lines.len(), charges.len());
        let captured = lines.iter().map(|line| line.captured).sum::<u64>();
        let totals = self.ledger.totals();
        prop_assert_eq!(captured, totals.amount_captured.values().sum::<u64>());
        let lost = lines.iter().map(|line| line.lost).sum::<u64>();
        prop_assert_eq!(lost, totals.amount_lost.values().sum::<u64>());
        prop_assert_eq!(lines.iter().filter(|line| line.authorized > 0).count() as u64, totals.charges);
        let authorized = lines.iter().map(|line| line.authorized).sum::<u64>();
        let reports = all_reports(&self.ledger);
        prop_assert!(reports.is_sorted_by(|a, b| a.key < b.key));
        prop_assert!(reports.iter().all(|report| report.charges <= 1));
        prop_assert_eq!(reports.iter().map(|report| report.charges).sum::<u64>(), totals.charges);
        prop_assert_eq!(reports.iter().map(|report| report.amount_charged).sum::<u64>(), authorized);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn the_invariants_hold(moves in moves(), each_max in 1..30_usize) {
        let mut game = Game { ledger: ledger(each_max), now_ms: 0, told: BTreeMap::new() };
        for one in &moves {
            game.play(one)?;
            game.check_sums()?;
        }
        let operations = game.charges().iter().map(|charge| charge.refunds.len() + charge.disputes.len()).sum::<usize>();
        prop_assert!(game.charges().len() <= each_max && operations <= each_max);
        prop_assert!(all_reports(&game.ledger).len() <= each_max);
    }

    #[test]
    fn what_comes_again_changes_nothing(moves in moves()) {
        let mut game = Game { ledger: ledger(1_000), now_ms: 0, told: BTreeMap::new() };
        for one in &moves {
            game.play(one)?;
            let has_key = !matches!(one, Move::Wait { .. });
            let answered = game.told.values().any(|(ask, _)| ask.fingerprint == fingerprint(&format!("{one:?}").as_str()));
            if has_key && answered {
                let before = game.state();
                game.play(one)?;
                prop_assert_eq!(before, game.state());
            }
        }
    }

    #[test]
    fn time_passes_the_same_in_one_step_and_in_many(moves in moves(), steps in 1..50_u64) {
        let [mut at_once, mut in_steps] = [(); 2].map(|()| Game { ledger: ledger(100), now_ms: 0, told: BTreeMap::new() });
        for one in &moves {
            at_once.play(one)?;
            if let Move::Wait { ms } = *one {
                for step in 1..=steps {
                    in_steps.ledger.advance(in_steps.now_ms + ms * step / steps);
                }
            }
            in_steps.play(one)?;
        }
        prop_assert_eq!(at_once.state(), in_steps.state());
    }
}

/// Reads every page.
fn all_reports(ledger: &Ledger) -> Vec<KeyReport> {
    let mut reports = Vec::<KeyReport>::new();
    loop {
        let page = ledger.reports(reports.last().map(|report| &report.key), 3);
        reports.extend(page.data);
        if !page.has_more {
            return reports;
        }
    }
}

/// Reads every page.
fn all_lines(ledger: &Ledger) -> Vec<Line> {
    let mut lines = Vec::<Line>::new();
    loop {
        let page = ledger.lines(lines.last().map(|line| line.charge), 3);
        lines.extend(page.data);
        if !page.has_more {
            return lines;
        }
    }
}
