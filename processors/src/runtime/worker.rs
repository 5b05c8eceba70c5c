//! The loop: poll, decide, commit. A worker is a value with [`Worker::step`]; a thread only drives it.

mod commit;
mod horizon;
mod input;
mod obstacle;
mod tables;
mod takeover;
mod timers;
mod trouble;
mod unknown;
mod watch;
mod write;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use quittance_avro::{records::DeadLetter, wire::Encoder};
use quittance_log::{Event, Log, LogError, Member, Membership, TopicPartition};
use quittance_service::{
    backoff::Backoff,
    health::{Heartbeat, Latch},
};
use rand::{SeedableRng, rngs::SmallRng};

pub use self::trouble::Fatal;
use self::{
    horizon::LookAhead, obstacle::Obstructed, tables::Tables, takeover::TakeOver, trouble::Trouble, unknown::Unknown,
    watch::Watch,
};
use super::{
    inbox::{Flow, Inbox},
    metrics::RuntimeMetrics,
    partition::Partition,
    processor::{Class, Processor},
    store::{Store, StoreError},
    suspects::{Notepad, Suspects},
    time::{Next, Now},
    window::Window,
};

/// How long to wait for input when there is nothing else to do.
const IDLE_POLL: Duration = Duration::from_millis(50);
/// How long to wait for input while the shared tables are read for the first time.
const TABLES_POLL: Duration = Duration::from_millis(5);
/// So many inputs may be dealt with before it is looked for results that came in meanwhile.
const INPUTS_BEFORE_A_LOOK: usize = 64;
/// How much is taken in at one look.
const RECORDS_PER_LOOK: usize = 512;

/// What a worker is made of.
pub struct Settings {
    /// Who it is in its group.
    pub membership: Membership,
    /// Stands in the transactional ids: the instance's slot and the worker's number.
    pub name: String,
    /// Unique for every start of a process; window ids begin with it.
    pub incarnation: String,
    /// Name of the part, for dead letters.
    pub part: &'static str,
    /// Name of the topic for dead letters.
    pub dead_letters: Arc<str>,
    /// Writes them.
    pub dead_letter_encoder: Encoder<DeadLetter>,
    /// What it shows of itself.
    pub metrics: RuntimeMetrics,
    /// Ready while the partitions are restored and transactions end well.
    pub latch: Latch,
    /// Beats on every step.
    pub heartbeat: Heartbeat,
    /// The largest record that the topics of its outputs take, bytes.
    pub record_bytes_max: usize,
    /// The largest that the topic for dead letters takes, bytes.
    pub dead_letter_bytes_max: usize,
    /// Spreads the times at which workers come back to a server.
    pub seed: u64,
}

/// Makes the store of a partition.
pub type Stores<S> = Box<dyn FnMut(i32) -> Result<Box<dyn Store<S>>, StoreError>>;

/// Exactly-once processing of the partitions that the group assigns.
pub struct Worker<P: Processor, L: Log> {
    processor: P,
    settings: Settings,
    log: L,
    stores: Stores<P::State>,
    suspects: Suspects,
    member: L::Member,
    /// Two ids used in turn: one can begin while the broker still writes the markers of the other.
    writers: Option<[L::Transactions; 2]>,
    turn: usize,
    /// Who we were in the group when the partitions were assigned; never refreshed, so that a window is fenced by any
    /// rebalance since. A client that was thrown out of an empty group may commit again as nobody, and must not.
    generation: Option<L::Generation>,
    windows: u64,
    phase: Phase<P::State, L>,
    partitions: BTreeMap<i32, Partition<P::State>>,
    inbox: Inbox,
    inputs_since_look: usize,
    window: Option<Window<P::State>>,
    /// The schema that was asked for last, if nobody will ever know it, and why.
    unlearnable: Option<(u32, String)>,
    /// An input that cannot be read now.
    obstacle: Obstructed,
    /// The group wants the partitions back.
    is_leaving: bool,
    look_ahead: LookAhead<L::Range>,
    /// The tables that it shares with all others.
    tables: Tables<L::Range>,
    /// The partition whose timers fired last.
    last_fired: i32,
    watch: Watch,
    now: Now,
    /// Nothing is done before.
    waits_until: Option<Duration>,
    backoff: Backoff,
    /// Windows that came to nothing since the last that did not.
    failures: u32,
    rng: SmallRng,
}

/// What a worker is about.
enum Phase<S, L: Log> {
    /// It waits to be assigned partitions.
    Unassigned,
    /// It makes its partitions ready.
    TakingOver(Box<TakeOver<S, L>>),
    /// It processes.
    Running,
    /// It finds out whether a window was committed.
    Resolving(Box<Unknown<S>>),
}

impl<P: Processor, L: Log> Worker<P, L> {
    /// Joins the group. Owns nothing yet.
    pub fn join(
        processor: P,
        log: L,
        settings: Settings,
        stores: Stores<P::State>,
        notepad: Box<dyn Notepad>,
    ) -> Result<Self, Fatal> {
        let topics: Vec<Arc<str>> = processor.inputs().iter().map(|source| Arc::clone(&source.topic)).collect();
        let member = log.join(&settings.membership, &topics)?;
        settings.latch.unready("no partitions are assigned");
        Ok(Self {
            inbox: Inbox::new(processor.inputs()),
            rng: SmallRng::seed_from_u64(settings.seed),
            suspects: Suspects::read(notepad).map_err(Fatal::Notepad)?,
            tables: Tables::new(processor.tables()),
            processor,
            settings,
            log,
            stores,
            member,
            writers: None,
            turn: 0,
            generation: None,
            windows: 0,
            phase: Phase::Unassigned,
            partitions: BTreeMap::new(),
            inputs_since_look: 0,
            window: None,
            unlearnable: None,
            obstacle: Obstructed::default(),
            is_leaving: false,
            look_ahead: LookAhead::default(),
            last_fired: -1,
            watch: Watch::default(),
            now: Now { wall_ms: i64::MIN, uptime: Duration::ZERO },
            waits_until: None,
            backoff: Backoff::default(),
            failures: 0,
        })
    }

    /// Does the next thing.
    ///
    /// # Errors
    /// When the process has to end. Nothing of what was not committed is lost: it is read again at the next start.
    pub fn step(&mut self, now: Now) -> Result<Next, Fatal> {
        self.settings.heartbeat.beat();
        self.tell_time(now);
        if let Some(until) = self.waits_until.filter(|until| now.uptime < *until) {
            return Ok(Next::Wait(until - now.uptime));
        }
        self.waits_until = None;
        match self.work() {
            Ok(()) | Err(Trouble::Again) => Ok(Next::Step),
            Err(Trouble::Later(why)) => Ok(Next::Wait(self.put_off(&why))),
            Err(Trouble::Fatal(error)) => Err(error),
        }
    }

    /// Ends the open window. How it ended the next start finds out, if it is not known now.
    pub fn stop(mut self) -> Result<(), Fatal> {
        self.is_leaving = true;
        match self.commit() {
            Ok(()) | Err(Trouble::Again | Trouble::Later(_)) => self.member.release()?,
            Err(Trouble::Fatal(error)) => return Err(error),
        }
        self.suspects.pardon_timers().map_err(Fatal::Notepad)
    }

    /// How many aggregates it holds, committed ones only.
    fn states(&self) -> usize {
        self.partitions.values().map(Partition::count).sum()
    }

    fn tell_time(&mut self, now: Now) {
        if now.wall_ms < self.now.wall_ms {
            self.partitions.values_mut().for_each(|partition| partition.set_back(now.wall_ms));
            if let Phase::TakingOver(taking) = &mut self.phase {
                taking.set_back(now.wall_ms);
            }
        }
        self.now = now;
    }

    fn work(&mut self) -> Result<(), Trouble> {
        if self.is_leaving {
            return self.leave();
        }
        match &self.phase {
            Phase::Resolving(_) => {
                self.look(Duration::ZERO)?;
                self.resolve()
            }
            Phase::Unassigned => self.look(IDLE_POLL),
            Phase::TakingOver(_) => {
                self.look(Duration::ZERO)?;
                self.take_over()
            }
            Phase::Running => self.run(),
        }
    }

    fn run(&mut self) -> Result<(), Trouble> {
        if !self.tables.are_read() {
            // The group is heard meanwhile, and may want the partitions back.
            self.look(TABLES_POLL)?;
            return self.refresh_tables();
        }
        if self.window.is_none() {
            self.refresh_tables()?;
        }
        let inputs_rest = self.obstacle.is_on(self.now.uptime);
        if inputs_rest || self.inbox.is_empty() || self.inputs_since_look >= INPUTS_BEFORE_A_LOOK {
            let is_idle = (inputs_rest || self.inbox.is_empty()) && self.window.is_none();
            self.look(if is_idle { self.patience() } else { Duration::ZERO })?;
        }
        if !inputs_rest {
            self.input()?;
        }
        if self.window.as_ref().is_some_and(|window| window.is_full(self.now.uptime)) {
            self.commit()?;
        }
        self.fire_timers()?;
        self.probe()?;
        self.watch()
    }

    /// Takes in what the log has, waiting for the first of it.
    fn look(&mut self, patience: Duration) -> Result<(), Trouble> {
        self.inputs_since_look = 0;
        let mut patience = patience;
        for _ in 0..RECORDS_PER_LOOK {
            match self.member.poll(patience)? {
                Event::Record(record) => self.inbox.push(record),
                Event::Idle => break,
                Event::Assigned(partitions) => return self.assigned(&partitions),
                Event::Revoked(_) => return self.give_back(),
                Event::Lost(partitions) => return self.lose(&partitions),
            }
            patience = Duration::ZERO;
            if self.inbox.is_high() {
                break;
            }
        }
        while let Some(flow) = self.inbox.flow() {
            match flow {
                Flow::Pause(class) => self.member.pause(&self.owned(class))?,
                Flow::Resume(class) => self.member.resume(&self.owned(class))?,
            }
        }
        Ok(())
    }

    fn owned(&self, class: Class) -> Vec<TopicPartition> {
        self.inbox.partitions(class, &self.partitions.keys().copied().collect::<Vec<_>>())
    }

    /// All partitions, from the one behind the `last` that had its turn.
    fn in_turn(&self, last: i32) -> impl Iterator<Item = (i32, &Partition<P::State>)> {
        let turn = self.partitions.range(last + 1..).chain(self.partitions.range(..=last));
        turn.map(|(&number, partition)| (number, partition))
    }

    /// Drops what was read and not processed.
    fn empty_inbox(&mut self) -> Result<(), LogError> {
        self.inputs_since_look = 0;
        for class in self.inbox.clear() {
            // Left paused, a partition that comes back would stay so.
            self.member.resume(&self.owned(class))?;
        }
        Ok(())
    }
}
