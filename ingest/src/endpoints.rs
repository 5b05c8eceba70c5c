//! Every request that the API knows: its method and path, and who may make it. One table; what is not in it is denied.

use warp::http::Method;

use crate::{auth::Role, method::MethodChange, operation::Operation};

/// What is asked for by somebody who works for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    CreatePayment,
    ListPayments,
    ReadPayment,
    Operate(Operation),
    ReadHistory,
    FollowPayment,
    ReadEvents,
    ReadRefund,
    ReadCommand,
    CreatePaymentMethod,
    ReadPaymentMethod,
    ChangePaymentMethod(MethodChange),
    ReadAccounts,
    ReadAccount,
    ReadPostings,
    ReadTrialBalance,
    ReadGatewayAccounts,
    ReadGatewayAccount,
    PutGatewayAccount,
    CreateApiKey,
    ReadApiKeys,
    ReadApiKey,
    RevokeApiKey,
    ReadRoutingRules,
    PutRoutingRules,
    ReadLimits,
    PutLimits,
    ReadFees,
    PutFees,
    ReadAnomalies,
}

/// What is asked for by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    Document,
    Live,
    Ready,
}

/// Who may ask, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// A credential with one of these roles.
    Roles(&'static [Role], Endpoint),
    /// Whoever can sign it with a gateway account's secret: a gateway tells something.
    Webhook,
    /// Anybody, also before the process is ready.
    Public(Open),
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) method: Method,
    /// The pattern of its path, with at most one `{…}`.
    pub(crate) path: &'static str,
    pub(crate) access: Access,
}

/// Everybody who works for the tenant.
const READERS: &[Role] = &[Role::Viewer, Role::Merchant, Role::Reviewer, Role::Admin];
const MERCHANT: &[Role] = &[Role::Merchant];
const REVIEWER: &[Role] = &[Role::Reviewer];
const BOOKS: &[Role] = &[Role::Viewer, Role::Merchant, Role::Admin];
const ADMIN: &[Role] = &[Role::Admin];
const WATCHERS: &[Role] = &[Role::Reviewer, Role::Operator, Role::Admin];

/// The table.
pub(crate) const ENDPOINTS: &[Spec] = &[
    post("/v1/payments", MERCHANT, Endpoint::CreatePayment),
    get("/v1/payments", READERS, Endpoint::ListPayments),
    get("/v1/payments/{id}", READERS, Endpoint::ReadPayment),
    patch("/v1/payments/{id}", MERCHANT, Endpoint::Operate(Operation::Update)),
    get("/v1/payments/{id}/history", READERS, Endpoint::ReadHistory),
    get("/v1/payments/{id}/events", READERS, Endpoint::FollowPayment),
    get("/v1/events", READERS, Endpoint::ReadEvents),
    post("/v1/payments/{id}/captures", MERCHANT, Endpoint::Operate(Operation::Capture)),
    post("/v1/payments/{id}/refunds", MERCHANT, Endpoint::Operate(Operation::Refund)),
    post("/v1/payments/{id}/cancel", MERCHANT, Endpoint::Operate(Operation::Cancel)),
    post("/v1/payments/{id}/confirm", MERCHANT, Endpoint::Operate(Operation::Confirm)),
    post("/v1/payments/{id}/approve", REVIEWER, Endpoint::Operate(Operation::Approve)),
    post("/v1/payments/{id}/reject", REVIEWER, Endpoint::Operate(Operation::Reject)),
    post("/v1/payments/{id}/resolve", REVIEWER, Endpoint::Operate(Operation::Resolve)),
    get("/v1/refunds/{id}", READERS, Endpoint::ReadRefund),
    get("/v1/commands/{id}", READERS, Endpoint::ReadCommand),
    post("/v1/payment-methods", MERCHANT, Endpoint::CreatePaymentMethod),
    get("/v1/payment-methods/{id}", READERS, Endpoint::ReadPaymentMethod),
    delete("/v1/payment-methods/{id}", MERCHANT, Endpoint::ChangePaymentMethod(MethodChange::Remove)),
    post("/v1/payment-methods/{id}/confirm", MERCHANT, Endpoint::ChangePaymentMethod(MethodChange::Confirm)),
    get("/v1/accounts", BOOKS, Endpoint::ReadAccounts),
    get("/v1/accounts/{id}", BOOKS, Endpoint::ReadAccount),
    get("/v1/accounts/{id}/postings", BOOKS, Endpoint::ReadPostings),
    get("/v1/ledger/trial-balance", BOOKS, Endpoint::ReadTrialBalance),
    get("/v1/gateway-accounts", ADMIN, Endpoint::ReadGatewayAccounts),
    get("/v1/gateway-accounts/{name}", ADMIN, Endpoint::ReadGatewayAccount),
    put("/v1/gateway-accounts/{name}", ADMIN, Endpoint::PutGatewayAccount),
    Spec { method: Method::POST, path: "/v1/gateway-accounts/{name}/webhook", access: Access::Webhook },
    post("/v1/api-keys", ADMIN, Endpoint::CreateApiKey),
    get("/v1/api-keys", ADMIN, Endpoint::ReadApiKeys),
    get("/v1/api-keys/{id}", ADMIN, Endpoint::ReadApiKey),
    delete("/v1/api-keys/{id}", ADMIN, Endpoint::RevokeApiKey),
    get("/v1/routing-rules", ADMIN, Endpoint::ReadRoutingRules),
    put("/v1/routing-rules", ADMIN, Endpoint::PutRoutingRules),
    get("/v1/limits", ADMIN, Endpoint::ReadLimits),
    put("/v1/limits", ADMIN, Endpoint::PutLimits),
    get("/v1/fees", ADMIN, Endpoint::ReadFees),
    put("/v1/fees", ADMIN, Endpoint::PutFees),
    get("/v1/gateway-anomalies", WATCHERS, Endpoint::ReadAnomalies),
    open("/openapi.json", Open::Document),
    open("/livez", Open::Live),
    open("/readyz", Open::Ready),
];

const fn get(path: &'static str, roles: &'static [Role], endpoint: Endpoint) -> Spec {
    Spec { method: Method::GET, path, access: Access::Roles(roles, endpoint) }
}

const fn post(path: &'static str, roles: &'static [Role], endpoint: Endpoint) -> Spec {
    Spec { method: Method::POST, path, access: Access::Roles(roles, endpoint) }
}

const fn put(path: &'static str, roles: &'static [Role], endpoint: Endpoint) -> Spec {
    Spec { method: Method::PUT, path, access: Access::Roles(roles, endpoint) }
}

const fn patch(path: &'static str, roles: &'static [Role], endpoint: Endpoint) -> Spec {
    Spec { method: Method::PATCH, path, access: Access::Roles(roles, endpoint) }
}

const fn delete(path: &'static str, roles: &'static [Role], endpoint: Endpoint) -> Spec {
    Spec { method: Method::DELETE, path, access: Access::Roles(roles, endpoint) }
}

const fn open(path: &'static str, what: Open) -> Spec {
    Spec { method: Method::GET, path, access: Access::Public(what) }
}

impl Access {
    /// Whether one of these roles is enough.
    pub(crate) fn allows(self, roles: &[Role]) -> bool {
        match self {
            Self::Roles(allowed, _) => roles.iter().any(|role| allowed.contains(role)),
            Self::Webhook | Self::Public(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The table once more, by hand, so that nobody opens anything by mistake.
    #[rstest]
    #[case(Role::Viewer, &[
        "GET /v1/payments", "GET /v1/payments/{id}", "GET /v1/payments/{id}/history", "GET /v1/payments/{id}/events", "GET /v1/events", "GET /v1/refunds/{id}", "GET /v1/commands/{id}",
        "GET /v1/payment-methods/{id}", "GET /v1/accounts", "GET /v1/accounts/{id}", "GET /v1/accounts/{id}/postings",
        "GET /v1/ledger/trial-balance",
    ])]
    #[case(Role::Merchant, &[
        "POST /v1/payments", "GET /v1/payments", "GET /v1/payments/{id}", "PATCH /v1/payments/{id}", "GET /v1/payments/{id}/history", "GET /v1/payments/{id}/events", "GET /v1/events",
        "POST /v1/payments/{id}/captures", "POST /v1/payments/{id}/refunds", "POST /v1/payments/{id}/cancel",
        "POST /v1/payments/{id}/confirm", "GET /v1/refunds/{id}", "GET /v1/commands/{id}", "POST /v1/payment-methods",
        "GET /v1/payment-methods/{id}", "DELETE /v1/payment-methods/{id}", "POST /v1/payment-methods/{id}/confirm",
        "GET /v1/accounts", "GET /v1/accounts/{id}", "GET /v1/accounts/{id}/postings", "GET /v1/ledger/trial-balance",
    ])]
    #[case(Role::Reviewer, &[
        "GET /v1/payments", "GET /v1/payments/{id}", "GET /v1/payments/{id}/history", "GET /v1/payments/{id}/events", "GET /v1/events", "POST /v1/payments/{id}/approve",
        "POST /v1/payments/{id}/reject", "POST /v1/payments/{id}/resolve", "GET /v1/refunds/{id}",
        "GET /v1/commands/{id}", "GET /v1/payment-methods/{id}", "GET /v1/gateway-anomalies",
    ])]
    #[case(Role::Operator, &["GET /v1/gateway-anomalies"])]
    #[case(Role::Admin, &[
        "GET /v1/payments", "GET /v1/payments/{id}", "GET /v1/payments/{id}/history", "GET /v1/payments/{id}/events", "GET /v1/events", "GET /v1/refunds/{id}", "GET /v1/commands/{id}",
        "GET /v1/payment-methods/{id}", "GET /v1/accounts", "GET /v1/accounts/{id}", "GET /v1/accounts/{id}/postings",
        "GET /v1/ledger/trial-balance", "GET /v1/gateway-accounts", "GET /v1/gateway-accounts/{name}",
        "PUT /v1/gateway-accounts/{name}", "POST /v1/api-keys", "GET /v1/api-keys", "GET /v1/api-keys/{id}",
        "DELETE /v1/api-keys/{id}", "GET /v1/routing-rules", "PUT /v1/routing-rules", "GET /v1/limits",
        "PUT /v1/limits", "GET /v1/fees", "PUT /v1/fees", "GET /v1/gateway-anomalies",
    ])]
    fn what_a_role_may(#[case] role: Role, #[case] expected: &[&str]) {
        let open = ENDPOINTS.iter().filter(|spec| spec.access.allows(&[role]));
        let open: Vec<_> = open.map(|spec| format!("{} {}", spec.method, spec.path)).collect();
        assert_eq!(open, expected);
    }

    #[test]
    fn what_anybody_may() {
        let open = ENDPOINTS.iter().filter(|spec| matches!(spec.access, Access::Public(_)));
        let open: Vec<_> = open.map(|spec| format!("{} {}", spec.method, spec.path)).collect();
        assert_eq!(open, ["GET /openapi.json", "GET /livez", "GET /readyz"]);
    }

    #[test]
    fn no_role_is_no_way_in() {
        assert!(ENDPOINTS.iter().all(|spec| !spec.access.allows(&[])));
    }
}
