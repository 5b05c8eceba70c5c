//! Our processes, started as an operator would start them.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    net::TcpListener,
    ops::RangeInclusive,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{eventually, metrics, spawner, stack::root};

/// A process of Quittance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// `ingest`
    Ingest,
    /// `processor payments`
    Processor,
    /// `sink gateway`
    Gateway,
    /// `sink postgres`
    Postgres,
    /// `sink redis`
    Redis,
    /// `simulator`
    Simulator,
}

impl Part {
    /// All that belong to an installation, the simulated gateway first.
    pub const ALL: [Self; 6] =
        [Self::Simulator, Self::Ingest, Self::Processor, Self::Gateway, Self::Postgres, Self::Redis];

    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Ingest => &["ingest"],
            Self::Processor => &["processor", "payments"],
            Self::Gateway => &["sink", "gateway"],
            Self::Postgres => &["sink", "postgres"],
            Self::Redis => &["sink", "redis"],
            Self::Simulator => &["simulator"],
        }
    }

    /// The variable that says where others find it.
    fn listen(self) -> &'static str {
        match self {
            Self::Ingest => "QUITTANCE_LISTEN",
            Self::Simulator => "QUITTANCE_SIMULATOR_LISTEN",
            Self::Processor | Self::Gateway | Self::Postgres | Self::Redis => ADMIN_LISTEN,
        }
    }

    /// A path that answers 200 when it can do its work.
    fn ready(self) -> &'static str {
        match self {
            Self::Simulator => "/admin/totals",
            Self::Ingest | Self::Processor | Self::Gateway | Self::Postgres | Self::Redis => "/readyz",
        }
    }
}

/// The variable that says where it listens for its operators.
const ADMIN_LISTEN: &str = "QUITTANCE_ADMIN_LISTEN";

/// One process, which may be killed and started again on the same address.
#[derive(Debug)]
pub struct Process {
    /// Which.
    pub part: Part,
    /// Where it listens.
    pub port: u16,
    /// Where it listens for its operators, which is the same place if nobody else comes there.
    admin_port: u16,
    variables: BTreeMap<String, String>,
    log: PathBuf,
    /// How long its log was when it was started, bytes.
    log_from: usize,
    child: Option<Child>,
}

impl Process {
    pub(crate) fn new(part: Part, mut variables: BTreeMap<String, String>, log: PathBuf) -> Result<Self> {
        let port = free_port()?;
        let admin_port = if part == Part::Ingest { free_port()? } else { port };
        // The simulator has none: the other variable counts.
        variables.insert(ADMIN_LISTEN.to_owned(), format!("127.0.0.1:{admin_port}"));
        variables.insert(part.listen().to_owned(), format!("127.0.0.1:{port}"));
        Ok(Self { part, port, admin_port, variables, log, log_from: 0, child: None })
    }

    /// Starts it. Its log is appended to its file.
    pub fn start(&mut self) -> Result<()> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        self.log_from = usize::try_from(log.metadata()?.len())?;
        let mut command = spawner::command(binary()?);
        command.args(self.part.args()).env_clear().envs(&self.variables).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        self.child = Some(spawner::spawn(command)?);
        Ok(())
    }

    /// Sets a variable for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Sends it a signal by name, e.g. `TERM`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let Some(child) = &self.child else { bail!("{:?} is not running", self.part) };
        signal(child.id(), name)
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How it ended, if it did so by itself.
    pub fn died(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self, within: Duration) -> Result<ExitStatus> {
        ensure!(self.child.is_some(), "{:?} is not running", self.part);
        let deadline = std::time::Instant::now() + within;
        loop {
            if let Some(status) = self.died()? {
                return Ok(status);
            }
            if std::time::Instant::now() > deadline {
                bail!("{:?} has not ended within {within:?}", self.part);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until it can do its work.
    pub async fn ready(&self, within: Duration) -> Result<()> {
        let (url, http) = (self.admin_url(self.part.ready()), reqwest::Client::builder().no_proxy().build()?);
        let what = format!("{:?} becomes ready (its log is {})", self.part, self.log.display());
        eventually(&what, within, || {
            let request = http.get(&url).timeout(Duration::from_secs(1)).send();
            async move {
                let answer = request.await.map_err(|error| error.to_string())?;
                let status = answer.status();
                let text = answer.text().await.unwrap_or_default();
                if status.is_success() { Ok(()) } else { Err(format!("{status} {text}")) }
            }
        })
        .await
    }

    /// A URL on its listener.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// A URL on its listener for operators.
    pub fn admin_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.admin_port)
    }

    /// Its metrics as text.
    pub async fn metrics(&self) -> Result<String> {
        metrics::scrape(&self.admin_url("/metrics")).await
    }

    /// What it has logged since it was started last.
    pub fn log_since_start(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.log_from..).unwrap_or_default()).into_owned()
    }

    /// All that it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Sends a signal by name.
pub(crate) fn signal(pid: u32, name: &str) -> Result<()> {
    // The shell's own: the program of that name is not on every machine.
    let status = Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]).status()?;
    if status.success() { Ok(()) } else { bail!("kill -s {name} {pid}: {status}") }
}

/// Runs a tool of the program to its end and returns what it printed.
pub(crate) fn tool(args: &[&str], variables: &BTreeMap<String, String>) -> Result<String> {
    let output = Command::new(binary()?).args(args).env_clear().envs(variables).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        bail!("quittance {args:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
    }
}

/// The program under test: the one that we are told of, or what was built beside the tests.
fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("QUITTANCE_PROGRAM") {
        return Ok(path.into());
    }
    let here = std::env::current_exe()?;
    let found = here.ancestors().map(|folder| folder.join("quittance")).find(|path| path.is_file());
    found.with_context(|| format!("quittance is not built beside {}; run `cargo build`", here.display()))
}

/// A port that nobody has: above those of a demo and of the stacks, and outside the kernel's ephemeral range, lest an
/// outgoing connection take it while its process is down. Never the same one twice; other programs like this one begin
/// elsewhere.
fn free_port() -> Result<u16> {
    const FIRST: u16 = 29_100;
    const LAST: u16 = 65_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let ephemeral = ephemeral_ports();
    let leaves_none = ephemeral.contains(&FIRST) && ephemeral.contains(&LAST);
    let count = u32::from(LAST - FIRST) + 1;
    for _ in 0..count {
        let number = std::process::id().wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + u16::try_from(number % count)?;
        let is_taken = ephemeral.contains(&port) && !leaves_none;
        if !is_taken && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} to {LAST} is free outside {ephemeral:?}")
}

/// Linux's, or what it is by default.
fn ephemeral_ports() -> RangeInclusive<u16> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = text.split_whitespace().filter_map(|number| number.parse().ok());
    numbers.next().zip(numbers.next()).map_or(32_768..=60_999, |(first, last)| first..=last)
}

/// Where logs of processes go.
pub(crate) fn log_folder(name: &str) -> Result<PathBuf> {
    let folder = root().join(".stack").join("logs").join(name);
    std::fs::create_dir_all(&folder)?;
    File::create(folder.join(".keep"))?;
    Ok(folder)
}

/// How much memory a process has, bytes.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib * 1_024)
}
