//! What a worker does with inputs and timers of every kind, over the model of Kafka when all goes well. What it does when
//! things go wrong on the way is the simulation's to show.

mod bench;
mod counter;

use std::time::Duration;

use quittance_processors::runtime::{InHand, Next};
use rstest::rstest;

use self::{
    bench::{Bench, Paused, START_MS, at},
    counter::Answer,
};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn inputs_add_up_and_are_told() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    bench.tell("commands", "a", "add 2");
    bench.tell("commands", "b", "add 1");
    bench.tell("commands", "a", "add 3");
    worker.run(SECOND);
    assert_eq!(bench.told("output"), ["2 0 ", "1 0 ", "5 0 "]);
    assert_eq!(bench.health.readiness(), Ok(()));
    worker.dies();
    bench.tell("commands", "a", "add 4");
    bench.start().run(9 * SECOND);
    assert_eq!(bench.told("output").last().map(String::as_str), Some("9 0 "), "states outlive the process");
}

#[test]
fn it_shows_what_it_holds_and_how_far_behind_it_is() {
    let bench = Bench::new(1);
    bench.tell("commands", "a", format!("ring {} add", START_MS + 60_000));
    bench.tell("commands", "b", "add 3");
    bench.model.advance(2 * SECOND);
    bench.start().run(SECOND);
    let shown = |name: &str| bench.metric(name, "partition=\"0\"");
    assert_eq!((shown("runtime_states{"), shown("runtime_timers{")), (Some(2.0), Some(1.0)));
    let behind_ms = bench.metric("runtime_lag_ms{", "commands").expect("it is shown");
    assert!((2_000.0..3_000.0).contains(&behind_ms), "{behind_ms}");
    assert_eq!(bench.metric("runtime_window_records_sum", ""), Some(2.0));
    assert_eq!(bench.metric("runtime_inputs_total", "processed"), Some(2.0));
}

#[test]
fn results_come_before_commands_and_bulk_comes_last() {
    let bench = Bench::new(1);
    for (topic, says) in [("bulk", "add 1"), ("commands", "add 10"), ("results", "add 100")] {
        bench.tell(topic, "a", says);
    }
    bench.start().run(SECOND);
    assert_eq!(bench.told("output"), ["100 0 ", "110 0 ", "111 0 "]);
}

#[test]
fn a_result_that_comes_in_meanwhile_overtakes_the_commands_that_wait() {
    let bench = Bench::new(1);
    for number in 0..3_000 {
        bench.tell("commands", &format!("k{number}"), "add 1");
    }
    let mut worker = bench.start();
    while bench.metric("windows_total", "committed").is_none() {
        worker.step();
    }
    bench.tell("results", "a", "add 100");
    worker.run(SECOND);
    let told = bench.told("output");
    assert_eq!(told.len(), 3_001);
    let before = told.iter().take_while(|text| *text != "100 0 ").count();
    assert!((2_000..=2_064).contains(&before), "{before} came before it");
}

#[test]
fn a_window_does_not_wait_for_more_to_come() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.tell("commands", "a", "add 2");
    worker.run(Duration::from_millis(10));
    assert_eq!(bench.told("output"), ["2 0 "]);
}

#[test]
fn who_waits_asks_nobody() {
    let bench = Bench::new(1);
    bench.registry.borrow_mut().insert(7, Answer::Down);
    bench.tell("commands", "a", "lacks 7");
    let mut worker = bench.start();
    let delay = loop {
        match worker.step() {
            Next::Wait(delay) => break delay,
            Next::Step => {}
        }
    };
    assert_eq!((bench.why().contains("registry"), worker.step()), (true, Next::Wait(delay)));
    bench.model.advance(delay);
    assert_ne!(worker.step(), Next::Wait(Duration::ZERO));
}

#[rstest]
#[case::unreadable(b"\xff".to_vec(), "invalid")]
#[case::senseless(b"what?".to_vec(), "invalid")]
#[case::panicking(b"panic".to_vec(), "panicked")]
#[case::with_a_state_that_cannot_tell_its_timer(b"ring 1 untellable".to_vec(), "panicked")]
#[case::too_large(b"large".to_vec(), "output_too_large")]
#[case::of_a_schema_that_nobody_knows(b"lacks 7".to_vec(), "undecodable")]
fn poison_is_buried_and_holds_nothing_up(#[case] says: Vec<u8>, #[case] reason: &str) {
    let bench = Bench::new(1);
    bench.tell("commands", "a", "add 2");
    bench.tell("commands", "a", says);
    bench.tell("commands", "a", "add 3");
    bench.start().run(SECOND);
    assert_eq!(bench.told("output"), ["2 0 ", "5 0 "]);
    assert_eq!(bench.buried(), [(reason.to_owned(), 1)]);
    assert_eq!(bench.metric("dead_letters_total", reason), Some(1.0));
    assert_eq!(bench.metric("windows_total", "aborted"), None, "nothing had to be read again");
}

#[test]
fn a_letter_that_its_topic_does_not_take_says_where_the_record_stands() {
    let bench = Bench::new(1);
    bench.tell("commands", "a", [vec![0xff], vec![b'x'; 3_000]].concat());
    bench.start().run(SECOND);
    let letters = bench.letters();
    assert_eq!(bench.buried(), [("invalid".to_owned(), 0)]);
    assert!(letters[0].value.is_none() && letters[0].detail.contains("too large to be copied"), "{:?}", letters[0]);
}

#[test]
fn a_registry_that_is_down_holds_up_inputs_and_no_timers() {
    let bench = Bench::new(1);
    bench.registry.borrow_mut().insert(7, Answer::Down);
    let mut worker = bench.start();
    bench.tell("commands", "a", format!("ring {} add", START_MS + 2_000));
    worker.run(SECOND);
    bench.model.advance(2 * SECOND);
    // The timer was due before this was written, so it need not wait for it.
    worker.run(SECOND / 10);
    bench.tell("commands", "a", "lacks 7");
    bench.tell("commands", "a", "add 3");
    worker.run(20 * SECOND);
    assert_eq!(bench.told("output"), [format!("0 {} add", START_MS + 2_000), "1 0 ".to_owned()]);
    assert!(bench.buried().is_empty(), "it says nothing about the record");
    assert!(bench.why().contains("registry"), "{}", bench.why());
    assert_eq!(bench.metric("lag_records", "commands"), Some(2.0));
    let committed = bench.metric("windows_total", "committed");
    assert_eq!(committed, Some(2.0), "of the command and of its timer; none of trying in vain");
    bench.registry.borrow_mut().insert(7, Answer::Known);
    worker.run(30 * SECOND);
    assert_eq!(bench.told("output")[2..], ["2 0 ", "5 0 "]);
    assert_eq!(bench.health.readiness(), Ok(()));
}

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
}

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
fn a_partition_without_a_leader_holds_up_its_own_timers_only_and_is_asked_for_less_and_less() {
    let bench = Bench::new(2);
    for (partition, key) in [(0, "a"), (1, "b")] {
        for number in 1..=20 {
            let says = format!("ring {} add", START_MS + 1_000 * number);
            bench.tell_at(&at("commands", partition), &format!("{key}{number}"), says);
        }
    }
    let mut worker = bench.start();
    worker.run(SECOND / 2);
    bench.brokers.leaderless.set(Some(0));
    worker.run(25 * SECOND);
    let rung = |partition| bench.told_at(&at("output", partition)).len() - 20;
    assert_eq!((rung(0), rung(1)), (0, 20));
    let asked = bench.brokers.asked.get();
    assert!((3..=20).contains(&asked), "{asked} questions in 25 s");
    bench.brokers.leaderless.set(None);
    worker.run(11 * SECOND);
    assert_eq!(rung(0), 20);
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
fn what_processes_died_of_twice_is_buried_and_its_timer_left_alone() {
    let bench = Bench::new(1);
    bench.died("commands", InHand::Record(0), 2);
    bench.died("commands", InHand::Record(1), 1);
    bench.died("changelog", timer("b", 2_000), 2);
    bench.tell("commands", "a", "add 2");
    bench.tell("commands", "a", "add 3");
    bench.tell("commands", "b", format!("ring {} add", START_MS + 2_000));
    let mut worker = bench.start();
    worker.run(SECOND);
    assert_eq!(bench.buried(), [("process_died".to_owned(), 0)]);
    assert_eq!(bench.told("output"), ["3 0 ".to_owned(), format!("0 {} add", START_MS + 2_000)]);
    worker.run(3 * SECOND);
    assert!(bench.notes.borrow().is_empty(), "what was done is forgotten, a timer with its state: {:?}", bench.notes);
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
fn a_timer_that_somebody_else_set_anew_is_not_the_one_that_ended_processes() {
    let bench = Bench::new(1);
    bench.died("changelog", timer("b", 1_000), 2);
    bench.tell("commands", "b", format!("ring {} add", START_MS + 2_000));
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.died("changelog", timer("b", 1_000), 2);
    worker.dies();
    bench.start().run(10 * SECOND);
    assert_eq!(bench.told("output")[1..], ["1 0 "]);
}

/// The timer of an aggregate that is due so long after the start.
fn timer(key: &str, after_ms: i64) -> InHand {
    InHand::Timer { key: key.to_owned(), due_ms: START_MS + after_ms }
}

#[test]
fn a_flood_is_read_no_further_until_it_is_worked_off() {
    let bench = Bench::new(2);
    for number in 0..9_000 {
        bench.tell_at(&at("commands", number % 2), &format!("k{number}"), "add 1");
    }
    bench.start().run(60 * SECOND);
    let both = || vec![at("commands", 0), at("commands", 1)];
    assert_eq!(bench.brokers.paused.borrow()[..2], [Paused::Yes(both()), Paused::NoMore(both())]);
    assert_eq!(bench.told("output").len(), 4_500);
}

#[test]
fn a_flood_is_worked_off_in_windows_of_bounded_size() {
    let bench = Bench::new(1);
    for number in 0..9_000 {
        bench.tell("commands", &format!("k{}", number % 10), "add 1");
    }
    for number in 0..500 {
        bench.tell("bulk", &format!("k{}", number % 10), "add 1");
    }
    let mut worker = bench.start();
    worker.run(60 * SECOND);
    let told = bench.told("output");
    assert_eq!(told.len(), 9_500);
    assert_eq!(told.last().map(String::as_str), Some("950 0 "));
    let committed = bench.metric("windows_total", "committed").expect("some were committed");
    assert!(committed >= 7.0, "{committed} windows for 9,000 commands and 500 of bulk");
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
