//! Gateway accounts.

use std::sync::Arc;

use quittance_avro::{
    ids::GatewayAccountId,
    records::GatewayAccount,
    words::{GatewayKind, Mode},
};
use quittance_tables::{AccountSecrets, Configured, Versioned, gateway_account_id};
use warp::http::StatusCode;

use super::{All, envelope, own};
use crate::{
    app::App,
    auth::Caller,
    body::Chunks,
    call::Call,
    configure::{AccountRequest, AccountView},
    create::account_name,
    handlers::{Answer, command::read_json, json, sealing_key},
    problem::{FieldError, Problem},
};

/// How many accounts a tenant may have in a mode: every process holds all of them.
const ACCOUNTS_MAX: usize = 50;

/// `GET /v1/gateway-accounts`
pub(crate) async fn read_gateway_accounts(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, .. } = *call;
    query.none()?;
    let data = own(app, caller)?.accounts.values().map(|account| AccountView::of(account)).collect();
    json(StatusCode::OK, &All::<AccountView> { data })
}

/// `GET /v1/gateway-accounts/{name}`, by its name or its id
pub(crate) async fn read_gateway_account(call: &Call<'_>) -> Result<Answer, Problem> {
    let Call { app, caller, query, id: name, .. } = *call;
    query.none()?;
    let own = own(app, caller)?;
    let is_meant = |account: &&Arc<Versioned<GatewayAccount>>| {
        account.value.name == name || account.value.envelope.aggregate_id == name
    };
    let account = own.accounts.values().find(is_meant).ok_or(Problem::NotFound)?;
    json(StatusCode::OK, &AccountView::of(account))
}

/// `PUT /v1/gateway-accounts/{name}`
pub(crate) async fn put_gateway_account(call: &Call<'_>, body: impl Chunks) -> Result<Answer, Problem> {
    let Call { app, caller, query, headers, id: name, .. } = *call;
    query.none()?;
    let body = read_json(headers, body, false).await?;
    let request = AccountRequest::parse(body).map_err(Problem::Invalid)?;
    app.parts.configurations.latest().await?;
    let own_accounts = own(app, caller)?.accounts;
    let known = own_accounts.get(name).cloned();
    let name = if known.is_some() { name.to_owned() } else { free_name(app, name, own_accounts.len())? };
    is_possible(caller, &request, known.as_deref())?;
    let id = gateway_account_id(caller.mode, &caller.tenant, &name);
    let mut account = GatewayAccount {
        envelope: envelope(call, id.to_string()).await?,
        name: name.clone(),
        gateway: request.gateway,
        enabled: request.enabled,
        sealed: None,
        has_secret: false,
        webhook_secret_count: 0,
    };
    let secrets = secrets(app, request, known.as_deref()).await?;
    seal(app, caller, &mut account, &secrets).await?;
    app.parts.configurations.write(&Configured::Account(account)).await?;
    let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let written = own(app, caller)?
        .accounts
        .get(&name)
        .cloned()
        .ok_or_else(|| Problem::internal("an account", "what was written is not there"))?;
    json(status, &AccountView::of(&written))
}

/// A name for another account: one that none of the installation's has, since what is under way there would go on here.
fn free_name(app: &App, name: &str, accounts: usize) -> Result<String, Problem> {
    let refused = |message: String| Problem::Invalid(vec![FieldError { field: "name".to_owned(), message }]);
    let name = account_name(name).map_err(refused)?;
    if app.parts.installed_accounts.contains(&name) {
        return Err(refused("must not be that of an account of the installation".to_owned()));
    }
    if accounts >= ACCOUNTS_MAX {
        return Err(refused(format!("must be that of an account that is there: there are {ACCOUNTS_MAX} already")));
    }
    if name.parse::<GatewayAccountId>().is_ok() {
        return Err(refused("must not be an id".to_owned()));
    }
    Ok(name)
}

fn is_possible(
    caller: &Caller,
    request: &AccountRequest,
    known: Option<&Versioned<GatewayAccount>>,
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: String| errors.push(FieldError { field: field.to_owned(), message });
    if let Some(known) = known.filter(|known| known.value.gateway != request.gateway) {
        // What was done there is known by that gateway's ids.
        refuse("gateway", format!("must stay {}: make another account for another gateway", known.value.gateway));
    }
    match request.gateway {
        GatewayKind::Simulator if caller.mode == Mode::Live => {
            refuse("gateway", "must not be simulator where real money moves".to_owned());
        }
        GatewayKind::Stripe if request.secret.is_none() && !known.is_some_and(|known| known.value.has_secret) => {
            refuse("secret", "is required".to_owned());
        }
        GatewayKind::Simulator | GatewayKind::Stripe => {}
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::Invalid(errors)) }
}

/// The secrets that the account then has: what the request does not name stays.
async fn secrets(
    app: &App,
    request: AccountRequest,
    known: Option<&Versioned<GatewayAccount>>,
) -> Result<AccountSecrets, Problem> {
    let mut secrets = match known {
        Some(known) if request.secret.is_none() || request.webhook_secrets.is_none() => {
            opened_secrets(app, &known.value).await?
        }
        Some(_) | None => AccountSecrets::default(),
    };
    secrets.secret = request.secret.or(secrets.secret);
    secrets.webhook_secrets = request.webhook_secrets.unwrap_or(secrets.webhook_secrets);
    Ok(secrets)
}

/// The secrets of an account that is there.
pub(in crate::handlers) async fn opened_secrets(
    app: &App,
    account: &GatewayAccount,
) -> Result<AccountSecrets, Problem> {
    let Some(sealed) = &account.sealed else { return Ok(AccountSecrets::default()) };
    let opened = app.parts.keys.open(AccountSecrets::binding(account), sealed).await.map_err(|error| {
        tracing::error!(%error, account = account.name, "the secrets of a gateway account do not open");
        Problem::Unavailable("the tenants' keys")
    })?;
    AccountSecrets::read(&opened).ok_or_else(|| Problem::internal("secrets", "what opens is not understood"))
}

async fn seal(
    app: &App,
    caller: &Caller,
    account: &mut GatewayAccount,
    secrets: &AccountSecrets,
) -> Result<(), Problem> {
    let count = i32::try_from(secrets.webhook_secrets.len()).unwrap_or(i32::MAX);
    (account.has_secret, account.webhook_secret_count) = (secrets.secret.is_some(), count);
    if !account.has_secret && count == 0 {
        return Ok(());
    }
    let key = sealing_key(app, caller.mode, &caller.tenant).await?;
    let sealed = secrets
        .seal(AccountSecrets::binding(account), &key)
        .map_err(|error| Problem::internal("secrets cannot be sealed", error))?;
    account.sealed = Some(sealed);
    Ok(())
}
