//! Errors as one line of text.

use std::error::Error;

/// An error and its causes, with colons between: clients of HTTP and Postgres have the telling part in the last of them.
///
/// For errors that do not say their cause themselves; it would stand twice otherwise.
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::num::ParseIntError);

    #[test]
    fn the_last_cause_is_told_too() {
        let error = Outer("x".parse::<i32>().expect_err("no number"));
        assert_eq!(with_causes(&error), "outer: invalid digit found in string");
    }
}
