//! What the bodies of requests about a payment that is there may have in them, for the description of the API.

use quittance_avro::words::Resolution;
use serde_json::json;

use super::{
    Operation,
    parse::{GATEWAY_REFERENCE_CHARS_MAX, ID_CHARS_MAX, NOTE_CHARS_MAX},
};
use crate::{
    create::{DESCRIPTION_CHARS_MAX, REFERENCE_CHARS_MAX},
    shape::{Body, Member, amount, flag, metadata, object, prose, text, word, words},
};

/// The body of a request.
pub(crate) fn shape(operation: Operation) -> Body {
    let reason = || Member::optional("reason", "Why, as a word of the client's own.", word());
    let part = |about| Member::optional("amount", about, amount());
    match operation {
        Operation::Capture => Body::optional(
            object([
                part("How much; all that is left without it."),
                Member::optional("final", "Whether what is then left is released.", flag(true)),
                reason(),
            ]),
            [("all", json!({})), ("part", json!({ "amount": 500, "final": false, "reason": "first_parcel" }))],
        ),
        Operation::Refund => Body::optional(
            object([part("How much; all that is left without it."), reason()]),
            [("all", json!({})), ("part", json!({ "amount": 500, "reason": "duplicate" }))],
        ),
        Operation::Cancel => because(reason(), "changed_mind"),
        Operation::Approve => because(reason(), "known_customer"),
        Operation::Reject => because(reason(), "looks_like_fraud"),
        Operation::Confirm => Body::optional(object([]), [("nothing", json!({}))]),
        Operation::Resolve => resolve(),
        Operation::Update => update(),
    }
}

fn because(reason: Member, example: &str) -> Body {
    Body::optional(object([reason]), [("because", json!({ "reason": example }))])
}

fn resolve() -> Body {
    let found = words(Resolution::ALL.iter().map(|word| word.as_str()));
    let schema = object([
        Member::required(
            "resolution",
            "What was found out: the operation was done, it was not, or nothing is to be changed.",
            found,
        ),
        Member::optional("operation_id", "The operation that it is about.", text(ID_CHARS_MAX)),
        Member::optional("gateway_reference", "The gateway's own name of it.", text(GATEWAY_REFERENCE_CHARS_MAX)),
        Member::optional("note", "For people.", prose(NOTE_CHARS_MAX)),
    ]);
    Body::required(
        schema,
        [(
            "done",
            json!({
                "resolution": "succeeded",
                "operation_id": "cap_5f0c3b1e9d7a5e4c8b2f6a1d0e9c7b35",
                "gateway_reference": "ch_1",
                "note": "Seen in the dashboard",
            }),
        )],
    )
}

fn update() -> Body {
    let schema = object([
        Member::optional("reference", "The merchant's own reference; null removes it.", text(REFERENCE_CHARS_MAX)),
        Member::optional("description", "For people; null removes it.", prose(DESCRIPTION_CHARS_MAX)),
        Member::optional(
            "metadata",
            "By key: the new value, or null to remove it. Other keys stay as they are.",
            metadata(true),
        ),
    ]);
    Body::optional(
        schema,
        [(
            "change",
            json!({
                "reference": "order-1002",
                "description": null,
                "metadata": { "shop": "hamburg", "table": null },
            }),
        )],
    )
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{operation::parse, shape::tests::is_what_is_parsed};

    #[rstest]
    fn it_is_what_is_parsed(
        #[values(
            Operation::Capture,
            Operation::Refund,
            Operation::Cancel,
            Operation::Confirm,
            Operation::Approve,
            Operation::Reject,
            Operation::Resolve,
            Operation::Update
        )]
        operation: Operation,
    ) {
        is_what_is_parsed(&shape(operation), |body| parse(operation, body).err().unwrap_or_default());
    }
}
