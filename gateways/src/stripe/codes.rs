//! Stripe's codes and what they are in our words (<https://docs.stripe.com/declines/codes>,
//! <https://docs.stripe.com/error-codes>). A code that is not in a table is kept as the raw code only.

/// Why it was declined, and what to do about it where Stripe does not say.
pub(crate) struct Decline {
    pub(crate) raw: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) advice: Option<&'static str>,
}

const LATER: Option<&str> = Some("try_again_later");
const NEVER: Option<&str> = Some("do_not_try_again");

const fn decline(raw: &'static str, ours: &'static str, advice: Option<&'static str>) -> Decline {
    Decline { raw, ours, advice }
}

/// Codes of issuers (`decline_code`), and of errors (`code`) that stand alone.
pub(crate) const DECLINES: &[Decline] = &[
    decline("approve_with_id", "processing_error", LATER),
    decline("authentication_not_handled", "authentication_failed", None),
    decline("authentication_required", "authentication_required", None),
    decline("call_issuer", "card_declined", None),
    decline("card_decline_rate_limit_exceeded", "card_velocity_exceeded", None),
    decline("card_declined", "card_declined", None),
    decline("card_not_supported", "card_not_supported", NEVER),
    decline("card_velocity_exceeded", "card_velocity_exceeded", None),
    decline("currency_not_supported", "currency_not_supported", NEVER),
    decline("do_not_honor", "card_declined", None),
    decline("do_not_try_again", "card_declined", NEVER),
    decline("duplicate_transaction", "duplicate_transaction", None),
    decline("expired_card", "expired_card", NEVER),
    decline("fraudulent", "fraudulent", NEVER),
    decline("generic_decline", "card_declined", None),
    decline("highest_risk_level", "fraudulent", NEVER),
    decline("incorrect_address", "incorrect_address", None),
    decline("incorrect_cvc", "incorrect_cvc", None),
    decline("incorrect_number", "invalid_account", NEVER),
    decline("incorrect_pin", "incorrect_pin", None),
    decline("incorrect_zip", "incorrect_address", None),
    decline("insufficient_funds", "insufficient_funds", LATER),
    decline("invalid_account", "invalid_account", NEVER),
    decline("invalid_amount", "amount_not_supported", None),
    decline("invalid_cvc", "incorrect_cvc", None),
    decline("invalid_expiry_month", "expired_card", NEVER),
    decline("invalid_expiry_year", "expired_card", NEVER),
    decline("invalid_number", "invalid_account", NEVER),
    decline("invalid_pin", "incorrect_pin", None),
    decline("issuer_not_available", "processing_error", LATER),
    decline("lost_card", "lost_card", NEVER),
    decline("merchant_blacklist", "fraudulent", NEVER),
    decline("new_account_information_available", "invalid_account", NEVER),
    decline("no_action_taken", "card_declined", None),
    decline("not_permitted", "card_not_supported", None),
    decline("offline_pin_required", "authentication_required", None),
    decline("online_or_offline_pin_required", "authentication_required", None),
    decline("payment_intent_authentication_failure", "authentication_failed", None),
    decline("payment_intent_payment_attempt_expired", "action_expired", None),
    decline("payment_intent_payment_attempt_failed", "card_declined", None),
    decline("pickup_card", "stolen_card", NEVER),
    decline("pin_try_exceeded", "incorrect_pin", None),
    decline("processing_error", "processing_error", LATER),
    decline("reenter_transaction", "processing_error", LATER),
    decline("restricted_card", "card_declined", NEVER),
    decline("revocation_of_all_authorizations", "card_declined", NEVER),
    decline("revocation_of_authorization", "card_declined", NEVER),
    decline("security_violation", "card_declined", NEVER),
    decline("service_not_allowed", "card_not_supported", None),
    decline("setup_intent_authentication_failure", "authentication_failed", None),
    decline("stolen_card", "stolen_card", NEVER),
    decline("stop_payment_order", "card_declined", NEVER),
    decline("testmode_decline", "card_declined", NEVER),
    decline("transaction_not_allowed", "card_not_supported", None),
    decline("try_again_later", "processing_error", LATER),
    decline("withdrawal_count_limit_exceeded", "card_velocity_exceeded", LATER),
];

/// Why a request was turned down before anything was processed.
pub(crate) const REFUSALS: &[(&str, &str)] = &[
    ("amount_too_large", "amount_too_large"),
    ("amount_too_small", "amount_too_small"),
    ("api_key_expired", "invalid_credentials"),
    ("balance_insufficient", "balance_insufficient"),
    ("capture_charge_authorization_expired", "authorization_expired"),
    ("charge_already_captured", "not_capturable"),
    ("charge_already_refunded", "not_refundable"),
    ("charge_disputed", "charge_disputed"),
    ("charge_expired_for_capture", "authorization_expired"),
    ("charge_not_refundable", "not_refundable"),
    ("insufficient_funds", "balance_insufficient"),
    ("invalid_charge_amount", "amount_not_supported"),
    ("payment_method_currency_mismatch", "currency_not_supported"),
    ("payment_method_unactivated", "card_not_supported"),
    ("payment_method_unexpected_state", "invalid_payment_method"),
    ("payment_method_unsupported_type", "card_not_supported"),
    ("refund_disputed_payment", "charge_disputed"),
    ("resource_missing", "not_found"),
    ("testmode_charges_only", "invalid_credentials"),
];

/// Why a refund failed after it was taken.
pub(crate) const REFUND_FAILURES: &[(&str, &str)] = &[
    ("charge_for_pending_refund_disputed", "charge_disputed"),
    ("declined", "card_declined"),
    ("expired_or_canceled_card", "expired_card"),
    ("insufficient_funds", "balance_insufficient"),
    ("lost_or_stolen_card", "lost_card"),
    ("merchant_request", "requested"),
];

/// Our code of a decline, and our advice.
pub(super) fn declined(raw: &str) -> Option<(&'static str, Option<&'static str>)> {
    DECLINES.iter().find(|decline| decline.raw == raw).map(|decline| (decline.ours, decline.advice))
}

/// Our word for Stripe's advice (`advice_code`), which goes before that of our table.
pub(super) fn advice(raw: &str) -> Option<&'static str> {
    [LATER, NEVER].into_iter().flatten().find(|ours| *ours == raw)
}

/// Our code for why a request was turned down.
pub(super) fn refusal(raw: &str) -> Option<&'static str> {
    REFUSALS.iter().find(|(theirs, _)| *theirs == raw).map(|(_, ours)| *ours)
}

/// Our code for why a refund failed.
pub(super) fn refund_failure(raw: &str) -> Option<&'static str> {
    REFUND_FAILURES.iter().find(|(theirs, _)| *theirs == raw).map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_have_no_code_twice() {
        let declines: Vec<_> = DECLINES.iter().map(|decline| decline.raw).collect();
        assert!(declines.is_sorted_by(|one, next| one < next), "{declines:?}");
        for table in [REFUSALS, REFUND_FAILURES] {
            assert!(table.is_sorted_by(|(one, _), (next, _)| one < next), "{table:?}");
        }
    }
}
