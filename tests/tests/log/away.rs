//! What becomes of a member whose process stands still for longer than its session. On Kafka that takes a process of its
//! own: this test again, which then is the member.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use quittance_log::{Event, Member};

use crate::{
    bench::{Bench, LONG, MemberOf, SHORT, at, start},
    on_kafka::KafkaBench,
    on_model::ModelBench,
};

/// Names group and topic to the process that is the member.
const MEMBER_OF: &str = "QUITTANCE_TEST_MEMBER_OF";
const POLL: Duration = Duration::from_millis(50);

/// Another joins while the first is away, and gets all.
fn join_meanwhile<B: Bench>(bench: &B, group: &str, topic: &Arc<str>) -> MemberOf<B> {
    let mut other = bench.join(&bench.process(), group, "b", LONG, topic);
    let all = bench.assigned(&mut other);
    assert_eq!(all, [at(topic, 0), at(topic, 1)]);
    start(&mut other, &all);
    other
}

mod a_member_that_was_away_for_too_long_has_lost_its_partitions_and_joins_again {
    use super::*;

    #[test]
    fn model() {
        for seed in 0..100 {
            let bench = ModelBench::new(seed);
            let topic = bench.topic(2, false);
            let (group, log) = (bench.group(&[&topic]), bench.process());
            let mut member = bench.join(&log, &group, "a", SHORT, &topic);
            let all = bench.assigned(&mut member);
            start(&mut member, &all);
            bench.model.pause(log.id());
            let mut other = join_meanwhile(&bench, &group, &topic);
            bench.model.unpause(log.id());
            assert!(matches!(bench.event(&mut member), Event::Lost(lost) if lost == all));
            member.release().expect("it lets them go");
            let shares = bench.share(&mut [&mut member, &mut other], 2);
            assert_eq!(shares, [vec![at(&topic, 0)], vec![at(&topic, 1)]]);
        }
    }

    #[test]
    fn kafka() {
        if let Ok(names) = std::env::var(MEMBER_OF) {
            let (group, topic) = names.split_once(' ').expect("a group and a topic");
            return be_the_member(group, &Arc::from(topic));
        }
        let bench = KafkaBench::new();
        let topic = bench.topic(2, false);
        let group = bench.group(&[&topic]);
        let mut away = Away::start(&group, &topic);
        away.expect("assigned [0, 1]");
        away.signal("STOP");
        let mut other = join_meanwhile(&bench, &group, &topic);
        away.signal("CONT");
        away.expect("lost [0, 1]");
        bench.until("the other gives everything back", || match other.poll(POLL).expect("it polls") {
            Event::Revoked(_) => Some(()),
            _ => None,
        });
        other.release().expect("it gives them back");
        assert_eq!(bench.assigned(&mut other), [at(&topic, 1)]);
        away.expect("assigned [0]");
    }
}

/// A member of a group in a process of its own, which tells by lines what it is told.
struct Away {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Away {
    fn start(group: &str, topic: &str) -> Self {
        let test = "away::a_member_that_was_away_for_too_long_has_lost_its_partitions_and_joins_again::kafka";
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "--nocapture", test])
            .env(MEMBER_OF, format!("{group} {topic}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
        Self { child, lines }
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([format!("-{signal}"), self.child.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// The next line that tells something.
    fn expect(&mut self, line: &str) {
        let told = |line: &String| ["assigned", "revoked", "lost", "failed"].iter().any(|word| line.starts_with(word));
        let next = self.lines.by_ref().map_while(Result::ok).find(told);
        assert_eq!(next.as_deref(), Some(line));
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Polls until it is killed, or for as long as any test may take.
fn be_the_member(group: &str, topic: &Arc<str>) {
    let bench = KafkaBench::new();
    let mut member = bench.join(&bench.process(), group, "a", SHORT, topic);
    while bench.now_ms() < 120_000 {
        let (word, partitions) = match member.poll(POLL) {
            Ok(Event::Assigned(partitions)) => {
                start(&mut member, &partitions);
                ("assigned", partitions)
            }
            Ok(Event::Revoked(partitions)) => ("revoked", partitions),
            Ok(Event::Lost(partitions)) => ("lost", partitions),
            Ok(Event::Record(_) | Event::Idle) => continue,
            Err(error) => return println!("failed {error}"),
        };
        if word != "assigned" {
            member.release().expect("it gives them back");
        }
        let numbers: Vec<i32> = partitions.iter().map(|at| at.partition).collect();
        println!("{word} {numbers:?}");
    }
}
