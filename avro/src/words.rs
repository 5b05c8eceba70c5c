//! Closed vocabularies. On the wire they are strings, not Avro enums: a new symbol would break old readers.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use crate::openapi;

/// Says what a word could have been and not what it was: in a mangled record that may be anything, a token included.
struct NoSuchWord(&'static [&'static str]);

impl AccountPurpose {
    /// The side on which an account of it holds what it is for.
    pub const fn normal_side(self) -> Side {
        match self {
            Self::GatewayReceivable => Side::Debit,
            Self::MerchantPayable | Self::Suspense | Self::PlatformFees => Side::Credit,
        }
    }
}

impl fmt::Display for NoSuchWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be one of `{}`", self.0.join("`, `"))
    }
}

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $vdoc:literal])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[doc = $vdoc])* $variant,)* }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                openapi::words(concat!($($doc),*), &[$(($text, concat!($($vdoc),*)),)*])
            }
        }

        impl ToSchema for $name {}

        impl $name {
            /// Every word of this vocabulary.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads a word; `None` if it is none of ours.
            pub fn from_word(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::from_word(&text).ok_or_else(|| de::Error::custom(NoSuchWord(&[$($text,)*])))
            }
        }
    )*};
}

words! {
    /// Whether real money moves.
    Mode {
        /// Real money.
        Live = "live",
        /// No money: test gateways, test data.
        Test = "test",
    }
    /// What kind of actor caused a record.
    ActorKind {
        /// Somebody with a bearer token.
        User = "user",
        /// A server with an API key.
        ApiKey = "api_key",
        /// Told us by a gateway.
        Gateway = "gateway",
        /// A rule or timer of ours.
        System = "system",
    }
    /// When the money is taken.
    CaptureMethod {
        /// With the authorization.
        Automatic = "automatic",
        /// Later, by a capture.
        Manual = "manual",
    }
    /// Who started a payment.
    Initiator {
        /// The customer, present.
        Customer = "customer",
        /// The merchant, with a stored credential.
        Merchant = "merchant",
    }
    /// Where a payment stands.
    PaymentStatus {
        /// The customer has to do something.
        RequiresAction = "requires_action",
        /// Held back before it is sent.
        OnHold = "on_hold",
        /// At a gateway, or about to be.
        Processing = "processing",
        /// Authorized; something can be captured.
        RequiresCapture = "requires_capture",
        /// The money was taken.
        Succeeded = "succeeded",
        /// Declined, or definitely not processed.
        Failed = "failed",
        /// Given up by the merchant.
        Canceled = "canceled",
        /// The authorization ran out.
        Expired = "expired",
    }
    /// What is asked of a gateway.
    OperationKind {
        /// Reserve the amount.
        Authorize = "authorize",
        /// Take what was reserved.
        Capture = "capture",
        /// Release what was reserved.
        Void = "void",
        /// Give back what was taken.
        Refund = "refund",
        /// Nothing that is asked for: the customer's bank takes back what was taken.
        Dispute = "dispute",
    }
    /// Where an operation or an attempt stands.
    OperationStatus {
        /// Not settled yet.
        Pending = "pending",
        /// Done.
        Succeeded = "succeeded",
        /// Definitely not done.
        Failed = "failed",
        /// Nobody knows; a person must find out.
        Unknown = "unknown",
    }
    /// Where an operation came from.
    Origin {
        /// A request to us.
        Api = "api",
        /// Made at the gateway, not by us.
        Gateway = "gateway",
        /// A rule of ours.
        System = "system",
    }
    /// What an effect asks for.
    EffectKind {
        /// Reserve the amount, or only create what is to be confirmed.
        Authorize = "authorize",
        /// Reserve the amount of what was created.
        Confirm = "confirm",
        /// Take what was reserved.
        Capture = "capture",
        /// Release what was reserved.
        Void = "void",
        /// Give back what was taken.
        Refund = "refund",
        /// Find out what became of it.
        Query = "query",
    }
    /// What became of one try or query.
    ResultOutcome {
        /// The gateway did it.
        Approved = "approved",
        /// The first step of an authorization is done, and nothing was moved.
        Created = "created",
        /// The customer has to act.
        ActionRequired = "action_required",
        /// The gateway has taken it, and not settled it.
        Pending = "pending",
        /// The gateway processed it and said no.
        Declined = "declined",
        /// Definitely not processed; trying again is pointless.
        Rejected = "rejected",
        /// Definitely not processed; may be tried again.
        NotProcessed = "not_processed",
        /// Not carried out: it was past its `not_after`.
        Expired = "expired",
        /// A query found what the report says.
        Reported = "reported",
        /// A query found nothing.
        Absent = "absent",
        /// Nobody knows.
        Unknown = "unknown",
    }
    /// What became of a client's command.
    OutcomeStatus {
        /// It changed the aggregate.
        Applied = "applied",
        /// It was turned down and changed nothing.
        Refused = "refused",
    }
    /// What a timer is for.
    TimerKind {
        /// The next try or query of the pending attempt.
        Retry = "retry",
        /// No result came in time.
        TryLost = "try_lost",
        /// What is authorized has to be captured by now.
        AuthorizationExpiry = "authorization_expiry",
        /// The customer has to have acted by now.
        ActionExpiry = "action_expiry",
    }
    /// Why a payment waits for a person, from the least to the gravest.
    ReviewReason {
        /// Nobody knows what the gateway did.
        OutcomeUnknown = "outcome_unknown",
        /// The gateway said something that contradicts what it said before.
        ContradictingResult = "contradicting_result",
        /// A success that nobody wants could not be given back.
        UnwantedSuccess = "unwanted_success",
        /// More was moved at the gateway than the payment allows.
        GatewayExcess = "gateway_excess",
    }
    /// Why what is not captured is released.
    Closing {
        /// The merchant gave it up.
        Canceled = "canceled",
        /// Its time was over.
        Expired = "expired",
        /// A person did not let it be sent.
        Rejected = "rejected",
        /// The gateway authorized another amount.
        PartiallyApproved = "partially_approved",
    }
    /// What a gateway says of something that was done to a payment.
    FactStatus {
        /// Not settled yet.
        Pending = "pending",
        /// The customer has to act.
        ActionRequired = "action_required",
        /// Done.
        Succeeded = "succeeded",
        /// Not done.
        Failed = "failed",
    }
    /// What a person found out about a payment under review.
    Resolution {
        /// The operation was done.
        Succeeded = "succeeded",
        /// The operation was not done.
        Failed = "failed",
        /// Nothing is to be changed.
        Acknowledged = "acknowledged",
    }
    /// Why money moves in the ledger.
    TransferKind {
        /// Money was taken.
        Capture = "capture",
        /// Money was given back.
        Refund = "refund",
        /// Money was taken that nobody wants.
        Suspense = "suspense",
        /// Money that nobody wants was given back.
        SuspenseReturn = "suspense_return",
        /// Money was taken back by the customer's bank.
        Dispute = "dispute",
        /// What the merchant pays for a payment.
        Fee = "fee",
        /// What of that the merchant gets back.
        FeeReturn = "fee_return",
    }
    /// What an account of the ledger is for.
    AccountPurpose {
        /// What a gateway owes us.
        GatewayReceivable = "gateway_receivable",
        /// What we owe the merchant.
        MerchantPayable = "merchant_payable",
        /// What nobody wants, until it is given back.
        Suspense = "suspense",
        /// What merchants have paid us.
        PlatformFees = "platform_fees",
    }
    /// A gateway that there is an adapter for.
    GatewayKind {
        /// The simulator that comes with Quittance.
        Simulator = "simulator",
        /// Stripe, by its PaymentIntents.
        Stripe = "stripe",
    }
    /// Whether a gateway account can be reached.
    HealthStatus {
        /// It answers.
        Up = "up",
        /// It has not answered, or only to say that it is out of order.
        Down = "down",
    }
    /// Why a gateway's notice changes no payment.
    NoticeTrouble {
        /// Its body is none of the gateway's webhooks.
        Malformed = "malformed",
        /// It names no payment of ours.
        NoPayment = "no_payment",
        /// It names a payment that is not there, or not any more as far as the processor knows: it ended long ago.
        UnknownPayment = "unknown_payment",
        /// It names an attempt, or a gateway account, that the payment does not have.
        UnknownAttempt = "unknown_attempt",
        /// It is about something that is no payment. That is no mistake: gateways tell more than they are asked for.
        NotAPayment = "not_a_payment",
    }
    /// A side of an account.
    Side {
        /// Left.
        Debit = "debit",
        /// Right.
        Credit = "credit",
    }
    /// Where a saved payment method stands.
    PaymentMethodStatus {
        /// At a gateway, or about to be.
        Pending = "pending",
        /// The customer has to do something.
        RequiresAction = "requires_action",
        /// It can be used.
        Active = "active",
        /// It can be charged nowhere.
        Failed = "failed",
        /// It is not to be used any more.
        Removed = "removed",
    }
    /// Where the set-up at one gateway account stands.
    SetUpStatus {
        /// Not settled yet.
        Pending = "pending",
        /// It can be charged there.
        Succeeded = "succeeded",
        /// It cannot.
        Failed = "failed",
    }
    /// What became of one try or query of a set-up.
    SetUpOutcome {
        /// It is set up.
        Approved = "approved",
        /// The customer has to act.
        ActionRequired = "action_required",
        /// The gateway has taken it, and not settled it.
        Pending = "pending",
        /// The gateway processed it and said no.
        Declined = "declined",
        /// Not done; trying again is pointless.
        Rejected = "rejected",
        /// Definitely not processed; may be tried again.
        NotProcessed = "not_processed",
        /// Not carried out: it was past its `not_after`.
        Expired = "expired",
        /// A query found nothing.
        Absent = "absent",
        /// Nobody knows.
        Unknown = "unknown",
    }
    /// What a set-up effect asks for.
    SetUpKind {
        /// Set the payment method up.
        SetUp = "set_up",
        /// Find out what became of it.
        Query = "query",
    }
}
