//! Forms with nested names, such as `metadata[attempt_id]=…&expand[]=latest_charge`.

use std::collections::BTreeMap;

use super::problem::Problem;
use crate::values::{Metadata, percent_decode_form};

/// The members of a form that were not taken yet, sorted by name. Whoever reads it takes what it knows, and what is left in
/// the end is refused: a client that believes to have said something should know that nobody listened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads an encoded form. Nothing, if it is not encoded well.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let members = text.split('&').filter(|member| !member.is_empty()).map(|member| {
            let (name, value) = member.split_once('=').unwrap_or((member, ""));
            Some((percent_decode_form(name)?, percent_decode_form(value)?))
        });
        let mut members = members.collect::<Option<Vec<_>>>()?;
        members.sort();
        Some(Self(members))
    }

    fn take_all(&mut self, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        self.0.extract_if(.., |(name, _)| is_wanted(name)).collect()
    }

    /// The text of that name. An empty one counts as none.
    pub(super) fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.take_all(|other| other == name).into_iter();
        match (values.next(), values.next()) {
            (Some(_), Some(_)) => Err(Problem::parameter(name, "This parameter may be given once only.")),
            (value, _) => Ok(value.map(|(_, value)| value).filter(|value| !value.is_empty())),
        }
    }

    /// The text of that name, which has to be there.
    pub(super) fn require(&mut self, name: &str) -> Result<String, Problem> {
        self.take(name)?.ok_or_else(|| Problem::missing(name))
    }

    /// `true` or `false`.
    pub(super) fn take_flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Problem::parameter(name, format!("Invalid boolean: {other}"))),
        }
    }

    /// A whole number.
    pub(super) fn take_integer(&mut self, name: &str) -> Result<Option<i64>, Problem> {
        let invalid = |text: String| {
            Problem::parameter(name, format!("Invalid integer: {text}")).with_code("parameter_invalid_integer")
        };
        self.take(name)?.map(|text| text.parse().map_err(|_| invalid(text))).transpose()
    }

    /// One of these words.
    pub(super) fn take_word(&mut self, name: &str, words: &[&'static str]) -> Result<Option<&'static str>, Problem> {
        let Some(text) = self.take(name)? else {
            return Ok(None);
        };
        let word = words.iter().find(|word| **word == text);
        let invalid = || Problem::parameter(name, format!("Invalid {name}: must be one of {}", words.join(", ")));
        word.copied().map(Some).ok_or_else(invalid)
    }

    /// `name[]=a&name[]=b` or `name[0]=a&name[1]=b`.
    pub(super) fn take_list(&mut self, name: &str) -> Vec<String> {
        let is_element =
            |other: &str| member(other, name).is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit()));
        self.take_all(is_element).into_iter().map(|(_, value)| value).collect()
    }

    /// `metadata[name]=value`. An empty value takes a mark away, and here there is none yet.
    pub(super) fn take_metadata(&mut self) -> Result<Metadata, Problem> {
        let marks = self.take_all(|name| name == "metadata" || member(name, "metadata").is_some());
        let marks = marks.into_iter().filter(|(_, value)| !value.is_empty());
        let marks = marks.filter_map(|(name, value)| Some((member(&name, "metadata")?.to_owned(), value)));
        let marks = marks.collect::<BTreeMap<_, _>>();
        Metadata::try_from(marks).map_err(|message| Problem::parameter("metadata", message))
    }

    /// What Stripe knows and changes nothing here, nested or not.
    pub(super) fn ignore(&mut self, names: &[&str]) {
        self.take_all(|other| names.iter().any(|name| other == *name || other.starts_with(&format!("{name}["))));
    }

    /// Nothing may be left.
    pub(super) fn finish(&self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::unknown_parameter(name)),
        }
    }
}

/// What is between the brackets of `parent[…]`.
fn member<'a>(name: &'a str, parent: &str) -> Option<&'a str> {
    name.strip_prefix(parent)?.strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn form(text: &str) -> Form {
        Form::parse(text).expect("the tests use valid forms")
    }

    #[rstest]
    #[case::nothing("", Some(vec![]))]
    #[case::sorted("b=2&a=1", Some(vec![("a", "1"), ("b", "2")]))]
    #[case::encoded("a%5Bb%5D=x+y%26", Some(vec![("a[b]", "x y&")]))]
    #[case::no_value("a&b=", Some(vec![("a", ""), ("b", "")]))]
    #[case::broken("a=%2", None)]
    fn forms(#[case] text: &str, #[case] members: Option<Vec<(&str, &str)>>) {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        assert_eq!(Form::parse(text), members.map(|members| Form(members.into_iter().map(owned).collect())));
    }

    #[test]
    fn what_is_taken_is_gone_and_what_is_left_is_refused() -> Result<(), Problem> {
        let mut form =
            form("amount=5&confirm=true&metadata[a]=1&metadata[b]=&expand[]=x&expand[1]=y&tip[z]=1&amounts=6");
        assert_eq!(form.take_integer("amount")?, Some(5));
        assert_eq!(form.take_integer("amount")?, None);
        assert_eq!(form.take_flag("confirm")?, Some(true));
        assert_eq!(form.take_metadata()?.entries().collect::<Vec<_>>(), [("a", "1")]);
        assert_eq!(form.take_list("expand"), ["y", "x"]);
        form.ignore(&["tip"]);
        assert_eq!(form.finish(), Err(Problem::unknown_parameter("amounts")));
        assert_eq!(form.take("amounts")?.as_deref(), Some("6"));
        form.finish()
    }

    #[rstest]
    #[case::fraction("amount=1.5")]
    #[case::twice("amount=1&amount=1")]
    #[case::words("amount=one")]
    fn no_amounts(#[case] text: &str) {
        assert!(form(text).take_integer("amount").is_err());
    }

    #[rstest]
    #[case("usage=on_session", Ok(Some("on_session")))]
    #[case("", Ok(None))]
    #[case("usage=sometimes", Err(()))]
    fn words(#[case] text: &str, #[case] expected: Result<Option<&'static str>, ()>) {
        assert_eq!(form(text).take_word("usage", &["on_session", "off_session"]).map_err(drop), expected);
    }
}
