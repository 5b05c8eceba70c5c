//! Reading spans up to their ends.

use std::{sync::Arc, time::Duration};

use quittance_log::{Ended, Isolation, Log, LogError, Member, Range, Ranged, Span, Transactions};

use crate::{
    bench::{Bench, at, begin, record, texts, window},
    on_both,
};

on_both!(
    a_range_ends_behind_markers_and_aborted_records,
    a_range_reads_its_spans_and_no_more,
    a_range_waits_for_a_transaction_that_is_open_below_its_end,
    a_range_does_not_wait_for_what_is_open_above_its_end,
    a_range_ends_across_what_was_cleaned_away,
    a_range_from_before_the_beginning_is_lost,
    a_range_of_nothing_is_at_its_end,
    a_range_of_a_topic_that_is_not_there_is_unavailable,
);

fn span(partition: i32, from: Option<i64>, to: i64) -> Span {
    Span { partition, from, to }
}

fn a_range_ends_behind_markers_and_aborted_records<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log, first) = (bench.group(&[&topic]), bench.process(), at(&topic, 0));
    let member = bench.reader(&log, &group, &topic);
    let generation = member.generation().expect("a generation");
    let id = bench.name("id");
    let mut holder = log.take_over(&id).expect("a holder");
    let ended = window(&mut holder, &[record(&first, "0"), record(&first, "1")], &[], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    let hour = Duration::from_secs(3600);
    drop(bench.leave_open(&log, &id, &[record(&first, "aborted")], &[], &generation, hour));
    log.take_over(&id).expect("it is aborted");
    let end =
        bench.until("both markers are there", || log.end(&first, Isolation::Committed).ok().filter(|end| *end == 5));
    for to in 2..=end {
        let read = bench.read_spans(&log, &topic, &[span(0, None, to)]);
        assert_eq!(texts(&read), ["0", "1"], "to {to}");
    }
    assert_eq!(texts(&bench.read_spans(&log, &topic, &[span(0, None, 1)])), ["0"]);
    assert_eq!(texts(&bench.read_spans(&log, &topic, &[span(0, Some(2), end)])), Vec::<String>::new());
}

fn a_range_reads_its_spans_and_no_more<B: Bench>(bench: &B) {
    let topic = bench.topic(3, false);
    let log = bench.process();
    for n in 0..30 {
        bench.append(&record(&at(&topic, n % 3), &format!("{:02}", n / 3)));
    }
    let spans = [span(0, Some(3), 5), span(1, None, 2), span(2, Some(8), 10)];
    let mut read: Vec<_> = bench
        .read_spans(&log, &topic, &spans)
        .into_iter()
        .map(|read| (read.at.partition, read.offset, texts(&[read]).concat()))
        .collect();
    read.sort();
    let expected = [(0, 3), (0, 4), (1, 0), (1, 1), (2, 8), (2, 9)];
    assert_eq!(read, expected.map(|(partition, offset)| (partition, offset, format!("{offset:02}"))));
}

fn a_range_waits_for_a_transaction_that_is_open_below_its_end<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log, first) = (bench.group(&[&topic]), bench.process(), at(&topic, 0));
    let member = bench.reader(&log, &group, &topic);
    let generation = member.generation().expect("a generation");
    bench.append(&record(&first, "below"));
    let delay = Duration::from_secs(8);
    let open = bench.leave_open(&log, &bench.name("id"), &[record(&first, "open")], &[], &generation, delay);
    bench.append(&record(&first, "above"));
    let mut range = log.range(&topic, &[span(0, None, 3)]).expect("a range");
    for _ in 0..20 {
        let polled = range.poll(Duration::from_millis(50)).expect("a range polls");
        assert!(matches!(polled, Ranged::Idle), "{polled:?}: nothing before it is decided");
    }
    bench.finish(open);
    let mut read = Vec::new();
    bench.until("the end", || match range.poll(Duration::from_millis(50)).expect("a range polls") {
        Ranged::Record(record) => {
            read.push(record);
            None
        }
        Ranged::Idle => None,
        Ranged::End => Some(()),
    });
    assert_eq!(texts(&read), ["below", "open", "above"]);
    assert!(matches!(range.poll(Duration::ZERO), Ok(Ranged::End)), "it stays at its end");
}

fn a_range_does_not_wait_for_what_is_open_above_its_end<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (log, first) = (bench.process(), at(&topic, 0));
    bench.append(&record(&first, "below"));
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    begin(&mut holder, &[record(&first, "open")]);
    bench.until("it is there", || {
        holder.send(&record(&first, "open")).expect("a record is sent");
        log.end(&first, Isolation::Uncommitted).ok().filter(|end| *end > 1)
    });
    assert_eq!(texts(&bench.read_spans(&log, &topic, &[span(0, None, 1)])), ["below"]);
    assert_eq!(log.end(&first, Isolation::Committed).expect("an end"), 1, "it is still open");
}

fn a_range_ends_across_what_was_cleaned_away<B: Bench>(bench: &B) {
    let topic = bench.topic(1, true);
    let (group, log, first) = (bench.group(&[&topic]), bench.process(), at(&topic, 0));
    for text in ["a", "b", "a", "c", "b", "a"] {
        bench.append(&record(&first, text));
    }
    bench.compact(&topic);
    let read = bench.read_spans(&log, &topic, &[span(0, Some(0), 6)]);
    let found: Vec<_> = read.iter().map(|read| (read.offset, texts(std::slice::from_ref(read)).concat())).collect();
    assert_eq!(found, [(3, "c".to_owned()), (4, "b".to_owned()), (5, "a".to_owned())]);
    for (from, to, count) in [(0, 1, 0), (1, 4, 1), (2, 5, 2), (0, 3, 0)] {
        let read = bench.read_spans(&log, &topic, &[span(0, Some(from), to)]);
        assert_eq!(read.len(), count, "{from}..{to}");
    }
    // A member starts in a gap, too.
    let mut member = bench.reader(&log, &group, &topic);
    assert_eq!(bench.records(&mut member, 1)[0].offset, 3);
}

fn a_range_from_before_the_beginning_is_lost<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (log, first) = (bench.process(), at(&topic, 0));
    (0..4).for_each(|n| _ = bench.append(&record(&first, &n.to_string())));
    bench.append(&record(&at(&topic, 1), "beside"));
    bench.delete_before(&first, 2);
    assert_eq!(texts(&bench.read_spans(&log, &topic, &[span(0, None, 4)])), ["2", "3"]);
    let mut range = log.range(&topic, &[span(0, Some(1), 4), span(1, None, 1)]).expect("a range");
    let (mut errors, mut read) = (Vec::new(), Vec::new());
    bench.until("both are told", || {
        match range.poll(Duration::from_millis(50)) {
            Ok(Ranged::Record(record)) => read.push(record),
            Ok(Ranged::Idle) => {}
            Ok(Ranged::End) => panic!("it has not read everything"),
            Err(error) => errors.push(error),
        }
        (!errors.is_empty() && !read.is_empty()).then_some(())
    });
    assert_eq!(texts(&read), ["beside"]);
    assert!(matches!(errors[..], [LogError::LostPosition { .. }]), "{errors:?}");
    // That is told once, and it never comes to its end.
    for _ in 0..20 {
        assert!(matches!(range.poll(Duration::from_millis(50)), Ok(Ranged::Idle)));
    }
}

fn a_range_of_nothing_is_at_its_end<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let log = bench.process();
    bench.append(&record(&at(&topic, 0), "0"));
    for spans in [vec![], vec![span(0, Some(1), 1)], vec![span(0, None, 0), span(1, None, 0)]] {
        let mut range = log.range(&topic, &spans).expect("a range");
        assert!(matches!(range.poll(Duration::ZERO), Ok(Ranged::End)), "{spans:?}");
    }
}

fn a_range_of_a_topic_that_is_not_there_is_unavailable<B: Bench>(bench: &B) {
    let (log, topic) = (bench.process(), Arc::from(bench.name("no topic")));
    let mut range = log.range(&topic, &[span(0, None, 1)]).expect("a range");
    let error = bench.until("an error", || range.poll(Duration::from_millis(50)).err());
    assert!(matches!(error, LogError::Unavailable { .. }), "{error}");
    let end = log.end(&at(&topic, 0), Isolation::Committed);
    assert!(matches!(end, Err(LogError::Unavailable { .. })), "{end:?}");
}
