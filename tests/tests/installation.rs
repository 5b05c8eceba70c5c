//! Setting up: topics, schemas, and what a process says that finds them wrong.

use std::time::Duration;

use anyhow::{Result, ensure};
use quittance_tests::{Installation, Options, Part};

#[tokio::test]
async fn applying_topics_twice_changes_nothing_and_a_difference_is_told() -> Result<()> {
    let installation = Installation::prepare("topics", Options::default())?;
    let again = installation.tool(&["topics", "apply"])?;
    ensure!(again.lines().filter(|line| line.ends_with(": as it should be")).count() >= 13, "{again}");
    let refused = installation.tool(&["topics", "apply", "--partitions", "8"]).err().map(|error| error.to_string());
    let refused = refused.unwrap_or_default();
    ensure!(refused.contains("payment.commands.v1: partitions is 4, should be 8"), "{refused}");
    ensure!(installation.tool(&["topics", "apply"]).is_ok(), "nothing was changed");
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
async fn a_process_stops_in_order_when_it_is_told_to() -> Result<()> {
    let mut installation = Installation::start("stopped", Options::default()).await?;
    for part in Part::ALL {
        let process = installation.process(part);
        process.signal("TERM")?;
        let status = process.ended(Duration::from_secs(30)).await?;
        ensure!(status.success(), "{part:?} ended with {status}: {}", process.log());
    }
    Ok(())
}
