//! What a list of payments is asked for: filters, and a place to go on from. Pure.

mod cursor;
mod filters;

pub(crate) use self::{cursor::PaymentPlace, filters::Filters};
use crate::{
    problem::{FieldError, Problem},
    query::{Query, error},
};

/// A page of a list of payments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PaymentsPage {
    pub(crate) filters: Filters,
    pub(crate) limit: i64,
    /// The last payment of the page before.
    pub(crate) after: Option<PaymentPlace>,
}

/// Reads the parameters of `GET /v1/payments`; all that is wrong with them is told at once.
pub(crate) fn parse(query: &Query) -> Result<PaymentsPage, Problem> {
    let mut errors = Vec::new();
    let (limit, cursor, others) = query.paging(&mut errors);
    let filters = filters::parse(&others, &mut errors);
    let after = cursor.and_then(|cursor| place(cursor, &filters, &mut errors));
    if errors.is_empty() { Ok(PaymentsPage { filters, limit, after }) } else { Err(Problem::Invalid(errors)) }
}

/// Where a cursor points in the list with those filters. If they are not what they should be, it cannot be told whether it is theirs.
fn place(cursor: &str, filters: &Filters, errors: &mut Vec<FieldError>) -> Option<PaymentPlace> {
    match PaymentPlace::read(cursor) {
        None => errors.push(error("cursor", "must be the next_cursor of the page before")),
        Some((place, digest)) if errors.is_empty() => {
            if digest == filters.digest() {
                return Some(place);
            }
            errors.push(error("cursor", "belongs to a list with other filters: send those, or begin without a cursor"));
        }
        Some(_) => {}
    }
    None
}

#[cfg(test)]
mod tests;
