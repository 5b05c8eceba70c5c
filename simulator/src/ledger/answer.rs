//! What the ledger is asked and what it answers.

use std::sync::Arc;

use super::charge::Charge;
use super::setup::Setup;
use crate::tokens::Token;
use crate::values::{
    Amount, CaptureId, ChargeId, Credential, CredentialUse, Currency, DisputeId, EventId, IdempotencyKey, Metadata,
    Reason, RefundId, ReturnUrl,
};

/// Under which key a request comes, and what tells it from another under the same key.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    /// None, where the dialect does without: then every request is the first.
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) fingerprint: u64,
    /// Whether an error of the gateway is an answer like any other and told again, as at Stripe.
    pub(crate) keeps_failures: bool,
}

/// What to charge.
#[derive(Debug, Clone)]
pub(crate) struct NewCharge {
    pub(crate) token: Option<Token>,
    pub(crate) amount: Amount,
    pub(crate) currency: Currency,
    pub(crate) capture: bool,
    pub(crate) metadata: Metadata,
    pub(crate) return_url: Option<ReturnUrl>,
    /// Whether the customer is away and cannot act.
    pub(crate) off_session: bool,
    pub(crate) credential: Credential,
}

/// What to charge a charge with that was only created.
#[derive(Debug, Clone, Default)]
pub(crate) struct Confirmation {
    /// In place of the one that it was created with.
    pub(crate) token: Option<Token>,
    pub(crate) return_url: Option<ReturnUrl>,
    pub(crate) off_session: bool,
    /// In addition to what it was created with.
    pub(crate) used: Option<CredentialUse>,
}

/// What to take.
#[derive(Debug, Clone)]
pub(crate) struct NewCapture {
    /// None is all that is left.
    pub(crate) amount: Option<Amount>,
    /// Whether what is left is released.
    pub(crate) is_final: bool,
    pub(crate) metadata: Metadata,
}

/// What to let go.
#[derive(Debug, Clone, Default)]
pub(crate) struct NewVoid {
    /// Whether it also ends charges that hold nothing and could still be confirmed.
    pub(crate) cancels_unconfirmed: bool,
    /// Stripe's word for the reason.
    pub(crate) word: Option<&'static str>,
    pub(crate) metadata: Metadata,
}

/// What to give back.
#[derive(Debug, Clone)]
pub(crate) struct NewRefund {
    /// None is all that is left.
    pub(crate) amount: Option<Amount>,
    pub(crate) reason: Option<Reason>,
    pub(crate) metadata: Metadata,
}

/// What the customer does when he has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Approve,
    Fail,
}

/// What was done, with the charge as it was right after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Done {
    Charged(Arc<Charge>),
    Captured(Arc<Charge>, CaptureId),
    Voided(Arc<Charge>),
    Refunded(Arc<Charge>, RefundId),
    SetUp(Arc<Setup>),
}

impl Done {
    pub(super) fn charge_id(&self) -> Option<ChargeId> {
        match self {
            Self::Charged(charge) | Self::Captured(charge, _) | Self::Voided(charge) | Self::Refunded(charge, _) => {
                Some(charge.id)
            }
            Self::SetUp(_) => None,
        }
    }
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The key came with another request before.
    KeyReused,
    /// The key's first request is not answered yet.
    InProgress,
    /// There is no such token. The key stays free.
    InvalidToken,
    /// The token stands for an error of the gateway.
    Failed,
    /// The token stands for too many requests.
    Busy,
    /// The token stands for a request that got lost.
    Lost,
    /// The memory is full. The key stays free.
    Full,
    /// There is no such charge. The key stays free.
    ChargeNotFound,
    CaptureNotFound,
    RefundNotFound,
    DisputeNotFound,
    /// Nothing of the charge can be taken.
    NotCapturable,
    /// Nothing of the charge can be let go.
    NotVoidable,
    /// Nothing of the charge can be given back.
    NotRefundable,
    /// Money of the charge is asked back by the customer's bank, or was lost to it.
    ChargeDisputed,
    /// The charge is past that.
    NotConfirmable,
    /// More than is left.
    AmountTooLarge,
    /// The customer has nothing to do.
    NoAction,
    /// Nothing of the charge can expire.
    NotExpirable,
    /// It failed already, or money that it took was given back.
    NotFailable,
    /// Nothing that was taken is left to dispute, or a dispute is open.
    NotDisputable,
    /// It was closed that way already, or its money is not there any more.
    NotClosable,
}

/// What a key remembers of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// That it was the answer.
    Answer,
    /// Only which request it was.
    Request,
    /// Nothing.
    Nothing,
}

impl Refusal {
    /// A request that was turned down for the state of its charge is turned down for good: it may not be processed when it
    /// comes again after that state has changed, because its client has been told that it was not.
    pub(super) fn kept(self, keeps_failures: bool) -> Kept {
        match self {
            Self::NotCapturable
            | Self::NotVoidable
            | Self::NotRefundable
            | Self::ChargeDisputed
            | Self::NotConfirmable
            | Self::AmountTooLarge
            | Self::CaptureNotFound
            | Self::RefundNotFound
            | Self::DisputeNotFound
            | Self::NoAction
            | Self::NotExpirable
            | Self::NotFailable
            | Self::NotDisputable
            | Self::NotClosable => Kept::Answer,
            Self::Failed if keeps_failures => Kept::Answer,
            Self::Failed | Self::Busy | Self::Lost | Self::InProgress => Kept::Request,
            Self::KeyReused | Self::InvalidToken | Self::Full | Self::ChargeNotFound => Kept::Nothing,
        }
    }
}

/// When an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Prompt,
    /// Past that time; its key is in progress until then.
    Late {
        until_ms: u64,
    },
    /// When the webhook has been answered or given up.
    AfterWebhook,
    Never,
}

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) result: Result<Done, Refusal>,
    /// Whether it was found out earlier and is only told again.
    pub(crate) replayed: bool,
    pub(crate) delivery: Delivery,
}

/// Something that happened to a charge, to be told to whoever listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) at_ms: u64,
    pub(crate) what: What,
    /// The charge right after, unless the event lies.
    pub(crate) charge: Arc<Charge>,
    /// Whether the answer to the request that caused it waits until it is told.
    pub(crate) is_awaited: bool,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    ActionRequired,
    Processing,
    Declined,
    Authorized,
    Captured,
    CaptureFailed,
    Voided,
    Refunded,
    RefundUpdated(RefundId),
    Disputed(DisputeId),
    DisputeClosed(DisputeId),
}
