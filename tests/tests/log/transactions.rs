//! What a transaction makes visible.

use std::{slice::from_ref, time::Duration};

use quittance_log::{Ended, Event, Isolation, Log, LogError, Member, SendError, Transactions};

use crate::{
    bench::{Bench, at, begin, position, record, texts, window},
    on_both,
};

on_both!(
    a_commit_shows_records_and_positions_together,
    an_abort_shows_neither_and_the_next_one_works,
    a_reader_stops_in_front_of_an_open_transaction,
    positions_are_not_stable_while_a_transaction_would_change_them,
    the_positions_that_came_later_count_whoever_ends_first,
    a_record_that_is_too_large_for_the_client_does_no_harm,
    a_record_that_is_too_large_for_its_topic_aborts_the_transaction,
    a_transaction_without_records_or_without_positions_is_one,
    a_transaction_is_begun_before_it_is_used,
    two_holders_in_turn_keep_their_order,
    a_record_for_a_topic_that_is_not_there_leaves_the_end_unknown,
    a_tombstone_and_its_headers_come_back,
);

fn a_commit_shows_records_and_positions_together<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(2, false));
    let (group, log) = (bench.group(&[&input]), bench.process());
    let member = bench.reader(&log, &group, &input);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let generation = member.generation().expect("a generation");
    assert_eq!(bench.position(&member, &at(&input, 0)), (0, String::new()));

    let records: Vec<_> = (0..6).map(|n| record(&at(&output, n % 2), &format!("r{n}"))).collect();
    let ended = window(&mut holder, &records, &[position(&at(&input, 0), 7, "window 1")], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &at(&output, 0))), ["r0", "r2", "r4"]);
    let read = bench.read(&log, &at(&output, 1));
    assert_eq!(texts(&read), ["r1", "r3", "r5"]);
    assert_eq!((read[0].offset, read[0].headers.text("text")), (0, Some("r1")));
    assert_eq!(bench.position(&member, &at(&input, 0)), (7, "window 1".to_owned()));
}

fn an_abort_shows_neither_and_the_next_one_works<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log) = (bench.group(&[&input]), bench.process());
    let (mut member, out) = (bench.reader(&log, &group, &input), at(&output, 0));
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let generation = member.generation().expect("a generation");

    for n in 0..10 {
        begin(&mut holder, &[record(&out, &format!("aborted {n}"))]);
        let ended = holder.abort("because");
        assert!(matches!(&ended, Ended::Aborted(cause) if cause == "because"), "{ended:?}");
    }
    let to = position(&at(&input, 0), 3, "next");
    let ended = window(&mut holder, &[record(&out, "next")], &[to], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), ["next"]);
    assert_eq!(bench.position(&member, &at(&input, 0)), (3, "next".to_owned()));
    assert!(matches!(member.poll(Duration::ZERO), Ok(Event::Idle)));
}

fn a_reader_stops_in_front_of_an_open_transaction<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (first, second) = (at(&topic, 0), at(&topic, 1));
    let mut member = bench.reader(&log, &group, &topic);
    let generation = member.generation().expect("a generation");
    assert_eq!(bench.append(&record(&first, "below")), 0);
    let hour = Duration::from_secs(3600);
    let id = bench.name("id");
    let open = bench.leave_open(&log, &id, &[record(&first, "open")], &[position(&first, 1, "")], &generation, hour);
    assert_eq!(bench.append(&record(&first, "above")), 2);
    assert_eq!(log.end(&first, Isolation::Committed).expect("an end"), 1, "the last stable offset");
    assert_eq!(log.end(&first, Isolation::Uncommitted).expect("an end"), 3, "the high watermark");
    assert_eq!(texts(&bench.records(&mut member, 1)), ["below"]);
    // Only what stands on the other partition comes.
    for n in 0..3 {
        bench.append(&record(&second, &format!("beside {n}")));
        assert_eq!(texts(&bench.records(&mut member, 1)), [format!("beside {n}")]);
    }

    drop(open);
    log.take_over(&id).expect("it is aborted");
    assert_eq!(texts(&bench.records(&mut member, 1)), ["above"]);
    let end = bench.until("the end is stable", || log.end(&first, Isolation::Committed).ok().filter(|end| *end > 1));
    assert_eq!(end, 4, "a marker has an offset");
}

fn positions_are_not_stable_while_a_transaction_would_change_them<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let member = bench.reader(&log, &group, &topic);
    let (first, second) = (at(&topic, 0), at(&topic, 1));
    let generation = member.generation().expect("a generation");
    let so_far = || log.committed_so_far(&group, from_ref(&first)).expect("what is committed")[0].1.clone();

    let delay = Duration::from_secs(8);
    let to = [position(&first, 5, "pending")];
    let open = bench.leave_open(&log, &bench.name("id"), &[], &to, &generation, delay);
    let asked = member.committed(from_ref(&first));
    assert!(matches!(&asked, Err(error) if error.is_transient()), "{asked:?}");
    assert_eq!((so_far().offset, so_far().metadata), (0, String::new()), "what is pending does not count");
    assert_eq!(bench.position(&member, &second), (0, String::new()), "another partition is stable");
    bench.finish(open);
    assert_eq!(bench.position(&member, &first), (5, "pending".to_owned()));
    assert_eq!((so_far().offset, so_far().metadata), (5, "pending".to_owned()));

    let id = bench.name("other id");
    let to = [position(&first, 9, "aborted")];
    drop(bench.leave_open(&log, &id, &[], &to, &generation, Duration::from_secs(3600)));
    assert!(member.committed(from_ref(&first)).is_err());
    log.take_over(&id).expect("it is aborted");
    assert_eq!(bench.position(&member, &first), (5, "pending".to_owned()));
}

fn the_positions_that_came_later_count_whoever_ends_first<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (member, first) = (bench.reader(&log, &group, &topic), at(&topic, 0));
    let generation = member.generation().expect("a generation");
    for (is_later_first, offsets) in [(true, [20, 10]), (false, [40, 30])] {
        let [earlier, later] = offsets.map(|offset| [position(&first, offset, &offset.to_string())]);
        let [soon, late] = [3, 6].map(Duration::from_secs);
        let (earlier_ends, later_ends) = if is_later_first { (late, soon) } else { (soon, late) };
        let id = |name: &str| bench.name(&format!("{name}-{is_later_first}"));
        let earlier = bench.leave_open(&log, &id("earlier"), &[], &earlier, &generation, earlier_ends);
        let later = bench.leave_open(&log, &id("later"), &[], &later, &generation, later_ends);
        let ends = if is_later_first { [later, earlier] } else { [earlier, later] };
        ends.into_iter().for_each(|open| bench.finish(open));
        assert_eq!(bench.position(&member, &first), (offsets[1], offsets[1].to_string()), "{is_later_first}");
    }
}

fn a_record_that_is_too_large_for_the_client_does_no_harm<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let member = bench.reader(&log, &group, &input);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    begin(&mut holder, &[record(&out, "small")]);
    let mut large = record(&out, "large");
    large.value = Some(vec![0; 2_200_000]);
    let sent = holder.send(&large);
    assert!(matches!(&sent, Err(SendError::TooLarge { .. })), "{sent:?}");
    let ended = holder.commit(&[position(&at(&input, 0), 1, "")], &member.generation().expect("a generation"));
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), ["small"]);
}

fn a_record_that_is_too_large_for_its_topic_aborts_the_transaction<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let member = bench.reader(&log, &group, &input);
    let generation = member.generation().expect("a generation");
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let mut large = record(&out, "large");
    // Not to be compressed, or it would be small.
    large.value = Some((0..1_500_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect());
    let ended = window(&mut holder, &[large], &[position(&at(&input, 0), 1, "large")], &generation);
    assert!(matches!(ended, Ended::Aborted(_)), "{ended:?}");
    // The client has lost count of what it wrote, and may find out about that in the next one.
    bench.until("the holder goes on", || {
        let to = position(&at(&input, 0), 2, "small");
        match window(&mut holder, &[record(&out, "small")], &[to], &generation) {
            Ended::Committed => Some(()),
            Ended::Aborted(_) => None,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(texts(&bench.read(&log, &out)), ["small"]);
    assert_eq!(bench.position(&member, &at(&input, 0)), (2, "small".to_owned()));
}

fn a_transaction_without_records_or_without_positions_is_one<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let member = bench.reader(&log, &group, &input);
    let generation = member.generation().expect("a generation");
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    for (records, positions) in [
        (vec![], vec![]),
        (vec![record(&out, "alone")], vec![]),
        (vec![], vec![position(&at(&input, 0), 1, "alone")]),
        (vec![], vec![position(&at(&input, 0), 1, "the same again")]),
    ] {
        let ended = window(&mut holder, &records, &positions, &generation);
        assert!(matches!(ended, Ended::Committed), "{ended:?}");
    }
    begin(&mut holder, &[]);
    assert!(matches!(holder.abort("nothing"), Ended::Aborted(_)));
    assert_eq!(texts(&bench.read(&log, &out)), ["alone"]);
    assert_eq!(bench.position(&member, &at(&input, 0)), (1, "the same again".to_owned()));
}

fn a_transaction_is_begun_before_it_is_used<B: Bench>(bench: &B) {
    let output = bench.topic(1, false);
    let (log, out) = (bench.process(), at(&output, 0));
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    assert!(matches!(holder.send(&record(&out, "early")), Err(SendError::Failed { .. })));
    holder.begin().expect("it begins");
    assert!(matches!(holder.begin(), Err(LogError::Client { .. })));
    assert!(matches!(holder.abort("done"), Ended::Aborted(_)));
    assert_eq!(bench.read(&log, &out), []);
}

fn two_holders_in_turn_keep_their_order<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let member = bench.reader(&log, &group, &input);
    let generation = member.generation().expect("a generation");
    let mut holders = ["a", "b"].map(|name| log.take_over(&bench.name(name)).expect("a holder"));
    for n in 1..=20 {
        let (text, holder) = (n.to_string(), &mut holders[n % 2]);
        let to = position(&at(&input, 0), i64::try_from(n).unwrap_or_default(), &text);
        let ended = window(holder, &[record(&out, &text)], &[to], &generation);
        assert!(matches!(ended, Ended::Committed), "{ended:?}");
    }
    assert_eq!(texts(&bench.read(&log, &out)), (1..=20).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(bench.position(&member, &at(&input, 0)), (20, "20".to_owned()));
}

/// The client waits for the topic until its patience is over.
fn a_record_for_a_topic_that_is_not_there_leaves_the_end_unknown<B: Bench>(bench: &B) {
    let input = bench.topic(1, false);
    let (group, log, id) = (bench.group(&[&input]), bench.process(), bench.name("id"));
    let (member, none) = (bench.reader(&log, &group, &input), std::sync::Arc::from(bench.name("no-topic")));
    let mut holder = log.take_over(&id).expect("a holder");
    let (to, generation) = (position(&at(&input, 0), 1, "x"), member.generation().expect("a generation"));
    let ended = window(&mut holder, &[record(&at(&none, 0), "x")], &[to], &generation);
    assert!(matches!(ended, Ended::Unknown(_)), "{ended:?}");
    assert!(holder.begin().is_err(), "it is to be dropped");
    log.take_over(&id).expect("a newer holder");
    assert_eq!(bench.position(&member, &at(&input, 0)), (0, String::new()));
}

fn a_tombstone_and_its_headers_come_back<B: Bench>(bench: &B) {
    let output = bench.topic(1, false);
    let (log, out) = (bench.process(), at(&output, 0));
    let member = bench.reader(&log, &bench.group(&[&output]), &output);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let mut sent = record(&out, "key");
    sent.value = None;
    sent.headers = sent.headers.with("text", "twice").with("empty", "");
    sent.headers.0.push(("none".to_owned(), None));
    let ended = window(&mut holder, &[sent.clone()], &[], &member.generation().expect("a generation"));
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    let read = bench.read(&log, &out).remove(0);
    assert_eq!((read.key, read.value, read.headers), (Some(sent.key), None, sent.headers));
}
