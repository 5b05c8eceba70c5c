//! HAProxy in front of ingests, by the configuration that we ship.

use std::{net::TcpListener, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::process::{Child, Command};

use crate::{eventually, stack::root};

/// A running balancer; it ends when this is dropped.
#[derive(Debug)]
pub struct Balancer {
    port: u16,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Balancer {
    /// Spreads requests over ingests at these ports. Only where it listens and where they are is not as in `docker/haproxy.cfg`.
    pub async fn start(ingests: &[u16]) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let file: PathBuf = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration(port, ingests)?)?;
        let mut command = Command::new(program());
        let child = command.arg("-db").arg("-f").arg(&file).kill_on_drop(true).spawn().context("haproxy")?;
        let balancer = Self { port, child, _folder: folder };
        let ready = balancer.url("/readyz");
        eventually("the balancer has an ingest", Duration::from_secs(20), || async {
            ensure!(reqwest::get(&ready).await?.status().is_success(), "it has none");
            Ok::<_, anyhow::Error>(())
        })
        .await?;
        Ok(balancer)
    }

    /// A URL on its listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Ends it.
    pub async fn stop(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Debian keeps it where only root looks.
fn program() -> &'static str {
    const SYSTEM: &str = "/usr/sbin/haproxy";
    if std::path::Path::new(SYSTEM).exists() { SYSTEM } else { "haproxy" }
}

fn configuration(port: u16, ingests: &[u16]) -> Result<String> {
    let shipped = std::fs::read_to_string(root().join("docker/haproxy.cfg"))?;
    let (shipped, _) = shipped.split_once("\nresolvers ").context("resolvers come last")?;
    let mut lines = Vec::new();
    for line in shipped.lines() {
        if line.trim_start().starts_with("bind ") {
            lines.push(format!("    bind 127.0.0.1:{port}"));
        } else if let Some(template) = line.trim_start().strip_prefix("server-template ") {
            let (_, options) = template.split_once("ingest:8080 ").context("where the ingests are")?;
            let (options, _) = options.split_once(" resolvers ").context("who resolves their name")?;
            let server =
                |(number, port): (usize, &u16)| format!("    server ingest-{number} 127.0.0.1:{port} {options}");
            lines.extend(ingests.iter().enumerate().map(server));
        } else {
            lines.push(line.to_owned());
        }
    }
    Ok(lines.join("\n") + "\n")
}
