//! Who is kept from ending a transaction.

use quittance_log::{Ended, Isolation, Log, LogError, Member, SendError, Transactions};

use crate::{
    bench::{Bench, LONG, SHORT, at, begin, position, record, texts, window},
    on_both,
};

on_both!(
    a_takeover_aborts_what_was_open_and_fences_the_older_holder,
    a_takeover_fences_an_older_holder_that_aborts,
    a_takeover_keeps_what_was_committed,
    a_generation_that_is_over_is_refused_and_the_holder_goes_on,
    a_member_whose_place_was_taken_is_fenced,
    a_member_that_was_given_up_is_refused,
    who_was_never_a_member_commits_while_the_group_is_empty,
    a_transaction_that_is_open_for_too_long_is_aborted_and_its_holder_fenced,
);

fn a_takeover_aborts_what_was_open_and_fences_the_older_holder<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, id) = (bench.group(&[&input]), bench.process(), bench.name("id"));
    let (member, out) = (bench.reader(&log, &group, &input), at(&output, 0));
    let generation = member.generation().expect("a generation");
    let mut older = log.take_over(&id).expect("a holder");
    let ended = window(&mut older, &[record(&out, "before")], &[position(&at(&input, 0), 1, "before")], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    begin(&mut older, &[record(&out, "open")]);

    let mut newer = log.take_over(&id).expect("a newer holder");
    let ended = older.commit(&[position(&at(&input, 0), 2, "open")], &generation);
    assert!(matches!(ended, Ended::Fenced(_)), "{ended:?}");
    let begun = older.begin();
    assert!(matches!(begun, Err(LogError::Fenced { .. })), "it stays fenced: {ended:?}, {begun:?}");
    assert!(matches!(older.send(&record(&out, "fenced")), Err(SendError::Failed { .. })));
    let ended = window(&mut newer, &[record(&out, "after")], &[position(&at(&input, 0), 3, "after")], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), ["before", "after"]);
    assert_eq!(bench.position(&member, &at(&input, 0)), (3, "after".to_owned()));
}

fn a_takeover_fences_an_older_holder_that_aborts<B: Bench>(bench: &B) {
    let output = bench.topic(1, false);
    let (log, id, out) = (bench.process(), bench.name("id"), at(&output, 0));
    let mut older = log.take_over(&id).expect("a holder");
    begin(&mut older, &[record(&out, "open")]);
    // The record is on its way before the id is taken over, or the abort would be local.
    let is_there = || log.end(&out, Isolation::Uncommitted).ok().filter(|end| *end > 0);
    let sent = (0..200).any(|_| {
        bench.pause();
        older.send(&record(&out, "open")).expect("a record is sent");
        is_there().is_some()
    });
    assert!(sent);
    log.take_over(&id).expect("a newer holder");
    let ended = older.abort("because");
    assert!(matches!(ended, Ended::Fenced(_)), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), Vec::<String>::new());
}

fn a_takeover_keeps_what_was_committed<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(4, false));
    let (group, log, id) = (bench.group(&[&input]), bench.process(), bench.name("id"));
    let member = bench.reader(&log, &group, &input);
    let generation = member.generation().expect("a generation");
    let mut holder = log.take_over(&id).expect("a holder");
    let records: Vec<_> = (0..4).map(|n| record(&at(&output, n), &n.to_string())).collect();
    let ended = window(&mut holder, &records, &[position(&at(&input, 0), 4, "kept")], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    // Its markers may still have to be written.
    log.take_over(&id).expect("a newer holder");
    for n in 0..4 {
        assert_eq!(texts(&bench.read(&log, &at(&output, n))), [n.to_string()]);
    }
    assert_eq!(bench.position(&member, &at(&input, 0)), (4, "kept".to_owned()));
}

fn a_generation_that_is_over_is_refused_and_the_holder_goes_on<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(2, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let mut member = bench.reader(&log, &group, &input);
    let stale = member.generation().expect("a generation");
    let mut other = bench.join(&bench.process(), &group, "b", LONG, &input);
    bench.share(&mut [&mut member, &mut other], 2);

    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let mine = at(&input, 0);
    let ended = window(&mut holder, &[record(&out, "stale")], &[position(&mine, 1, "stale")], &stale);
    assert!(matches!(ended, Ended::Aborted(_)), "{ended:?}");
    let current = member.generation().expect("a generation");
    let ended = window(&mut holder, &[record(&out, "current")], &[position(&mine, 2, "current")], &current);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), ["current"]);
    assert_eq!(bench.position(&member, &mine), (2, "current".to_owned()));
}

fn a_member_whose_place_was_taken_is_fenced<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out, id) = (bench.group(&[&input]), bench.process(), at(&output, 0), bench.name("id"));
    let member = bench.reader(&log, &group, &input);
    let mut holder = log.take_over(&id).expect("a holder");
    let older = member.generation().expect("a generation");
    let double = bench.reader(&bench.process(), &group, &input);
    let mine = at(&input, 0);
    let ended = window(&mut holder, &[record(&out, "older")], &[position(&mine, 1, "older")], &older);
    assert!(matches!(ended, Ended::Fenced(_)), "{ended:?}");
    let end = |isolation| log.end(&out, isolation).ok();
    bench.until("it leaves nothing open", || (end(Isolation::Committed) == end(Isolation::Uncommitted)).then_some(()));
    let mut holder = log.take_over(&id).expect("the double's holder");
    let newer = double.generation().expect("a generation");
    let ended = window(&mut holder, &[record(&out, "newer")], &[position(&mine, 2, "newer")], &newer);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), ["newer"]);
}

fn a_member_that_was_given_up_is_refused<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let mut member = bench.join(&log, &group, "a", SHORT, &input);
    bench.assigned(&mut member);
    let given_up = member.generation().expect("a generation");
    drop(member);
    // Somebody else is there when the partitions went on.
    let mut other = bench.join(&bench.process(), &group, "b", LONG, &input);
    bench.share(&mut [&mut other], 1);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let ended = window(&mut holder, &[record(&out, "x")], &[position(&at(&input, 0), 1, "x")], &given_up);
    assert!(matches!(ended, Ended::Aborted(_)), "{ended:?}");
}

/// Not what one would wish for: a client that has no generation yet is let through as long as the group has no member. So
/// a generation is to be taken from a member that was assigned something.
fn who_was_never_a_member_commits_while_the_group_is_empty<B: Bench>(bench: &B) {
    let input = bench.topic(1, false);
    let (group, log) = (bench.group(&[&input]), bench.process());
    // It is asked before it can have joined.
    let mut member = bench.join(&log, &group, "a", SHORT, &input);
    let none = member.generation().expect("a generation");
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    bench.assigned(&mut member);
    let mut commit = || window(&mut holder, &[], &[position(&at(&input, 0), 1, "nobody")], &none);
    let ended = commit();
    assert!(matches!(ended, Ended::Fenced(_)), "{ended:?}");
    drop(member);
    bench.until("the group is empty", || matches!(commit(), Ended::Committed).then_some(()));
}

fn a_transaction_that_is_open_for_too_long_is_aborted_and_its_holder_fenced<B: Bench>(bench: &B) {
    let (input, output) = (bench.topic(1, false), bench.topic(1, false));
    let (group, log, out) = (bench.group(&[&input]), bench.process(), at(&output, 0));
    let member = bench.reader(&log, &group, &input);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    begin(&mut holder, &[record(&out, "slow")]);
    bench.until("the record is there", || {
        // One of these is sent before the commit.
        holder.send(&record(&out, "slow")).expect("a record is sent");
        log.end(&out, Isolation::Uncommitted).ok().filter(|end| *end > 0)
    });
    bench.append(&record(&out, "above"));
    assert_eq!(log.end(&out, Isolation::Committed).expect("an end"), 0);
    bench.until("it is aborted", || log.end(&out, Isolation::Committed).ok().filter(|end| *end > 0));
    let ended = holder.commit(&[position(&at(&input, 0), 1, "slow")], &member.generation().expect("a generation"));
    assert!(matches!(ended, Ended::Fenced(_)), "{ended:?}");
    assert_eq!(texts(&bench.read(&log, &out)), ["above"]);
    assert_eq!(bench.position(&member, &at(&input, 0)), (0, String::new()));
}
