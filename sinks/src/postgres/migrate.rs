//! Making the tables, and checking that they are the ones that this build knows. Who may read them, [`reader`] says.

use deadpool_postgres::{Object, Pool, PoolError, tokio_postgres};
use quittance_service::{
    causes::with_causes,
    postgres::{PostgresArgs, PostgresError, Role},
};
use refinery::{Migration, Runner};

use super::reader;

/// Every migration, oldest first. What was published is never changed, only followed by another.
const MIGRATIONS: &[(&str, &str)] = &[
    ("V1__payments", include_str!("../../migrations/V1__payments.sql")),
    ("V2__ledger", include_str!("../../migrations/V2__ledger.sql")),
    ("V3__anomalies", include_str!("../../migrations/V3__anomalies.sql")),
    ("V4__disputes_and_fees", include_str!("../../migrations/V4__disputes_and_fees.sql")),
    ("V5__payment_methods", include_str!("../../migrations/V5__payment_methods.sql")),
    ("V6__events", include_str!("../../migrations/V6__events.sql")),
    ("V7__row_level_security", include_str!("../../migrations/V7__row_level_security.sql")),
    ("V8__payment_lists", include_str!("../../migrations/V8__payment_lists.sql")),
];

/// First half of the key of the advisory lock under which a schema is migrated; the second half is the schema.
const LOCK: i32 = 0x0051_7454;

/// Why the tables are not as they should be.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The settings are of no use.
    #[error(transparent)]
    Settings(#[from] PostgresError),
    /// The database cannot be reached, or lets us not do it.
    #[error("Postgres: {0}")]
    Postgres(String),
    /// A migration failed; it left nothing behind.
    #[error(transparent)]
    Failed(#[from] refinery::Error),
    /// The schema is behind this build.
    #[error("the database schema is at version {found}, this build needs {wanted}; run `quittance migrate`")]
    Behind {
        /// Version found, 0 if there is none.
        found: i32,
        /// Version needed.
        wanted: i32,
    },
    /// The schema is ahead of this build.
    #[error("the database schema is at version {found}, this build knows up to {known}; use a newer build")]
    Newer {
        /// Version found.
        found: i32,
        /// Newest version known.
        known: i32,
    },
    /// The role that reads is absent, and we may not make it.
    #[error(
        "there is no role {0}, and this one may not make it: `create role` it with `login`, and give its name and password in \
         QUITTANCE_POSTGRES_READER_URL"
    )]
    NoReader(String),
    /// The role that reads could see what it should not.
    #[error(
        "the role {role} {why}, so it could read rows of every tenant: QUITTANCE_POSTGRES_READER_URL must name another"
    )]
    UnfitReader {
        /// The role.
        role: String,
        /// What is wrong with it.
        why: String,
    },
}

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations that were applied.
    pub applied: Vec<String>,
    /// Whether the role that reads was made.
    pub reader_made: bool,
}

impl MigrateError {
    /// Whether trying again may help without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Postgres(_) => true,
            Self::Settings(_)
            | Self::Failed(_)
            | Self::Behind { .. }
            | Self::Newer { .. }
            | Self::NoReader(_)
            | Self::UnfitReader { .. } => false,
        }
    }
}

impl From<tokio_postgres::Error> for MigrateError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(with_causes(&error))
    }
}

impl From<PoolError> for MigrateError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            error => Self::Postgres(error.to_string()),
        }
    }
}

/// Makes the schema and brings its tables up to this build, each migration in a transaction, and lets the reader read them.
///
/// Of two at the same time, the second waits for the first and then finds nothing to do.
pub async fn migrate(args: &PostgresArgs, reader: &Role) -> Result<Migrated, MigrateError> {
    let schema = &args.tables.postgres_schema;
    // Out of the pool: when it is dropped, the connection is closed, and the lock and the settings end with it.
    let mut client = Object::take(args.pool()?.get().await?);
    client.batch_execute("set statement_timeout = 0; set client_min_messages = warning").await?;
    client.execute("select pg_advisory_lock($1, hashtext($2))", &[&LOCK, &schema]).await?;
    client.batch_execute(&format!("create schema if not exists \"{schema}\"")).await?;
    refuse_newer(version(&client).await?)?;
    let runner = runner()?;
    let report = runner.run_async::<tokio_postgres::Client>(&mut client).await?;
    // A crash before this leaves a reader that is shown less than it should be, until the next time.
    let reader_made = reader::admit(&mut client, schema, reader).await?;
    Ok(Migrated { applied: report.applied_migrations().iter().map(ToString::to_string).collect(), reader_made })
}

/// Checks that the tables are those of this build.
pub async fn check(pool: &Pool) -> Result<(), MigrateError> {
    let found = version(&*pool.get().await?).await?;
    refuse_newer(found)?;
    let wanted = newest();
    if found < wanted { Err(MigrateError::Behind { found, wanted }) } else { Ok(()) }
}

/// The version of the schema that the connection sees; 0 if there is none.
async fn version(client: &tokio_postgres::Client) -> Result<i32, MigrateError> {
    let table = client.query_one("select to_regclass('refinery_schema_history')::text", &[]).await?;
    if table.get::<_, Option<String>>(0).is_none() {
        return Ok(0);
    }
    let row = client.query_one("select max(version) from refinery_schema_history", &[]).await?;
    Ok(row.get::<_, Option<i32>>(0).unwrap_or(0))
}

fn refuse_newer(found: i32) -> Result<(), MigrateError> {
    let known = newest();
    if found > known { Err(MigrateError::Newer { found, known }) } else { Ok(()) }
}

fn newest() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

fn runner() -> Result<Runner, refinery::Error> {
    let migrations: Result<Vec<_>, _> = MIGRATIONS.iter().map(|(name, sql)| Migration::unapplied(name, sql)).collect();
    Ok(Runner::new(&migrations?))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_is_a_migration_and_they_are_numbered_from_1() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .expect("the folder")
            .map(|file| file.expect("a file").file_name().into_string().expect("a name"))
            .collect();
        let listed = MIGRATIONS.iter().map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(files, listed);
        let runner = runner().expect("good names");
        let versions: Vec<_> = runner.get_migrations().iter().map(Migration::version).collect();
        assert_eq!(versions, (1..=newest()).collect::<Vec<_>>());
    }
}
