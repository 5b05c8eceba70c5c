//! The servers.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::process;

/// A server of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Kafka.
    Kafka,
    /// The schema registry.
    Registry,
    /// Postgres.
    Postgres,
    /// Redis.
    Redis,
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Registry => "registry",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

/// The running servers.
#[derive(Debug, Clone)]
pub struct Stack {
    name: String,
    /// The variables by which Quittance finds them.
    pub variables: BTreeMap<String, String>,
}

impl Stack {
    /// The stack that the tests were given.
    pub fn given() -> Result<Self> {
        let name = std::env::var("QUITTANCE_STACK").context("QUITTANCE_STACK names the servers; run `make test`")?;
        let file = root().join(".stack").join(&name).join("env");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{} is not there; run `dev/stack --name {name} up`", file.display()))?;
        let variables = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches(['\'', '"']).to_owned()))
            .collect();
        Ok(Self { name, variables })
    }

    /// One of its variables.
    pub fn variable(&self, name: &str) -> Result<&str> {
        self.variables.get(name).map(String::as_str).with_context(|| format!("the stack has no {name}"))
    }

    /// Stops a server as a crash would.
    pub fn kill(&self, server: Server) -> Result<Outage> {
        let outage = Outage { stack: self.clone() };
        self.run(&["kill", server.name()])?;
        Ok(outage)
    }

    /// Starts what is not running, and waits until it answers.
    pub fn up(&self) -> Result<()> {
        self.run(&["up"])
    }

    /// Whether all servers are up.
    pub fn status(&self) -> Result<()> {
        self.run(&["status"])
    }

    /// The process id of a server.
    pub fn pid(&self, server: Server) -> Result<u32> {
        let file = root().join(".stack").join(&self.name).join("run").join(format!("{}.pid", server.name()));
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} is not there", file.display()))?;
        text.split_whitespace().next().unwrap_or_default().parse().context("a pid file holds a number")
    }

    fn run(&self, args: &[&str]) -> Result<()> {
        let mut command = Command::new(root().join("dev/stack"));
        let output = command.args(["--name", &self.name]).args(args).output().context("dev/stack")?;
        ensure!(output.status.success(), "dev/stack {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

/// A server that is stopped in its tracks, as a machine that stalls would be; it goes on when this is dropped.
#[derive(Debug)]
pub struct Frozen {
    pids: Vec<u32>,
}

impl Frozen {
    /// Stops it, and the children that serve its connections, if it has any.
    pub fn new(stack: &Stack, server: Server) -> Result<Self> {
        let pid = stack.pid(server)?;
        let mut frozen = Self { pids: Vec::new() };
        frozen.stop(pid)?;
        // Stopped, it makes no more of them.
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        for child in children.split_whitespace() {
            frozen.stop(child.parse()?)?;
        }
        Ok(frozen)
    }

    fn stop(&mut self, pid: u32) -> Result<()> {
        self.pids.push(pid);
        process::signal(pid, "STOP")
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.pids {
            if let Err(error) = process::signal(*pid, "CONT") {
                eprintln!("a frozen process does not go on: {error:#}");
            }
        }
    }
}

/// A server that is down; it comes back when this is dropped, so that a test that fails leaves the others theirs.
#[derive(Debug)]
pub struct Outage {
    stack: Stack,
}

impl Outage {
    /// Ends it.
    pub fn over(self) -> Result<()> {
        // Dropping it finds it up.
        self.stack.up()
    }
}

impl Drop for Outage {
    fn drop(&mut self) {
        if let Err(error) = self.stack.up() {
            eprintln!("a server does not come back: {error:#}");
        }
    }
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
