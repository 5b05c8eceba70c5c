//! What stands in the log, the stores and the logs of the processes after a payment, and what must not.

use anyhow::Result;
use quittance_avro::topics::Topic;
use quittance_log::Reader;
use quittance_tests::{Installation, Options, Part, payment};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::sync::OnceCell;
use uuid::Uuid;

static SHARED: OnceCell<Installation> = OnceCell::const_new();

/// One installation for all tests of this file; each test has a tenant of its own.
async fn installation() -> Result<&'static Installation> {
    SHARED.get_or_try_init(|| Installation::start("records", Options::default())).await
}

#[tokio::test]
async fn a_card_number_is_refused_and_never_written_down() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("cards")?;
    let number = "4000 0566 5566 5556";
    let mut body = payment(100, "tok_approve");
    body["description"] = json!(format!("card {number}"));
    let answer = client.pay(&body).await?;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"));
    assert_eq!(answer.fields(), ["description"]);
    assert!(!answer.body.to_string().contains(number));
    assert_eq!(found_anywhere(installation, number).await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn the_text_of_a_payment_is_sealed_in_the_log_and_in_the_stores() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("sealed")?;
    let mut body = payment(100, "tok_approve");
    let texts = ["a very private reference", "a very private matter", "a very private value"];
    (body["reference"], body["description"], body["metadata"]) =
        (json!(texts[0]), json!(texts[1]), json!({"key": texts[2]}));
    let answer = client.pay(&body).await?;
    client.history(&answer.text("id"), 3).await?;
    assert_eq!(answer.body["description"], texts[1], "who may see it does");
    for text in texts {
        assert_eq!(found_anywhere(installation, text).await?, Vec::<String>::new(), "{text}");
    }
    // What does not need to be sealed is found, so the search searches.
    let found = found_anywhere(installation, "tok_approve").await?;
    for place in ["payment.commands.v1", "payment.state.v1", "payments", "events", "Redis"] {
        assert!(found.iter().any(|found| found.ends_with(place)), "{place} is not among {found:?}");
    }
    Ok(())
}

/// Every topic, table, cache and log that holds a text.
async fn found_anywhere(installation: &Installation, text: &str) -> Result<Vec<String>> {
    let mut found = installation.found_on_topics(text).await?;
    let postgres = installation.postgres().await?;
    let like = format!("%{text}%");
    for table in ["payments", "events", "outcomes"] {
        let query = format!("select count(*) from {table} where {table}::text like $1");
        let count: i64 = postgres.query_one(&query, &[&like]).await?.get(0);
        found.extend((count > 0).then(|| table.to_owned()));
    }
    let mut redis = installation.redis().await?;
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{}:*", installation.prefix)).query_async(&mut redis).await?;
    for key in keys {
        // A hash or a text, as the key has it.
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(&mut redis).await?;
        let read = if kind == "hash" { "HGETALL" } else { "GET" };
        let values: Vec<String> = redis::cmd(read).arg(&key).query_async(&mut redis).await?;
        if values.iter().any(|value| value.contains(text)) {
            found.push("Redis".to_owned());
            break;
        }
    }
    found.extend(
        Part::ALL.into_iter().filter(|part| installation.log(*part).contains(text)).map(|part| format!("{part:?}")),
    );
    Ok(found)
}

#[tokio::test]
async fn a_trace_goes_on_through_every_topic() -> Result<()> {
    let installation = installation().await?;
    let client = installation.client("traced")?;
    let trace_id = Uuid::new_v4().simple().to_string();
    let request = client.request(Method::POST, "/v1/payments").header("Idempotency-Key", "k");
    let request = request.header("traceparent", format!("00-{trace_id}-00f067aa0ba902b7-01"));
    let id = client.send(request.json(&payment(100, "tok_approve"))).await?.text("id");
    let kafka = installation.kafka()?;
    let traced: Vec<(&str, usize, usize)> = tokio::task::spawn_blocking(move || {
        let topics =
            [Topic::PaymentCommands, Topic::PaymentGatewayEffects, Topic::PaymentResults, Topic::PaymentEvents];
        let read = |topic: Topic| {
            let reader = Reader::new(&kafka, &topic.name(&kafka.topic_prefix))?;
            let (mut records, mut traced) = (0, 0);
            reader.read_all(&(0..reader.partitions()?).collect::<Vec<_>>(), |record| {
                if record.key.as_deref() == Some(id.as_bytes()) {
                    records += 1;
                    let header = record.headers.text("traceparent").unwrap_or_default();
                    traced += usize::from(header.contains(&trace_id));
                }
            })?;
            Ok::<_, anyhow::Error>((topic.spec().name, records, traced))
        };
        topics.into_iter().map(read).collect::<Result<_>>()
    })
    .await??;
    for (topic, records, traced) in traced {
        assert!(records > 0 && traced == records, "{topic}: {traced} of {records} records carry the trace");
    }
    Ok(())
}
