//! A whole run: an installation, its steps, its verification.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt};
use hyper::Uri;
use quittance_avro::tenant::Tenant;
use quittance_tests::{Installation, Options, Part, Server, payment};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    args::{Args, Mode, PAYMENTS_MAX},
    decider::Decider,
    load::Load,
    payments::Payments,
    report,
    search::Search,
    step::{self, Step},
    usage::{self, Group},
    verify,
    watch::Watcher,
};

const TENANT: &str = "bench";
/// How long a process may take until it can do its work.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How many payments are paid beforehand at a time.
const AT_A_TIME: usize = 16;

/// What is left of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Markdown.
    pub(crate) report: String,
    /// What is wrong; a run that has any has failed.
    pub(crate) findings: Vec<String>,
}

/// A running installation, and all that it takes to load and watch it.
pub(crate) struct Bench {
    installation: Installation,
    /// Every payment of the run.
    pub(crate) payments: Arc<Payments>,
    /// Sends them.
    pub(crate) load: Arc<Load>,
    /// For counting.
    pub(crate) postgres: tokio_postgres::Client,
    /// Whose CPU and memory is told.
    pub(crate) groups: Vec<Group>,
    watchers: JoinSet<Result<()>>,
    /// Payments that were due so far: the number of the next one.
    due: u64,
}

/// Runs all steps, and verifies what came of the payments.
pub(crate) async fn run(args: &Args) -> Result<Outcome> {
    let mut bench = Bench::start(args).await?;
    let (steps, best) = if args.max {
        let mut search = Search::new(args.rate[0]);
        let steps = bench.search(args, &mut search).await?;
        (steps, Some(search.best()))
    } else {
        (bench.steps(args).await?, None)
    };
    let acknowledged = bench.payments.acknowledged();
    eprintln!("verifying {} payments", acknowledged.len());
    let verified = verify::verify(&bench.installation, &bench.postgres, args.mode, &acknowledged).await?;
    let mut findings = verified.findings.clone();
    let unsettled: u64 = steps.iter().map(|step| step.unsettled).sum();
    if unsettled > 0 {
        findings.push(format!("{unsettled} payments were never seen to be settled"));
    }
    findings.extend(usage::ended(&bench.groups).map(|group| format!("{} has ended while it was needed", group.name)));
    let run = report::Run { args, steps: &steps, best, verified: &verified };
    Ok(Outcome { report: report::markdown(&run, &findings), findings })
}

impl Bench {
    async fn start(args: &Args) -> Result<Self> {
        eprintln!("starting an installation");
        // One tenant waits for all, who might have half.
        let variables = vec![("QUITTANCE_WAITS_MAX", "1000000".to_owned())];
        let mut installation = Installation::prepare("bench", Options { variables })?;
        // It logs every charge, which a gateway of somebody else's would not do at our expense.
        installation.process(Part::Simulator).set("QUITTANCE_LOG", "warn");
        let paid = prepared(&mut installation, args.mode).await?;
        let groups = groups(&mut installation, args.mode.parts())?;
        let postgres = installation.postgres().await?;
        let payments = Arc::new(Payments::new(args.mode));
        let token = installation.tool(&["token", "--tenant", TENANT, "--role", "merchant", "--ttl", "7d"])?;
        let address = format!("127.0.0.1:{}", installation.process(Part::Ingest).port).parse()?;
        let load = Load::new(
            address,
            args.connections_max,
            token.trim(),
            Arc::clone(&payments),
            if args.mode == Mode::Read { paid } else { Vec::new() },
        )?;
        let watchers = watch(&installation, args.mode, &payments).await?;
        Ok(Self { installation, payments, load: Arc::new(load), postgres, groups, watchers, due: 0 })
    }

    /// Every rate that was asked for, one after the other.
    async fn steps(&mut self, args: &Args) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::new();
        for &rate in &args.rate {
            steps.push(self.step(args, rate).await?);
            if steps.last().is_some_and(|step| step.unsettled > 0) {
                eprintln!("payments of this step did not settle: no further step");
                break;
            }
        }
        Ok(steps)
    }

    async fn search(&mut self, args: &Args, search: &mut Search) -> Result<Vec<Step>> {
        let mut steps: Vec<Step> = Vec::new();
        while let Some(rate) = search.next() {
            if self.due + args.schedule(rate).arrivals() > PAYMENTS_MAX {
                eprintln!("a run has at most {PAYMENTS_MAX} payments: the search ends before {rate}/s");
                break;
            }
            let step = self.step(args, rate).await?;
            search.tell(rate, step.is_sustained());
            let did_settle = step.unsettled == 0;
            steps.push(step);
            if !did_settle {
                eprintln!("payments of this step did not settle: no further step");
                break;
            }
        }
        Ok(steps)
    }

    async fn step(&mut self, args: &Args, rate: u32) -> Result<Step> {
        let schedule = args.schedule(rate);
        eprintln!("{rate}/s for {} + {} s", schedule.warmup_seconds, schedule.seconds);
        let step = step::run(self, schedule, self.due).await?;
        self.due += schedule.arrivals();
        if let Some(ended) = self.watchers.try_join_next() {
            ended.context("a watcher")?.context("a watcher")?;
            bail!("a watcher has ended");
        }
        eprintln!("{}", step.summary());
        Ok(step)
    }
}

/// Has everything run that takes part, and nothing else. Gives the paths of the payments that were paid beforehand.
async fn prepared(installation: &mut Installation, mode: Mode) -> Result<Vec<Uri>> {
    let count = mode.beforehand();
    let first = if count > 0 { &Part::ALL } else { mode.parts() };
    for &part in first {
        installation.process(part).start()?;
    }
    for &part in first {
        installation.process(part).ready(READY_WITHIN).await?;
    }
    let paid = settled(installation, count).await?;
    for part in first.iter().filter(|part| !mode.parts().contains(part)) {
        let process = installation.process(*part);
        process.signal("TERM")?;
        process.ended(READY_WITHIN).await?;
    }
    Ok(paid)
}

/// Payments that are settled, by their paths.
async fn settled(installation: &Installation, count: usize) -> Result<Vec<Uri>> {
    let client = installation.client(TENANT)?;
    let body = payment(1_250, "tok_approve");
    let pay = || async {
        let id = client.acknowledged(&Uuid::new_v4().to_string(), &body, READY_WITHIN).await?;
        client.settled(&id, READY_WITHIN).await?;
        anyhow::Ok(format!("/v1/payments/{id}").parse()?)
    };
    futures::stream::iter(0..count).map(|_| pay()).buffer_unordered(AT_A_TIME).try_collect().await
}

async fn watch(installation: &Installation, mode: Mode, payments: &Arc<Payments>) -> Result<JoinSet<Result<()>>> {
    let connection = installation.redis().await?;
    let tenant: Tenant = TENANT.parse()?;
    let watcher = Watcher::new(connection, &installation.prefix, tenant, Arc::clone(payments));
    let mut watchers = JoinSet::new();
    watchers.spawn(watcher.clone().look_around());
    if mode == Mode::Decided {
        let decider = Decider::shown(installation).await?;
        watchers.spawn(decider.decide(installation.kafka()?, installation.registry()?));
    }
    if mode == Mode::Async {
        let client = redis::Client::open(installation.stack.variable("QUITTANCE_REDIS_URL")?)?;
        watchers.spawn(watcher.follow_notices(client));
    }
    Ok(watchers)
}

/// Everybody who takes part.
fn groups(installation: &mut Installation, parts: &[Part]) -> Result<Vec<Group>> {
    let group = |name: &str, pid| Group { name: name.to_owned(), pid, with_children: false };
    let mut groups = Vec::new();
    for (part, name) in [
        (Part::Ingest, "ingest"),
        (Part::Processor, "processor payments"),
        (Part::Gateway, "sink gateway"),
        (Part::Postgres, "sink postgres"),
        (Part::Redis, "sink redis"),
        (Part::Simulator, "simulator (the gateway)"),
    ] {
        if !parts.contains(&part) {
            continue;
        }
        groups.push(group(name, installation.process(part).pid().context("every process was started")?));
    }
    for (server, name) in [(Server::Kafka, "Kafka"), (Server::Registry, "registry"), (Server::Redis, "Redis")] {
        groups.push(group(name, installation.stack.pid(server)?));
    }
    let postgres = installation.stack.pid(Server::Postgres)?;
    groups.push(Group { name: "Postgres".to_owned(), pid: postgres, with_children: true });
    groups.push(group("load generator", std::process::id()));
    Ok(groups)
}
