//! From JSON to what is asked for, or to the list of everything that is wrong with it.

use quittance_avro::words::Resolution;
use serde_json::Value;

use super::{Asked, Operation, TextChange};
use crate::{
    create::{DESCRIPTION_CHARS_MAX, REFERENCE_CHARS_MAX},
    fields::{Fields, whole},
    metadata::{self, Null},
    problem::FieldError,
};

pub(super) const ID_CHARS_MAX: usize = 64;
pub(super) const GATEWAY_REFERENCE_CHARS_MAX: usize = 255;
pub(super) const NOTE_CHARS_MAX: usize = 1_000;

/// Reads the body of a request.
pub(crate) fn parse(operation: Operation, body: Value) -> Result<Asked, Vec<FieldError>> {
    whole(body, |fields| asked(operation, fields))
}

fn asked(operation: Operation, fields: &mut Fields<'_>) -> Option<Asked> {
    Some(match operation {
        Operation::Capture => Asked::Capture {
            amount: fields.amount("amount"),
            is_final: fields.flag("final", true),
            reason: fields.word("reason"),
        },
        Operation::Refund => Asked::Refund { amount: fields.amount("amount"), reason: fields.word("reason") },
        Operation::Cancel => Asked::Cancel { reason: fields.word("reason") },
        Operation::Confirm => Asked::Confirm,
        Operation::Approve => Asked::Approve { reason: fields.word("reason") },
        Operation::Reject => Asked::Reject { reason: fields.word("reason") },
        Operation::Resolve => resolve(fields)?,
        Operation::Update => Asked::Update(update(fields)),
    })
}

fn resolve(fields: &mut Fields<'_>) -> Option<Asked> {
    let resolution = fields.required("resolution", 16, |word| {
        Resolution::from_word(word).ok_or_else(|| "must be succeeded, failed or acknowledged".to_owned())
    });
    let operation_id = fields.text("operation_id", ID_CHARS_MAX);
    let gateway_reference = fields.reference_of_others("gateway_reference", GATEWAY_REFERENCE_CHARS_MAX);
    let note = fields.prose("note", NOTE_CHARS_MAX);
    Some(Asked::Resolve { operation_id, resolution: resolution?, gateway_reference, note })
}

fn update(fields: &mut Fields<'_>) -> TextChange {
    TextChange {
        reference: nullable(fields, "reference", |fields, name| fields.text(name, REFERENCE_CHARS_MAX)),
        description: nullable(fields, "description", |fields, name| fields.prose(name, DESCRIPTION_CHARS_MAX)),
        metadata: metadata::take(fields, Null::Removes),
    }
}

/// A text that can be replaced or, by `null`, removed.
fn nullable(
    fields: &mut Fields<'_>,
    name: &str,
    take: impl FnOnce(&mut Fields<'_>, &str) -> Option<String>,
) -> Option<Option<String>> {
    if fields.take_null(name) {
        return Some(None);
    }
    take(fields, name).map(Some)
}

#[cfg(test)]
mod tests {
    use quittance_avro::money::MinorUnits;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn amount(minor_units: i64) -> Option<MinorUnits> {
        MinorUnits::payable(minor_units).ok()
    }

    #[rstest]
    #[case(Operation::Capture, json!({}), Asked::Capture { amount: None, is_final: true, reason: None })]
    #[case(Operation::Capture, json!({"amount": 5, "final": false}),
        Asked::Capture { amount: amount(5), is_final: false, reason: None })]
    #[case(Operation::Refund, json!({"amount": 500, "reason": "duplicate"}),
        Asked::Refund { amount: amount(500), reason: Some("duplicate".to_owned()) })]
    #[case(Operation::Cancel, json!({}), Asked::Cancel { reason: None })]
    #[case(Operation::Confirm, json!({}), Asked::Confirm)]
    #[case(Operation::Resolve, json!({"resolution": "failed", "gateway_reference": "4242424242424242", "note": "a\nb"}),
        Asked::Resolve {
            operation_id: None,
            resolution: Resolution::Failed,
            gateway_reference: Some("4242424242424242".to_owned()),
            note: Some("a\nb".to_owned()),
        })]
    #[case(Operation::Update, json!({"reference": null, "metadata": {"a": "b", "c": null}}),
        Asked::Update(TextChange {
            reference: Some(None),
            description: None,
            metadata: vec![("a".to_owned(), Some("b".to_owned())), ("c".to_owned(), None)],
        }))]
    fn bodies(#[case] operation: Operation, #[case] body: Value, #[case] expected: Asked) {
        assert_eq!(parse(operation, body), Ok(expected));
    }

    #[rstest]
    #[case(Operation::Capture, json!({"amount": 0}), "amount")]
    #[case(Operation::Capture, json!({"amount": 1.5}), "amount")]
    #[case(Operation::Capture, json!({"final": "no"}), "final")]
    #[case(Operation::Refund, json!({"reason": "She did not like it"}), "reason")]
    #[case(Operation::Refund, json!({"final": true}), "final")]
    #[case(Operation::Confirm, json!({"amount": 1}), "amount")]
    #[case(Operation::Resolve, json!({}), "resolution")]
    #[case(Operation::Resolve, json!({"resolution": "maybe"}), "resolution")]
    #[case(Operation::Resolve, json!({"resolution": "failed", "gateway_reference": "a\nb"}), "gateway_reference")]
    #[case(Operation::Resolve, json!({"resolution": "failed", "gateway_reference": "sk_live_51H8xYzAbCdEfGhIjKl"}), "gateway_reference")]
    #[case(Operation::Resolve, json!({"resolution": "failed", "note": "4242 4242 4242 4242"}), "note")]
    #[case(Operation::Update, json!({"metadata": {"a": 1}}), "metadata.a")]
    #[case(Operation::Update, json!({"metadata": {"": null}}), "metadata.(not shown)")]
    #[case(Operation::Update, json!({"reference": "a\tb"}), "reference")]
    #[case(Operation::Refund, json!({"amount": "500"}), "amount")]
    #[case(Operation::Update, json!({"description": "4242424242424242"}), "description")]
    #[case(Operation::Cancel, json!([]), "body")]
    fn mistakes(#[case] operation: Operation, #[case] body: Value, #[case] field: &str) {
        let errors = parse(operation, body).expect_err("it is not valid");
        assert_eq!(errors.iter().map(|error| &*error.field).collect::<Vec<_>>(), [field]);
    }
}
