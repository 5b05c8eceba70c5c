//! Payment methods: the tokens of the gateway under Stripe's names.
//!
//! | `payment_method` | Token |
//! |---|---|
//! | `pm_<name>` and `tok_<name>` | `tok_<name>` |
//! | `pm_card_visa` | `tok_approve` |
//! | `pm_card_chargeDeclined`, `pm_card_visa_chargeDeclined` | `tok_decline_generic_decline` |
//! | the same with `InsufficientFunds` at the end | `tok_decline` |
//! | `pm_card_threeDSecure2Required` | `tok_action` |

use serde_json::{Value, json};

use crate::tokens::{Decline, Token};

/// The token that a payment method stands for, if there is one.
pub(super) fn token(id: &str) -> Option<Token> {
    match id {
        "pm_card_visa" => Some(Token::Approve),
        "pm_card_chargeDeclined" | "pm_card_visa_chargeDeclined" => Some(Token::Decline(Decline::Generic)),
        "pm_card_chargeDeclinedInsufficientFunds" | "pm_card_visa_chargeDeclinedInsufficientFunds" => {
            Some(Token::Decline(Decline::InsufficientFunds))
        }
        "pm_card_threeDSecure2Required" => Some(Token::Action),
        _ => Token::parse(&id.strip_prefix("pm_").map_or_else(|| id.to_owned(), |name| format!("tok_{name}"))),
    }
}

/// Its id: one for all payment methods that stand for the same token.
pub(super) fn id(token: Token) -> String {
    let name = token.name();
    format!("pm_{}", name.strip_prefix("tok_").unwrap_or(name))
}

/// The object.
pub(super) fn payment_method(token: Token) -> Value {
    let card = token.card();
    json!({
        "id": id(token),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(),
        "card": {
            "brand": card.brand,
            "checks": { "address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass" },
            "country": card.country,
            "display_brand": card.brand,
            "exp_month": card.exp_month,
            "exp_year": card.exp_year,
            "fingerprint": card.fingerprint,
            "funding": card.funding,
            "generated_from": null,
            "iin": card.iin,
            "last4": card.last4,
            "networks": { "available": [card.brand], "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        },
        "created": 0,
        "customer": null,
        "livemode": false,
        "metadata": {},
        "type": "card",
    })
}

/// Nothing is known of whom a card belongs to.
pub(super) fn billing_details() -> Value {
    let address = json!({
        "city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null,
    });
    json!({ "address": address, "email": null, "name": null, "phone": null, "tax_id": null })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("pm_card_visa", Some(Token::Approve))]
    #[case("pm_card_chargeDeclined", Some(Token::Decline(Decline::Generic)))]
    #[case("pm_card_chargeDeclinedInsufficientFunds", Some(Token::Decline(Decline::InsufficientFunds)))]
    #[case("pm_card_threeDSecure2Required", Some(Token::Action))]
    #[case("pm_partial", Some(Token::Partial))]
    #[case("tok_partial", Some(Token::Partial))]
    #[case("pm_tok_partial", None)]
    #[case("partial", None)]
    #[case("", None)]
    fn tokens(#[case] id: &str, #[case] expected: Option<Token>) {
        assert_eq!(token(id), expected);
    }

    #[test]
    fn every_id_can_be_used_again() {
        assert!(Token::all().all(|one| token(&id(one)) == Some(one)));
    }
}
