//! The gateway's memory and its rules: a state machine without a clock or I/O. It is told the time, and tells what is due later.
//!
//! | File | Has |
//! |---|---|
//! | `charge` | what is kept of a charge, and the status and sums that follow from it |
//! | `book` | the charges by id, and the sums over them |
//! | `keys` | what is remembered of each idempotency key |
//! | `timeline` | what will happen by itself |
//! | `issuer` | what comes of each token |
//! | `requests` | captures, voids, refunds |
//! | `later` | what happens without a request: by itself, by the customer, in the dashboard |
//! | `dispute` | money that is asked back through the customer's bank |
//! | `setup` | cards that are set up for later |
//! | `answer`, `report` | what goes in and out |
//!
//! Invariants, which the tests hold: a key is charged at most once while it is remembered; every answer of a key is the same;
//! captured ≤ authorized; refunds that did not fail and disputes that were not won ≤ captured; the sums are those of the charges;
//! nothing grows beyond its bound.

mod answer;
mod book;
mod charge;
mod dispute;
mod issuer;
mod keys;
mod later;
mod report;
mod requests;
mod setup;
#[cfg(test)]
mod tests;
mod timeline;

use std::sync::Arc;

pub(crate) use answer::{
    Act, Answer, Ask, Confirmation, Delivery, Done, Event, NewCapture, NewCharge, NewRefund, NewVoid, Refusal, What,
};
pub(crate) use charge::{Capture, CaptureStatus, Charge, Phase, Refund, RefundStatus, Status, Void, VoidReason};
pub(crate) use dispute::{Dispute, NewDispute, Verdict};
pub(crate) use report::{KeyReport, Line, Page, Totals};
pub(crate) use setup::{NewSetup, Setup, SetupState};

use crate::values::{ChargeId, DisputeId, IdempotencyKey, RefundId, SetupId};
use book::Book;
use keys::{Keys, Looked};
use timeline::Timeline;

/// What comes of work that was begun.
type Work = Result<(Done, Delivery), Refusal>;

/// What a ledger is made with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// How much later is later, in milliseconds.
    pub(crate) slow_ms: u64,
    /// How many keys, charges, setups, and captures, refunds and disputes together, are remembered.
    pub(crate) each_max: usize,
}

/// Keys, charges and sums, as of a point in time.
#[derive(Debug)]
pub(crate) struct Ledger {
    rules: Rules,
    now_ms: u64,
    keys: Keys,
    book: Book,
    timeline: Timeline,
    events: Vec<Event>,
}

impl Ledger {
    /// An empty ledger at the beginning of time.
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            rules,
            now_ms: 0,
            keys: Keys::new(rules.each_max),
            book: Book::new(rules.each_max),
            timeline: Timeline::default(),
            events: Vec::new(),
        }
    }

    /// Lets everything happen that is due until then. It has to be called before anything else is asked, because everything
    /// else happens at the time that was told last. Time never goes back.
    pub(crate) fn advance(&mut self, now_ms: u64) {
        while let Some((at_ms, id, due)) = self.timeline.pop(now_ms) {
            self.now_ms = self.now_ms.max(at_ms);
            // A refusal says that there is nothing left to do: a capture whose money was given back does not fail any more.
            let _ = self.happen(id, due);
        }
        self.now_ms = self.now_ms.max(now_ms);
    }

    /// When something is due next.
    pub(crate) fn next_due_ms(&self) -> Option<u64> {
        self.timeline.next_ms()
    }

    /// What happened since this was asked last.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Works on a request, unless its key says that there is nothing to do.
    fn once(&mut self, ask: &Ask, work: impl FnOnce(&mut Self, bool) -> Work) -> Answer {
        self.book.totals.requests += 1;
        let is_first = match self.keys.look(ask, self.now_ms) {
            Looked::New { is_first } => is_first,
            Looked::Known(result) => return Answer { result, replayed: true, delivery: Delivery::Prompt },
            Looked::Refused(refusal) => {
                return Answer { result: Err(refusal), replayed: false, delivery: Delivery::Prompt };
            }
        };
        let (result, delivery) = match work(self, is_first) {
            Ok((done, delivery)) => (Ok(done), delivery),
            Err(Refusal::Lost) => (Err(Refusal::Lost), Delivery::Never),
            Err(refusal) => (Err(refusal), Delivery::Prompt),
        };
        let answer = Answer { result, replayed: false, delivery };
        self.keys.keep(ask, &answer);
        answer
    }

    /// Changes a charge, and notes what that means for the sums, for its key and for whoever listens.
    fn change(&mut self, id: ChargeId, what: What, change: impl FnOnce(&mut Charge)) -> Result<Arc<Charge>, Refusal> {
        let changed = self.book.change(id, change).ok_or(Refusal::ChargeNotFound)?;
        if let (Some(key), Some(amount)) = (&changed.charge.key, changed.approved) {
            self.keys.charged(key, amount);
        }
        self.events.push(issuer::event(self.book.next_event_id(), self.now_ms, what, &changed));
        Ok(changed.charge)
    }

    fn look_up(&self, id: ChargeId) -> Result<&Charge, Refusal> {
        self.book.charge(id).map(|charge| &**charge).ok_or(Refusal::ChargeNotFound)
    }

    /// The charge of that id.
    pub(crate) fn charge_by_id(&self, id: ChargeId) -> Option<Arc<Charge>> {
        self.book.charge(id).cloned()
    }

    /// The charge that the refund belongs to.
    pub(crate) fn charge_of_refund(&self, id: RefundId) -> Option<Arc<Charge>> {
        self.book.charge_of_refund(id).cloned()
    }

    /// The charge that the dispute is of.
    pub(crate) fn charge_of_dispute(&self, id: DisputeId) -> Option<Arc<Charge>> {
        self.book.charge_of_dispute(id).cloned()
    }

    /// What the key charged or acted on, also while it is in progress or after it was forgotten.
    pub(crate) fn charges_by_key(&self, key: &IdempotencyKey) -> Vec<Arc<Charge>> {
        self.keys.charge_ids(key).iter().filter_map(|id| self.charge_by_id(*id)).collect()
    }

    /// The setup of that id.
    pub(crate) fn setup_by_id(&self, id: SetupId) -> Option<Arc<Setup>> {
        self.book.setup(id).cloned()
    }

    /// Up to `limit` charges, the newest first, from the first one before `before`.
    pub(crate) fn newest_charges(&self, before: Option<ChargeId>, limit: usize) -> Page<Arc<Charge>> {
        self.book.newest(before, limit)
    }

    /// Up to `limit` disputes and the charges that they are of, the newest first, from the first one before `before`.
    pub(crate) fn newest_disputes(&self, before: Option<DisputeId>, limit: usize) -> Page<(Arc<Charge>, DisputeId)> {
        self.book.newest_disputes(before, limit)
    }

    /// What the key was asked.
    pub(crate) fn report(&self, key: &IdempotencyKey) -> Option<KeyReport> {
        self.keys.report(key)
    }

    /// The reports of up to `limit` keys, sorted by key, from the first one after `after`.
    pub(crate) fn reports(&self, after: Option<&IdempotencyKey>, limit: usize) -> Page<KeyReport> {
        self.keys.reports(after, limit)
    }

    /// What up to `limit` charges came to, by their numbers, from the first one after `after`.
    pub(crate) fn lines(&self, after: Option<ChargeId>, limit: usize) -> Page<Line> {
        self.book.lines(after, limit)
    }

    /// Sums over all keys.
    pub(crate) fn totals(&self) -> Totals {
        self.book.totals.clone()
    }

    /// Forgets everything but which ids were given out.
    pub(crate) fn reset(&mut self) {
        self.keys.clear();
        self.book.clear();
        self.timeline = Timeline::default();
    }

    /// Forgets every request and answer, and keeps what was done.
    pub(crate) fn forget_keys(&mut self) {
        self.keys.forget();
    }

    /// Has a key answer with an error from now on, whatever was processed.
    pub(crate) fn spoil(&mut self, key: &IdempotencyKey) {
        self.keys.spoil(key);
    }
}
