//! The parameters behind the question mark of a path.

use std::{
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{
    problem::{FieldError, Problem},
    reads::{By, Moment},
};

/// The parameters as they were sent, decoded.
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    /// Reads what stands behind the question mark (application/x-www-form-urlencoded).
    pub(crate) fn parse(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

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
    pub(crate) fn page<C>(&self, read: impl Fn(&str) -> Option<C>) -> Result<(i64, Option<C>), Problem> {
        let mut errors = Vec::new();
        let (limit, cursor, others) = self.paging(&mut errors);
        errors.extend(others.iter().map(|(name, _)| unknown(name)));
        let place = cursor.map(read);
        if matches!(place, Some(None)) {
            errors.push(error("cursor", "must be the next_cursor of the page before"));
        }
        if errors.is_empty() { Ok((limit, place.flatten())) } else { Err(Problem::Invalid(errors)) }
    }

    /// The limit, the cursor as it was sent, and the parameters that stand beside them.
    pub(crate) fn paging(&self, errors: &mut Vec<FieldError>) -> (i64, Option<&str>, Vec<(&str, &str)>) {
        let (mut limit, mut cursor, mut others) = (None, None, Vec::new());
        for (name, value) in &self.0 {
            match name.as_str() {
                "limit" if limit.is_some() => errors.push(error("limit", "must be given once")),
                "limit" => {
                    let read = value.parse().ok().filter(|limit| LIMITS.contains(limit));
                    if read.is_none() {
                        errors.push(error("limit", "must be an integer from 1 to 100"));
                    }
                    limit = Some(read.unwrap_or(LIMIT));
                }
                "cursor" if cursor.is_some() => errors.push(error("cursor", "must be given once")),
                "cursor" => cursor = Some(value.as_str()),
                name => others.push((name, value.as_str())),
            }
        }
        (limit.unwrap_or(LIMIT), cursor, others)
    }

    /// `at=<RFC 3339>&by=posted|effective`: as of a moment, by one of the two times of postings. It is [`SETTLED_AFTER`] before `now` or
    /// earlier.
    pub(crate) fn moment(&self, now: SystemTime) -> Result<Option<Moment>, Problem> {
        let (mut at, mut by, mut errors) = (None, None, Vec::new());
        for (name, value) in &self.0 {
            match name.as_str() {
                "at" if at.is_some() => errors.push(error("at", "must be given once")),
                "at" => at = Some(settled(value, now).map_err(|message| errors.push(error("at", &message))).ok()),
                "by" if by.is_some() => errors.push(error("by", "must be given once")),
                "by" => match By::ALL.into_iter().find(|by| by.as_str() == value) {
                    Some(found) => by = Some(found),
                    None => errors.push(error("by", "must be posted or effective")),
                },
                _ => errors.push(unknown(name)),
            }
        }
        if by.is_some() && at.is_none() {
            errors.push(error("by", "must come with at, the moment that it is about"));
        }
        let moment = at.flatten().map(|at| Moment { at, by: by.unwrap_or(By::Posted) });
        if errors.is_empty() { Ok(moment) } else { Err(Problem::Invalid(errors)) }
    }
}

/// A time that nothing is posted at any more, or what would be one.
fn settled(text: &str, now: SystemTime) -> Result<SystemTime, String> {
    let time = DateTime::parse_from_rfc3339(text).map(SystemTime::from);
    let time = time.map_err(|_| "must be a time, such as 2026-11-01T12:00:00Z".to_owned())?;
    let latest = now.checked_sub(SETTLED_AFTER).unwrap_or(now);
    if time <= latest {
        return Ok(time);
    }
    let (seconds, latest) = (SETTLED_AFTER.as_secs(), DateTime::<Utc>::from(latest));
    let latest = latest.to_rfc3339_opts(SecondsFormat::Secs, true);
    Err(format!("must be at least {seconds} seconds ago, {latest} or earlier: of later times not all is known yet"))
}

/// After how long nothing is posted at a time any more. A transfer has the time at which it was decided, and is there when its transaction
/// is: if the processor crashes in between, brokers end that within 20 s. Clocks agree to within a second, and sinks follow within another.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

/// How many are told at once, unless the client says.
pub(crate) const LIMIT: i64 = 25;

/// How many a page may have.
pub(crate) const LIMITS: RangeInclusive<i64> = 1..=100;

pub(crate) fn unknown(name: &str) -> FieldError {
    error(&FieldError::shown(name), "is not a parameter of this request")
}

pub(crate) fn error(field: &str, message: &str) -> FieldError {
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

    #[rstest]
    #[case::none(&[], Ok((LIMIT, None)))]
    #[case::both(&[("limit", "2"), ("cursor", "7")], Ok((2, Some(7))))]
    #[case::too_many(&[("limit", "101")], Err("limit"))]
    #[case::twice(&[("limit", "2"), ("limit", "3")], Err("limit"))]
    #[case::nonsense_twice(&[("limit", "x"), ("limit", "3")], Err("limit"))]
    #[case::no_cursor(&[("cursor", "x")], Err("cursor"))]
    #[case::cursor_twice(&[("cursor", "7"), ("cursor", "7")], Err("cursor"))]
    #[case::unknown(&[("offset", "7")], Err("offset"))]
    fn pages(#[case] pairs: &[(&str, &str)], #[case] expected: Result<(i64, Option<i32>), &str>) {
        let query = Query(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect());
        let field = |problem: Problem| match problem {
            Problem::Invalid(errors) => errors[0].field.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(query.page(|text| text.parse().ok()).map_err(field), expected.map_err(ToOwned::to_owned));
    }

    const NOON: &str = "2026-11-01T12:00:00Z";

    fn time(text: &str) -> SystemTime {
        DateTime::parse_from_rfc3339(text).expect("a time").into()
    }

    #[rstest]
    #[case::none(&[], Ok(None))]
    #[case::at(&[("at", "2026-11-01T11:59:30Z")], Ok(Some((By::Posted, "2026-11-01T11:59:30Z"))))]
    #[case::by(&[("by", "effective"), ("at", "2026-01-01T00:00:00+01:00")], Ok(Some((By::Effective, "2025-12-31T23:00:00Z"))))]
    #[case::no_time(&[("at", "yesterday")], Err(("at", "must be a time, such as")))]
    #[case::now(&[("at", NOON)], Err(("at", "must be at least 30 seconds ago, 2026-11-01T11:59:30Z or earlier")))]
    #[case::not_settled(&[("at", "2026-11-01T11:59:30.001Z")], Err(("at", "must be at least 30 seconds ago")))]
    #[case::in_the_future(&[("at", "2126-01-01T00:00:00Z")], Err(("at", "must be at least 30 seconds ago")))]
    #[case::not_settled_by_effect(&[("at", NOON), ("by", "effective")], Err(("at", "must be at least 30 seconds ago")))]
    #[case::by_without_at(&[("by", "effective")], Err(("by", "must come with at")))]
    #[case::by_what(&[("at", "2026-01-01T00:00:00Z"), ("by", "name")], Err(("by", "must be posted or effective")))]
    #[case::at_twice(&[("at", "2026-01-01T00:00:00Z"), ("at", "2026-01-02T00:00:00Z")], Err(("at", "must be given once")))]
    #[case::unknown(&[("until", NOON)], Err(("until", "is not a parameter")))]
    fn moments(#[case] pairs: &[(&str, &str)], #[case] expected: Result<Option<(By, &str)>, (&str, &str)>) {
        let query = Query(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect());
        match (query.moment(time(NOON)), expected) {
            (Ok(moment), Ok(expected)) => {
                assert_eq!(moment, expected.map(|(by, at)| Moment { at: time(at), by }));
            }
            (Err(Problem::Invalid(errors)), Err((field, message))) => {
                let told: Vec<_> = errors.iter().map(|error| &*error.field).collect();
                assert_eq!(told, [field]);
                assert!(errors[0].message.starts_with(message), "{}", errors[0].message);
            }
            (found, _) => panic!("{found:?}"),
        }
    }

    #[test]
    fn a_request_without_parameters_refuses_them() {
        assert_eq!(Query(Vec::new()).none(), Ok(()));
        assert!(Query(vec![("after".to_owned(), "1".to_owned())]).none().is_err());
    }
}
