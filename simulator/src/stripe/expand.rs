//! Which objects are told whole, where their ids would do: `expand[]=latest_charge.refunds`.

use super::form::Form;
use super::problem::Problem;

/// The paths that were asked for, all of them known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Expand(Vec<&'static str>);

/// What can be expanded in a PaymentIntent.
pub(super) const OF_INTENT: &[&str] = &["latest_charge", "latest_charge.refunds", "payment_method"];
/// What can be expanded in a refund.
pub(super) const OF_REFUND: &[&str] = &["charge", "payment_intent"];
/// What can be expanded in a dispute.
pub(super) const OF_DISPUTE: &[&str] = &["charge", "payment_intent"];
/// What can be expanded in a SetupIntent.
pub(super) const OF_SETUP: &[&str] = &["payment_method"];

impl Expand {
    /// Takes what is asked for in one object.
    pub(super) fn take(form: &mut Form, known: &[&'static str]) -> Result<Self, Problem> {
        Self::take_below(form, "", known)
    }

    /// Takes what is asked for in the objects of a list.
    pub(super) fn take_in_list(form: &mut Form, known: &[&'static str]) -> Result<Self, Problem> {
        Self::take_below(form, "data.", known)
    }

    fn take_below(form: &mut Form, prefix: &str, known: &[&'static str]) -> Result<Self, Problem> {
        let paths = form.take_list("expand").into_iter().map(|path| {
            let known = path.strip_prefix(prefix).and_then(|path| known.iter().find(|known| **known == path));
            let unknown = || Problem::parameter("expand", format!("This property cannot be expanded ({path})."));
            known.copied().ok_or_else(unknown)
        });
        paths.collect::<Result<_, _>>().map(Self)
    }

    /// Whether the object at that path is told whole. What is asked for below it needs it too.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.iter().any(|asked| asked.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("", [false, false, false])]
    #[case::one("expand[]=latest_charge", [true, false, false])]
    #[case::below("expand[]=latest_charge.refunds", [true, true, false])]
    #[case::both("expand[0]=latest_charge&expand[1]=payment_method", [true, false, true])]
    fn what_is_told_whole(#[case] text: &str, #[case] expected: [bool; 3]) -> Result<(), Problem> {
        let mut form = Form::parse(text).ok_or(Problem::invalid("no form"))?;
        let expand = Expand::take(&mut form, OF_INTENT)?;
        assert_eq!(["latest_charge", "latest_charge.refunds", "payment_method"].map(|path| expand.has(path)), expected);
        Ok(())
    }

    #[rstest]
    #[case("expand[]=customer")]
    #[case("expand[]=latest_charge.customer")]
    #[case("expand[]=data.latest_charge")]
    fn what_cannot_be_expanded(#[case] text: &str) {
        let form = Form::parse(text);
        assert!(form.is_some_and(|mut form| Expand::take(&mut form, OF_INTENT).is_err()));
    }
}
