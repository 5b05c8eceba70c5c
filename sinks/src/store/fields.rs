//! Reading single fields of a record whose other fields are kept as they are.

use std::{str::FromStr, time::SystemTime};

use quittance_avro::words::Mode;
use quittance_log::ReadError;
use serde_json::Value;

/// The fields of a record as JSON. A path names a field, with a dot before each inner one. What is wrong with a field is
/// told by its path alone, so that nothing of its content gets into logs or dead letters.
pub struct Fields<'a>(pub &'a Value);

/// 9999-12-31T23:59:59.999Z: what lies beyond is no time of ours, and not every store could hold it.
const LATEST_MS: i64 = 253_402_300_799_999;

impl<'a> Fields<'a> {
    /// A text.
    pub fn text(&self, path: &'static str) -> Result<&'a str, ReadError> {
        self.at(path).and_then(Value::as_str).ok_or(ReadError::Invalid(path))
    }

    /// An integer.
    pub fn integer(&self, path: &'static str) -> Result<i64, ReadError> {
        self.at(path).and_then(Value::as_i64).ok_or(ReadError::Invalid(path))
    }

    /// A text that is parsed: an id, a tenant.
    pub fn parsed<T: FromStr>(&self, path: &'static str) -> Result<T, ReadError> {
        self.text(path)?.parse().map_err(|_| ReadError::Invalid(path))
    }

    /// `live` or `test`.
    pub fn mode(&self, path: &'static str) -> Result<Mode, ReadError> {
        Mode::from_word(self.text(path)?).ok_or(ReadError::Invalid(path))
    }

    /// A time, in milliseconds since the epoch.
    pub fn time(&self, path: &'static str) -> Result<SystemTime, ReadError> {
        let ms = Some(self.integer(path)?).filter(|ms| *ms <= LATEST_MS).and_then(|ms| u64::try_from(ms).ok());
        let time = ms.map(|ms| SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(ms));
        time.ok_or(ReadError::Invalid(path))
    }

    fn at(&self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.0, |value, name| value.get(name))
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::{ids::PaymentId, tenant::Tenant};
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"a": {"b": 0}}), true)]
    #[case(json!({"a": {"b": 253_402_300_799_999_i64}}), true)]
    #[case(json!({"a": {"b": 253_402_300_800_000_i64}}), false)]
    #[case(json!({"a": {"b": -1}}), false)]
    #[case(json!({"a": {"b": "0"}}), false)]
    #[case(json!({"a": null}), false)]
    #[case(json!([]), false)]
    fn times(#[case] record: Value, #[case] accepted: bool) {
        assert_eq!(Fields(&record).time("a.b").is_ok(), accepted, "{record}");
    }

    #[test]
    fn an_error_names_the_field_and_nothing_of_its_content() {
        let record = json!({"tenant": "4111111111111111 !", "id": "pay_hunter2", "mode": "hunter2"});
        let fields = Fields(&record);
        let errors = [
            fields.parsed::<Tenant>("tenant").err(),
            fields.parsed::<PaymentId>("id").err(),
            fields.mode("mode").err(),
            fields.integer("id").err(),
        ];
        let errors: Vec<_> = errors.into_iter().flatten().map(|error| error.to_string()).collect();
        assert_eq!(
            errors,
            ["tenant", "id", "mode", "id"].map(|name| format!("its field {name} is not what it should be"))
        );
    }
}
