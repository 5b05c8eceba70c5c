//! Every reason to refuse a command, in one table: the rules say them, HTTP and the documentation tell them.

macro_rules! refusals {
    ($($name:ident = $code:literal, $status:literal, $text:literal;)*) => {
        /// Why a command is refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Refusal {
            $(#[doc = $text] $name,)*
        }

        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code, which never changes its meaning.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// For a person.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The reason of a code; `None` if it is none of ours.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

refusals! {
    NotFound = "not_found", 404, "There is no such payment, or payment method.";
    AlreadyExists = "already_exists", 409, "A payment, or payment method, with this id exists.";
    AmountInvalid = "amount_invalid", 422, "The amount must be a positive integer of minor units, below 2^53.";
    NoToken = "no_token", 422, "The payment method has no token for the gateway account.";
    NoRoute = "no_route", 422, "No gateway account takes this payment.";
    CurrencyNotAllowed = "currency_not_allowed", 422, "The tenant takes no payments in this currency.";
    AmountBelowMinimum = "amount_below_minimum", 422, "The amount is less than the tenant takes in this currency.";
    AmountAboveMaximum = "amount_above_maximum", 422, "The amount is more than the tenant takes in this currency.";
    NotSupportedByGateway = "not_supported_by_gateway", 409, "The gateway cannot do this.";
    NotCapturable = "not_capturable", 409, "Nothing of the payment can be captured.";
    CaptureExceedsAuthorized = "capture_exceeds_authorized", 409, "The amount is more than is left of what was authorized.";
    NotRefundable = "not_refundable", 409, "Nothing of the payment was captured.";
    RefundExceedsCaptured = "refund_exceeds_captured", 409, "The amount is more than is left of what was captured, refunds under way included.";
    PaymentDisputed = "payment_disputed", 409, "A dispute of the payment is open or lost, and nothing can be refunded.";
    NotCancelable = "not_cancelable", 409, "The payment cannot be canceled any more.";
    OperationInProgress = "operation_in_progress", 409, "A capture is under way; what becomes of it has to be known first.";
    NoActionRequired = "no_action_required", 409, "The customer has nothing to do.";
    NotOnHold = "not_on_hold", 409, "The payment is not on hold.";
    NotUnderReview = "not_under_review", 409, "The payment is not under review.";
    ResolutionInvalid = "resolution_invalid", 409, "The resolution does not fit the operation.";
    TextChanged = "text_changed", 409, "The payment's text was changed meanwhile: ask again, under another Idempotency-Key.";
    PaymentArchived = "payment_archived", 409, "The payment ended long ago: it can be read, and nothing more.";
    TooManyOperations = "too_many_operations", 409, "The payment has as many operations, or changes of its text, as one may have.";
    GatewayAccountUnknown = "gateway_account_unknown", 422, "A gateway account that the payment method names is not there.";
    PaymentMethodRemoved = "payment_method_removed", 409, "The payment method was removed.";
    TooManyCommands = "too_many_commands", 409, "As much was asked of the payment method as may be.";
}

/// For how long a refusal is remembered, milliseconds: after seven days the same request is decided anew.
pub const REFUSALS_KEPT_MS: i64 = 7 * 86_400_000;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_found_again() {
        let codes: BTreeSet<&str> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::from_code(refusal.code()), Some(*refusal));
            assert!([404, 409, 422].contains(&refusal.http_status()) && refusal.text().ends_with('.'));
        }
        assert_eq!(Refusal::from_code("no_such_code"), None);
    }

    #[test]
    fn the_documentation_has_each_of_them() {
        let told = include_str!("../../docs/payments.md");
        for refusal in Refusal::ALL {
            let line = format!("| `{}` | {} | {} |", refusal.code(), refusal.http_status(), refusal.text());
            assert!(told.lines().any(|told| told == line), "docs/payments.md lacks {line}");
        }
    }
}
