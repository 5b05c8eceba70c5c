//! The parameters behind the question mark of a path.

use std::{ops::RangeInclusive, time::SystemTime};

use chrono::DateTime;

use crate::{
    problem::{FieldError, Problem},
    reads::By,
};

/// The parameters as they were sent, decoded.
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    /// Refuses all parameters, for a request that knows none.
    pub(crate) fn none(&self) -> Result<(), Problem> {
        let errors: Vec<FieldError> = self.0.iter().map(|(name, _)| unknown(name)).collect();
        if errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(errors)) }
    }

    /// `after=N`: only an answer that has reached the sequence N will do.
    pub(crate) fn after(&self) -> Result<Option<i64>, Problem> {
        let (mut after, mut errors) = (None, Vec::new());
        for (name, value) in &self.0 {
            match (name.as_str(), value.parse().ok().filter(|sequence| *sequence >= 0)) {
                ("after", Some(sequence)) if after.is_none() => after = Some(sequence),
                ("after", _) => errors.push(error("after", "must be one sequence number, 0 or more")),
                _ => errors.push(unknown(name)),
            }
        }
        if errors.is_empty() { Ok(after) } else { Err(Problem::Invalid(errors)) }
    }
}

impl Query {
    /// `limit=N&cursor=…`: so many from where a page before ended, which `read` makes out.
    pub(crate) fn page<C>(&self, limit: i64, read: impl Fn(&str) -> Option<C>) -> Result<(i64, Option<C>), Problem> {
        let (mut page, mut errors) = ((limit, None), Vec::new());
        for (name, value) in &self.0 {
            match name.as_str() {
                "limit" => match value.parse().ok().filter(|limit| LIMITS.contains(limit)) {
                    Some(limit) => page.0 = limit,
                    None => errors.push(error("limit", "must be an integer from 1 to 100")),
                },
                "cursor" => match read(value) {
                    Some(cursor) => page.1 = Some(cursor),
                    None => errors.push(error("cursor", "must be the next_cursor of the page before")),
                },
                _ => errors.push(unknown(name)),
            }
        }
        if errors.is_empty() { Ok(page) } else { Err(Problem::Invalid(errors)) }
    }

    /// `at=<RFC 3339>&by=posted|effective`: as of a time, by one of the two times of postings.
    pub(crate) fn at(&self) -> Result<Option<(SystemTime, By)>, Problem> {
        let (mut at, mut by, mut errors) = (None, By::Posted, Vec::new());
        for (name, value) in &self.0 {
            match (name.as_str(), value.as_str()) {
                ("at", text) => match DateTime::parse_from_rfc3339(text) {
                    Ok(time) => at = Some(SystemTime::from(time)),
                    Err(_) => errors.push(error("at", "must be a time, such as 2026-11-01T12:00:00Z")),
                },
                ("by", "posted") => by = By::Posted,
                ("by", "effective") => by = By::Effective,
                ("by", _) => errors.push(error("by", "must be posted or effective")),
                _ => errors.push(unknown(name)),
            }
        }
        if errors.is_empty() { Ok(at.map(|at| (at, by))) } else { Err(Problem::Invalid(errors)) }
    }
}

/// How many a page may have.
const LIMITS: RangeInclusive<i64> = 1..=100;

fn unknown(name: &str) -> FieldError {
    error(&FieldError::shown(name), "is not a parameter of this request")
}

fn error(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(&[], Ok(None))]
    #[case::one(&[("after", "3")], Ok(Some(3)))]
    #[case::twice(&[("after", "3"), ("after", "4")], Err("after"))]
    #[case::no_number(&[("after", "x")], Err("after"))]
    #[case::negative(&[("after", "-1")], Err("after"))]
    #[case::unknown(&[("before", "3")], Err("before"))]
    #[case::not_to_be_shown(&[("4242424242424242", "3")], Err("(not shown)"))]
    fn after(#[case] pairs: &[(&str, &str)], #[case] expected: Result<Option<i64>, &str>) {
        let query = Query(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect());
        let field = |problem: Problem| match problem {
            Problem::Invalid(errors) => errors[0].field.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(query.after().map_err(field), expected.map_err(ToOwned::to_owned));
    }

    #[test]
    fn a_request_without_parameters_refuses_them() {
        assert_eq!(Query(Vec::new()).none(), Ok(()));
        assert!(Query(vec![("after".to_owned(), "1".to_owned())]).none().is_err());
    }
}
