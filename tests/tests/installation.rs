//! Setting up: topics, schemas, and what a process says that finds them wrong.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use quittance_avro::{
    records::{Outcome, PaymentState, Record},
    schema,
    topics::{TOPICS, Topic},
};
use quittance_log::Producer;
use quittance_tests::{Commands, Installation, Options, Part, eventually, fold, payment, until};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier},
    client::DefaultClientContext,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

#[tokio::test]
async fn applying_topics_twice_changes_nothing_and_a_difference_is_told() -> Result<()> {
    let installation = Installation::prepare("topics", Options::default())?;
    let again = installation.tool(&["topics", "apply"])?;
    ensure!(again.lines().filter(|line| line.ends_with(": as it should be")).count() >= 13, "{again}");
    let refused = refusal(&installation, &["topics", "apply", "--partitions", "8"])?;
    ensure!(refused.contains("4 partitions were chosen at installation; QUITTANCE_PARTITIONS is 8"), "{refused}");
    let refused = refusal(&installation, &["topics", "apply", "--replication", "2"])?;
    ensure!(refused.contains("payment.commands.v1: replication is 1, should be 2"), "{refused}");
    ensure!(refused.contains("payment.commands.v1: min.insync.replicas is 1, should be 2"), "{refused}");
    ensure!(installation.tool(&["topics", "apply"]).is_ok(), "nothing was changed");
    Ok(())
}

#[tokio::test]
async fn what_somebody_else_changed_on_a_topic_is_told_and_left() -> Result<()> {
    let installation = Installation::prepare("changed", Options::default())?;
    let [commands, state] = [Topic::PaymentCommands, Topic::PaymentState].map(|topic| topic.name(&installation.prefix));
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", installation.kafka()?.kafka_brokers).create()?;
    let changes = [
        AlterConfig::new(ResourceSpecifier::Topic(&commands)).set("retention.ms", "1000000000"),
        AlterConfig::new(ResourceSpecifier::Topic(&state)).set("cleanup.policy", "delete"),
    ];
    for changed in admin.alter_configs(&changes, &AdminOptions::new()).await? {
        ensure!(changed.is_ok(), "{changed:?}");
    }
    for _ in 0..2 {
        let refused = refusal(&installation, &["topics", "apply"])?;
        ensure!(refused.contains("retention.ms is 1000000000, should be 2592000000"), "{refused}");
        ensure!(refused.contains("cleanup.policy is delete, should be compact"), "{refused}");
    }
    Ok(())
}

/// What a tool of the program says when it refuses.
fn refusal(installation: &Installation, args: &[&str]) -> Result<String> {
    match installation.tool(args) {
        Ok(said) => bail!("{args:?} was not refused: {said}"),
        Err(error) => Ok(error.to_string()),
    }
}

/// Asks the registry.
async fn registry(
    installation: &Installation,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<(StatusCode, Value)> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let base = installation.stack.variable("QUITTANCE_SCHEMA_REGISTRY_URL")?;
    let request = http.request(method, format!("{base}{path}"));
    let answer = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = answer.send().await?;
    Ok((answer.status(), answer.json().await.unwrap_or_default()))
}

#[tokio::test]
async fn every_subject_is_fully_compatible_and_a_schema_that_is_not_is_refused() -> Result<()> {
    let installation = Installation::prepare("compatible", Options::default())?;
    for spec in TOPICS {
        for record in spec.records {
            let path = format!("/config/{}", spec.subject(&installation.prefix, record));
            let (status, config) = registry(&installation, Method::GET, &path, None).await?;
            ensure!(status == StatusCode::OK && config["compatibilityLevel"] == "FULL_TRANSITIVE", "{path}: {config}");
        }
    }
    let subject = Topic::PaymentOutcomes.spec().subject(&installation.prefix, Outcome::NAME);
    let mut schema: Value = serde_json::from_str(&schema::of::<Outcome>().json)?;
    let fields = schema["fields"].as_array_mut().context("a record has fields")?;
    fields.push(json!({ "name": "younger", "type": "string" }));
    let body = json!({ "schema": schema.to_string(), "schemaType": "AVRO" });
    let path = format!("/subjects/{subject}/versions");
    let (status, answer) = registry(&installation, Method::POST, &path, Some(body)).await?;
    ensure!(status == StatusCode::CONFLICT, "a field without a default was taken: {status} {answer}");
    Ok(())
}

#[tokio::test]
async fn a_process_without_its_schema_says_which_command_to_run() -> Result<()> {
    let mut installation = Installation::prepare("unregistered", Options::default())?;
    let subject = Topic::PaymentState.spec().subject(&installation.prefix, PaymentState::NAME);
    let (status, answer) = registry(&installation, Method::DELETE, &format!("/subjects/{subject}"), None).await?;
    ensure!(status.is_success(), "{status} {answer}");
    let process = installation.process(Part::Processor);
    process.start()?;
    let status = process.ended(Duration::from_secs(30)).await?;
    ensure!(!status.success());
    let log = process.log();
    ensure!(log.contains(PaymentState::NAME) && log.contains("run `quittance schemas register`"), "{log}");
    Ok(())
}

#[tokio::test]
async fn registering_schemas_twice_gives_the_same_ids() -> Result<()> {
    let installation = Installation::prepare("schemas", Options::default())?;
    ensure!(installation.tool(&["schemas", "register"])? == installation.tool(&["schemas", "register"])?);
    Ok(())
}

#[tokio::test]
async fn migrating_twice_does_nothing_the_second_time() -> Result<()> {
    let installation = Installation::prepare("migrate", Options::default())?;
    ensure!(installation.tool(&["migrate"])?.trim() == "nothing to do");
    Ok(())
}

#[tokio::test]
async fn a_process_without_topics_says_which_command_to_run() -> Result<()> {
    let variables = vec![("QUITTANCE_TOPIC_PREFIX", format!("nothing-{}", uuid::Uuid::new_v4().simple()))];
    let mut installation = Installation::unprepared("nothing", Options { variables })?;
    let process = installation.process(Part::Processor);
    process.start()?;
    let status = process.ended(Duration::from_secs(30)).await?;
    ensure!(!status.success());
    ensure!(process.log().contains("run `quittance topics apply`"), "{}", process.log());
    Ok(())
}

#[tokio::test]
async fn a_process_stops_in_order_when_it_is_told_to_and_leaves_nothing_behind() -> Result<()> {
    let mut installation = Installation::start("stopped", Options::default()).await?;
    let client = installation.client("acme")?;
    let mut asked = JoinSet::new();
    for number in 0..40 {
        let client = client.clone();
        asked.spawn(async move { client.create(&format!("payment-{number}"), &payment(100, "tok_approve")).await });
    }
    let first = asked.join_next().await.context("forty were asked for")???;
    ensure!(first.status == StatusCode::CREATED, "{}", first.body);
    // The others are under way. Those that ask have the time of the drain to be answered.
    for part in Part::ALL.into_iter().rev().filter(|part| *part != Part::Simulator) {
        installation.process(part).signal("TERM")?;
    }
    for part in Part::ALL.into_iter().filter(|part| *part != Part::Simulator) {
        let process = installation.process(part);
        let status = process.ended(Duration::from_secs(30)).await?;
        let log = process.log();
        ensure!(status.success() && !log.contains("could not be committed"), "{part:?} ended with {status}: {log}");
        process.start()?;
    }
    installation.ready().await?;
    while let Some(answer) = asked.join_next().await {
        // Who was turned away, or not answered, asks again; what was acknowledged must be there.
        let Ok(answer) = answer? else { continue };
        if let StatusCode::CREATED | StatusCode::ACCEPTED = answer.status {
            let id = if answer.status == StatusCode::CREATED { answer.text("id") } else { answer.text("resource") };
            client.settled(&id, Duration::from_secs(60)).await?;
        }
    }
    let folded = fold(&installation).await?;
    folded.check()?;
    folded.equals_postgres(&installation).await?;
    let process = installation.process(Part::Simulator);
    process.signal("TERM")?;
    ensure!(process.ended(Duration::from_secs(30)).await?.success(), "{}", process.log());
    Ok(())
}

#[tokio::test]
async fn of_two_processors_in_one_slot_one_ends_and_says_why_and_nothing_is_doubled() -> Result<()> {
    let variables = vec![("QUITTANCE_SESSION_TIMEOUT_MS", "6000".to_owned())];
    let mut installation = Installation::start("slots", Options { variables }).await?;
    let client = installation.client("acme")?;
    let mut twin = installation.another(Part::Processor, "0")?;
    twin.start()?;
    let mut ids = Vec::new();
    let ((status, log), alive) = loop {
        let key = format!("payment-{}", ids.len());
        ids.push(client.acknowledged(&key, &payment(100, "tok_approve"), Duration::from_secs(60)).await?);
        let process = installation.process(Part::Processor);
        if let Some(status) = process.died()? {
            break ((status, process.log()), &mut twin);
        }
        if let Some(status) = twin.died()? {
            break ((status, twin.log()), process);
        }
        ensure!(ids.len() < 100_000, "neither ends");
    };
    ensure!(!status.success() && log.contains("another process has the same QUITTANCE_INSTANCE"), "{status} {log}");
    for id in &ids {
        let settled = client.settled(id, Duration::from_secs(60)).await?;
        ensure!(settled["status"] == "succeeded", "{settled}");
    }
    alive.ready(Duration::from_secs(60)).await?;
    ensure!(alive.died()?.is_none(), "both ended: {}", alive.log());
    let folded = fold(&installation).await?;
    folded.check()?;
    ensure!(folded.states.len() == ids.len(), "{} payments, not {}", folded.states.len(), ids.len());
    Ok(())
}

#[tokio::test]
async fn what_processes_died_of_twice_is_buried_by_the_third() -> Result<()> {
    let notes = tempfile::tempdir()?;
    let variables = vec![("QUITTANCE_DATA_DIR", notes.path().display().to_string())];
    let mut installation = Installation::prepare("died", Options { variables })?;
    let commands = Commands::new(&installation.registry()?, &installation.prefix).await?;
    let (_, record) = commands.create("tok_approve")?;
    let (partition, offset) = Producer::open(&installation.kafka()?, Duration::from_secs(10))?.produce(&record).await?;
    // As two processes left it that died with the record in hand.
    let note = format!("{} {partition} record {offset} 2\n", record.topic);
    let path = notes.path().join("processor-payments-0.suspect");
    std::fs::write(&path, note)?;
    let process = installation.process(Part::Processor);
    process.start()?;
    process.ready(Duration::from_secs(60)).await?;
    let letter = eventually("a dead letter", Duration::from_secs(30), || async {
        let listed = installation.tool(&["dead-letters", "list"])?;
        serde_json::from_str::<Value>(listed.trim()).with_context(|| listed.clone())
    })
    .await?;
    ensure!(letter["reason"] == "process_died" && letter["offset"] == offset, "{letter}");
    let is_forgotten = || async { std::fs::read_to_string(&path).is_ok_and(|note| note.is_empty()) };
    until("the note is taken back", Duration::from_secs(10), is_forgotten).await
}
