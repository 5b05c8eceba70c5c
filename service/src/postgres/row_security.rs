//! Whether row-level security holds for a connection.

use deadpool_postgres::{
    Hook, HookError,
    tokio_postgres::{Client, Error},
};

/// What the connection may read in its schema, which of that is shown to it whole, and whom it may become to see more. A view shows
/// what its owner sees, so no policy makes one safe.
const RIGHTS: &str = "
    select
        count(*),
        string_agg(relname, ', ' order by relname) filter (where not row_security_active(pg_class.oid)),
        (
            select string_agg(rolname, ', ' order by rolname) from pg_roles
            where rolname <> current_user and pg_has_role(pg_roles.oid, 'member') and (
                rolsuper or rolbypassrls
                or pg_roles.oid in (select relowner from pg_class where relnamespace = pg_namespace.oid)
            )
        )
    from pg_namespace join pg_class on relnamespace = pg_namespace.oid
    where nspname = current_schema() and relkind in ('r', 'p', 'v', 'm', 'f')
        and has_any_column_privilege(pg_class.oid, 'select')
    group by pg_namespace.oid";

/// What a connection may do that it should not, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error(
        "its role may read no table of the schema: run `quittance migrate` with the same QUITTANCE_POSTGRES_READER_URL"
    )]
    ReadsNothing,
    #[error("its role sees rows of every tenant, since row-level security is not active for it on {0}: {WANTED}")]
    SeesAll(String),
    #[error("its role may become {0}, to whom rows of every tenant are shown: {WANTED}")]
    MayBecome(String),
}

const WANTED: &str =
    "QUITTANCE_POSTGRES_READER_URL must name a role that is made for reading, not the owner of the tables";

/// Lets a pool keep only connections for which row-level security is active on every table that they may read.
pub(super) fn required() -> Hook {
    Hook::async_fn(|client, _| {
        Box::pin(async move {
            let unfit = unfit(client).await.map_err(HookError::Backend)?;
            unfit.map_or(Ok(()), |unfit| Err(HookError::message(unfit.to_string())))
        })
    })
}

async fn unfit(client: &Client) -> Result<Option<Unfit>, Error> {
    let Some(row) = client.query_opt(RIGHTS, &[]).await? else { return Ok(Some(Unfit::ReadsNothing)) };
    Ok(judge(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}

fn judge(readable: i64, seen_whole: Option<String>, may_become: Option<String>) -> Option<Unfit> {
    match (readable, seen_whole, may_become) {
        (0, ..) => Some(Unfit::ReadsNothing),
        (_, Some(tables), _) => Some(Unfit::SeesAll(tables)),
        (_, None, Some(roles)) => Some(Unfit::MayBecome(roles)),
        (_, None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::fit(3, None, None, None)]
    #[case::nothing(0, None, None, Some(Unfit::ReadsNothing))]
    #[case::whole(3, Some("payments"), Some("owner"), Some(Unfit::SeesAll("payments".to_owned())))]
    #[case::another(3, None, Some("owner"), Some(Unfit::MayBecome("owner".to_owned())))]
    fn rights(
        #[case] readable: i64,
        #[case] whole: Option<&str>,
        #[case] become_: Option<&str>,
        #[case] expected: Option<Unfit>,
    ) {
        assert_eq!(judge(readable, whole.map(str::to_owned), become_.map(str::to_owned)), expected);
    }
}
