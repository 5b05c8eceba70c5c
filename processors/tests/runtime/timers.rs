//! When timers fire, and what they wait for.

use quittance_processors::runtime::InHand;
use rstest::rstest;

use crate::{
    SECOND,
    bench::{Bench, START_MS, at},
    counter::Answer,
};

#[test]
fn a_timer_that_waits_for_what_is_in_the_log_is_shown_as_late() {
    let bench = Bench::new(1);
    bench.registry.borrow_mut().insert(7, Answer::Down);
    bench.tell("commands", "a", format!("ring {} add", START_MS + 2_000));
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.tell("commands", "a", "lacks 7");
    worker.run(9 * SECOND);
    let shown = |name: &str| bench.metric(name, "partition=\"0\"").expect("it is shown");
    assert_eq!((bench.told("output").len(), shown("runtime_timers_late{")), (1, 1.0));
    assert!((3_000.0..=8_000.0).contains(&shown("runtime_timer_lag_ms{")), "{}", shown("runtime_timer_lag_ms{"));
    bench.registry.borrow_mut().insert(7, Answer::Known);
    worker.run(30 * SECOND);
    let rings = START_MS + 2_000;
    assert_eq!(
        bench.told("output")[1..],
        [format!("1 {rings} add"), "2 0 ".to_owned()],
        "what was in the log comes first"
    );
    assert_eq!((shown("runtime_timers_late{"), shown("runtime_timer_lag_ms{")), (0.0, 0.0));
}

#[test]
fn a_timer_may_run_by_a_test_clock() {
    let bench = Bench::new(1);
    let noon_ms = START_MS + 3_600_000;
    bench.tell("commands", "clock", format!("ring {START_MS} tick@noon"));
    bench.tell("commands", "a", format!("ring {noon_ms} add@noon"));
    bench.tell("commands", "b", format!("ring {} add@noon", noon_ms + 1));
    let mut worker = bench.start();
    worker.run(10 * SECOND);
    assert_eq!(bench.told("output").len(), 3, "its clock stands still");
    bench.tell("commands", "clock", format!("ring {noon_ms} tick@noon"));
    worker.run(SECOND);
    assert_eq!(bench.told("output")[4..], ["1 0 "], "one was due");
    worker.dies();
    bench.tell("commands", "clock", format!("ring {} tick@noon", noon_ms + 1));
    bench.start().run(9 * SECOND);
    assert_eq!(bench.told("output")[6..], ["1 0 "], "clocks and timers outlive the process");
}

#[rstest]
#[case::that_panics("panic")]
#[case::that_is_too_large("large")]
#[case::that_makes_no_sense("what?")]
fn a_timer_that_cannot_fire_is_left_alone(#[case] word: &str) {
    let bench = Bench::new(1);
    bench.tell("commands", "a", format!("ring {} {word}", START_MS + 1_000));
    bench.tell("commands", "b", format!("ring {} add", START_MS + 1_500));
    let mut worker = bench.start();
    worker.run(5 * SECOND);
    assert_eq!(bench.told("output").last().map(String::as_str), Some("1 0 "), "the others fire");
    assert_eq!(bench.metric("inputs_total", "timer_failed"), Some(1.0), "once");
    bench.tell("commands", "a", format!("ring {} add", START_MS + 6_000));
    worker.run(3 * SECOND);
    assert_eq!(bench.told("output").last().map(String::as_str), Some("1 0 "), "it is tried again with another state");
    assert_eq!(bench.told("output").len(), 5);
}

#[test]
fn a_timer_waits_for_an_open_transaction_in_front_of_it_and_holds_no_other_up() {
    let bench = Bench::new(2);
    for (partition, key) in [(0, "a"), (1, "b")] {
        bench.tell_at(&at("commands", partition), key, format!("ring {} add", START_MS + 2_000));
    }
    let mut worker = bench.start();
    worker.run(SECOND);
    let open = bench.leave_open("somebody", &at("commands", 0), "a", "add 5");
    let aborted = bench.leave_open("somebody else", &at("commands", 1), "b", "add 5");
    bench.model.end_open(aborted, false);
    worker.run(9 * SECOND);
    let rung = format!("0 {} add", START_MS + 2_000);
    assert_eq!(bench.told_at(&at("output", 0)), [&*rung], "what is open may be for it");
    assert_eq!(bench.told_at(&at("output", 1)), [&*rung, "1 0 "], "what was aborted is for nobody");
    bench.model.end_open(open, true);
    worker.run(SECOND);
    assert_eq!(bench.told_at(&at("output", 0))[1..], [&*format!("5 {} add", START_MS + 2_000), "6 0 "]);
}

#[test]
fn a_clock_that_was_set_back_lets_no_timer_overtake_what_is_in_front_of_it() {
    let bench = Bench::new(1);
    bench.tell("commands", "late", format!("ring {} add", START_MS + 20_000));
    let mut worker = bench.start();
    worker.run(21 * SECOND);
    assert_eq!(bench.told("output").len(), 2, "it was looked what is in the log at 20 s");
    worker.skew_ms = -15_000;
    bench.tell("commands", "early", format!("ring {} add", START_MS + 10_000));
    worker.run(SECOND);
    let open = bench.leave_open("somebody", &at("commands", 0), "early", "add 5");
    worker.run(9 * SECOND);
    assert_eq!(bench.told("output").len(), 3, "what is open may be for it");
    bench.model.end_open(open, true);
    worker.run(SECOND);
    assert_eq!(bench.told("output")[3..], [format!("5 {} add", START_MS + 10_000), "6 0 ".to_owned()]);
}

#[test]
fn what_stands_in_front_of_a_timer_says_nothing_of_what_stands_in_front_of_the_next() {
    let bench = Bench::new(1);
    bench.tell("commands", "a", format!("ring {} add", START_MS + 2_000));
    let mut worker = bench.start();
    worker.run(SECOND);
    let open = bench.leave_open("somebody", &at("commands", 0), "a", "add 5");
    worker.run(2 * SECOND);
    // By now it is looked what stands in front of the timer. Another that is due takes its place, and there is more in front of that.
    bench.tell("commands", "a", "add 7");
    bench.tell("results", "a", format!("ring {} add", START_MS + 2_500));
    worker.run(SECOND / 10);
    bench.brokers.are_mute.set(true);
    bench.model.end_open(open, false);
    for _ in 0..300 {
        worker.step();
        bench.model.advance(SECOND / 100);
    }
    assert_eq!(bench.told("output").len(), 2, "it has not come, and is known to be there");
    bench.brokers.are_mute.set(false);
    worker.run(12 * SECOND);
    assert_eq!(bench.told("output")[2..], [format!("7 {} add", START_MS + 2_500), "8 0 ".to_owned()]);
}

#[test]
fn an_open_transaction_that_hangs_holds_up_its_own_timers_only() {
    let bench = Bench::new(2);
    for (partition, key) in [(0, "a"), (1, "b")] {
        for number in 2..60 {
            let says = format!("ring {} add", START_MS + 1_000 * number);
            bench.tell_at(&at("commands", partition), &format!("{key}{number}"), says);
        }
    }
    let mut worker = bench.start();
    worker.run(SECOND);
    let _hangs = bench.leave_open("somebody", &at("commands", 0), "a", "add 5");
    let mut late = 0;
    for _ in 1..60 {
        let aborted = bench.leave_open("somebody else", &at("commands", 1), "b", "add 5");
        bench.model.end_open(aborted, false);
        worker.run(SECOND);
        late += usize::from(bench.metric("timer_lag_ms{", "partition=\"1\"") > Some(2_000.0));
    }
    let rung = |partition| bench.told_at(&at("output", partition)).len() - 58;
    assert!((rung(0), rung(1)) == (0, 58) && late <= 6, "{} {}, late {late} times", rung(0), rung(1));
}

#[test]
fn a_partition_without_a_leader_holds_up_its_own_timers_only_and_is_asked_for_less_and_less() {
    let bench = Bench::new(3);
    for partition in 0..3 {
        for number in 1..=115 {
            let says = format!("ring {} add", START_MS + 1_000 * number);
            bench.tell_at(&at("commands", partition), &format!("{partition}-{number}"), says);
        }
    }
    let mut worker = bench.start();
    worker.run(SECOND / 2);
    bench.brokers.leaderless.set(&[0, 1]);
    worker.run(120 * SECOND);
    let rung = |partition| bench.told_at(&at("output", partition)).len() - 115;
    assert_eq!((rung(0), rung(1), rung(2)), (0, 0, 115));
    let asked = bench.brokers.asked.get();
    assert!((4..=12).contains(&asked), "{asked} questions, of 3 s each, in two minutes");
    bench.brokers.leaderless.set(&[]);
    worker.run(31 * SECOND);
    assert_eq!((rung(0), rung(1)), (115, 115));
}

#[test]
fn a_timer_that_changes_nothing_fires_once() {
    let bench = Bench::new(1);
    bench.tell("commands", "a", format!("ring {} nothing", START_MS + 1_000));
    bench.start().run(5 * SECOND);
    let windows = bench.metric("windows_total", "committed").expect("some were committed");
    assert!(windows < 5.0, "{windows} windows");
    assert_eq!(bench.metric("timers_late", "partition=\"0\""), Some(0.0));
}

#[test]
fn what_processes_died_of_twice_is_buried_and_forgotten() {
    let bench = Bench::new(1);
    bench.died("commands", InHand::Record(0), 2);
    bench.died("commands", InHand::Record(1), 1);
    bench.tell("commands", "a", "add 2");
    bench.tell("commands", "a", "add 3");
    bench.start().run(SECOND);
    assert_eq!(bench.buried(), [("process_died".to_owned(), 0)]);
    assert_eq!(bench.told("output"), ["3 0 "]);
    assert!(bench.notes.borrow().is_empty(), "what was done is forgotten: {:?}", bench.notes);
}

#[test]
fn a_timer_that_ends_processes_is_left_alone() {
    let bench = Bench::new(1);
    bench.tell("commands", "b", format!("ring {} add", START_MS + 2_000));
    let mut worker = bench.start();
    worker.run(SECOND);
    worker.dies();
    bench.died("changelog", timer("b", 2_000), 2);
    let mut worker = bench.start();
    worker.run(10 * SECOND);
    assert_eq!(bench.told("output").len(), 1, "it has not fired");
    assert_eq!(bench.metric("inputs_total", "timer_failed"), Some(1.0));
    worker.dies();
    let mut worker = bench.start();
    worker.run(10 * SECOND);
    assert_eq!(bench.told("output").len(), 1, "it would end the next process");
    worker.ends();
    bench.start().run(10 * SECOND);
    assert_eq!(bench.told("output")[1..], ["1 0 "], "after an orderly end the build may be one that can stand it");
}

#[test]
fn a_timer_that_ends_processes_stays_left_alone_until_its_state_waits_for_another() {
    let bench = Bench::new(1);
    bench.tell("commands", "b", format!("ring {} add", START_MS + 2_000));
    bench.start().run(SECOND);
    bench.died("changelog", timer("b", 2_000), 2);
    let mut worker = bench.start();
    worker.run(10 * SECOND);
    assert_eq!((bench.told("output").len(), bench.notes.borrow().len()), (1, 1));
    bench.tell("commands", "b", format!("ring {} add", START_MS + 2_000));
    worker.run(SECOND);
    assert_eq!(
        (bench.told("output").len(), bench.notes.borrow().len()),
        (2, 1),
        "due at the same time: it is the same"
    );
    bench.tell("commands", "b", format!("ring {} add", START_MS + 3_000));
    worker.run(SECOND);
    assert_eq!(bench.told("output").last().map(String::as_str), Some("1 0 "), "due at another time");
    assert!(bench.notes.borrow().is_empty(), "{:?}", bench.notes);
}

#[test]
fn a_timer_that_somebody_else_set_anew_is_not_the_one_that_ended_processes() {
    let bench = Bench::new(1);
    bench.tell("commands", "b", format!("ring {} add", START_MS + 20_000));
    let mut worker = bench.start();
    worker.run(SECOND);
    worker.dies();
    bench.died("changelog", timer("b", 1_000), 2);
    bench.died("changelog", timer("b", 20_000), 1);
    bench.died("commands", InHand::Record(7), 1);
    let mut worker = bench.start();
    worker.run(10 * SECOND);
    let left: Vec<_> = bench.notes.borrow().iter().map(|suspect| suspect.in_hand.clone()).collect();
    assert_eq!(left, [timer("b", 20_000), InHand::Record(7)], "one is not there any more");
    worker.run(15 * SECOND);
    assert_eq!(bench.told("output")[1..], ["1 0 "]);
}

/// The timer of an aggregate that is due so long after the start.
fn timer(key: &str, after_ms: i64) -> InHand {
    InHand::Timer { key: key.to_owned(), due_ms: START_MS + after_ms }
}

#[test]
fn due_timers_of_many_partitions_all_fire() {
    let bench = Bench::new(5);
    for partition in 0..5 {
        let says = format!("ring {} add", START_MS + 3_000);
        bench.tell_at(&at("commands", partition), &format!("k{partition}"), says);
    }
    bench.start().run(6 * SECOND);
    let fired = bench.metric("inputs_total", "result=\"timer\"");
    assert_eq!(fired, Some(5.0));
}
