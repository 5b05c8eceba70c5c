//! How the words, ids and amounts of this crate are described to clients (OpenAPI 3.1).

use std::fmt::Write as _;

use utoipa::openapi::{
    KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
    schema::{SchemaType, Type},
};

use crate::money::MINOR_UNITS_END;

/// A closed vocabulary. JSON Schema has no place to say what each word means, so the description does.
pub(crate) fn words(about: &str, words: &[(&str, &str)]) -> RefOr<Schema> {
    let mut told = about.trim().to_owned();
    for (at, (word, means)) in words.iter().enumerate() {
        let gap = if at == 0 { "\n\n" } else { "\n" };
        let _ = write!(told, "{gap}- `{word}`: {}", means.trim());
    }
    string().description(Some(told)).enum_values(Some(words.iter().map(|(word, _)| *word))).into()
}

/// An id: a prefix, and the digits of a UUID.
pub(crate) fn id(about: &str, prefix: &str) -> RefOr<Schema> {
    string()
        .description(Some(about.trim()))
        .pattern(Some(format!("^{prefix}[0-9a-f]{{32}}$")))
        .examples([format!("{prefix}5f0c3b1e9d7a5e4c8b2f6a1d0e9c7b35")])
        .into()
}

/// An amount as records hold it.
pub(crate) fn amount() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some("An amount in minor units of the currency that stands beside it (ISO 4217 exponent): cents of EUR, yen of JPY."))
        .minimum(Some(0_i64))
        .maximum(Some(MINOR_UNITS_END - 1))
        .examples([1999])
        .into()
}

/// The code of a currency.
pub(crate) fn currency(codes: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let about = "A currency that is in use, by its alphabetic code (ISO 4217).";
    string().description(Some(about)).enum_values(Some(codes)).examples(["EUR"]).into()
}

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::new(Type::String))
}
