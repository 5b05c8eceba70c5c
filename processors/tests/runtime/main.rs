//! What a worker does with inputs and timers of every kind, over the model of Kafka when all goes well. What it does when
//! things go wrong on the way is the simulation's to show.

mod bench;
mod counter;
mod tables;
mod takeovers;
mod timers;

use std::time::Duration;

use quittance_processors::runtime::Next;
use rstest::rstest;

use self::{
    bench::{Bench, Paused, START_MS, at},
    counter::{Answer, LATER},
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
fn a_state_that_was_removed_is_gone_for_good() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    bench.tell("commands", "a", "add 2");
    worker.run(SECOND);
    bench.tell("commands", "a", "forget");
    bench.tell("commands", "a", "add 1");
    worker.run(SECOND);
    assert_eq!(bench.told("output"), ["2 0 ", "1 0 "], "also within the window that removes it");
    bench.tell("commands", "a", "forget");
    worker.run(SECOND);
    worker.dies();
    bench.tell("commands", "a", "add 5");
    bench.start().run(9 * SECOND);
    assert_eq!(bench.told("output").last().map(String::as_str), Some("5 0 "), "and the next owner does not restore it");
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
fn every_metric_of_the_runtime_that_the_page_names_is_shown() {
    let bench = Bench::new(1);
    bench.tell("commands", "a", format!("ring {} add", START_MS + 1_000));
    bench.tell("commands", "a", "what?");
    bench.start().run(5 * SECOND);
    let rows = include_str!("../../../docs/runtime.md").lines().filter(|line| line.starts_with("| `"));
    let names: Vec<_> = rows
        .flat_map(|row| row.split('`'))
        .filter(|word| word.starts_with("runtime_"))
        .filter_map(|word| word.split('{').next())
        .collect();
    assert!(names.len() > 10, "{names:?}");
    let shown = bench.metrics.render();
    let is_shown = |name: &&str| {
        let mut ends = ["{", "_sum{"].iter();
        ends.any(|end| shown.contains(&format!("\nquittance_{name}{end}")))
    };
    let missing: Vec<_> = names.iter().filter(|name| !is_shown(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {shown}");
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
    bench.brokers.is_hanging.set(true);
    let mut worker = bench.start();
    let delay = loop {
        match worker.step() {
            Next::Wait(delay) => break delay,
            Next::Step => {}
        }
    };
    assert_eq!((bench.why().contains("committed"), worker.step()), (true, Next::Wait(delay)));
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
fn a_registry_that_is_down_holds_up_no_timer_that_waits_for_no_input() {
    let bench = Bench::new(4);
    bench.registry.borrow_mut().insert(7, Answer::Down);
    for partition in 0..4 {
        for number in 10..40 {
            let says = format!("ring {} add", START_MS + 1_000 * number);
            bench.tell_at(&at("commands", partition), &format!("{partition}-{number}"), says);
        }
    }
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.tell("commands", "a", "lacks 7");
    for partition in 1..4 {
        // What stands in front of the timers is a mark, and nothing to read.
        let aborted = bench.leave_open("somebody", &at("commands", partition), "a", "add 5");
        bench.model.end_open(aborted, false);
    }
    for second in 2..40 {
        worker.run(SECOND);
        let fired = bench.metric("inputs_total", "result=\"timer\"").unwrap_or(0.0);
        let due = f64::from(3 * (second - 10).clamp(0, 30));
        assert!(fired >= due, "{fired} of {due} after {second} s");
    }
    assert_eq!(bench.told("output").len(), 30, "those of its own partition wait for what is in front of them");
    assert!(bench.why().contains("registry"), "{}", bench.why());
}

#[test]
fn after_an_aborted_commit_neither_holder_is_used_again() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.tell("commands", "a", "add 3");
    bench.brokers.refusals.set(1);
    bench.brokers.ids.borrow_mut().clear();
    worker.run(SECOND);
    assert_eq!(bench.told("output"), ["3 0 "]);
    assert_eq!(bench.metric("windows_total", "aborted"), Some(1.0));
    let [a, b] = ["counters.one-a", "counters.one-b"];
    let expected = [format!("begin {a}"), format!("take over {a}"), format!("take over {b}"), format!("begin {b}")];
    assert_eq!(*bench.brokers.ids.borrow(), expected);
}

#[test]
fn a_window_leaves_its_id_and_those_of_its_writer_with_the_positions() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    let mut metadata = || {
        bench.tell("commands", "a", "add 3");
        worker.run(SECOND);
        bench.model.committed("counters")[&at("commands", 0)].metadata.clone()
    };
    let (first, second) = (metadata(), metadata());
    let (first, ids) = first.split_once(' ').expect("an id and more");
    assert_eq!(ids, "counters.one-a counters.one-b");
    assert!(second.ends_with(ids) && !second.starts_with(&format!("{first} ")), "{first}, {second}");
}

#[test]
fn a_record_that_cannot_be_read_now_is_waited_for() {
    let bench = Bench::new(1);
    bench.registry.borrow_mut().insert(LATER, Answer::Down);
    bench.tell("commands", "a", "add 1");
    bench.tell("commands", "a", "later");
    let mut worker = bench.start();
    worker.run(20 * SECOND);
    assert_eq!((bench.told("output"), bench.buried()), (vec!["1 0 ".to_owned()], Vec::new()));
    bench.tell("results", "a", "add 5");
    worker.run(12 * SECOND);
    assert_eq!(bench.told("output")[1..], ["6 0 "], "what comes before it is read");
    assert!(bench.why().contains("registry"), "and says nothing of it: {}", bench.why());
    bench.registry.borrow_mut().clear();
    worker.run(20 * SECOND);
    assert_eq!(bench.told("output")[2..], ["7 0 "]);
    assert_eq!(bench.health.readiness(), Ok(()));
}

#[test]
fn windows_that_come_to_nothing_are_tried_again_at_once_and_then_later() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    worker.run(SECOND);
    for (refusals, waits) in [(1, 0), (2, 1), (4, 3), (1, 0)] {
        bench.tell("commands", "a", "add 3");
        bench.brokers.refusals.set(refusals);
        let aborted = || bench.metric("windows_total", "aborted").unwrap_or(0.0);
        let (before, mut waited) = (aborted(), 0);
        while aborted() < before + f64::from(refusals) {
            if let Next::Wait(time) = worker.step() {
                bench.model.advance(time + Duration::from_millis(1));
                waited += 1;
            }
        }
        assert_eq!(waited, waits, "after {refusals} in a row");
        worker.run(11 * SECOND);
    }
    assert_eq!(bench.told("output"), ["3 0 ", "6 0 ", "9 0 ", "12 0 "]);
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
