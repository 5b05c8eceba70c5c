//! What has to hold when a run is over, whatever went wrong in it.

mod checks;

use std::collections::{BTreeMap, BTreeSet};

use quittance_avro::{
    records::{PaymentChangelog, Timer},
    topics::Topic,
    words::{PaymentStatus, TimerKind},
};
use quittance_log::{Isolation, Record, TopicPartition};

use crate::{
    client::{self, Kind},
    topics,
    world::World,
};

/// A record that a client wrote.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) at: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) kind: Kind,
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ending {
    /// By payment.
    pub(crate) payments: BTreeMap<String, Figures>,
    /// By command: what its outcomes say.
    pub(crate) outcomes: BTreeMap<String, BTreeSet<String>>,
}

/// A payment in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) status: PaymentStatus,
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) is_under_review: bool,
    /// Whether the gateway has carried it out.
    pub(crate) is_processed: bool,
}

/// Whether nothing is left to be done: every input read, no timer pending, no effect unread.
pub(crate) fn is_settled(world: &World) -> bool {
    unread(world).is_empty()
        && world.model.transactions().is_empty()
        && world.gateway.is_at_rest(world.plan.partitions)
        && pending(world).is_empty()
}

/// What is left to be done, for a person.
pub(crate) fn unsettled(world: &World) -> String {
    format!(
        "pending {:?}; unread {:?}; transactions {:?}; the gateway is at rest: {}",
        pending(world),
        unread(world),
        world.model.transactions(),
        world.gateway.is_at_rest(world.plan.partitions)
    )
}

/// Where records stand that the processors have not read, with the offset to be read next.
fn unread(world: &World) -> Vec<String> {
    let committed = world.model.committed(&World::group());
    let topics = [Topic::PaymentCommands, Topic::PaymentResults];
    let partitions = topics
        .into_iter()
        .flat_map(|topic| (0..world.plan.partitions).map(move |partition| topics::at(topic, partition)));
    let unread = partitions.filter_map(|at| {
        // What came to nothing is not to be read.
        let last = world.model.records(&at, Isolation::Committed).last().map_or(-1, |record| record.offset);
        let next = committed.get(&at).map_or(0, |committed| committed.offset);
        (next <= last).then(|| format!("{at}@{next} of {last}"))
    });
    unread.collect()
}

/// Payments that wait for something.
fn pending(world: &World) -> Vec<String> {
    let latest = changelog(world);
    // What is authorized may stay so for a week, and a customer has a quarter of an hour, in which the gateway is asked now and
    // then.
    let is_short = |timer: &Timer, is_to_act: bool| match timer.kind {
        TimerKind::TryLost => true,
        TimerKind::Retry => !is_to_act,
        TimerKind::AuthorizationExpiry | TimerKind::ActionExpiry => false,
    };
    let waits =
        |state: &PaymentChangelog| state.timers.iter().any(|timer| is_short(timer, state.state.next_action.is_some()));
    let pending = latest.values().filter(|states| states.last().is_some_and(waits));
    pending.filter_map(|states| Some(states.last()?.state.envelope.aggregate_id.clone())).collect()
}

fn records(world: &World, topic: Topic) -> Vec<Record> {
    let partitions = (0..world.plan.partitions).map(|partition| topics::at(topic, partition));
    partitions.flat_map(|at| world.model.records(&at, Isolation::Committed)).collect()
}

fn decoded<R: quittance_avro::records::Record>(world: &World, topic: Topic) -> Vec<(Record, R)> {
    let decode = |record: Record| {
        let says = world.parts.decoder().decode(record.value.as_deref().unwrap_or_default());
        (record, says.expect("what we write can be read"))
    };
    records(world, topic).into_iter().map(decode).collect()
}

/// The states of each payment, in order, as far as the changelog still has them.
fn changelog(world: &World) -> BTreeMap<String, Vec<PaymentChangelog>> {
    let mut states: BTreeMap<String, Vec<PaymentChangelog>> = BTreeMap::new();
    for record in records(world, Topic::PaymentChangelog) {
        // That a creation was refused is kept there, too, and then that it is not any more.
        let Some(value) = &record.value else { continue };
        let decoder = world.parts.decoder();
        if decoder.name_of(value).is_ok_and(|name| name == <PaymentChangelog as quittance_avro::records::Record>::NAME)
        {
            let state: PaymentChangelog = decoder.decode(value).expect("what we write can be read");
            states.entry(state.state.envelope.aggregate_id.clone()).or_default().push(state);
        }
    }
    states
}

/// Holds a run that is over against everything that has to hold, and says what it came to.
pub(crate) fn judge(world: &World) -> Result<Ending, String> {
    let changelog = changelog(world);
    let states = checks::sequences(world)?;
    let outcomes = checks::outcomes(world)?;
    checks::dead_letters(world)?;
    checks::routings(world)?;
    checks::effects(world, &changelog)?;
    checks::ends(world)?;
    checks::deaths(world)?;
    if !world.plan.faults.compaction && world.plan.faults.clock == 0 {
        checks::timers(world, &changelog)?;
    }
    let ledger = checks::ledger(world)?;
    let mut ending = Ending { outcomes, ..Ending::default() };
    for (id, kept) in &changelog {
        checks::moves(id, kept)?;
        let public = states.get(id).ok_or_else(|| format!("{id} has a changelog and no state"))?;
        checks::published(id, kept, public, !world.plan.faults.compaction)?;
        let last = kept.last().ok_or("a payment without a state")?;
        checks::posted(id, last, ledger.get(id).copied().unwrap_or_default())?;
        ending.payments.insert(id.clone(), checks::money(world, id, last)?);
    }
    Ok(ending)
}

/// Outputs that have to be the same in a run in which nothing went wrong. What becomes of a payment that is captured, refunded
/// or canceled at the very moment at which something happens to it depends on which comes first; those are held against
/// the gateway's books alone.
pub(crate) fn compare(with: &Ending, without: &Ending) -> Result<(), String> {
    if with.payments.keys().ne(without.payments.keys()) {
        return Err("not the same payments as without faults".to_owned());
    }
    for (id, figures) in &with.payments {
        let plain = &without.payments[id];
        let is_comparable = client::is_plain(id) && figures.is_processed && !figures.is_under_review;
        if is_comparable && figures != plain {
            return Err(format!("{id} is {figures:?}, and without faults {plain:?}"));
        }
    }
    if with.outcomes != without.outcomes {
        let differs = with.outcomes.iter().find(|(id, said)| without.outcomes.get(*id) != Some(said));
        return Err(format!("an outcome is not that without faults: {differs:?}"));
    }
    Ok(())
}
