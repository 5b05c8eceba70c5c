//! The tour of the API in `docs/api.md`, taken step by step.

use std::{fmt::Write as _, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_tests::{Installation, Options, Part};
use serde_json::Value;
use tokio::{process::Command, time::timeout};

const TOUR: &str = include_str!("../../docs/api.md");
const WITHIN: Duration = Duration::from_secs(120);
/// What stands for anything in an answer of the page.
const ANYTHING: char = '…';

/// A command of the page, and what it is said to answer.
struct Step {
    command: String,
    answer: Option<Answer>,
}

enum Answer {
    Json(Value),
    Text(String),
}

/// The page's blocks in their order: each `sh`, with the `json` or `text` that comes before the next one.
fn steps() -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let blocks = TOUR.split("\n```").skip(1).step_by(2);
    for block in blocks {
        let (language, text) = block.split_once('\n').context("a block has lines")?;
        let answer = match language {
            "sh" => {
                steps.push(Step { command: text.to_owned(), answer: None });
                continue;
            }
            "json" => Answer::Json(serde_json::from_str(text).with_context(|| text.to_owned())?),
            "text" => Answer::Text(text.trim().to_owned()),
            other => anyhow::bail!("a block is {other}"),
        };
        let step = steps.last_mut().context("an answer follows its command")?;
        ensure!(step.answer.replace(answer).is_none(), "one answer to {}", step.command);
    }
    Ok(steps)
}

/// One shell runs all of them, since later ones use what earlier ones found.
fn script(steps: &[Step]) -> Result<String> {
    let mut script = "set -euo pipefail\n".to_owned();
    for (number, step) in steps.iter().enumerate() {
        writeln!(script, "{{\n{}\n}} >{number}.out", step.command)?;
    }
    Ok(script)
}

/// Whether what is told has all that is said, and says the same of it.
fn has(told: &Value, said: &Value) -> bool {
    match (told, said) {
        (Value::Object(told), Value::Object(said)) => {
            said.iter().all(|(name, said)| told.get(name).is_some_and(|told| has(told, said)))
        }
        (Value::Array(told), Value::Array(said)) => {
            said.len() == told.len() && said.iter().all(|said| told.iter().any(|told| has(told, said)))
        }
        (Value::String(told), Value::String(said)) => {
            said.strip_suffix(ANYTHING).map_or(told == said, |beginning| told.starts_with(beginning))
        }
        _ => told == said,
    }
}

async fn run(folder: &Path, script: &str, variables: &[(&str, String)]) -> Result<()> {
    let mut command = Command::new("bash");
    command.args(["-c", script]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    let output = timeout(WITHIN, command.output()).await.context("the tour takes too long")??;
    ensure!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn every_command_answers_as_the_page_says() -> Result<()> {
    let installation = Installation::start("tour", Options::default()).await?;
    let (folder, steps) = (tempfile::tempdir()?, steps()?);
    let variables =
        [("API", installation.url(Part::Ingest, "")), ("ADMIN_TOKEN", installation.token("tour", &["admin"])?)];
    run(folder.path(), &script(&steps)?, &variables).await?;
    let mut answered = 0;
    for (number, Step { command, answer }) in steps.iter().enumerate() {
        let told = std::fs::read_to_string(folder.path().join(format!("{number}.out")))?;
        let is_right = match answer {
            None => continue,
            Some(Answer::Text(said)) => told.trim() == said,
            Some(Answer::Json(said)) => has(&serde_json::from_str(&told).with_context(|| told.clone())?, said),
        };
        ensure!(is_right, "{command}\nanswers\n{told}");
        answered += 1;
    }
    ensure!(answered > 10, "the page has its answers");
    Ok(())
}
