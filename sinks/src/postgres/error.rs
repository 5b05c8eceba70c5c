//! Errors of Postgres, by what is to be done about them.

use std::{error::Error as _, io};

use deadpool_postgres::tokio_postgres::{Error, error::DbError};
use quittance_service::causes::with_causes;

use crate::store::StoreError;

/// Sorts an error of the client or the server.
#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error")]
pub(super) fn class(error: Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) => class_of(refusal.code().code(), &describe(refusal)),
        None if is_of_the_connection(&error) => StoreError::Unavailable(format!("Postgres: {}", with_causes(&error))),
        None => StoreError::Fatal(format!("Postgres: {}", with_causes(&error))),
    }
}

/// By SQLSTATE (PostgreSQL documentation, appendix A).
fn class_of(code: &str, text: &str) -> StoreError {
    let text = format!("Postgres: {text} (SQLSTATE {code})");
    match code {
        // Undefined table or schema.
        "42P01" | "3F000" => StoreError::Fatal(format!("{text}; run `quittance migrate`")),
        // A standby, after a failover. The name will point to the primary soon.
        "25006" => StoreError::Unavailable(text),
        _ => match code.get(..2) {
            // Connection, rollback by deadlock or serialization, out of resources, object in use, ended or timed out by
            // the server or its operator, trouble with its disk.
            Some("08" | "40" | "53" | "55" | "57" | "58") => StoreError::Unavailable(text),
            // The data: a value that a column cannot hold, a constraint.
            Some("22" | "23") => StoreError::Rejected(text),
            _ => StoreError::Fatal(text),
        },
    }
}

/// What the server says, without the detail, which would show values.
fn describe(refusal: &DbError) -> String {
    refusal.message().to_owned()
}

fn is_of_the_connection(error: &Error) -> bool {
    error.is_closed() || error.source().is_none_or(|source| source.is::<io::Error>())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::starting_up("57P03", "unavailable")]
    #[case::shut_down_by_its_operator("57P01", "unavailable")]
    #[case::statement_timed_out("57014", "unavailable")]
    #[case::too_many_connections("53300", "unavailable")]
    #[case::disk_full("53100", "unavailable")]
    #[case::deadlock("40P01", "unavailable")]
    #[case::read_only("25006", "unavailable")]
    #[case::not_unique("23505", "rejected")]
    #[case::not_null("23502", "rejected")]
    #[case::nul_in_json("22P05", "rejected")]
    #[case::no_table("42P01", "fatal")]
    #[case::no_right("42501", "fatal")]
    #[case::wrong_password("28P01", "fatal")]
    #[case::no_database("3D000", "fatal")]
    fn codes(#[case] code: &str, #[case] class: &str) {
        assert_eq!(class_of(code, "text").class(), class);
    }

    #[test]
    fn a_missing_table_names_the_command() {
        let error = class_of("42P01", "relation \"progress\" does not exist").to_string();
        let said = "Postgres: relation \"progress\" does not exist (SQLSTATE 42P01); run `quittance migrate`";
        assert_eq!(error, said);
    }
}
