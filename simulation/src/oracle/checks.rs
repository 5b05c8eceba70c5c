//! What has to hold, one by one.

use std::collections::{BTreeMap, BTreeSet};

use quittance_avro::{
    ids::CommandId,
    records::{
        Attempt, Bytes, CreatePayment, DeadLetter, GatewayEffect, GatewayResult, Operation, Outcome, PaymentChangelog,
        PaymentCreated, PaymentState, Record, Timer, Transfer,
    },
    topics::Topic,
    words::{AccountPurpose, OperationKind, OperationStatus, PaymentStatus, Side, TimerKind},
};
use quittance_log::Isolation;

use super::{Asked, Figures, decoded, records};
use crate::{
    client::{self, Kind, RULES_KEY},
    topics,
    world::World,
};

/// Events have each sequence once, from 1 on without a gap, in the order of the log, and states stand in the order of theirs.
pub(super) fn sequences(world: &World) -> Result<BTreeMap<String, Vec<PaymentState>>, String> {
    let mut next: BTreeMap<String, i64> = BTreeMap::new();
    for record in records(world, Topic::PaymentEvents) {
        let value = record.value.as_deref().unwrap_or_default();
        let (_, event) = world.parts.decoder().json(value).map_err(|error| error.to_string())?;
        let envelope = &event["envelope"];
        let id = envelope["aggregate_id"].as_str().unwrap_or_default().to_owned();
        let expected = next.entry(id.clone()).or_insert(1);
        if envelope["sequence"].as_i64() != Some(*expected) {
            return Err(format!("{id}: event {} stands where {expected} should", envelope["sequence"]));
        }
        *expected += 1;
    }
    let mut states: BTreeMap<String, Vec<PaymentState>> = BTreeMap::new();
    for (_, state) in decoded::<PaymentState>(world, Topic::PaymentState) {
        let (id, sequence) = (state.envelope.aggregate_id.clone(), state.envelope.sequence);
        let states = states.entry(id.clone()).or_default();
        let before = states.last().and_then(|before| before.envelope.sequence);
        if sequence <= before {
            return Err(format!("{id}: a state of sequence {sequence:?} stands behind one of {before:?}"));
        }
        states.push(state);
    }
    for (id, next) in &next {
        let last = states.get(id).and_then(|states| states.last()?.envelope.sequence);
        if last != Some(next - 1) {
            return Err(format!("{id}: its state is of sequence {last:?}, its events go up to {}", next - 1));
        }
    }
    if states.len() != next.len() {
        return Err(format!("{} payments have states, {} have events", states.len(), next.len()));
    }
    Ok(states)
}

/// What was made public is what was kept: the last state, and all before it where none was compacted away.
pub(super) fn published(
    id: &str,
    kept: &[PaymentChangelog],
    public: &[PaymentState],
    is_whole: bool,
) -> Result<(), String> {
    let (last_kept, last_public) = (kept.last().map(|kept| told(&kept.state)), public.last().map(told));
    if last_public != last_kept {
        return Err(format!("{id}: the public state is {last_public:?}, the private one {last_kept:?}"));
    }
    // Private things may change alone; the public state stays that of its sequence.
    let mut sequences: Vec<_> = kept.iter().map(|kept| kept.state.envelope.sequence).collect();
    sequences.dedup();
    let told: Vec<_> = public.iter().map(|state| state.envelope.sequence).collect();
    if is_whole && told != sequences {
        return Err(format!("{id}: states of {told:?} are public, of {sequences:?} private"));
    }
    Ok(())
}

/// A state without what attempts note for themselves, which may change without anything having happened.
fn told(state: &PaymentState) -> PaymentState {
    let mut told = state.clone();
    for operation in &mut told.operations {
        for attempt in &mut operation.attempts {
            (attempt.tries, attempt.queries, attempt.unknowns, attempt.verifications) = (0, 0, 0, 0);
            (attempt.last_effect_id, attempt.accepted, attempt.ambiguous) = (None, false, false);
            (attempt.contradicted, attempt.noticed) = (false, false);
            (attempt.updated_at, attempt.as_of) = Default::default();
            (attempt.last_not_after, attempt.started_at) = Default::default();
            attempt.details = None;
        }
        operation.gateway_reference = None;
    }
    told
}

/// No payment was routed by older rules than those that its request was read by.
pub(super) fn routings(world: &World) -> Result<(), String> {
    let commands = decoded_if::<CreatePayment>(world, Topic::PaymentCommands);
    let read_by = commands.map(|asked| (asked.envelope.aggregate_id.clone(), asked.configuration_version));
    let read_by: BTreeMap<String, i64> = read_by.collect();
    let configured = world.model.records(&topics::at(Topic::Configuration, 0), Isolation::Committed);
    let is_rules = |record: &quittance_log::Record| record.key.as_deref() == Some(RULES_KEY.as_bytes());
    let rules: Vec<i64> = configured.iter().filter(|record| is_rules(record)).map(|record| record.offset + 1).collect();
    for created in decoded_if::<PaymentCreated>(world, Topic::PaymentEvents) {
        let id = &created.envelope.aggregate_id;
        let version = created.routing.as_ref().map_or(0, |routing| routing.version);
        let read_by = read_by.get(id).ok_or_else(|| format!("{id} was never asked for"))?;
        let least = rules.iter().filter(|rules| *rules <= read_by).max().copied().unwrap_or(0);
        if version < least {
            return Err(format!("{id} was routed by version {version}, and read by {least}"));
        }
    }
    Ok(())
}

/// The records of a topic that are of this kind.
fn decoded_if<R: Record>(world: &World, topic: Topic) -> impl Iterator<Item = R> {
    let decode = |record: quittance_log::Record| {
        world.parts.decoder().decode::<R>(record.value.as_deref().unwrap_or_default()).ok()
    };
    records(world, topic).into_iter().filter_map(decode)
}

/// Every command record is answered exactly once.
pub(super) fn outcomes(world: &World) -> Result<BTreeMap<String, BTreeSet<String>>, String> {
    let mut told: BTreeMap<CommandId, usize> = BTreeMap::new();
    let mut said: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, outcome) in decoded::<Outcome>(world, Topic::PaymentOutcomes) {
        *told.entry(outcome.command_id).or_default() += 1;
        if client::is_plain(&outcome.envelope.aggregate_id) {
            let what = format!("{:?} {:?} {:?}", outcome.status, outcome.sequence, outcome.code);
            said.entry(outcome.command_id.to_string()).or_default().insert(what);
        }
        let is_stranger = outcome.envelope.tenant.as_str() == "rival";
        if is_stranger && outcome.code.as_deref() != Some("not_found") {
            return Err(format!("a stranger is told {:?} of {}", outcome.code, outcome.envelope.aggregate_id));
        }
    }
    let mut asked: BTreeMap<CommandId, usize> = BTreeMap::new();
    for record in &world.asked {
        match record.kind {
            Kind::Command(id) | Kind::Stranger(id) => *asked.entry(id).or_default() += 1,
            Kind::Poison(_) | Kind::Aborted | Kind::Configured => {}
        }
    }
    if told != asked {
        let differs = asked.iter().find(|(id, count)| told.get(id) != Some(count));
        return Err(format!("commands are answered too often or not at all: {differs:?}, {told:?}"));
    }
    Ok(said)
}

/// Every poison is buried once and as it is, for the right reason, and nothing else is.
pub(super) fn dead_letters(world: &World) -> Result<(), String> {
    let mut letters: BTreeMap<(String, i32, i64), Vec<DeadLetter>> = BTreeMap::new();
    for (_, letter) in decoded::<DeadLetter>(world, Topic::ProcessorPaymentsDeadLetters) {
        letters.entry((letter.topic.clone(), letter.partition, letter.offset)).or_default().push(letter);
    }
    for Asked { at, offset, kind } in &world.asked {
        let Kind::Poison(reason) = kind else { continue };
        let found = letters.remove(&(at.topic.to_string(), at.partition, *offset)).unwrap_or_default();
        let [letter] = found.as_slice() else {
            return Err(format!("poison at {at}@{offset} is {} times in the dead letters", found.len()));
        };
        if letter.reason != *reason {
            return Err(format!("poison at {at}@{offset} is buried as {}, and is {reason}", letter.reason));
        }
        let record = world.model.records(at, Isolation::Committed).into_iter().find(|record| record.offset == *offset);
        let is_whole = record.is_some_and(|record| {
            let value = |bytes: &Option<Bytes>| bytes.as_ref().map(|bytes| bytes.0.clone());
            let headers = letter.headers.iter().map(|header| (header.key.clone(), value(&header.value)));
            let headers: Vec<_> = headers.collect();
            (value(&letter.key), value(&letter.value), headers) == (record.key, record.value, record.headers.0)
        });
        if !is_whole {
            return Err(format!("poison at {at}@{offset} is not in its dead letter as it is"));
        }
    }
    match letters.first_key_value() {
        None => Ok(()),
        Some((place, _)) => Err(format!("in the dead letters, and no poison: {place:?}")),
    }
}

/// Every effect stands once, under its attempt's number, and the sink has read it.
pub(super) fn effects(world: &World, changelog: &BTreeMap<String, Vec<PaymentChangelog>>) -> Result<(), String> {
    let mut issued: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut tries = BTreeSet::new();
    for (record, effect) in decoded::<GatewayEffect>(world, Topic::PaymentGatewayEffects) {
        let id = effect.envelope.id.clone();
        if !issued.entry(effect.attempt_id.to_string()).or_default().insert(id.clone()) {
            return Err(format!("{id} is issued twice, again at {}@{}", record.at, record.offset));
        }
        if !tries.insert((effect.attempt_id.to_string(), effect.kind.as_str(), effect.try_number)) {
            return Err(format!("{id} is try {} of an attempt that had it before", effect.try_number));
        }
        if !world.gateway.effects_read.contains(&id) {
            return Err(format!("{id} never reached the sink"));
        }
    }
    for (payment, states) in changelog {
        let Some(last) = states.last() else { continue };
        // A success that nobody wants has an operation of its own with the same attempt, which goes on there.
        let all = last.state.operations.iter().flat_map(|operation| &operation.attempts);
        let latest: BTreeMap<_, _> = all.map(|attempt| (attempt.id, attempt)).collect();
        for attempt in latest.into_values() {
            let count = issued.remove(&attempt.id.to_string()).map_or(0, |ids| ids.len());
            let wanted = usize::try_from(attempt.tries + attempt.queries).unwrap_or(0);
            if count != wanted {
                return Err(format!("{payment} asked for {wanted} effects, {count} stand in the log"));
            }
        }
    }
    match issued.first_key_value() {
        None => Ok(()),
        Some((attempt, effects)) => Err(format!("{attempt} has effects {effects:?} and no payment knows it")),
    }
}

/// Processes end when they are killed, told to, fenced, or let down by their store.
pub(super) fn ends(world: &World) -> Result<(), String> {
    match world.wrong_ends.first() {
        None => Ok(()),
        Some(why) => Err(format!("a process ended: {why}")),
    }
}

/// No timer ended more processes than it takes to be known. Each slot notes by itself, and forgets with an orderly end or with a
/// second process in it.
pub(super) fn deaths(world: &World) -> Result<(), String> {
    let plan = &world.plan;
    let slots = u32::try_from(plan.instances).unwrap_or(u32::MAX);
    let most = 2 * (slots + world.orderly_ends + 4 * plan.faults.twins);
    match world.deaths.iter().find(|(_, deaths)| **deaths > most) {
        None => Ok(()),
        Some(((key, due_ms), deaths)) => {
            Err(format!("{deaths} processes died of the timer of {key} that was due at {due_ms}, and {most} may have"))
        }
    }
}

/// No timer overtook a result that was in the log when it became due.
pub(super) fn timers(world: &World, changelog: &BTreeMap<String, Vec<PaymentChangelog>>) -> Result<(), String> {
    let mut first: BTreeMap<String, i64> = BTreeMap::new();
    for record in records(world, Topic::PaymentResults) {
        // What cannot be read is poison.
        let read = world.parts.decoder().decode::<GatewayResult>(record.value.as_deref().unwrap_or_default());
        let Ok(result) = read else { continue };
        let written_ms = record.timestamp_ms.unwrap_or(i64::MAX);
        first.entry(result.effect_id.to_string()).or_insert(written_ms);
    }
    for (payment, states) in changelog {
        for pair in states.windows(2) {
            let [before, after] = pair else { continue };
            for timer in before.timers.iter().filter(|timer| timer.kind == TimerKind::TryLost) {
                let Some((was, is)) = attempt(before, timer).zip(attempt(after, timer)) else { continue };
                // Of one that waits for its gateway or its customer, the next query may be asked for at any time.
                let Some(awaited) = was.last_effect_id.filter(|_| !was.accepted && !is.accepted) else { continue };
                let has_fired = is.last_effect_id != Some(awaited);
                let written_ms = first.get(&awaited.to_string()).copied().unwrap_or(i64::MAX);
                if has_fired && written_ms <= timer.due_at.as_ms() {
                    let due_ms = timer.due_at.as_ms();
                    return Err(format!(
                        "{payment}: a timer due at {due_ms} fired before the result of {awaited}, written at {written_ms}"
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The attempt that a timer is about.
fn attempt<'s>(state: &'s PaymentChangelog, timer: &Timer) -> Option<&'s Attempt> {
    let mut attempts = state.state.operations.iter().flat_map(|operation| &operation.attempts);
    attempts.find(|attempt| Some(attempt.id) == timer.attempt_id)
}

/// What the ledger holds of each payment: what gateways owe us, what we owe the merchant, what nobody wants; minor units, debits
/// less credits.
pub(super) type Balances = [i64; 4];

/// Every transfer stands once and balances.
pub(super) fn ledger(world: &World) -> Result<BTreeMap<String, Balances>, String> {
    let mut ids = BTreeSet::new();
    let mut ledger: BTreeMap<String, Balances> = BTreeMap::new();
    for (_, transfer) in decoded::<Transfer>(world, Topic::LedgerTransfers) {
        let id = &transfer.envelope.id;
        if !ids.insert(id.clone()) {
            return Err(format!("{id} is posted twice"));
        }
        let balances = ledger.entry(transfer.envelope.aggregate_id.clone()).or_default();
        let mut sum = 0;
        for posting in &transfer.postings {
            let amount = match posting.side {
                Side::Debit => posting.amount.get(),
                Side::Credit => -posting.amount.get(),
            };
            let place = match posting.purpose {
                AccountPurpose::GatewayReceivable => 0,
                AccountPurpose::MerchantPayable => 1,
                AccountPurpose::Suspense => 2,
                AccountPurpose::PlatformFees => 3,
            };
            balances[place] += amount;
            sum += amount;
        }
        if sum != 0 {
            return Err(format!("{id} does not balance"));
        }
    }
    Ok(ledger)
}

/// The amounts of a payment's operations of a kind that succeeded: those that are wanted, and those that are not.
fn done(kept: &PaymentChangelog, kind: OperationKind) -> (i64, i64) {
    let of_kind = kept.state.operations.iter().filter(|found| found.kind == kind);
    let succeeded = of_kind.filter(|found| found.status == OperationStatus::Succeeded);
    let (unwanted, wanted): (Vec<_>, Vec<_>) = succeeded.partition(|found| found.unwanted);
    let sum = |found: Vec<&Operation>| found.iter().map(|found| found.amount.get()).sum();
    (sum(wanted), sum(unwanted))
}

/// What the merchant has paid for a payment.
fn fees(kept: &PaymentChangelog) -> i64 {
    let done = kept.state.operations.iter().filter(|found| found.status == OperationStatus::Succeeded);
    let fee = |found: &Operation| match (found.fee_amount, found.kind) {
        (Some(fee), OperationKind::Refund) => -fee.get(),
        (Some(fee), _) => fee.get(),
        (None, _) => 0,
    };
    done.map(fee).sum()
}

/// The ledger says of a payment what its operations say.
pub(super) fn posted(
    id: &str,
    kept: &PaymentChangelog,
    [receivable, payable, suspense, paid]: Balances,
) -> Result<(), String> {
    let (captured, refunded) = (done(kept, OperationKind::Capture), done(kept, OperationKind::Refund));
    let (wanted, unwanted) = (captured.0 - refunded.0, captured.1 - refunded.1);
    let fees = fees(kept);
    if (receivable, payable, suspense, paid) == (wanted + unwanted, fees - wanted, -unwanted, -fees) {
        return Ok(());
    }
    Err(format!(
        "{id} has {wanted} and {unwanted} unwanted, and {fees} of fees; \
         its ledger has {receivable}, {payable}, {suspense}, {paid}"
    ))
}

/// At no time was it processing with nothing that would ever move it.
pub(super) fn moves(id: &str, states: &[PaymentChangelog]) -> Result<(), String> {
    let is_stuck = |kept: &&PaymentChangelog| {
        let state = &kept.state;
        state.status == PaymentStatus::Processing && kept.timers.is_empty() && state.review.is_none()
    };
    match states.iter().find(is_stuck) {
        None => Ok(()),
        Some(kept) => {
            Err(format!("{id} is processing at {:?}, and nothing will ever move it", kept.state.envelope.sequence))
        }
    }
}

/// A payment's operations in a line, for a person.
fn operations(kept: &PaymentChangelog) -> String {
    let operation = |found: &Operation| {
        let word = if found.unwanted { "unwanted " } else { "" };
        format!("{word}{} of {} {} by {}", found.kind, found.amount, found.status, found.origin)
    };
    let all: Vec<String> = kept.state.operations.iter().map(operation).collect();
    let token = kept.state.payment_method.tokens.first().map_or("", |token| &token.token);
    format!("{token} {}, {}", kept.state.status, all.join(", "))
}

/// What we say of a payment is what the gateway did, to the cent, or a person finds out.
pub(super) fn money(world: &World, id: &str, kept: &PaymentChangelog) -> Result<Figures, String> {
    let state = &kept.state;
    let lines: Vec<_> =
        world.gateway.books.lines().into_iter().filter(|line| line.payment_id.as_deref() == Some(id)).collect();
    let figures = Figures {
        status: state.status,
        authorized: state.authorized_amount.get(),
        captured: state.captured_amount.get(),
        refunded: state.refunded_amount.get(),
        is_under_review: state.review.is_some(),
        is_processed: !lines.is_empty(),
    };
    let attempts: BTreeSet<_> = lines.iter().filter_map(|line| line.attempt_id.clone()).collect();
    if attempts.len() != lines.len() {
        return Err(format!("{id} was carried out twice under one key: {lines:?}"));
    }
    let faults = &world.plan.faults;
    // A gateway that takes back whatever it did takes a person.
    let is_fickle = state.payment_method.tokens.iter().any(|token| token.token.ends_with("_fails"));
    if state.review.is_some() && faults.gateway == 0 && faults.clock == 0 && !is_fickle {
        let (reason, all) = (state.review.as_ref().map(|review| review.reason), operations(kept));
        return Err(format!(
            "{id} is under review ({reason:?}), and nothing went wrong at the gateway or with a clock: {all}"
        ));
    }
    let theirs =
        (lines.iter().map(|line| line.captured).sum::<i64>(), lines.iter().map(|line| line.refunded).sum::<i64>());
    let (captured, refunded) = (done(kept, OperationKind::Capture), done(kept, OperationKind::Refund));
    let ours = (captured.0 + captured.1, refunded.0 + refunded.1);
    if state.review.is_none() && ours != theirs {
        let all = operations(kept);
        return Err(format!("{id}: captured and refunded {ours:?} by us, {theirs:?} at the gateway: {all}"));
    }
    Ok(figures)
}
