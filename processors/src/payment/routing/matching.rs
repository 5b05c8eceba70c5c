//! Whether a rule is for a payment.

use quittance_avro::records::{CreatePayment, MetadataCondition, RoutingConditions};

/// All of its conditions have to be met. What is not known of a payment meets no list.
pub(super) fn is_for(conditions: &RoutingConditions, asked: &CreatePayment) -> bool {
    let method = &asked.payment_method;
    let is_currency = conditions.currencies.is_empty() || conditions.currencies.contains(&asked.currency);
    is_currency
        && conditions.minimum_amount.is_none_or(|minimum| asked.amount >= minimum)
        && conditions.maximum_amount.is_none_or(|maximum| asked.amount <= maximum)
        && is_listed(&conditions.brands, method.brand.as_ref())
        && is_listed(&conditions.fundings, method.funding.as_ref())
        && is_listed(&conditions.countries, method.country.as_ref())
        && conditions.metadata.iter().all(|condition| says(asked, condition))
}

fn is_listed(list: &[String], value: Option<&String>) -> bool {
    list.is_empty() || value.is_some_and(|value| list.contains(value))
}

fn says(asked: &CreatePayment, condition: &MetadataCondition) -> bool {
    asked.routing_metadata.iter().any(|pair| pair.key == condition.key && condition.values.contains(&pair.value))
}
