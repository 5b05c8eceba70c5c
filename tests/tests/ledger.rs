//! Reading the ledger: what it holds, at any moment, and what reading it may cost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use quittance_tests::{Answer, Client, Installation, Options, eventually, payment};
use reqwest::{Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::{sync::OnceCell, time::timeout};

static SHARED: OnceCell<Installation> = OnceCell::const_new();

const SOON: Duration = Duration::from_secs(20);

/// One installation for all tests of this file; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    SHARED.get_or_try_init(|| Installation::start("ledger", Options::default())).await
}

/// A ledger of one tenant as the sink would have written it, and a table `parts` beside it that has its postings: transfers of
/// `amount` from the beginning of 2026 on, `step` after each other, each up to two hours after it took effect.
async fn written(tenant: &str, transfers: i32, step: &str, amount: i64) -> Result<tokio_postgres::Client> {
    let postgres = installation().await?.postgres().await?;
    let sql = format!(
        "
        create temp table parts as
        select 'trf_' || md5('{tenant}' || n) as transfer_id, number::smallint, 'acc_' || md5('{tenant}' || purpose) as account_id,
            purpose, case number when 0 then 'debit' else 'credit' end as side, {amount}::bigint as amount,
            timestamptz '2026-01-01' + n * interval '{step}' - n % 8 * interval '17 min' as effective_at,
            timestamptz '2026-01-01' + n * interval '{step}' as posted_at
        from generate_series(0, {transfers} - 1) as n, (values (0, 'gateway_receivable'), (1, 'merchant_payable')) as sides (number, purpose);
        begin;
        insert into transfers
        select transfer_id, 'test', '{tenant}', 'pay_1', 'cap_1', 'capture', null, 'EUR', effective_at, posted_at from parts where number = 0;
        insert into postings select transfer_id, number, account_id, side, amount, effective_at, posted_at from parts;
        insert into accounts
        select account_id, 'test', '{tenant}', 'default', 'EUR', purpose, null, sum(case side when 'debit' then amount else 0 end),
            sum(case side when 'credit' then amount else 0 end), max(posted_at)
        from parts group by account_id, purpose;
        insert into account_hours {HOURS};
        commit;
        analyze transfers, postings, accounts, account_hours;"
    );
    postgres.batch_execute(&sql).await?;
    Ok(postgres)
}

/// What `account_hours` has to be, by a table `parts` of postings.
const HOURS: &str = "
    select account_id, hour, sum(case side when 'debit' then posted else 0 end), sum(case side when 'credit' then posted else 0 end),
        sum(case side when 'debit' then effective else 0 end), sum(case side when 'credit' then effective else 0 end)
    from (
        select account_id, date_trunc('hour', posted_at, 'UTC') as hour, side, amount as posted, 0 as effective from parts
        union all select account_id, date_trunc('hour', effective_at, 'UTC'), side, 0, amount from parts
    ) as hours
    group by account_id, hour";

/// The body as it was sent: a reader of JSON may keep numbers as floats.
async fn text(client: &Client, path: &str) -> Result<String> {
    Ok(client.request(Method::GET, path).send().await?.text().await?)
}

async fn captured(client: &Client, amount: i64) -> Result<()> {
    let answer = client.pay(&payment(amount, "tok_approve")).await?;
    ensure!(answer.text("status") == "succeeded", "{}", answer.body);
    Ok(())
}

#[rstest]
#[case::in_the_future("at=2126-01-01T00:00:00Z", "at")]
#[case::in_the_future_by_effect("at=2126-01-01T00:00:00Z&by=effective", "at")]
#[case::by_without_a_moment("by=effective", "by")]
#[tokio::test]
async fn what_cannot_be_answered_is_not(#[case] query: &str, #[case] field: &str) -> Result<()> {
    let client = installation().await?.client("moments")?;
    let answer = client.get(&format!("/v1/ledger/trial-balance?{query}")).await?;
    assert_eq!((answer.status, answer.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec![field.to_owned()]));
    Ok(())
}

#[tokio::test]
async fn without_a_moment_it_is_said_how_far_the_ledger_goes() -> Result<()> {
    let client = installation().await?.client("latest")?;
    let empty = client.get("/v1/ledger/trial-balance").await?;
    let nothing = json!({
        "object": "trial_balance", "at": null, "by": null, "latest_posted_at": null, "accounts": [], "totals": []
    });
    assert_eq!(empty.body, nothing);
    written("latest", 3, "1 hour", 5).await?;
    let balance = client.get("/v1/ledger/trial-balance").await?.body;
    assert_eq!(balance["latest_posted_at"], "2026-01-01T02:00:00.000Z");
    assert_eq!(balance["totals"], json!([{"currency": "EUR", "debits": 15, "credits": 15}]));
    let before = client.get("/v1/ledger/trial-balance?at=2026-01-01T01:59:59.999Z").await?.body;
    assert_eq!((&before["at"], &before["by"]), (&json!("2026-01-01T01:59:59.999Z"), &json!("posted")));
    assert_eq!(before["latest_posted_at"], "2026-01-01T02:00:00.000Z");
    assert_eq!(before["totals"], json!([{"currency": "EUR", "debits": 10, "credits": 10}]));
    Ok(())
}

#[tokio::test]
async fn a_balance_at_a_moment_is_the_sum_of_the_postings_until_then() -> Result<()> {
    let client = installation().await?.client("moment-sums")?;
    let postgres = written("moment-sums", 400, "7 min", 3).await?;
    for by in ["posted", "effective"] {
        let sums = format!(
            "select to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                 (select coalesce(sum(amount), 0)::bigint from parts where number = 0 and {by}_at <= at)
             from generate_series(0, 60) as n, lateral (select timestamptz '2025-12-31 22:00' + n * interval '49 min') as moments (at)
             union all select '2026-01-01T05:00:00.000Z',
                 (select sum(amount)::bigint from parts where number = 0 and {by}_at <= '2026-01-01T05:00:00Z')"
        );
        for row in postgres.query(&sums, &[]).await? {
            let (at, sum): (String, i64) = (row.get(0), row.get(1));
            let balance = client.get(&format!("/v1/ledger/trial-balance?by={by}&at={at}")).await?;
            let total = |side: &str| balance.body["totals"][0][side].as_i64().unwrap_or(0);
            assert_eq!((total("debits"), total("credits")), (sum, sum), "{by} {at}: {}", balance.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_hours_of_an_account_are_the_sums_of_its_postings() -> Result<()> {
    let client = installation().await?.client("hours")?;
    for amount in [100, 200, 300] {
        captured(&client, amount).await?;
    }
    let postgres = installation().await?.postgres().await?;
    eventually("the ledger has all of it", SOON, || async {
        let answer = client.get("/v1/ledger/trial-balance").await?;
        ensure!(answer.body["totals"][0]["debits"] == 600, "{}", answer.body);
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    let differences = format!(
        "with parts as (select postings.* from postings join accounts using (account_id) where tenant = 'hours'),
             wanted as ({HOURS}),
             found as (select account_hours.* from account_hours join accounts using (account_id) where tenant = 'hours')
         select count(*), (select count(*) from found), (select count(*) from
             ((table wanted except table found) union all (table found except table wanted)) as differing),
             (select bool_and(latest_posted_at = (select max(posted_at) from parts where parts.account_id = accounts.account_id))
                 from accounts where tenant = 'hours')
         from parts"
    );
    let row = postgres.query_one(&differences, &[]).await?;
    let (postings, hours, differing, latest): (i64, i64, i64, bool) = (row.get(0), row.get(1), row.get(2), row.get(3));
    assert_eq!((postings, differing, latest), (6, 0, true), "{hours} hours");
    assert!(hours >= 2);
    Ok(())
}

#[tokio::test]
async fn sums_that_no_64_bits_hold_are_told_to_the_last_digit() -> Result<()> {
    let client = installation().await?.client("large")?;
    let amount = (1 << 53) - 1;
    written("large", 3_000, "1 min", amount).await?;
    let sum = i128::from(amount) * 3_000;
    for path in ["/v1/ledger/trial-balance", "/v1/ledger/trial-balance?at=2026-02-01T00:00:00Z", "/v1/accounts"] {
        let told = text(&client, path).await?;
        ensure!(
            told.contains(&format!("\"debits\":{sum},")) && told.contains(&format!("\"balance\":{sum}}}")),
            "{path}: {told}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_posting_gets_in_whatever_the_sum_is_by_then() -> Result<()> {
    let client = installation().await?.client("larger")?;
    captured(&client, 100).await?;
    let postgres = installation().await?.postgres().await?;
    let raise = format!(
        "update accounts set debits = case when debits > 0 then {max} else 0 end, \
             credits = case when credits > 0 then {max} else 0 end where tenant = 'larger'",
        max = i64::MAX
    );
    eventually("the accounts are there", SOON, || async {
        ensure!(postgres.execute(&raise, &[]).await? == 2, "they are not");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    captured(&client, 250).await?;
    let sum = i128::from(i64::MAX) + 250;
    eventually("the ledger has all of it", SOON, || async {
        let told = text(&client, "/v1/ledger/trial-balance").await?;
        ensure!(told.contains(&format!("{{\"currency\":\"EUR\",\"debits\":{sum},\"credits\":{sum}}}")), "{told}");
        Ok::<_, anyhow::Error>(())
    })
    .await
}

/// All postings of an account, page by page.
async fn walk(client: &Client, account: &str, limit: u8) -> Result<Vec<Value>> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/accounts/{account}/postings?limit={limit}{cursor}")).await?;
        seen.extend(page.body["data"].as_array().context("postings")?.iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(seen),
        }
    }
}

#[tokio::test]
async fn pages_have_each_posting_once() -> Result<()> {
    let client = installation().await?.client("pages")?;
    // All are posted at the same time.
    let postgres = written("pages", 50, "0 s", 5).await?;
    let sql = "select min(account_id), array_agg(transfer_id order by transfer_id desc) from parts where number = 0";
    let row = postgres.query_one(sql, &[]).await?;
    let (account, wanted): (String, Vec<String>) = (row.get(0), row.get(1));
    let seen = walk(&client, &account, 7).await?;
    assert_eq!(
        seen.iter().map(|posting| posting["transfer"].as_str()).collect::<Option<Vec<_>>>().context("ids")?,
        wanted
    );
    Ok(())
}

/// Postgres counts what it reads by an index. A read of the ledger is a few short ranges of one, however long the ledger is.
#[tokio::test]
async fn reads_do_not_grow_with_the_ledger() -> Result<()> {
    let client = installation().await?.client("long")?;
    let postgres = written("long", 20_000, "1 s", 5).await?;
    let row = postgres.query_one("select min(account_id) from parts where number = 0", &[]).await?;
    let account: String = row.get(0);
    let before = index_reads(&postgres, "postings_by_account").await?;
    let seen = walk(&client, &account, 100).await?;
    assert_eq!(seen.len(), 20_000);
    read_little(&postgres, &client, &format!("/v1/accounts/{account}/postings"), ("postings_by_account", before, 200))
        .await?;
    for (by, index) in [("posted", "postings_by_account"), ("effective", "postings_by_effective_at")] {
        let before = index_reads(&postgres, index).await?;
        let path = format!("/v1/ledger/trial-balance?at=2026-01-01T04:00:05Z&by={by}");
        read_little(&postgres, &client, &path, (index, before, 4)).await?;
    }
    Ok(())
}

/// How often an index was used, and how many rows were read by it.
async fn index_reads(postgres: &tokio_postgres::Client, index: &str) -> Result<[i64; 2]> {
    let sql = "select idx_scan, idx_tup_read from pg_stat_user_indexes where schemaname = current_schema() and indexrelname = $1";
    let row = postgres.query_one(sql, &[&index]).await?;
    Ok([row.get(0), row.get(1)])
}

/// Asks until the index was used so often since then, and fails if more than a page was read each time. Numbers of Postgres's are late.
async fn read_little(
    postgres: &tokio_postgres::Client,
    client: &Client,
    path: &str,
    (index, before, least): (&str, [i64; 2], i64),
) -> Result<()> {
    let [scans, rows] = eventually("the statistics have come", SOON, || async {
        let answer = client.get(path).await?;
        ensure!(answer.status == StatusCode::OK, "{}", answer.body);
        let after = index_reads(postgres, index).await?;
        ensure!(after[0] >= before[0] + least, "{after:?}, after {before:?}");
        Ok::<_, anyhow::Error>([after[0] - before[0], after[1] - before[1]])
    })
    .await?;
    ensure!(rows <= scans * 101, "{path} reads {rows} rows in {scans} scans of {index}");
    Ok(())
}

/// Reads of the ledger that get nowhere hold half of the connections at most, those of one tenant half of that, even when their clients
/// have hung up; payments are read meanwhile. Postgres gives them up as soon as nobody waits for them any more.
#[tokio::test]
async fn slow_reads_of_the_ledger_leave_connections_to_payments() -> Result<()> {
    const TURNS: i64 = 4;
    const TURNS_OF_ONE: i64 = 2;
    // Its own: the others would meet the lock.
    let installation = Installation::start("ledger-slow", Options::default()).await?;
    let client = installation.client("slow")?;
    let answer = client.pay(&payment(100, "tok_approve")).await?;
    let id = answer.text("id");
    client.history(&id, 3).await?;
    let (postgres, blocker) = (installation.postgres().await?, installation.postgres().await?);
    let waiting = async || {
        let sql = "select count(*) from pg_locks join pg_stat_activity using (pid)
            where relation = 'accounts'::regclass and not granted and query like 'select%'";
        Ok::<_, anyhow::Error>(postgres.query_one(sql, &[]).await?.get::<_, i64>(0))
    };
    blocker.batch_execute("begin; lock table accounts in access exclusive mode").await?;
    for (tenant, turns) in [("slow", TURNS_OF_ONE), ("slow-too", TURNS), ("slow-as-well", TURNS)] {
        let client = installation.client(tenant)?;
        let hung_up = (0..20).map(|_| timeout(Duration::from_millis(300), client.get("/v1/accounts")));
        ensure!(join_all(hung_up).await.iter().all(Result::is_err), "nothing can be answered");
        assert_eq!(waiting().await?, turns, "after {tenant}");
    }
    let asked = (0..20).map(|_| async { client.get("/v1/accounts").await });
    let (answers, history) = tokio::join!(join_all(asked), timeout(Duration::from_secs(1), client.history(&id, 3)));
    history.context("the history waits for the ledger")??;
    let answers: Vec<Answer> = answers.into_iter().collect::<Result<_>>()?;
    for answer in answers {
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
    }
    eventually("Postgres gives up", Duration::from_secs(4), || async {
        let waiting = waiting().await?;
        ensure!(waiting == 0, "{waiting} are still at work");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    blocker.batch_execute("rollback").await?;
    assert_eq!(client.get("/v1/accounts").await?.status, StatusCode::OK);
    Ok(())
}
