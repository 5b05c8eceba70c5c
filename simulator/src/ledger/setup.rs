//! Cards that are set up for later: Stripe's dialect only, and no money moves.

use std::sync::Arc;

use super::answer::{Answer, Ask, Delivery, Done, Refusal};
use super::issuer::meet;
use super::{Ledger, Work};
use crate::tokens::{Decline, Token};
use crate::values::{Metadata, SetupId};

/// A card that was, or was not, set up for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) id: SetupId,
    pub(crate) token: Option<Token>,
    pub(crate) usage: &'static str,
    pub(crate) metadata: Metadata,
    pub(crate) created_ms: u64,
    pub(crate) state: SetupState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetupState {
    Created,
    Succeeded,
    Declined(Decline),
}

/// What to set up.
#[derive(Debug, Clone)]
pub(crate) struct NewSetup {
    pub(crate) token: Option<Token>,
    pub(crate) confirm: bool,
    pub(crate) usage: &'static str,
    pub(crate) metadata: Metadata,
}

impl NewSetup {
    /// There is no page on which a customer could act for a setup: a card that wants that is declined.
    fn state(&self) -> SetupState {
        match self.token {
            Some(Token::Decline(decline)) if self.confirm => SetupState::Declined(decline),
            Some(Token::Action | Token::ActionShort) if self.confirm => {
                SetupState::Declined(Decline::AuthenticationRequired)
            }
            Some(_) if self.confirm => SetupState::Succeeded,
            _ => SetupState::Created,
        }
    }
}

impl Ledger {
    /// Sets a card up for later.
    pub(crate) fn set_up(&mut self, ask: &Ask, new: &NewSetup) -> Answer {
        self.once(ask, |ledger, is_first| ledger.set_up_now(new, is_first))
    }

    fn set_up_now(&mut self, new: &NewSetup, is_first: bool) -> Work {
        if let Some(token) = new.token.filter(|_| new.confirm) {
            meet(token, is_first)?;
        }
        let (id, created_ms) = (self.book.next_setup_id(), self.now_ms);
        let (token, usage, metadata, state) = (new.token, new.usage, new.metadata.clone(), new.state());
        let setup = Arc::new(Setup { id, token, usage, metadata, created_ms, state });
        if self.book.add_setup(Arc::clone(&setup)) {
            Ok((Done::SetUp(setup), Delivery::Prompt))
        } else {
            Err(Refusal::Full)
        }
    }
}
