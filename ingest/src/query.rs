//! The parameters behind the question mark of a path.

use crate::problem::{FieldError, Problem};

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
