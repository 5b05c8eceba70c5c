//! Which role may do what: one table, and what is not in it is denied.

/// What a credential may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Takes payments.
    Merchant,
    /// Decides about payments under review.
    Reviewer,
    /// Runs the installation.
    Operator,
    /// Administers the tenant.
    Admin,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `POST /v1/payments`
    CreatePayment,
    /// `POST /v1/payments/{id}/captures`
    CapturePayment,
    /// `POST /v1/payments/{id}/refunds`
    RefundPayment,
    /// `POST /v1/payments/{id}/cancel`
    CancelPayment,
    /// `POST /v1/payments/{id}/confirm`
    ConfirmPayment,
    /// `PATCH /v1/payments/{id}`
    UpdatePayment,
    /// `POST /v1/payments/{id}/approve` and `/reject`
    DecideHold,
    /// `POST /v1/payments/{id}/resolve`
    ResolveReview,
    /// `GET /v1/payments/{id}` and `GET /v1/refunds/{id}`
    ReadPayment,
    /// `GET /v1/payments/{id}/history`
    ReadHistory,
    /// `GET /v1/commands/{id}`
    ReadCommand,
    /// `GET /v1/accounts…` and `GET /v1/ledger/…`
    ReadLedger,
    /// `GET` and `PUT` of `/v1/gateway-accounts…`, `/v1/routing-rules`, `/v1/limits` and `/v1/fees`
    Configure,
    /// `GET /v1/gateway-anomalies`
    ReadAnomalies,
    /// `POST /v1/payment-methods`, `…/{id}/confirm` and `DELETE /v1/payment-methods/{id}`
    SavePaymentMethod,
    /// `GET /v1/payment-methods/{id}`
    ReadPaymentMethod,
}

/// The table: for each action, the roles that it is open to.
const TABLE: &[(Action, &[Role])] = &[
    (Action::CreatePayment, &[Role::Merchant]),
    (Action::CapturePayment, &[Role::Merchant]),
    (Action::RefundPayment, &[Role::Merchant]),
    (Action::CancelPayment, &[Role::Merchant]),
    (Action::ConfirmPayment, &[Role::Merchant]),
    (Action::UpdatePayment, &[Role::Merchant]),
    (Action::DecideHold, &[Role::Reviewer]),
    (Action::ResolveReview, &[Role::Reviewer]),
    (Action::ReadPayment, &[Role::Viewer, Role::Merchant, Role::Reviewer, Role::Admin]),
    (Action::ReadHistory, &[Role::Viewer, Role::Merchant, Role::Reviewer, Role::Admin]),
    (Action::ReadLedger, &[Role::Viewer, Role::Merchant, Role::Admin]),
    (Action::Configure, &[Role::Admin]),
    (Action::ReadAnomalies, &[Role::Reviewer, Role::Operator, Role::Admin]),
    (Action::ReadCommand, &[Role::Viewer, Role::Merchant, Role::Reviewer, Role::Admin]),
    (Action::SavePaymentMethod, &[Role::Merchant]),
    (Action::ReadPaymentMethod, &[Role::Viewer, Role::Merchant, Role::Reviewer, Role::Admin]),
];

impl Role {
    /// Reads a role's name; `None` for a name that is none of ours.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "viewer" => Some(Self::Viewer),
            "merchant" => Some(Self::Merchant),
            "reviewer" => Some(Self::Reviewer),
            "operator" => Some(Self::Operator),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }

    /// Its name in a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Merchant => "merchant",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Whether this role alone is enough.
    pub fn allows(self, action: Action) -> bool {
        TABLE.iter().any(|(listed, roles)| *listed == action && roles.contains(&self))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Role::Merchant, Action::CreatePayment, true)]
    #[case(Role::Viewer, Action::CreatePayment, false)]
    #[case(Role::Admin, Action::CreatePayment, false)]
    #[case(Role::Merchant, Action::RefundPayment, true)]
    #[case(Role::Reviewer, Action::RefundPayment, false)]
    #[case(Role::Reviewer, Action::DecideHold, true)]
    #[case(Role::Merchant, Action::DecideHold, false)]
    #[case(Role::Merchant, Action::ResolveReview, false)]
    #[case(Role::Operator, Action::ReadPayment, false)]
    #[case(Role::Viewer, Action::ReadPayment, true)]
    #[case(Role::Viewer, Action::ReadHistory, true)]
    #[case(Role::Operator, Action::ReadCommand, false)]
    #[case(Role::Admin, Action::Configure, true)]
    #[case(Role::Merchant, Action::Configure, false)]
    #[case(Role::Operator, Action::ReadAnomalies, true)]
    #[case(Role::Viewer, Action::ReadAnomalies, false)]
    #[case(Role::Viewer, Action::SavePaymentMethod, false)]
    #[case(Role::Viewer, Action::ReadPaymentMethod, true)]
    fn table(#[case] role: Role, #[case] action: Action, #[case] allowed: bool) {
        assert_eq!(role.allows(action), allowed);
    }

    #[test]
    fn names_go_round() {
        for role in [Role::Viewer, Role::Merchant, Role::Reviewer, Role::Operator, Role::Admin] {
            assert_eq!(Role::from_name(role.name()), Some(role));
        }
        assert_eq!(Role::from_name("Merchant"), None);
    }
}
