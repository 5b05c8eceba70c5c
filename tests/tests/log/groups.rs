//! How a group shares out its partitions.

use std::{slice::from_ref, time::Duration};

use quittance_log::{Ended, Event, Log, LogError, Member};

use crate::{
    bench::{Bench, LONG, SHORT, at, nothing_happens, position, record, start, texts, window},
    on_both,
};

on_both!(
    all_partitions_are_shared_out_when_a_member_joins,
    a_member_that_has_started_nothing_hears_of_its_group,
    a_member_may_be_left_without_a_partition,
    the_group_waits_until_partitions_are_given_back,
    a_member_hears_of_its_group_only_when_it_has_started,
    giving_back_what_nobody_asked_for_only_ends_the_reading,
    a_silent_members_partitions_go_to_the_others,
    an_instance_that_comes_back_has_its_partitions_and_troubles_nobody,
    an_instance_that_joins_twice_fences_the_first,
    a_transaction_whose_positions_were_taken_commits_after_its_partitions_went_to_another,
    a_pause_outlasts_a_rebalance,
    what_was_given_back_can_be_committed_until_the_next_generation,
    an_instance_that_comes_back_while_the_group_shares_out_is_not_waited_for,
);

fn all_partitions_are_shared_out_when_a_member_joins<B: Bench>(bench: &B) {
    let topic = bench.topic(5, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let all: Vec<_> = (0..5).map(|partition| at(&topic, partition)).collect();
    let mut first = bench.join(&log, &group, "b", LONG, &topic);
    assert_eq!(bench.assigned(&mut first), all);
    start(&mut first, &all);
    let mut second = bench.join(&bench.process(), &group, "a", LONG, &topic);
    let event = bench.event(&mut first);
    assert!(matches!(&event, Event::Revoked(revoked) if *revoked == all), "{event:?}");
    first.release().expect("it gives them back");
    let (second_has, first_has) = (bench.assigned(&mut second), bench.assigned(&mut first));
    assert_eq!((second_has, first_has), (all[..3].to_vec(), all[3..].to_vec()), "in ranges, by instance");
    start(&mut second, &all[..3]);
    start(&mut first, &all[3..]);
    let mut third = bench.join(&bench.process(), &group, "c", LONG, &topic);
    let shares = bench.share(&mut [&mut second, &mut first, &mut third], 5);
    assert_eq!(shares, [all[..2].to_vec(), all[2..4].to_vec(), all[4..].to_vec()]);
}

fn a_member_that_has_started_nothing_hears_of_its_group<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let all: Vec<_> = (0..2).map(|partition| at(&topic, partition)).collect();
    bench.append(&record(&all[0], "0"));
    let mut first = bench.join(&log, &group, "a", LONG, &topic);
    assert_eq!(bench.assigned(&mut first), all);
    start(&mut first, &[]);
    nothing_happens(bench, &mut first);
    start(&mut first, &all);
    assert_eq!(bench.records(&mut first, 1).len(), 1, "it can start with more later");
    start(&mut first, &[]);
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    let event = bench.event(&mut first);
    assert!(matches!(&event, Event::Revoked(revoked) if *revoked == all), "{event:?}");
    first.release().expect("it gives them back");
    assert_eq!((bench.assigned(&mut first), bench.assigned(&mut second)), (all[..1].to_vec(), all[1..].to_vec()));
}

fn a_member_may_be_left_without_a_partition<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.join(&log, &group, "a", LONG, &topic);
    let mut second = bench.join(&bench.process(), &group, "b", SHORT, &topic);
    let shares = bench.share(&mut [&mut first, &mut second], 1);
    assert_eq!(shares, [vec![at(&topic, 0)], vec![]]);
    drop(second);
    // It is asked to give back nothing as well when things change.
    let mut third = bench.join(&bench.process(), &group, "c", LONG, &topic);
    bench.share(&mut [&mut first, &mut third], 1);
    let mut fourth = bench.join(&bench.process(), &group, "0", LONG, &topic);
    let event = bench.event(&mut third);
    assert!(matches!(&event, Event::Revoked(nothing) if nothing.is_empty()), "{event:?}");
    third.release().expect("it gives nothing back");
    let shares = bench.share(&mut [&mut fourth, &mut first, &mut third], 1);
    assert_eq!(shares, [vec![at(&topic, 0)], vec![], vec![]]);
}

fn the_group_waits_until_partitions_are_given_back<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.reader(&log, &group, &topic);
    let generation = first.generation().expect("a generation");
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    assert!(matches!(bench.event(&mut first), Event::Revoked(_)));
    bench.append(&record(&at(&topic, 0), "not to be read any more"));
    nothing_happens(bench, &mut second);
    nothing_happens(bench, &mut first);
    // What it has in hand it can still commit.
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let ended = window(&mut holder, &[], &[position(&at(&topic, 1), 0, "the last")], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    first.release().expect("it gives them back");
    let mut shares = [bench.assigned(&mut first), bench.assigned(&mut second)];
    shares.sort();
    assert_eq!(shares, [vec![at(&topic, 0)], vec![at(&topic, 1)]]);
    assert_eq!(bench.position(&second, &at(&topic, 1)), (0, "the last".to_owned()));
}

fn a_member_hears_of_its_group_only_when_it_has_started<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.join(&log, &group, "a", SHORT, &topic);
    let share = bench.assigned(&mut first);
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    nothing_happens(bench, &mut first);
    nothing_happens(bench, &mut second);
    nothing_happens(bench, &mut first);
    start(&mut first, &share);
    assert!(matches!(bench.event(&mut first), Event::Revoked(revoked) if revoked == share));
    first.release().expect("it gives them back");
    bench.share(&mut [&mut first, &mut second], 2);
}

fn giving_back_what_nobody_asked_for_only_ends_the_reading<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut member = bench.reader(&log, &group, &topic);
    bench.append(&record(&at(&topic, 1), "0"));
    member.release().expect("it gives them back");
    nothing_happens(bench, &mut member);
    let share = [at(&topic, 0), at(&topic, 1)];
    start(&mut member, &share);
    assert_eq!(texts(&bench.records(&mut member, 1)), ["0"]);
    member.release().expect("it gives them back");
    let _second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    assert!(matches!(bench.event(&mut member), Event::Revoked(revoked) if revoked == share));
}

fn a_silent_members_partitions_go_to_the_others<B: Bench>(bench: &B) {
    let topic = bench.topic(4, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.join(&log, &group, "a", SHORT, &topic);
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    bench.share(&mut [&mut first, &mut second], 4);
    let began_ms = bench.now_ms();
    drop(first);
    let shares = bench.share(&mut [&mut second], 4);
    assert_eq!(shares[0].len(), 4);
    assert!(bench.now_ms() - began_ms > 1_000, "a static member does not leave, it is missed");
}

fn an_instance_that_comes_back_has_its_partitions_and_troubles_nobody<B: Bench>(bench: &B) {
    let topic = bench.topic(4, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.join(&log, &group, "a", LONG, &topic);
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    let shares = bench.share(&mut [&mut first, &mut second], 4);
    let generation = second.generation().expect("a generation");
    drop(first);
    let mut first = bench.join(&bench.process(), &group, "a", LONG, &topic);
    assert_eq!(bench.assigned(&mut first), shares[0]);
    start(&mut first, &shares[0]);
    bench.append(&record(&shares[0][0], "for the first"));
    assert_eq!(texts(&bench.records(&mut first, 1)), ["for the first"]);
    nothing_happens(bench, &mut second);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    for (generation, at) in [(&generation, &shares[1][0]), (&first.generation().expect("one"), &shares[0][0])] {
        let ended = window(&mut holder, &[], &[position(at, 1, "")], generation);
        assert!(matches!(ended, Ended::Committed), "{ended:?}");
    }
}

fn an_instance_that_joins_twice_fences_the_first<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.reader(&log, &group, &topic);
    let mut double = bench.reader(&bench.process(), &group, &topic);
    let told = bench.until("the first is told", || match first.poll(Duration::from_millis(50)) {
        Ok(Event::Idle) => None,
        told => Some(told),
    });
    assert!(matches!(&told, Err(LogError::Fenced { .. })), "{told:?}");
    // That is told once, and nothing comes after it.
    nothing_happens(bench, &mut first);
    bench.append(&record(&at(&topic, 0), "for the double"));
    assert_eq!(texts(&bench.records(&mut double, 1)), ["for the double"]);
    nothing_happens(bench, &mut double);
}

fn a_transaction_whose_positions_were_taken_commits_after_its_partitions_went_to_another<B: Bench>(bench: &B) {
    let topic = bench.topic(1, false);
    let (group, log, mine) = (bench.group(&[&topic]), bench.process(), at(&topic, 0));
    let mut member = bench.join(&log, &group, "a", SHORT, &topic);
    bench.assigned(&mut member);
    let generation = member.generation().expect("a generation");
    let delay = Duration::from_secs(8);
    let to = [position(&mine, 9, "zombie")];
    let open = bench.leave_open(&log, &bench.name("id"), &[], &to, &generation, delay);
    drop(member);
    let mut other = bench.join(&bench.process(), &group, "b", LONG, &topic);
    assert_eq!(bench.assigned(&mut other), vec![mine.clone()]);
    assert!(matches!(other.committed(from_ref(&mine)), Err(error) if error.is_transient()));
    bench.finish(open);
    assert_eq!(bench.position(&other, &mine), (9, "zombie".to_owned()));
}

fn a_pause_outlasts_a_rebalance<B: Bench>(bench: &B) {
    let topic = bench.topic(2, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let (mut member, first) = (bench.reader(&log, &group, &topic), at(&topic, 0));
    member.pause(from_ref(&first)).expect("it pauses");
    let mut other = bench.join(&bench.process(), &group, "b", LONG, &topic);
    assert_eq!(bench.share(&mut [&mut member, &mut other], 2)[0], vec![first.clone()]);
    bench.append(&record(&first, "0"));
    nothing_happens(bench, &mut member);
    member.resume(from_ref(&first)).expect("it resumes");
    assert_eq!(texts(&bench.records(&mut member, 1)), ["0"]);
}

fn what_was_given_back_can_be_committed_until_the_next_generation<B: Bench>(bench: &B) {
    let topic = bench.topic(3, false);
    let (group, log, mine) = (bench.group(&[&topic]), bench.process(), at(&topic, 0));
    let mut first = bench.join(&log, &group, "a", LONG, &topic);
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    bench.share(&mut [&mut first, &mut second], 3);
    let generation = first.generation().expect("a generation");
    let mut third = bench.join(&bench.process(), &group, "c", LONG, &topic);
    assert!(matches!(bench.event(&mut first), Event::Revoked(_)));
    first.release().expect("it gives them back");
    nothing_happens(bench, &mut first);
    let mut holder = log.take_over(&bench.name("id")).expect("a holder");
    let ended = window(&mut holder, &[], &[position(&mine, 1, "given back")], &generation);
    assert!(matches!(ended, Ended::Committed), "{ended:?}");
    bench.share(&mut [&mut first, &mut second, &mut third], 3);
    let ended = window(&mut holder, &[], &[position(&mine, 2, "too late")], &generation);
    assert!(matches!(ended, Ended::Aborted(_)), "{ended:?}");
    assert_eq!(bench.position(&first, &mine), (1, "given back".to_owned()));
}

fn an_instance_that_comes_back_while_the_group_shares_out_is_not_waited_for<B: Bench>(bench: &B) {
    let topic = bench.topic(3, false);
    let (group, log) = (bench.group(&[&topic]), bench.process());
    let mut first = bench.join(&log, &group, "a", LONG, &topic);
    let mut second = bench.join(&bench.process(), &group, "b", LONG, &topic);
    bench.share(&mut [&mut first, &mut second], 3);
    let mut third = bench.join(&bench.process(), &group, "c", LONG, &topic);
    assert!(matches!(bench.event(&mut first), Event::Revoked(_)));
    drop(first);
    let began_ms = bench.now_ms();
    let mut first = bench.join(&bench.process(), &group, "a", LONG, &topic);
    let shares = bench.share(&mut [&mut first, &mut second, &mut third], 3);
    assert_eq!(shares, (0..3).map(|partition| vec![at(&topic, partition)]).collect::<Vec<_>>());
    assert!(bench.now_ms() - began_ms < 20_000, "its session is not waited for");
}
