//! What only the model can show: faults by order, processes that die or stand still, and that a seed repeats.

use std::{cell::RefCell, collections::VecDeque, rc::Rc, sync::Arc, time::Duration};

use super::*;
use crate::{
    Ended, Event, Headers, Isolation, Log, LogError, Member, Membership, NewRecord, OffsetCommit, SendError,
    TopicPartition, Transactions,
};

/// What a call comes to, by the first of its lines that begins so; and whatever is done first.
type Plan = (&'static str, Box<dyn Fn(&Model, ProcessId) -> Fate>);

/// Answers calls by a plan, each part of it once, and keeps a trace.
#[derive(Clone, Default)]
struct Planned {
    plans: Rc<RefCell<VecDeque<Plan>>>,
    trace: Rc<RefCell<Vec<String>>>,
}

impl Planned {
    fn next(&self, call: &'static str, act: impl Fn(&Model, ProcessId) -> Fate + 'static) {
        self.plans.borrow_mut().push_back((call, Box::new(act)));
    }

    fn fate(&self, call: &'static str, fate: Fate) {
        self.next(call, move |_, _| fate);
    }
}

impl Driver for Planned {
    fn on_call(&self, model: &Model, process: ProcessId, call: &Call) -> Fate {
        let line = format!("{process}, {call}");
        self.trace.borrow_mut().push(line.clone());
        let plan = self.plans.borrow_mut().pop_front_if(|(pattern, _)| line.contains(*pattern));
        plan.map_or(Fate::Happens, |(_, act)| act(model, process))
    }

    fn wait(&self, model: &Model, process: ProcessId, until_ms: i64) {
        Prompt.wait(model, process, until_ms);
    }
}

const GROUP: &str = "group";
const SESSION: Duration = Duration::from_secs(6);

struct Bench {
    model: Model,
    plan: Planned,
}

impl Bench {
    fn new(seed: u64) -> Self {
        let plan = Planned::default();
        let settings = Settings { seed, early_once_in: 0, ..Settings::default() };
        let model = Model::new(settings, plan.clone());
        model.create_topic("in", 2, Cleanup::Delete);
        model.create_topic("out", 1, Cleanup::Compact);
        for partition in 0..2 {
            model.set_position(GROUP, &position(partition, 0, ""));
        }
        Self { model, plan }
    }

    /// A member that reads, and its process.
    fn member(&self, instance: &str) -> (ModelLog<'static>, ModelMember<'static>) {
        let log = self.model.process();
        let membership =
            Membership { group: GROUP.to_owned(), instance: instance.to_owned(), session_timeout: SESSION };
        let member = log.join(&membership, &[Arc::from("in")]).expect("joins");
        (log, member)
    }

    fn reading(&self, instance: &str) -> (ModelLog<'static>, ModelMember<'static>) {
        let (log, mut member) = self.member(instance);
        assert!(matches!(until(&mut member), Event::Assigned(_)));
        start(&mut member, 0);
        (log, member)
    }

    fn values(&self) -> Vec<String> {
        self.model.advance(Duration::from_secs(1));
        let records = self.model.records(&out(), Isolation::Committed);
        records
            .iter()
            .map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into())
            .collect()
    }

    fn position(&self) -> (i64, String) {
        self.model.advance(Duration::from_secs(1));
        let committed = &self.model.committed(GROUP)[&position(0, 0, "").at];
        (committed.offset, committed.metadata.clone())
    }
}

fn until(member: &mut ModelMember) -> Event {
    for _ in 0..100 {
        match member.poll(Duration::from_secs(1)).expect("polls") {
            Event::Idle => {}
            event => return event,
        }
    }
    panic!("nothing happens")
}

fn start(member: &mut ModelMember, offset: i64) {
    member.start(&[(position(0, 0, "").at, offset), (position(1, 0, "").at, offset)]).expect("starts");
}

fn out() -> TopicPartition {
    TopicPartition { topic: Arc::from("out"), partition: 0 }
}

fn record(value: &str) -> NewRecord {
    NewRecord {
        topic: Arc::from("out"),
        partition: Some(0),
        key: b"key".to_vec(),
        value: Some(value.into()),
        headers: Headers::default(),
    }
}

fn position(partition: i32, offset: i64, metadata: &str) -> OffsetCommit {
    let at = TopicPartition { topic: Arc::from("in"), partition };
    OffsetCommit { at, offset, metadata: metadata.to_owned() }
}

/// A whole transaction: a record and a position, both named so.
fn window(holder: &mut ModelTransactions, member: &ModelMember, offset: i64, name: &str) -> Ended {
    holder.begin().expect("begins");
    holder.send(&record(name)).expect("sends");
    holder.commit(&[position(0, offset, name)], &member.generation().expect("has one"))
}

#[test]
fn a_lost_end_is_unknown_and_nothing_of_it_is_there_after_a_takeover() {
    let bench = Bench::new(1);
    let (log, member) = bench.reading("a");
    let mut holder = log.take_over("id").expect("takes over");
    bench.plan.fate("end with a commit", Fate::Lost);
    assert!(matches!(window(&mut holder, &member, 1, "w"), Ended::Unknown(_)));
    assert!(holder.begin().is_err(), "it is to be dropped");
    log.take_over("id").expect("takes over");
    assert_eq!((bench.values(), bench.position()), (vec![], (0, String::new())));
}

#[test]
fn an_end_without_an_answer_is_unknown_and_all_of_it_is_there() {
    let bench = Bench::new(1);
    let (log, member) = bench.reading("a");
    let mut holder = log.take_over("id").expect("takes over");
    bench.plan.fate("end with a commit", Fate::Unanswered);
    assert!(matches!(window(&mut holder, &member, 1, "w"), Ended::Unknown(_)));
    log.take_over("id").expect("takes over");
    assert_eq!((bench.values(), bench.position()), (vec!["w".to_owned()], (1, "w".to_owned())));
}

#[test]
fn a_late_end_counts_unless_the_id_was_taken_over_meanwhile() {
    for is_taken_over in [false, true] {
        let bench = Bench::new(1);
        let (log, member) = bench.reading("a");
        let mut holder = log.take_over("id").expect("takes over");
        bench.plan.fate("end with a commit", Fate::Late(Duration::from_secs(2)));
        assert!(matches!(window(&mut holder, &member, 1, "late"), Ended::Unknown(_)));
        if is_taken_over {
            let mut next = log.take_over("id").expect("takes over");
            next.begin().expect("begins");
            next.send(&record("open")).expect("sends");
            bench.model.advance(Duration::from_secs(3));
            assert_eq!((bench.values(), bench.position()), (vec![], (0, String::new())));
        } else {
            bench.model.advance(Duration::from_secs(3));
            assert_eq!((bench.values(), bench.position()), (vec!["late".to_owned()], (1, "late".to_owned())));
        }
    }
}

#[test]
fn late_positions_count_for_the_next_transaction_of_the_same_holder() {
    let bench = Bench::new(1);
    let (log, member) = bench.reading("a");
    let mut holder = log.take_over("id").expect("takes over");
    bench.plan.fate("commit for group", Fate::Late(Duration::from_secs(2)));
    assert!(matches!(window(&mut holder, &member, 1, "late"), Ended::Aborted(_)));
    bench.plan.next("end with a commit", |model, _| {
        model.advance(Duration::from_secs(3));
        Fate::Happens
    });
    assert!(matches!(window(&mut holder, &member, 2, "next"), Ended::Committed));
    assert_eq!((bench.values(), bench.position()), (vec!["next".to_owned()], (1, "late".to_owned())));
}

#[test]
fn a_late_takeover_fences_whoever_holds_the_id_by_then() {
    let bench = Bench::new(1);
    let (log, member) = bench.reading("a");
    bench.plan.fate("take over", Fate::Late(Duration::from_secs(1)));
    assert!(matches!(log.take_over("id"), Err(LogError::Unavailable { .. })));
    let mut holder = log.take_over("id").expect("takes over");
    assert!(matches!(window(&mut holder, &member, 1, "before"), Ended::Committed));
    bench.model.advance(Duration::from_secs(1));
    assert!(matches!(window(&mut holder, &member, 2, "after"), Ended::Fenced(_)));
    assert_eq!((bench.values(), bench.position()), (vec!["before".to_owned()], (1, "before".to_owned())));
}

#[test]
fn a_batch_that_does_not_arrive_leaves_the_end_unknown() {
    for fate in [Fate::Lost, Fate::Unanswered, Fate::Late(Duration::from_secs(1))] {
        let bench = Bench::new(1);
        let (log, member) = bench.reading("a");
        let mut holder = log.take_over("id").expect("takes over");
        bench.plan.fate("produce", fate);
        assert!(matches!(window(&mut holder, &member, 1, "w"), Ended::Unknown(_)), "{fate:?}");
        bench.model.advance(Duration::from_secs(30));
        assert_eq!((bench.values(), bench.position()), (vec![], (0, String::new())), "{fate:?}: it timed out");
    }
}

#[test]
fn what_is_refused_is_aborted_and_the_holder_goes_on() {
    for call in ["add group", "commit for group", "add out", "produce", "end with a commit"] {
        let bench = Bench::new(1);
        let (log, member) = bench.reading("a");
        let mut holder = log.take_over("id").expect("takes over");
        bench.plan.fate(call, Fate::Refused);
        assert!(matches!(window(&mut holder, &member, 1, "refused"), Ended::Aborted(_)), "{call}");
        assert!(matches!(window(&mut holder, &member, 2, "next"), Ended::Committed), "{call}");
        assert_eq!((bench.values(), bench.position()), (vec!["next".to_owned()], (2, "next".to_owned())), "{call}");
    }
}

#[test]
fn a_process_that_dies_at_any_request_does_nothing_more() {
    for call in ["begin", "send to", "add group", "commit for", "add out", "produce", "end with"] {
        let bench = Bench::new(1);
        let (log, member) = bench.reading("a");
        let mut holder = log.take_over("id").expect("takes over");
        let generation = member.generation().expect("has one");
        bench.plan.next(call, |model, process| {
            model.kill(process);
            Fate::Happens
        });
        let began = holder.begin();
        assert_eq!(began.is_err(), call == "begin");
        let sent = holder.send(&record("w"));
        assert_eq!(matches!(sent, Err(SendError::Failed { .. })), call == "begin" || call == "send to");
        let ended = holder.commit(&[position(0, 1, "w")], &generation);
        assert!(matches!(ended, Ended::Unknown(_)), "{call}: {ended:?}");
        let trace = bench.plan.trace.borrow().len();
        assert!(member.generation().is_none() && matches!(holder.abort("late"), Ended::Unknown(_)));
        drop((holder, member, log));
        assert_eq!(bench.plan.trace.borrow().len(), trace, "{call}: nobody is asked about a dead process");
        bench.model.advance(Duration::from_secs(30));
        assert_eq!((bench.values(), bench.position()), (vec![], (0, String::new())), "{call}");
        assert_eq!(bench.model.transactions(), []);
    }
}

#[test]
fn a_zombie_whose_generation_was_accepted_in_time_commits_after_its_partitions_went_to_another() {
    let bench = Bench::new(1);
    let (log, member) = bench.reading("a");
    let mut holder = log.take_over("id").expect("takes over");
    bench.plan.next("end with", |model, process| {
        // It stands still until its session is over, and another has all partitions.
        model.pause(process);
        let other = model.process();
        let membership = Membership { group: GROUP.to_owned(), instance: "b".to_owned(), session_timeout: SESSION };
        let mut other = other.join(&membership, &[Arc::from("in")]).expect("joins");
        assert!(matches!(until(&mut other), Event::Assigned(all) if all.len() == 2));
        assert!(matches!(other.committed(&[position(0, 0, "").at]), Err(LogError::Unavailable { .. })));
        model.unpause(process);
        Fate::Happens
    });
    assert!(matches!(window(&mut holder, &member, 1, "zombie"), Ended::Committed));
    assert_eq!((bench.values(), bench.position()), (vec!["zombie".to_owned()], (1, "zombie".to_owned())));
    let ended = window(&mut holder, &member, 2, "too late");
    assert!(matches!(ended, Ended::Aborted(_)), "{ended:?}");
}

#[test]
fn a_paused_member_finds_out_that_it_was_given_up() {
    let bench = Bench::new(1);
    let (log, mut member) = bench.reading("a");
    bench.model.pause(log.id());
    bench.model.advance(SESSION * 2);
    assert!(bench.model.members(GROUP).1.is_empty());
    bench.model.unpause(log.id());
    assert!(matches!(until(&mut member), Event::Lost(lost) if lost.len() == 2));
    member.release().expect("releases");
    assert!(matches!(until(&mut member), Event::Assigned(all) if all.len() == 2));
}

#[test]
fn a_member_that_was_away_for_a_moment_has_lost_nothing() {
    for seed in 0..50 {
        let bench = Bench::new(seed);
        let (log, mut member) = bench.reading("a");
        for _ in 0..5 {
            bench.model.pause(log.id());
            bench.model.advance(SESSION / 2);
            bench.model.unpause(log.id());
            bench.model.advance(SESSION);
        }
        assert!(matches!(until_or_idle(&mut member), Event::Idle), "seed {seed}");
        assert_eq!(bench.model.members(GROUP).0, 1, "seed {seed}: no generation has begun since");
    }
}

#[test]
fn a_member_that_was_given_up_does_not_put_out_the_one_that_took_its_place() {
    let bench = Bench::new(1);
    let (log, mut member) = bench.reading("a");
    bench.model.pause(log.id());
    bench.model.advance(SESSION * 2);
    bench.model.unpause(log.id());
    assert!(matches!(until(&mut member), Event::Lost(_)));
    // Another takes the slot before the first has let go.
    let (_, mut double) = bench.reading("a");
    bench.model.advance(SESSION);
    member.release().expect("it lets go");
    let polled = (0..100).find_map(|_| member.poll(Duration::from_secs(1)).err());
    assert!(matches!(polled, Some(LogError::Fenced { .. })), "{polled:?}");
    assert!(matches!(until_or_idle(&mut double), Event::Idle));
}

#[test]
fn a_process_that_stands_still_keeps_its_transaction_until_that_times_out() {
    let bench = Bench::new(1);
    let (log, member) = bench.reading("a");
    let mut holder = log.take_over("id").expect("takes over");
    bench.plan.next("end with", |model, process| {
        model.pause(process);
        model.advance(Duration::from_secs(21));
        model.unpause(process);
        Fate::Happens
    });
    let ended = window(&mut holder, &member, 1, "w");
    assert!(matches!(ended, Ended::Fenced(_)), "{ended:?}");
    assert_eq!((bench.values(), bench.position()), (vec![], (0, String::new())));
}

#[test]
fn a_batch_that_is_held_up_holds_up_the_end() {
    for (after, is_in_time) in [(1, true), (5, false)] {
        let plan = Planned::default();
        let model = Model::new(Settings { early_once_in: 1, ..Settings::default() }, plan.clone());
        model.create_topic("out", 1, Cleanup::Delete);
        let log = model.process();
        let mut holder = log.take_over("id").expect("takes over");
        holder.begin().expect("begins");
        plan.fate("produce", Fate::Late(Duration::from_secs(after)));
        holder.send(&record("w")).expect("sends");
        model.advance(Duration::from_secs(2));
        let ended = holder.abort("because");
        assert_eq!(matches!(ended, Ended::Aborted(_)), is_in_time, "{ended:?}");
        assert_eq!(matches!(ended, Ended::Unknown(_)), !is_in_time, "{ended:?}");
        model.advance(Duration::from_secs(30));
        assert_eq!(model.records(&out(), Isolation::Committed), []);
        assert_eq!(model.records(&out(), Isolation::Uncommitted).len(), 1, "it arrives");
    }
}

#[test]
fn the_same_seed_takes_the_same_course() {
    let course = |seed| {
        let plan = Planned::default();
        let model = Model::new(Settings { seed, ..Settings::default() }, plan.clone());
        model.create_topic("in", 4, Cleanup::Delete);
        let log = model.process();
        let membership = Membership { group: GROUP.to_owned(), instance: "a".to_owned(), session_timeout: SESSION };
        let mut member = log.join(&membership, &[Arc::from("in")]).expect("joins");
        let Event::Assigned(partitions) = until(&mut member) else { panic!("not assigned") };
        for at in &partitions {
            for _ in 0..5 {
                let new = NewRecord { topic: Arc::from("in"), partition: Some(at.partition), ..record("x") };
                model.append(&new, model.now_ms()).expect("is there");
            }
        }
        member.start(&partitions.into_iter().map(|at| (at, 0)).collect::<Vec<_>>()).expect("starts");
        let mut order = Vec::new();
        while let Event::Record(record) = until_or_idle(&mut member) {
            order.push((record.at.partition, record.offset));
        }
        assert_eq!(order.len(), 20);
        (order, plan.trace.take())
    };
    assert_eq!(course(3), course(3));
    assert_ne!(course(3).0, course(4).0);
}

fn until_or_idle(member: &mut ModelMember) -> Event {
    member.poll(Duration::from_secs(1)).expect("polls")
}
