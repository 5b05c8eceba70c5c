//! How a worker makes partitions its own, and what it finds there.

use quittance_processors::runtime::Fatal;

use crate::{
    SECOND,
    bench::{Bench, at},
    counter::{Answer, LATER},
};

#[test]
fn positions_that_stay_unstable_are_waited_for_and_called_what_they_are() {
    let bench = Bench::new(1);
    bench.brokers.is_hanging.set(true);
    bench.tell("commands", "a", "add 3");
    let mut worker = bench.start();
    worker.run(30 * SECOND);
    assert!(!bench.why().contains("hang"), "a transaction may be open for so long: {}", bench.why());
    worker.run(60 * SECOND);
    assert!(bench.why().contains("may hang in the brokers"), "{}", bench.why());
    bench.brokers.is_hanging.set(false);
    worker.run(30 * SECOND);
    assert_eq!(bench.told("output"), ["3 0 "]);
    assert_eq!(bench.health.readiness(), Ok(()));
}

#[test]
fn what_a_predecessor_left_open_is_ended_and_not_waited_for() {
    let bench = Bench::new(1);
    bench.had_predecessor("counters.two-a counters.two-b");
    let _open = bench.leave_open("counters.two-b", &at("changelog", 0), "a", "100 0 ");
    bench.tell("commands", "a", "add 3");
    bench.start().run(3 * SECOND);
    assert_eq!(bench.told("output"), ["3 0 "]);
}

#[test]
fn a_predecessor_whose_last_mark_takes_a_while_is_left_alone() {
    let bench = Bench::new(1);
    bench.had_predecessor("counters.two-a counters.two-b");
    let open = bench.leave_open("counters.two-b", &at("changelog", 0), "a", "100 0 ");
    bench.tell("commands", "a", "add 3");
    let mut worker = bench.start();
    worker.run(SECOND / 3);
    bench.model.end_open(open, true);
    worker.run(SECOND);
    assert_eq!(bench.told("output"), ["103 0 "]);
    assert_eq!(
        *bench.brokers.ids.borrow(),
        ["take over counters.one-a", "take over counters.one-b", "begin counters.one-a"]
    );
}

#[test]
fn a_predecessor_is_fenced_once_however_long_positions_stay_unstable() {
    let bench = Bench::new(1);
    bench.had_predecessor("counters.two-a counters.one-b");
    bench.brokers.is_hanging.set(true);
    bench.start().run(50 * SECOND);
    let expected = ["counters.one-a", "counters.one-b", "counters.two-a"].map(|id| format!("take over {id}"));
    assert_eq!(*bench.brokers.ids.borrow(), expected);
}

#[test]
fn a_state_that_cannot_be_read_now_is_waited_for() {
    let bench = Bench::new(1);
    bench.registry.borrow_mut().insert(LATER, Answer::Down);
    bench.tell_at(&at("changelog", 0), "a", "later");
    bench.tell("commands", "a", "add 3");
    let mut worker = bench.start();
    worker.run(20 * SECOND);
    assert!(bench.told("output").is_empty() && bench.why().contains("registry"), "{}", bench.why());
    bench.registry.borrow_mut().clear();
    worker.run(12 * SECOND);
    assert_eq!(bench.told("output"), ["10 0 "]);
}

#[test]
fn positions_that_a_predecessor_left_open_are_ended_and_not_waited_for() {
    let bench = Bench::new(1);
    bench.had_predecessor("counters.two-a counters.two-b");
    bench.leave_positions_open("counters.two-b");
    bench.tell("commands", "a", "add 3");
    // The group waits 6 s for the other member, the worker 2 s for what it left open.
    bench.start().run(9 * SECOND);
    assert_eq!(bench.told("output"), ["3 0 "]);
}

#[test]
fn a_state_that_cannot_be_read_ends_the_process_and_says_where_it_stands() {
    let bench = Bench::new(1);
    bench.tell_at(&at("changelog", 0), "a", "of tomorrow");
    let fatal = bench.start().fails();
    assert!(matches!(&fatal, Fatal::State { key, at, .. } if key == "a" && *at == self::at("changelog", 0)), "{fatal}");
    assert!(bench.told("output").is_empty());
}

#[test]
fn restoring_that_does_not_get_on_begins_anew() {
    let bench = Bench::new(1);
    let open = bench.leave_open("nobody that is known", &at("changelog", 0), "a", "4 0 ");
    bench.tell("commands", "a", "add 3");
    let mut worker = bench.start();
    worker.run(50 * SECOND);
    assert_eq!(bench.why(), "restoring");
    worker.run(12 * SECOND);
    assert!(bench.why().contains("no progress for 60 s"), "{}", bench.why());
    bench.model.end_open(open, true);
    worker.run(30 * SECOND);
    assert_eq!(bench.told("output"), ["7 0 "]);
    assert_eq!(bench.health.readiness(), Ok(()));
    assert_eq!(bench.metric("runtime_restored_records", ""), Some(1.0));
    assert_eq!(bench.metric("runtime_restore_target_offsets", ""), Some(1.0));
}
