//! What a reader of the events alone knows of a payment.

use quittance_avro::{
    money::MinorUnits,
    records::{Envelope, Failure, PaymentState},
    words::{PaymentStatus, ReviewReason},
};

use crate::payment::decision::Event;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Folded {
    pub(super) sequence: i64,
    pub(super) status: PaymentStatus,
    pub(super) authorized: MinorUnits,
    pub(super) captured: MinorUnits,
    pub(super) capturable: MinorUnits,
    pub(super) failure: Option<Failure>,
    pub(super) review: Option<ReviewReason>,
}

impl Folded {
    pub(super) fn new() -> Self {
        Self {
            sequence: 0,
            status: PaymentStatus::Processing,
            authorized: MinorUnits::ZERO,
            captured: MinorUnits::ZERO,
            capturable: MinorUnits::ZERO,
            failure: None,
            review: None,
        }
    }

    /// The same of a state.
    pub(super) fn of(state: &PaymentState) -> Self {
        Self {
            sequence: state.envelope.sequence.expect("a state has a sequence"),
            status: state.status,
            authorized: state.authorized_amount,
            captured: state.captured_amount,
            capturable: state.capturable_amount,
            failure: state.failure.clone(),
            review: state.review.as_ref().map(|review| review.reason),
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let sequence = envelope(event).sequence.expect("an event has a sequence");
        assert_eq!(sequence, self.sequence + 1, "a gap in the sequence");
        self.sequence = sequence;
        match event {
            Event::Created(_) => assert_eq!(sequence, 1),
            Event::Authorized(event) => {
                self.authorized = event.authorized_amount;
                self.capturable = event.authorized_amount;
                self.status = PaymentStatus::RequiresCapture;
            }
            Event::Captured(event) => {
                self.captured = event.captured_amount;
                self.capturable = self.authorized.saturating_sub(self.captured);
                if event.is_final {
                    self.capturable = MinorUnits::ZERO;
                    self.status = PaymentStatus::Succeeded;
                }
            }
            Event::Declined(event) => self.fail(&event.failure),
            Event::Failed(event) => self.fail(&event.failure),
            Event::ReviewOpened(event) => self.review = Some(event.reason),
        }
    }

    fn fail(&mut self, failure: &Failure) {
        self.status = PaymentStatus::Failed;
        self.failure = Some(failure.clone());
    }
}

pub(super) fn envelope(event: &Event) -> &Envelope {
    match event {
        Event::Created(event) => &event.envelope,
        Event::Authorized(event) => &event.envelope,
        Event::Captured(event) => &event.envelope,
        Event::Declined(event) => &event.envelope,
        Event::Failed(event) => &event.envelope,
        Event::ReviewOpened(event) => &event.envelope,
    }
}

/// The last part of the event's type.
pub(super) fn name(event: &Event) -> &'static str {
    match event {
        Event::Created(_) => "created",
        Event::Authorized(_) => "authorized",
        Event::Captured(_) => "captured",
        Event::Declined(_) => "declined",
        Event::Failed(_) => "failed",
        Event::ReviewOpened(_) => "review_opened",
    }
}
