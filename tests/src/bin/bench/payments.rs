//! Every payment of the run, from being sent to being settled.
//!
//! The answer to a payment and the news that it was settled come by different ways, in either order.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use quittance_avro::ids::PaymentId;

use crate::{answer::Answer, args::Mode, schedule::Arrival, tally::Tally};

/// The payments, shared by those who send and those who watch.
#[derive(Debug)]
pub(crate) struct Payments {
    pub(crate) mode: Mode,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    known: HashMap<PaymentId, Known>,
    /// Acknowledged ones, oldest first; some of them were settled since.
    waiting: VecDeque<(Instant, PaymentId)>,
    tally: Option<Tally>,
}

#[derive(Debug, Clone, Copy)]
enum Known {
    /// It was settled, and its answer is not there yet, or was an error.
    SettledFirst(Instant),
    /// It was acknowledged and is not settled.
    Acknowledged(Arrival),
    /// Both.
    Done,
}

impl Payments {
    /// None yet.
    pub(crate) fn new(mode: Mode) -> Self {
        Self { mode, book: Mutex::default() }
    }

    /// From now on everything counts for this step.
    pub(crate) fn begin(&self, tally: Tally) {
        self.book().tally = Some(tally);
    }

    /// A payment goes out.
    pub(crate) fn sent(&self, arrival: Arrival, at: Instant) {
        self.book().tally().sending.record(arrival, at);
    }

    /// A payment was answered.
    pub(crate) fn answered(&self, arrival: Arrival, answer: Answer, at: Instant) {
        let mut book = self.book();
        match answer {
            Answer::Settled(id) => {
                book.tally().answer.record(arrival, at);
                book.tally().settled(arrival, at);
                book.known.insert(id, Known::Done);
            }
            Answer::Accepted(id) if self.mode == Mode::Alone => {
                book.tally().answer.record(arrival, at);
                book.tally().settled(arrival, at);
                book.known.insert(id, Known::Done);
            }
            Answer::Accepted(id) => {
                book.tally().answer.record(arrival, at);
                book.tally().answered_too_early += u64::from(matches!(self.mode, Mode::Wait | Mode::Decided));
                book.acknowledged(id, arrival, at);
            }
            Answer::Error(kind) => *book.tally().errors.entry(kind).or_default() += 1,
        }
    }

    /// A payment is seen to be settled. Saying it again changes nothing.
    pub(crate) fn settled(&self, id: PaymentId, at: Instant) {
        let mut book = self.book();
        match book.known.get(&id).copied() {
            None => {
                book.known.insert(id, Known::SettledFirst(at));
            }
            Some(Known::Acknowledged(arrival)) => {
                book.known.insert(id, Known::Done);
                book.tally().settled(arrival, at);
            }
            Some(Known::SettledFirst(_) | Known::Done) => {}
        }
    }

    /// Whether news of it would be news.
    pub(crate) fn is_open(&self, id: PaymentId) -> bool {
        matches!(self.book().known.get(&id), None | Some(Known::Acknowledged(_)))
    }

    /// Up to `max` payments that were acknowledged before that and are not settled, those first that were looked at
    /// least recently.
    pub(crate) fn waiting_since(&self, before: Instant, max: usize) -> Vec<PaymentId> {
        let mut book = self.book();
        let mut found = Vec::new();
        while let Some(&(at, id)) = book.waiting.front() {
            if found.len() == max || at >= before {
                break;
            }
            book.waiting.pop_front();
            if matches!(book.known.get(&id), Some(Known::Acknowledged(_))) {
                found.push(id);
            }
        }
        let now = Instant::now();
        book.waiting.extend(found.iter().map(|&id| (now, id)));
        found
    }

    /// Reads the counts so far.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut Tally) -> T) -> T {
        read(self.book().tally())
    }

    /// Every payment that was acknowledged in the whole run.
    pub(crate) fn acknowledged(&self) -> Vec<PaymentId> {
        let is_acknowledged = |known: &Known| matches!(known, Known::Acknowledged(_) | Known::Done);
        self.book().known.iter().filter(|(_, known)| is_acknowledged(known)).map(|(&id, _)| id).collect()
    }

    /// How many payments are known to be settled, in the whole run.
    pub(crate) fn settled_in_all(&self) -> u64 {
        let is_settled = |known: &&Known| matches!(known, Known::SettledFirst(_) | Known::Done);
        self.book().known.values().filter(is_settled).count() as u64
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn tally(&mut self) -> &mut Tally {
        self.tally.as_mut().expect("a step begins before its first payment is sent")
    }

    fn acknowledged(&mut self, id: PaymentId, arrival: Arrival, at: Instant) {
        match self.known.get(&id).copied() {
            None => {
                self.known.insert(id, Known::Acknowledged(arrival));
                self.waiting.push_back((at, id));
            }
            Some(Known::SettledFirst(settled_at)) => {
                self.known.insert(id, Known::Done);
                // Nobody knew its id before its answer.
                self.tally().settled(arrival, settled_at.max(at));
            }
            // Keys are never used twice.
            Some(Known::Acknowledged(_) | Known::Done) => {}
        }
    }
}

/// Since when a payment must have been waiting for its settlement to be asked for without a notice.
pub(crate) const NOTICE_WITHIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use quittance_avro::ids::derive;

    use super::*;
    use crate::{schedule::Schedule, tally::Window};

    fn id(name: &str) -> PaymentId {
        PaymentId::new(derive(&[name]))
    }

    fn payments() -> (Payments, Arrival) {
        let (payments, now) = (Payments::new(Mode::Async), Instant::now());
        let schedule = Schedule { rate: 1, warmup_seconds: 0, seconds: 60 };
        payments.begin(Tally::new(Window::new(&schedule, now)));
        (payments, Arrival { number: 0, due: now, is_measured: true })
    }

    #[test]
    fn answer_and_settlement_come_in_either_order() {
        let (payments, arrival) = payments();
        let at = |ms| arrival.due + Duration::from_millis(ms);
        payments.answered(arrival, Answer::Accepted(id("a")), at(5));
        payments.settled(id("a"), at(40));
        payments.settled(id("b"), at(4));
        payments.answered(arrival, Answer::Accepted(id("b")), at(6));
        payments.answered(arrival, Answer::Settled(id("c")), at(7));
        assert_eq!(payments.read(|tally| (tally.settled, tally.finished())), (3, 3));
        assert_eq!((payments.settled_in_all(), payments.acknowledged().len()), (3, 3));
        let percentiles = payments.read(|tally| tally.settlement.percentiles());
        assert!((percentiles.max - 40.0).abs() < 0.5 && (percentiles.p50 - 7.0).abs() < 0.5, "{percentiles:?}");
    }

    #[test]
    fn news_count_once() {
        let (payments, arrival) = payments();
        payments.answered(arrival, Answer::Accepted(id("a")), arrival.due);
        assert!(payments.is_open(id("a")) && payments.is_open(id("unheard of")));
        payments.settled(id("a"), arrival.due);
        payments.settled(id("a"), arrival.due);
        assert!(!payments.is_open(id("a")));
        assert_eq!(payments.read(|tally| tally.settled), 1);
    }

    #[test]
    fn an_error_is_no_acknowledgement() {
        let (payments, arrival) = payments();
        payments.answered(arrival, Answer::Error("503 unavailable".to_owned()), arrival.due);
        payments.settled(id("it went through all the same"), arrival.due);
        assert_eq!(payments.read(|tally| (tally.settled, tally.finished())), (0, 1));
        assert_eq!(payments.acknowledged(), []);
    }

    #[test]
    fn those_who_wait_take_turns() {
        let (payments, arrival) = payments();
        for name in ["a", "b", "c"] {
            payments.answered(arrival, Answer::Accepted(id(name)), arrival.due);
        }
        payments.settled(id("a"), arrival.due);
        assert_eq!(payments.waiting_since(arrival.due, 9), []);
        let later = Instant::now() + Duration::from_secs(1);
        assert_eq!(payments.waiting_since(later, 1), [id("b")]);
        assert_eq!(payments.waiting_since(later, 1), [id("c")]);
        assert_eq!(payments.waiting_since(later, 1), [id("b")]);
    }
}
