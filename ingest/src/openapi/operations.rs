//! What is said of each endpoint. A new one is described in the file of what it is about, or does not compile.

mod configuration;
mod events;
mod ledger;
mod methods;
mod payments;
mod service;

use super::description::Description;
use crate::endpoints::{Access, Endpoint, Open};

/// What is said of it.
pub(super) fn describe(access: Access) -> Description {
    match access {
        Access::Roles(_, endpoint) => by_role(endpoint),
        Access::Webhook => configuration::webhook(),
        Access::Public(Open::Document) => service::document(),
        Access::Public(Open::Live) => service::live(),
        Access::Public(Open::Ready) => service::ready(),
    }
}

fn by_role(endpoint: Endpoint) -> Description {
    match endpoint {
        Endpoint::CreatePayment => payments::create(),
        Endpoint::ListPayments => payments::list(),
        Endpoint::ReadPayment => payments::read(),
        Endpoint::Operate(operation) => payments::operate(operation),
        Endpoint::ReadRefund => payments::read_refund(),
        Endpoint::ReadCommand => payments::read_command(),
        Endpoint::ReadHistory => events::history(),
        Endpoint::FollowPayment => events::follow(),
        Endpoint::ReadEvents => events::feed(),
        Endpoint::CreatePaymentMethod => methods::create(),
        Endpoint::ReadPaymentMethod => methods::read(),
        Endpoint::ChangePaymentMethod(change) => methods::change(change),
        Endpoint::ReadAccounts => ledger::accounts(),
        Endpoint::ReadAccount => ledger::account(),
        Endpoint::ReadPostings => ledger::postings(),
        Endpoint::ReadTrialBalance => ledger::trial_balance(),
        Endpoint::ReadGatewayAccounts => configuration::accounts(),
        Endpoint::ReadGatewayAccount => configuration::account(),
        Endpoint::PutGatewayAccount => configuration::put_account(),
        Endpoint::CreateApiKey => configuration::create_api_key(),
        Endpoint::ReadApiKeys => configuration::api_keys(),
        Endpoint::ReadApiKey => configuration::api_key(),
        Endpoint::RevokeApiKey => configuration::revoke_api_key(),
        Endpoint::ReadRoutingRules => configuration::rules(),
        Endpoint::PutRoutingRules => configuration::put_rules(),
        Endpoint::ReadLimits => configuration::limits(),
        Endpoint::PutLimits => configuration::put_limits(),
        Endpoint::ReadFees => configuration::fees(),
        Endpoint::PutFees => configuration::put_fees(),
        Endpoint::ReadAnomalies => configuration::anomalies(),
    }
}
