//! A client that follows server-sent events.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Method, StatusCode, header};
use serde_json::Value;
use tokio::time::timeout;

use crate::Client;

/// How long the next event may take: less than the heartbeat, after which a stream looks by itself.
const WITHIN: Duration = Duration::from_secs(12);

/// An open stream.
pub struct EventStream {
    answer: reqwest::Response,
    unread: String,
}

/// One of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerEvent {
    /// What to say as `Last-Event-ID`.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// What it tells.
    pub data: Value,
}

impl EventStream {
    /// Opens one, going on behind an event if one is named.
    pub async fn open(client: &Client, path: &str, last_event_id: Option<&str>) -> Result<Self> {
        let mut request = client.request(Method::GET, path).header(header::ACCEPT, "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let answer = request.timeout(Duration::from_secs(300)).send().await?;
        ensure!(answer.status() == StatusCode::OK, "{path}: {}: {}", answer.status(), answer.text().await?);
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        ensure!(kind == Some("text/event-stream"), "{path} is {kind:?}");
        Ok(Self { answer, unread: String::new() })
    }

    /// The next event; none if the stream has ended.
    pub async fn next(&mut self) -> Result<Option<ServerEvent>> {
        timeout(WITHIN, async {
            loop {
                match self.block().await? {
                    Some(block) if block.contains("data:") => return read(&block).map(Some),
                    Some(_) => {}
                    None => return Ok(None),
                }
            }
        })
        .await
        .context("no event came")?
    }

    /// The next event, which there has to be.
    pub async fn event(&mut self) -> Result<ServerEvent> {
        self.next().await?.context("the stream has ended")
    }

    /// The next lines up to an empty one, comments and all.
    pub async fn block(&mut self) -> Result<Option<String>> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let block = block.to_owned();
                self.unread = rest.to_owned();
                return Ok(Some(block));
            }
            match self.answer.chunk().await? {
                Some(bytes) => self.unread.push_str(std::str::from_utf8(&bytes)?),
                None => return Ok(None),
            }
        }
    }
}

fn read(block: &str) -> Result<ServerEvent> {
    let (mut id, mut kind, mut data) = (None, None, None);
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("id", text)) => id = Some(text.to_owned()),
            Some(("event", text)) => kind = Some(text.to_owned()),
            Some(("data", text)) => data = Some(serde_json::from_str(text)?),
            _ => bail!("a line is {line:?}"),
        }
    }
    Ok(ServerEvent { id: id.context("an id")?, kind: kind.context("a type")?, data: data.context("data")? })
}
