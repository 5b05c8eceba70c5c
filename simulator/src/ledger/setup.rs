//! Cards that are set up for later: Stripe's dialect only, and no money moves.

use std::sync::Arc;

use super::answer::{Act, Answer, Ask, Delivery, Done, Refusal};
use super::issuer::meet;
use super::{Ledger, Work};
use crate::tokens::{Decline, Token};
use crate::values::{Metadata, ReturnUrl, SetupId};

/// A card that was, or was not, set up for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) id: SetupId,
    pub(crate) token: Option<Token>,
    pub(crate) usage: &'static str,
    pub(crate) metadata: Metadata,
    pub(crate) return_url: Option<ReturnUrl>,
    pub(crate) created_ms: u64,
    pub(crate) state: SetupState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetupState {
    Created,
    /// The customer has to act, and has all the time for it.
    RequiresAction,
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
    pub(crate) return_url: Option<ReturnUrl>,
}

impl NewSetup {
    fn state(&self) -> SetupState {
        match self.token {
            Some(Token::Decline(decline)) if self.confirm => SetupState::Declined(decline),
            Some(Token::Action | Token::ActionShort) if self.confirm => SetupState::RequiresAction,
            Some(_) if self.confirm => SetupState::Succeeded,
            _ => SetupState::Created,
        }
    }
}

impl Setup {
    /// Where it stands, for a person.
    pub(crate) fn word(&self) -> &'static str {
        match self.state {
            SetupState::Created => "created",
            SetupState::RequiresAction => "requires_action",
            SetupState::Succeeded => "succeeded",
            SetupState::Declined(_) => "declined",
        }
    }
}

impl Ledger {
    /// The customer acts. There is none that could, where there is no setup.
    pub(crate) fn act_on_setup(&mut self, id: SetupId, act: Act) -> Result<Arc<Setup>, Refusal> {
        let setup = self.book.setup_mut(id).filter(|setup| setup.state == SetupState::RequiresAction);
        let setup = setup.ok_or(Refusal::NoAction)?;
        setup.state = match act {
            Act::Approve => SetupState::Succeeded,
            Act::Fail => SetupState::Declined(Decline::AuthenticationFailed),
        };
        Ok(Arc::new(setup.clone()))
    }

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
        let return_url = new.return_url.clone();
        let setup = Arc::new(Setup { id, token, usage, metadata, return_url, created_ms, state });
        if self.book.add_setup(Arc::clone(&setup)) {
            Ok((Done::SetUp(setup), Delivery::Prompt))
        } else {
            Err(Refusal::Full)
        }
    }
}
