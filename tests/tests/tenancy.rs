//! What Postgres itself shows to the role that reads, whatever a query forgets.

use std::time::Duration;

use anyhow::{Result, ensure};
use quittance_tests::{Client, Installation, Options, Part, eventually, payment};
use reqwest::StatusCode;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

/// Every table of a schema with the number of rows that a tenant has in it, as its owner counts them.
const OWNED: &[(&str, &str)] = &[
    ("payments", "select count(*) from payments where tenant = $1"),
    ("events", "select count(*) from events where tenant = $1"),
    ("outcomes", "select count(*) from outcomes where tenant = $1"),
    ("operations", "select count(*) from operations where tenant = $1"),
    ("payment_search", "select count(*) from payment_search where tenant = $1"),
    ("accounts", "select count(*) from accounts where tenant = $1"),
    ("transfers", "select count(*) from transfers where tenant = $1"),
    ("postings", "select count(*) from postings join transfers using (transfer_id) where tenant = $1"),
    ("account_hours", "select count(*) from account_hours join accounts using (account_id) where tenant = $1"),
];

async fn count(postgres: &tokio_postgres::Client, table: &str) -> Result<i64> {
    Ok(postgres.query_one(&format!("select count(*) from {table}"), &[]).await?.try_get(0)?)
}

/// Takes payments and waits until Postgres has all of them.
async fn paid(client: &Client, payments: usize) -> Result<()> {
    for _ in 0..payments {
        let answer = client.pay(&payment(1_250, "tok_approve")).await?;
        ensure!(answer.status == StatusCode::CREATED, "{}", answer.body);
        client.history(&answer.text("id"), 3).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_is_shown_the_rows_of_its_scope_and_none_without_one() -> Result<()> {
    let installation = Installation::start("rows", Options::default()).await?;
    paid(&installation.client("acme")?, 2).await?;
    paid(&installation.client("globex")?, 1).await?;
    let (owner, mut reader) = (installation.postgres().await?, installation.postgres_reader().await?);
    eventually("the transfers are folded", SOON, || async {
        let found = count(&owner, "transfers").await?;
        if found == 3 { Ok(()) } else { Err(anyhow::anyhow!("there are {found}")) }
    })
    .await?;
    for (table, owned) in OWNED {
        assert!(count(&owner, table).await? > 0, "{table} has rows");
        assert_eq!(count(&reader, table).await?, 0, "{table}, without a scope");
        for (mode, tenant, has_rows) in [("test", "acme", true), ("test", "globex", true), ("live", "acme", false)] {
            let transaction = reader.transaction().await?;
            let scope = "select set_config('quittance.mode', $1, true), set_config('quittance.tenant', $2, true)";
            transaction.execute(scope, &[&mode, &tenant]).await?;
            let shown: i64 = transaction.query_one(&format!("select count(*) from {table}"), &[]).await?.get(0);
            transaction.commit().await?;
            let has: i64 = owner.query_one(*owned, &[&tenant]).await?.get(0);
            assert!(has > 0, "{table} has rows of {tenant}");
            assert_eq!(shown, if has_rows { has } else { 0 }, "{table}, for {mode} {tenant}");
        }
        assert_eq!(count(&reader, table).await?, 0, "{table}, after the transaction");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_can_do_nothing_but_read() -> Result<()> {
    let installation = Installation::unprepared("reader", Options::default())?;
    installation.tool(&["migrate"])?;
    let reader = installation.postgres_reader().await?;
    for statement in [
        "insert into operations (operation_id, payment_id, mode, tenant) values ('ref_1', 'pay_1', 'test', 'acme')",
        "update payments set tenant = 'globex'",
        "delete from payments",
        "truncate payments",
        "create table mine (id int)",
        "alter table payments disable row level security",
        "drop policy rows_of_the_tenant on payments",
        "set role quittance",
        "set session authorization quittance",
        "update progress set next_offset = 0",
        "select * from refinery_schema_history",
        "set row_security = off; select * from payments",
    ] {
        let refused = reader.batch_execute(statement).await.expect_err(statement);
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {refused}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_tenants_is_protected_and_nothing_else_is_shown() -> Result<()> {
    const TENANTS: &str = "select table_name::text from information_schema.columns
        where table_schema = $1 and column_name = 'tenant'";
    const PROTECTED: &str = "select relname::text from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = $1 and relrowsecurity and exists (select from pg_policy where polrelid = pg_class.oid)";
    const SHOWN: &str = "select relname::text from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = $1 and relkind in ('r', 'v', 'm', 'p') and has_any_column_privilege('quittance_reader', pg_class.oid, 'select')";
    let installation = Installation::unprepared("walk", Options::default())?;
    installation.tool(&["migrate"])?;
    let owner = installation.postgres().await?;
    let tables = async |query: &str| {
        let rows = owner.query(query, &[&installation.schema]).await?;
        let mut tables: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        tables.sort();
        Ok::<_, tokio_postgres::Error>(tables)
    };
    let (tenants, protected) = (tables(TENANTS).await?, tables(PROTECTED).await?);
    assert!(tenants.len() > 5, "{tenants:?}");
    let open: Vec<_> = tenants.iter().filter(|table| !protected.contains(table)).collect();
    assert_eq!(open, Vec::<&String>::new(), "these have a tenant and no policy");
    assert_eq!(tables(SHOWN).await?, protected);
    for (table, _) in OWNED {
        assert!(protected.contains(&(*table).to_owned()), "{table}");
    }
    assert_eq!(installation.tool(&["migrate"])?, "nothing to do\n");
    Ok(())
}

/// A role of the server that is gone when the test is.
async fn with_role(attributes: &str, work: impl AsyncFnOnce(&str) -> Result<()>) -> Result<()> {
    let role = format!("reader_{}", &Uuid::new_v4().simple().to_string()[..8]);
    let server = Installation::unprepared("roles", Options::default())?.postgres().await?;
    server.batch_execute(&format!("create role {role} login password 'hunter2' {attributes}")).await?;
    let done = work(&role).await;
    server.batch_execute(&format!("drop owned by {role}; drop role {role}")).await?;
    done
}

/// An installation whose reader is that role.
fn read_by(role: &str) -> Result<Installation> {
    let owner = quittance_tests::Stack::given()?.variable("QUITTANCE_POSTGRES_URL")?.to_owned();
    let (_, address) = owner.split_once('@').unwrap_or_default();
    let variables = vec![("QUITTANCE_POSTGRES_READER_URL", format!("postgres://{role}:hunter2@{address}"))];
    Installation::unprepared("role", Options { variables })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_could_see_more_is_refused() -> Result<()> {
    for (attributes, why) in [
        ("superuser", "is a superuser"),
        ("bypassrls", "has BYPASSRLS"),
        ("replication", "has REPLICATION"),
        ("createrole", "has CREATEROLE"),
        ("noinherit in role quittance", "may become quittance"),
    ] {
        with_role(attributes, async |role| {
            let refused = read_by(role)?.tool(&["migrate"]).expect_err(attributes).to_string();
            ensure!(refused.contains(&format!("the role {role} {why}")), "{refused}");
            Ok(())
        })
        .await?;
    }
    with_role("", async |role| read_by(role)?.tool(&["migrate"]).map(drop)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_reads_nothing_as_the_owner_and_takes_payments_all_the_same() -> Result<()> {
    let mut installation = Installation::start("owner", Options::default()).await?;
    let client = installation.client("acme")?;
    let answer = client.pay(&payment(1_250, "tok_approve")).await?;
    let history = format!("/v1/payments/{}/history", answer.text("id"));
    client.history(&answer.text("id"), 3).await?;

    let owner = installation.stack.variable("QUITTANCE_POSTGRES_URL")?.to_owned();
    let ingest = installation.process(Part::Ingest);
    ingest.kill()?;
    ingest.set("QUITTANCE_POSTGRES_READER_URL", &owner);
    ingest.start()?;
    ingest.ready(SOON).await?;
    let refused = client.get(&history).await?;
    assert_eq!((refused.status, refused.problem()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable".to_owned()));
    let log = installation.process(Part::Ingest).log_since_start();
    assert!(log.contains("row-level security is not active for it on account_hours, accounts"), "{log}");
    assert!(!log.contains(&owner), "a password is in the log");
    assert_eq!(client.pay(&payment(1_250, "tok_approve")).await?.status, StatusCode::CREATED);
    Ok(())
}
