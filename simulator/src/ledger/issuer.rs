//! What comes of each token: whether the request is taken at all, what the issuer says, and when the answer is given.

use std::sync::Arc;

use super::answer::{Answer, Ask, Confirmation, Delivery, Done, Event, NewCharge, Refusal, What};
use super::book::Changed;
use super::charge::{Capture, CaptureStatus, Charge, Phase};
use super::timeline::Due;
use super::{Ledger, Work};
use crate::tokens::{Decline, Token};
use crate::values::{CaptureId, ChargeId, EventId, Initiator};

impl Ledger {
    /// Charges a token, unless the key or the token says otherwise.
    pub(crate) fn charge(&mut self, ask: &Ask, new: &NewCharge) -> Answer {
        self.once(ask, |ledger, is_first| {
            let token = new.token.ok_or(Refusal::InvalidToken)?;
            ledger.keys.note(ask, new.currency, new.token);
            meet(token, is_first)?;
            let id = ledger.open(ask, new)?;
            ledger.ask_issuer(id, token, new.off_session)
        })
    }

    /// Notes what could be charged, and asks nobody.
    pub(crate) fn create(&mut self, ask: &Ask, new: &NewCharge) -> Answer {
        self.once(ask, |ledger, _| {
            ledger.keys.note(ask, new.currency, new.token);
            let id = ledger.open(ask, new)?;
            let charge = ledger.charge_by_id(id).ok_or(Refusal::ChargeNotFound)?;
            Ok((Done::Charged(charge), Delivery::Prompt))
        })
    }

    /// Charges what was only created, or was declined.
    pub(crate) fn confirm(&mut self, ask: &Ask, id: ChargeId, confirmation: &Confirmation) -> Answer {
        self.once(ask, |ledger, is_first| {
            let charge = ledger.look_up(id)?;
            let (currency, token) = (charge.currency, confirmation.token.or(charge.token));
            let is_open = matches!(charge.phase, Phase::Created | Phase::Declined(_)) && charge.void.is_none();
            let token = token.filter(|_| is_open).ok_or(Refusal::NotConfirmable)?;
            ledger.keys.note(ask, currency, Some(token));
            meet(token, is_first)?;
            ledger.book.change(id, |charge| {
                charge.token = Some(token);
                // It was declined before, and the issuer is asked anew.
                charge.phase = Phase::Created;
                if let Some(url) = &confirmation.return_url {
                    charge.return_url = Some(url.clone());
                }
                charge.credential.used = confirmation.used.or(charge.credential.used);
                if confirmation.off_session {
                    charge.credential.initiator = Initiator::Merchant;
                }
            });
            ledger.ask_issuer(id, token, confirmation.off_session)
        })
    }

    fn open(&mut self, ask: &Ask, new: &NewCharge) -> Result<ChargeId, Refusal> {
        let id = self.book.next_charge_id();
        let charge = Charge {
            id,
            key: ask.key.clone(),
            token: new.token,
            requested: new.amount,
            currency: new.currency,
            capture: new.capture,
            metadata: new.metadata.clone(),
            return_url: new.return_url.clone(),
            credential: new.credential.clone(),
            created_ms: self.now_ms,
            phase: Phase::Created,
            captures: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            void: None,
        };
        self.book.open(charge).then_some(id).ok_or(Refusal::Full)
    }

    fn ask_issuer(&mut self, id: ChargeId, token: Token, off_session: bool) -> Work {
        let charge = match token {
            Token::Decline(decline) => self.decline(id, decline)?,
            Token::Action | Token::ActionShort if off_session => self.decline(id, Decline::AuthenticationRequired)?,
            Token::Action | Token::ActionShort => {
                let expires_ms = self.now_ms + token.action_ms();
                self.timeline.add(expires_ms, id, Due::ActionExpires);
                let waits = |charge: &mut Charge| charge.phase = Phase::RequiresAction { expires_ms };
                self.change(id, What::ActionRequired, waits)?
            }
            Token::Pending => {
                self.timeline.add(self.now_ms + self.rules.slow_ms, id, Due::Approves);
                self.change(id, What::Processing, |charge| charge.phase = Phase::Processing)?
            }
            _ => self.approve(id)?,
        };
        let delivery = match token {
            Token::Slow => Delivery::Late { until_ms: self.now_ms + self.rules.slow_ms },
            Token::TimeoutAfter => Delivery::Never,
            Token::WebhookFirst => Delivery::AfterWebhook,
            _ => Delivery::Prompt,
        };
        Ok((Done::Charged(charge), delivery))
    }

    pub(super) fn decline(&mut self, id: ChargeId, decline: Decline) -> Result<Arc<Charge>, Refusal> {
        self.change(id, What::Declined, |charge| charge.phase = Phase::Declined(decline))
    }

    /// The issuer approves, and the money is taken if that was asked for.
    pub(super) fn approve(&mut self, id: ChargeId) -> Result<Arc<Charge>, Refusal> {
        let charge = self.look_up(id)?;
        let token = charge.token.ok_or(Refusal::InvalidToken)?;
        let (amount, at_ms) = (token.approves(charge.requested), self.now_ms);
        // A capture that is made at once has the charge's own marks.
        let marks = charge.capture.then(|| charge.metadata.clone());
        let capture = marks.map(|metadata| Capture {
            id: self.book.next_capture_id(),
            amount,
            status: CaptureStatus::Succeeded,
            is_final: true,
            metadata,
            created_ms: at_ms,
        });
        let capture_id = capture.as_ref().map(|capture| capture.id);
        let what = if capture.is_some() { What::Captured } else { What::Authorized };
        let charge = self.change(id, what, |charge| {
            charge.phase = Phase::Approved { amount, at_ms };
            charge.captures.extend(capture);
        })?;
        self.watch_authorization(&charge);
        if let Some(capture_id) = capture_id {
            self.watch_capture(&charge, capture_id);
        }
        Ok(charge)
    }

    /// What is held expires by itself.
    pub(super) fn watch_authorization(&mut self, charge: &Charge) {
        if let Some(expires_ms) = charge.expires_ms() {
            self.timeline.add(expires_ms, charge.id, Due::AuthorizationExpires);
        }
    }

    /// A capture just made fails by itself, if its charge's token says so.
    pub(super) fn watch_capture(&mut self, charge: &Charge, capture: CaptureId) {
        if charge.token == Some(Token::CaptureFails) {
            self.timeline.add(self.now_ms + self.rules.slow_ms, charge.id, Due::CaptureFails(capture));
        }
    }
}

/// Whether the request is taken at all.
pub(super) fn meet(token: Token, is_first: bool) -> Result<(), Refusal> {
    match token {
        Token::Error => Err(Refusal::Failed),
        Token::Flaky if is_first => Err(Refusal::Failed),
        Token::Busy if is_first => Err(Refusal::Busy),
        Token::Conflict if is_first => Err(Refusal::InProgress),
        Token::TimeoutBefore if is_first => Err(Refusal::Lost),
        _ => Ok(()),
    }
}

/// What is told of a change. Of an approval, the token may have it told before the answer, or told wrong.
pub(super) fn event(id: EventId, at_ms: u64, what: What, changed: &Changed) -> Event {
    let token = changed.charge.token.filter(|_| changed.approved.is_some());
    let lies = token == Some(Token::WebhookContradicts);
    let (what, charge) = if lies {
        (What::Declined, Arc::new(changed.charge.as_if_declined()))
    } else {
        (what, Arc::clone(&changed.charge))
    };
    Event { id, at_ms, what, charge, is_awaited: token == Some(Token::WebhookFirst) }
}
