//! What a member reads, from where and in which order.

use std::{slice::from_ref, time::Duration};

use quittance_log::{Ended, Log, LogError, Member, NewRecord, Transactions};

use crate::{
    bench::{Bench, LONG, at, begin, nothing_happens, record, texts, window},
    on_both,
};

on_both!(
    a_member_reads_in_order_across_what_it_does_not_see,
    nothing_is_read_before_it_is_started_and_nothing_else_after,
    starting_again_goes_back,
    what_is_paused_is_not_read_until_it_is_resumed,
    starting_again_leaves_a_pause_as_it_is,
    a_position_that_was_never_committed_is_lost,
    a_position_outside_of_the_log_is_lost,
    keys_have_their_partitions,
    a_topic_that_is_not_there_is_told,
);

fn a_member_reads_in_order_across_what_it_does_not_see<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (mut member, first) = (bench.reader(&log, &group, &topic), at(&topic, 0));
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let generation = member.generation().expect("a generation");
    bench.append(&record(&first, "0"));
    for n in 1..4 {
        let ended = window(&mut holder, &[record(&first, &n.to_string())], &[], &generation);
        assert!(matches!(ended, Ended::Committed), "{ended:?}");
    }
    begin(&mut holder, &[record(&first, "aborted")]);
    bench.until("it is there", || {
        holder.send(&record(&first, "aborted")).expect("a record is sent");
        log.end(&first, quittance_log::Isolation::Uncommitted).ok().filter(|end| *end > 7)
    });
    assert!(matches!(holder.abort("to be skipped"), Ended::Aborted(_)));
    let last = bench.append(&record(&first, "last"));
    let records = bench.records(&mut member, 5);
    assert_eq!(texts(&records), ["0", "1", "2", "3", "last"]);
    let offsets: Vec<i64> = records.iter().map(|record| record.offset).collect();
    assert_eq!(offsets, [0, 1, 3, 5, last], "markers and aborted records have offsets");
    assert!(last > 7 && records.iter().all(|record| record.timestamp_ms.is_some()));
}

fn nothing_is_read_before_it_is_started_and_nothing_else_after<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    for n in 0..4 {
        bench.append(&record(&at(&topic, n % 2), &n.to_string()));
    }
    let mut member = bench.join(&log, &group, "a", LONG, &topic);
    assert_eq!(bench.assigned(&mut member), [at(&topic, 0), at(&topic, 1)]);
    nothing_happens(bench, &mut member);
    member.start(&[(at(&topic, 1), 1)]).expect("it starts");
    assert_eq!(texts(&bench.records(&mut member, 1)), ["3"]);
    nothing_happens(bench, &mut member);
}

fn starting_again_goes_back<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    for n in 0..20 {
        bench.append(&record(&at(&topic, n % 2), &n.to_string()));
    }
    let mut member = bench.reader(&log, &group, &topic);
    bench.records(&mut member, 7);
    for _ in 0..3 {
        member.start(&[(at(&topic, 0), 3), (at(&topic, 1), 8)]).expect("it starts again");
        let mut offsets: Vec<_> =
            bench.records(&mut member, 9).into_iter().map(|read| (read.at.partition, read.offset)).collect();
        let of = |partition| offsets.iter().filter(move |(p, _)| *p == partition).map(|(_, o)| *o);
        assert!(of(0).is_sorted() && of(1).is_sorted());
        offsets.sort_unstable();
        assert_eq!(offsets, (3..10).map(|offset| (0, offset)).chain([(1, 8), (1, 9)]).collect::<Vec<_>>());
    }
}

fn what_is_paused_is_not_read_until_it_is_resumed<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (first, second) = (at(&topic, 0), at(&topic, 1));
    (0..10).for_each(|n| _ = bench.append(&record(&first, &n.to_string())));
    let mut member = bench.reader(&log, &group, &topic);
    assert_eq!(texts(&bench.records(&mut member, 2)), ["0", "1"]);
    // The client has more at hand by now.
    member.pause(from_ref(&first)).expect("it pauses");
    for n in 0..3 {
        bench.append(&record(&second, &format!("beside {n}")));
        assert_eq!(texts(&bench.records(&mut member, 1)), [format!("beside {n}")]);
    }
    nothing_happens(bench, &mut member);
    member.resume(from_ref(&first)).expect("it resumes");
    assert_eq!(texts(&bench.records(&mut member, 8)), ["2", "3", "4", "5", "6", "7", "8", "9"]);
}

fn starting_again_leaves_a_pause_as_it_is<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (mut member, first) = (bench.reader(&log, &group, &topic), at(&topic, 0));
    bench.append(&record(&first, "0"));
    assert_eq!(texts(&bench.records(&mut member, 1)), ["0"]);
    member.pause(from_ref(&first)).expect("it pauses");
    member.start(&[(first.clone(), 0)]).expect("it starts again");
    nothing_happens(bench, &mut member);
    member.resume(from_ref(&first)).expect("it resumes");
    assert_eq!(texts(&bench.records(&mut member, 1)), ["0"]);
}

fn a_position_that_was_never_committed_is_lost<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log, mine) = (bench.name("another group"), bench.process(), at(&topic, 0));
    let mut member = bench.join(&log, &group, "a", LONG, &topic);
    bench.assigned(&mut member);
    let asked = bench.until("an answer", || match member.committed(from_ref(&mine)) {
        Err(error) if error.is_transient() => None,
        other => Some(other),
    });
    assert!(matches!(&asked, Err(LogError::LostPosition { at, .. }) if *at == mine.to_string()), "{asked:?}");
    assert_eq!(log.committed_so_far(&group, from_ref(&mine)).expect("an answer"), []);
}

fn a_position_outside_of_the_log_is_lost<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (mut member, first) = (bench.reader(&log, &group, &topic), at(&topic, 0));
    (0..4).for_each(|n| _ = bench.append(&record(&first, &n.to_string())));
    assert_eq!(texts(&bench.records(&mut member, 4)), ["0", "1", "2", "3"]);
    bench.delete_before(&first, 2);
    for position in [1, 5] {
        member.start(&[(first.clone(), position)]).expect("it starts");
        let error = bench.until("an error", || member.poll(Duration::from_millis(50)).err());
        assert!(matches!(error, LogError::LostPosition { .. }), "{error}");
        // That is told once.
        nothing_happens(bench, &mut member);
    }
    member.start(&[(first.clone(), 2)]).expect("it starts");
    assert_eq!(texts(&bench.records(&mut member, 2)), ["2", "3"]);
    member.start(&[(first, 4)]).expect("the end is no loss");
    nothing_happens(bench, &mut member);
}

/// As the Java clients have it, so that all clients agree.
fn keys_have_their_partitions<B: Bench>(bench: &B) {
    let topic = bench.topic(7, false);
    let log = bench.process();
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let keys = ["", "a", "ab", "abc", "abcd", "abcde", "payment-1", "payment-2", "payment-3", "ä"];
    let records = keys.map(|key| NewRecord { partition: None, ..record(&at(&topic, 0), key) });
    records.iter().for_each(|record| _ = bench.append(record));
    let member = bench.reader(&log, &bench.group(&[&topic]), &topic);
    let ended = window(&mut holder, &records, &[], &member.generation().expect("a generation"));
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    let partitions = [2, 5, 0, 4, 5, 4, 1, 3, 6, 3];
    for partition in 0..7 {
        let here = keys.iter().zip(partitions).filter(|(_, expected)| *expected == partition).map(|(key, _)| *key);
        let twice: Vec<&str> = here.clone().chain(here).collect();
        assert_eq!(texts(&bench.read(&log, &at(&topic, partition))), twice, "{partition}");
    }
}

fn a_topic_that_is_not_there_is_told<B: Bench>(bench: &B) {
    let topic = std::sync::Arc::from(bench.name("no topic"));
    let mut member = bench.join(&bench.process(), &bench.name("no group"), "a", LONG, &topic);
    let error = bench.until("an error", || member.poll(Duration::from_millis(50)).err());
    assert!(matches!(error, LogError::NoTopic { .. }), "{error}");
    // That is told once.
    nothing_happens(bench, &mut member);
}
