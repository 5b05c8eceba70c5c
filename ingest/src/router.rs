//! From a method and a path to the row of the table that they name.

use std::collections::BTreeMap;

use matchit::Router;
use warp::http::Method;

use crate::{
    endpoints::{ENDPOINTS, Spec},
    problem::Problem,
};

/// Finds endpoints by their paths.
pub(crate) struct Endpoints {
    by_path: Router<Vec<&'static Spec>>,
}

/// What a request names.
#[derive(Debug)]
pub(crate) struct Found<'p> {
    pub(crate) spec: &'static Spec,
    /// What stands in the place of the pattern's `{…}`, as it was sent; empty if there is none.
    pub(crate) id: &'p str,
}

impl Endpoints {
    /// All that are in the table.
    pub(crate) fn new() -> Self {
        let mut paths: BTreeMap<&str, Vec<&Spec>> = BTreeMap::new();
        for spec in ENDPOINTS {
            paths.entry(spec.path).or_default().push(spec);
        }
        let mut by_path = Router::new();
        for (path, specs) in paths {
            by_path.insert(path, specs).expect("no two patterns are at odds, which every test of it holds");
        }
        Self { by_path }
    }

    /// The endpoint, or why there is none: no such path, or no such method of it. `HEAD` is `GET` whose answer is cut (RFC 9110, 9.3.2).
    pub(crate) fn find<'p>(&self, method: &Method, path: &'p str) -> Result<Found<'p>, Problem> {
        let found = self.by_path.at(path).map_err(|_| Problem::NotFound)?;
        let method = if method == Method::HEAD { &Method::GET } else { method };
        match found.value.iter().find(|spec| spec.method == *method) {
            Some(spec) => Ok(Found { spec, id: found.params.iter().next().map_or("", |(_, id)| id) }),
            None => Err(Problem::MethodNotAllowed(allowed(found.value))),
        }
    }
}

fn allowed(specs: &[&Spec]) -> String {
    let methods: Vec<_> = specs.iter().map(|spec| spec.method.as_str()).collect();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        endpoints::{Access, Endpoint},
        operation::Operation,
    };

    #[rstest]
    #[case(Method::POST, "/v1/payments", Endpoint::CreatePayment, "")]
    #[case(Method::GET, "/v1/payments/pay_1", Endpoint::ReadPayment, "pay_1")]
    #[case(Method::HEAD, "/v1/payments/pay_1", Endpoint::ReadPayment, "pay_1")]
    #[case(Method::POST, "/v1/payments/pay_1/refunds", Endpoint::Operate(Operation::Refund), "pay_1")]
    #[case(Method::PUT, "/v1/gateway-accounts/main", Endpoint::PutGatewayAccount, "main")]
    fn finds(#[case] method: Method, #[case] path: &str, #[case] endpoint: Endpoint, #[case] id: &str) {
        let endpoints = Endpoints::new();
        let found = endpoints.find(&method, path).expect("an endpoint");
        assert!(matches!(found.spec.access, Access::Roles(_, named) if named == endpoint), "{found:?}");
        assert_eq!(found.id, id);
    }

    #[rstest]
    #[case(Method::GET, "/", Problem::NotFound)]
    #[case(Method::GET, "/v1/payments/", Problem::NotFound)]
    #[case(Method::GET, "/v1/payments/pay_1/", Problem::NotFound)]
    #[case(Method::GET, "/v1/payments/pay_1/history/more", Problem::NotFound)]
    #[case(Method::GET, "/V1/payments/pay_1", Problem::NotFound)]
    #[case(Method::DELETE, "/v1/payments/pay_1", Problem::MethodNotAllowed("GET, PATCH".to_owned()))]
    #[case(Method::HEAD, "/v1/payments/pay_1/cancel", Problem::MethodNotAllowed("POST".to_owned()))]
    fn does_not_find(#[case] method: Method, #[case] path: &str, #[case] problem: Problem) {
        assert_eq!(Endpoints::new().find(&method, path).map(|found| found.spec.path), Err(problem));
    }
}
