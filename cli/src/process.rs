//! What every process has: health, metrics, the wish to stop, a listener for operators, and a thread that works.

use std::{
    fmt::Display,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use quittance_avro::{
    ids::InstallationId,
    registry::{Registry, RegistryError},
    topics::Part,
};
use quittance_log::{KafkaArgs, LogError, Membership, ReadError, RegistryArgs, Schemas};
use quittance_service::{
    admin::{self, Admin},
    backoff::retry,
    health::{Health, Latch},
    metrics::Metrics,
    shutdown::Shutdown,
};
use quittance_tables::{Folding, Followed};
use rand::RngExt;
use tokio::runtime::Handle;

use crate::installation;

/// Options of every consuming process.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PartArgs {
    #[command(flatten)]
    pub(crate) kafka: KafkaArgs,
    #[command(flatten)]
    pub(crate) registry: RegistryArgs,
    /// Slot of this instance: unique among the instances of one part, and the same after a restart
    #[arg(long, env = "QUITTANCE_INSTANCE", default_value = "0", value_parser = parse_instance,
        help_heading = "Process")]
    pub(crate) instance: String,
    /// How long a silent instance keeps its partitions, milliseconds; the brokers bound it
    #[arg(long, env = "QUITTANCE_SESSION_TIMEOUT_MS", default_value_t = 10_000, help_heading = "Process",
        value_parser = clap::value_parser!(u64).range(1_000..=300_000))]
    pub(crate) session_timeout_ms: u64,
}

fn parse_instance(text: &str) -> Result<String, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 letters, digits, - and _".to_owned())
    }
}

/// How long a process waits for its work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Before it begins anew after it lost its place.
    pub(crate) rejoin_after: Duration,
    /// For its end, once it is to.
    pub(crate) drain: Duration,
}

/// How long any work may take to end, beside what it waits for by its settings.
const DRAIN_MARGIN: Duration = Duration::from_secs(30);
/// How often it is looked whether the work still turns.
const LOOK_FOR_LIFE: Duration = Duration::from_secs(1);
/// How often a process may lose its place, in so many of the pauses before it begins anew.
const LOSSES_MAX: usize = 3;
const LOSSES_WITHIN: u32 = 20;

/// A process that has started.
pub(crate) struct Process {
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) shutdown: Shutdown,
    registry: Latch,
}

impl Process {
    /// Listens for signals. `name` is that of the process in its metrics.
    pub(crate) fn start(name: &str) -> anyhow::Result<Self> {
        let shutdown = Shutdown::on_signals().context("listening for signals")?;
        let health = Health::default();
        health.unready_after(&shutdown);
        let registry = health.latch("registry");
        Ok(Self { health, metrics: Metrics::new(name), shutdown, registry })
    }

    /// Serves health and metrics for operators until the process ends.
    pub(crate) async fn admin(&self, listen: SocketAddr) -> anyhow::Result<()> {
        let listener = Admin { listen }.bind().await.context("QUITTANCE_ADMIN_LISTEN")?;
        let (health, metrics) = (self.health.clone(), self.metrics.clone());
        // Answers until the very end: an operator wants to see a process drain.
        tokio::spawn(admin::serve(listener, health, metrics, Shutdown::new()));
        Ok(())
    }

    /// Asks the registry until it answers.
    pub(crate) async fn registered<T, F>(&self, mut ask: impl FnMut() -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, RegistryError>>,
    {
        let asked = retry("ask the schema registry", &self.shutdown, RegistryError::is_transient, &mut ask).await;
        let answer = asked?;
        // Schemas are kept once they are known, so from here on a registry that is down is no reason to be unready.
        self.registry.ready();
        Ok(answer)
    }

    /// Reads what was chosen at installation, and checks it, until Kafka answers.
    pub(crate) async fn installed(&self, kafka: &KafkaArgs, registry: &Registry) -> anyhow::Result<InstallationId> {
        let read = retry("read the installation record", &self.shutdown, is_transient, || {
            installation::read(kafka.clone(), registry.clone())
        });
        Ok(read.await?.id)
    }

    /// Follows a table on a thread of its own, until `end`.
    pub(crate) fn follow(
        &self,
        name: &'static str,
        table: &Followed<impl Folding>,
        kafka: &KafkaArgs,
        registry: &Registry,
        end: &Shutdown,
    ) -> anyhow::Result<()> {
        let latch = self.health.latch(name);
        let mut schemas = Schemas::new(registry.clone(), Handle::current());
        let (table, kafka, end) = (table.clone(), kafka.clone(), end.clone());
        let thread = std::thread::Builder::new().name(name.replace(' ', "-"));
        thread.spawn(move || table.follow(&kafka, &mut schemas, &latch, &end)).context("starting a thread")?;
        Ok(())
    }

    /// Does what comes before the work. `None` if the process was told to stop meanwhile.
    pub(crate) async fn set_up<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<Option<T>> {
        self.shutdown.run_until_requested(work).await.transpose()
    }

    /// Runs what blocks on a thread of its own. Its end, good or bad, is that of the process. When that was told to stop
    /// and the work does not end in time, it is left where it is: what it had not finished is done at the next start.
    ///
    /// Only when it lost its place in its group it is begun anew, after the group has had the time to notice: a broker
    /// that comes back may take a member for its own double. A real double is told by its coming back. Whoever lost its
    /// place has lost nothing but time, since what it had not committed is read again.
    pub(crate) async fn work<E: Display + Send + 'static>(
        &self,
        patience: Patience,
        has_lost_its_place: fn(&E) -> bool,
        mut work: impl FnMut() -> Result<(), E> + Send + 'static,
    ) -> anyhow::Result<()> {
        let (done, ended) = tokio::sync::oneshot::channel();
        let (shutdown, mut losses) = (self.shutdown.clone(), Losses::within(patience.rejoin_after * LOSSES_WITHIN));
        let body = move || {
            let result = loop {
                match work() {
                    Err(error) if has_lost_its_place(&error) && !shutdown.is_requested() => {
                        if losses.are_too_many(Instant::now()) {
                            let _ = done.send(Err(anyhow!(
                                "{error:#}; this happens again and again: another process has the same QUITTANCE_INSTANCE"
                            )));
                            return;
                        }
                        tracing::error!(%error, "beginning anew");
                        // Two that came back at the same moment would take it from each other once more.
                        let spread = rand::rng().random_range(1.0..2.0);
                        pause(patience.rejoin_after.mul_f64(spread), &shutdown);
                        if shutdown.is_requested() {
                            break Ok(());
                        }
                    }
                    result => break result,
                }
            };
            let _ = done.send(result.map_err(|error| anyhow!("{error:#}")));
        };
        std::thread::Builder::new().name("worker".to_owned()).spawn(body).context("starting a thread")?;
        let result = tokio::select! {
            ended = ended => ended.unwrap_or_else(|_| Err(anyhow!("the worker's thread panicked"))),
            why = stuck(&self.health) => Err(anyhow!("the worker is stuck: {why}")),
            () = overdue(&self.shutdown, patience.drain) => {
                Err(anyhow!("the worker did not end within {:?}", patience.drain))
            }
        };
        self.shutdown.request();
        result
    }
}

/// A call to a broker that ignores its time-out never comes back. Ending the process loses nothing: what it had not
/// committed is read again at the next start.
async fn stuck(health: &Health) -> String {
    loop {
        tokio::time::sleep(LOOK_FOR_LIFE).await;
        if let Err(dead) = health.liveness() {
            return dead.into_iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; ");
        }
    }
}

async fn overdue(shutdown: &Shutdown, drain: Duration) {
    shutdown.requested().await;
    tokio::time::sleep(drain).await;
}

/// The times at which a process lost its place.
struct Losses {
    within: Duration,
    at: Vec<Instant>,
}

impl Losses {
    fn within(within: Duration) -> Self {
        Self { within, at: Vec::new() }
    }

    /// Notes a loss. Two processes in one slot take it from each other in turns, without end.
    fn are_too_many(&mut self, now: Instant) -> bool {
        self.at.push(now);
        self.at.retain(|at| now.duration_since(*at) < self.within);
        self.at.len() > LOSSES_MAX
    }
}

/// Sleeps, unless the process is to stop.
fn pause(time: Duration, shutdown: &Shutdown) {
    let until = Instant::now() + time;
    while Instant::now() < until && !shutdown.is_requested() {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether the same may succeed later without anybody doing anything.
pub(crate) fn is_transient(error: &anyhow::Error) -> bool {
    error.downcast_ref::<LogError>().is_some_and(LogError::is_transient)
        || error.downcast_ref::<ReadError>().is_some_and(ReadError::is_transient)
        || error.downcast_ref::<RegistryError>().is_some_and(RegistryError::is_transient)
}

impl PartArgs {
    /// How long the group waits for a silent member.
    pub(crate) fn session_timeout(&self) -> Duration {
        Duration::from_millis(self.session_timeout_ms)
    }

    /// How long a process waits whose work waits for `longest` at a time.
    pub(crate) fn patience(&self, longest: Duration) -> Patience {
        Patience { rejoin_after: self.session_timeout(), drain: longest + DRAIN_MARGIN }
    }

    /// Who this instance is in its part's group.
    pub(crate) fn membership(&self, part: Part) -> Membership {
        Membership {
            group: part.group(&self.kafka.topic_prefix),
            instance: format!("{}-{}", part.name(), self.instance),
            session_timeout: self.session_timeout(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process() -> Process {
        let health = Health::default();
        let registry = health.latch("registry");
        Process { health, metrics: Metrics::new("test"), shutdown: Shutdown::new(), registry }
    }

    #[tokio::test]
    async fn work_that_loses_its_place_again_and_again_ends_and_names_the_slot() {
        let (process, (count, counted)) = (process(), std::sync::mpsc::channel());
        let patience = Patience { rejoin_after: Duration::from_millis(200), drain: Duration::from_secs(30) };
        let work = move || {
            let _ = count.send(());
            Err("it lost its place")
        };
        let error = process.work(patience, |_| true, work).await.expect_err("it ends");
        assert!(error.to_string().contains("another process has the same QUITTANCE_INSTANCE"), "{error}");
        assert_eq!(counted.iter().count(), LOSSES_MAX + 1);
        assert!(process.shutdown.is_requested());
    }

    #[tokio::test]
    async fn work_that_fails_otherwise_is_not_begun_anew() {
        let process = process();
        let patience = Patience { rejoin_after: Duration::from_secs(60), drain: Duration::from_secs(30) };
        let error = process.work(patience, |_| false, || Err("it cannot go on")).await.expect_err("it ends");
        assert_eq!(error.to_string(), "it cannot go on");
    }

    #[tokio::test]
    async fn work_that_is_stuck_ends_the_process() {
        let process = process();
        let heartbeat = process.health.heartbeat("worker", Duration::from_millis(100));
        let (until, stuck) = std::sync::mpsc::channel::<()>();
        let patience = Patience { rejoin_after: Duration::from_secs(60), drain: Duration::from_secs(30) };
        let work = move || {
            heartbeat.beat();
            let _ = stuck.recv();
            Ok::<_, &str>(())
        };
        let error = process.work(patience, |_| false, work).await.expect_err("it ends");
        assert!(error.to_string().starts_with("the worker is stuck: worker:"), "{error}");
        drop(until);
    }

    #[test]
    fn a_place_that_is_lost_again_and_again_is_somebody_elses() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut losses = Losses::within(10 * second);
        let lost = [0, 2, 4, 11, 12, 13].map(|at| losses.are_too_many(start + at * second));
        assert_eq!(lost, [false, false, false, false, false, true]);
    }
}
