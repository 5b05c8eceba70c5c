//! Shared tables: an input is decided by no older version than the one that it was read by.

use std::time::Duration;

use rstest::rstest;

use super::{SECOND, bench::Bench};

/// Shorter than the time between two looks at a table.
const AT_ONCE: Duration = Duration::from_millis(100);

#[test]
fn an_input_is_decided_by_the_version_that_it_awaits() {
    let bench = Bench::new(1);
    bench.tell("table", "k", "5");
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.tell("table", "k", "70");
    bench.tell("commands", "a", "table 2");
    worker.run(AT_ONCE);
    assert_eq!(bench.told("output"), ["70 0 "]);
}

#[test]
fn a_change_that_nobody_awaits_is_noticed_in_time() {
    let bench = Bench::new(1);
    let mut worker = bench.start();
    worker.run(SECOND);
    bench.tell("table", "k", "5");
    worker.run(SECOND);
    bench.tell("commands", "a", "table 0");
    worker.run(AT_ONCE);
    assert_eq!(bench.told("output"), ["5 0 "]);
}

#[test]
fn nothing_is_decided_before_the_table_was_read() {
    let bench = Bench::new(1);
    bench.tell("commands", "a", "table 0");
    bench.tell("table", "k", "5");
    bench.start().run(9 * SECOND);
    assert_eq!(bench.told("output"), ["5 0 "]);
}

/// Whoever read the input by it has seen another log: it would be waited for in vain.
#[test]
fn a_version_that_is_not_there_is_not_waited_for() {
    let bench = Bench::new(1);
    bench.tell("table", "k", "5");
    bench.tell("commands", "a", "table 9");
    bench.start().run(9 * SECOND);
    assert_eq!(bench.told("output"), ["5 0 "]);
}

#[rstest]
#[case::unreadable("what?")]
#[case::one_that_it_panics_at("panic")]
fn a_record_that_cannot_be_read_is_passed_over(#[case] bad: &str) {
    let bench = Bench::new(1);
    bench.tell("table", "k", "5");
    bench.tell("table", "k", bad);
    bench.tell("commands", "a", "table 2");
    let mut worker = bench.start();
    worker.run(9 * SECOND);
    assert_eq!(bench.told("output"), ["5 0 "], "what was there before holds");
    bench.tell("table", "k", "70");
    bench.tell("commands", "b", "table 3");
    worker.run(SECOND);
    assert_eq!(bench.told("output"), ["5 0 ", "70 0 "]);
}
