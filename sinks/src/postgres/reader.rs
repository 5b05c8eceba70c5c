//! The role that reads: made if it is absent, refused if it could see more than one tenant's rows at a time, and let to read.

use deadpool_postgres::tokio_postgres::{Client, Error, Transaction, error::SqlState};
use postgres_protocol::password::scram_sha_256;
use quittance_service::postgres::Role;

use super::MigrateError;

/// First half of the key of the advisory lock under which a role is made; the second half is the role. Installations that share a
/// database may share the role.
const LOCK: i32 = 0x0051_7452;

/// Why a role is no reader, as a part of a sentence. A superuser, and who bypasses it by an attribute of the role, is not subject to
/// row-level security, nor is the tables' owner; who replicates reads the files, and who creates roles can become any of the others.
const UNFIT: &str = "
    select case
        when rolsuper then 'is a superuser'
        when rolbypassrls then 'has BYPASSRLS'
        when rolreplication then 'has REPLICATION'
        when rolcreaterole then 'has CREATEROLE'
        when reader.oid in (select relowner from tables) then 'owns tables of the schema'
        else 'may become ' || (
            select min(above.rolname) from pg_roles as above
            where above.oid <> reader.oid and pg_has_role(reader.oid, above.oid, 'member') and (
                above.rolsuper or above.rolbypassrls or above.rolreplication or above.rolcreaterole
                or above.oid in (select relowner from tables)
            )
        )
    end
    from pg_roles as reader where rolname = $2";

/// What the reader may do in the schema, said anew as a whole: select from each table that is protected, and nothing else. A table
/// that somebody forgot to protect is not shown at all.
const GRANTS: &str = "
    select format('revoke all on schema %1$I from %2$I; revoke all on all tables in schema %1$I from %2$I; \
        grant usage on schema %1$I to %2$I; ', $1::text, $2::text)
        || coalesce(string_agg(format('grant select on table %I.%I to %I', $1::text, relname, $2::text), '; '), '')
    from tables where relrowsecurity";

/// The tables of the schema, for the queries above: $1 is the schema, $2 the role.
const TABLES: &str = "with tables as (
        select relname, relowner, relrowsecurity from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace and nspname = $1 where relkind in ('r', 'p')
    )";

/// Makes the reader if there is none, and lets it read the schema. Says whether it was made.
///
/// The password of one that is there is not touched: it may be an operator's own matter.
pub(super) async fn admit(client: &mut Client, schema: &str, reader: &Role) -> Result<bool, MigrateError> {
    let transaction = client.transaction().await?;
    transaction.execute("select pg_advisory_xact_lock($1, hashtext($2))", &[&LOCK, &reader.name]).await?;
    let found = transaction.query_opt("select from pg_roles where rolname = $1", &[&reader.name]).await?;
    if found.is_none() {
        create(&transaction, reader).await.map_err(|error| match error.code() {
            Some(&SqlState::INSUFFICIENT_PRIVILEGE) => MigrateError::NoReader(reader.name.clone()),
            _ => error.into(),
        })?;
    }
    let unfit = transaction.query_one(&format!("{TABLES} {UNFIT}"), &[&schema, &reader.name]).await?;
    if let Some(why) = unfit.try_get(0)? {
        return Err(MigrateError::UnfitReader { role: reader.name.clone(), why });
    }
    let grants = transaction.query_one(&format!("{TABLES} {GRANTS}"), &[&schema, &reader.name]).await?;
    transaction.batch_execute(grants.try_get(0)?).await?;
    transaction.commit().await?;
    Ok(found.is_none())
}

/// Statements may be logged, so what is sent is not the password but what it is checked by.
async fn create(transaction: &Transaction<'_>, reader: &Role) -> Result<(), Error> {
    let verifier = reader.password.as_ref().map(|password| scram_sha_256(password.expose().as_bytes()));
    let statement = "select format('create role %I login', $1::text) || coalesce(format(' password %L', $2::text), '')";
    let statement = transaction.query_one(statement, &[&reader.name, &verifier]).await?;
    transaction.batch_execute(statement.try_get(0)?).await
}
