//! Lists of payments.

use chrono::DateTime;
use quittance_avro::records::PaymentState;
use serde_json::Value;
use tokio_postgres::types::ToSql;

use super::{
    Reads, StoreError,
    scoped::{Param, Params},
};
use crate::{
    auth::Caller,
    list::{Filters, PaymentsPage},
};

/// A query that is put together from what is asked for. Values are parameters, never a part of it.
struct Conditions {
    query: String,
    params: Params,
}

impl Conditions {
    /// Adds a condition in which `?` stands for the value, if there is one.
    fn and(&mut self, condition: &str, value: Option<Param>) {
        let Some(value) = value else { return };
        let param = self.param(value);
        self.query += " and ";
        self.query += &condition.replace('?', &param);
    }

    /// Adds a value, and says how it is called. Mode and tenant are the first two.
    fn param(&mut self, value: Param) -> String {
        self.params.push(value);
        format!("${}", self.params.len() + 2)
    }
}

impl Reads {
    /// The caller's payments that are asked for, the newest first, and one more than the page has if there is one. `sought` has for
    /// each text the tokens of which the payment has to have one.
    pub(crate) async fn payments(
        &self,
        caller: &Caller,
        page: &PaymentsPage,
        sought: Vec<Vec<Vec<u8>>>,
    ) -> Result<Vec<PaymentState>, StoreError> {
        let Conditions { query, params } = select(page, sought);
        let rows = self.tables.query_in_turn(caller, query, params).await?;
        rows.iter().map(|row| Ok(serde_json::from_value(row.try_get::<_, Value>(0)?)?)).collect()
    }
}

fn select(page: &PaymentsPage, sought: Vec<Vec<Vec<u8>>>) -> Conditions {
    let query = "select state from payments where mode = $1 and tenant = $2".to_owned();
    let mut conditions = Conditions { query, params: Vec::new() };
    filter(&mut conditions, &page.filters);
    for tokens in sought {
        conditions.and(
            "exists (select from payment_search as told where told.mode = $1 and told.tenant = $2 \
                and told.payment_id = payments.payment_id and told.token = any(?))",
            boxed(Some(tokens)),
        );
    }
    if let Some(place) = page.after {
        let at = conditions.param(Box::new(DateTime::from_timestamp_millis(place.created_at.as_ms())));
        conditions.and(&format!("(created_at, payment_id) < ({at}, ?)"), boxed(Some(place.id.to_string())));
    }
    let limit = conditions.param(Box::new(page.limit + 1));
    conditions.query += " order by created_at desc, payment_id desc limit ";
    conditions.query += &limit;
    conditions
}

fn filter(conditions: &mut Conditions, filters: &Filters) {
    let statuses: Vec<String> = filters.status.iter().cloned().collect();
    conditions.and("status = any(?)", boxed(Some(statuses).filter(|statuses| !statuses.is_empty())));
    conditions.and("created_at >= ?", boxed(filters.created_from));
    conditions.and("created_at < ?", boxed(filters.created_to));
    conditions.and("amount >= ?", boxed(filters.amount_from));
    conditions.and("amount <= ?", boxed(filters.amount_to));
    conditions.and("currency = ?", boxed(filters.currency.map(|currency| currency.to_string())));
    conditions.and("gateway_account = ?", boxed(filters.gateway_account.clone()));
    conditions.and("payment_method_id = ?", boxed(filters.payment_method_id.clone()));
}

fn boxed<T: ToSql + Sync + Send + 'static>(value: Option<T>) -> Option<Param> {
    value.map(|value| Box::new(value) as Param)
}
