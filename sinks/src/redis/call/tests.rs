use quittance_avro::ids::PaymentId;
use rstest::rstest;

use super::*;
use crate::store::Advance;

fn installation(number: u8) -> InstallationId {
    format!("ins_{number:032x}").parse().expect("an id")
}

fn payment(number: u8) -> PaymentId {
    format!("pay_{number:032x}").parse().expect("an id")
}

fn at(partition: i32) -> TopicPartition {
    TopicPartition { topic: "q.state".into(), partition }
}

fn state(number: u8, sequence: i64) -> Row {
    let state = format!("state {sequence}");
    Row::State { key: format!("p{number}"), payment_id: payment(number), sequence, state }
}

fn outcome(number: u8, outcome: &str) -> Row {
    Row::Outcome { key: format!("o{number}"), aggregate_id: payment(number).into(), outcome: outcome.to_owned() }
}

fn batch() -> Batch<Row> {
    let advance = |from, to| Advance { epoch: 3, from, to };
    Batch {
        installation: installation(1),
        rows: vec![state(1, 2), state(1, 4), state(1, 3), outcome(1, "first"), outcome(1, "last"), outcome(2, "only")],
        advances: BTreeMap::from([(at(0), advance(0, 4)), (at(1), advance(7, 9))]),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn a_batch_is_one_call() {
    let id = installation(1).to_string();
    let payments = [payment(1), payment(2)].map(|id| id.to_string());
    let call = apply("q", &batch());
    let progress = [0, 1].map(|partition| format!("q:{id}:progress:q.state:{partition}"));
    assert_eq!(call.keys, words(&["q:installation", &progress[0], &progress[1], "p1", "o1", "o2"]));
    let args = [
        &[id.as_str(), "q:notices", "86400"][..],
        &["2", "3", "0", "4", "3", "7", "9"],
        &["1", "4", "state 4"],
        &["2", "last", "only"],
        &[&payments[0], &payments[1]],
    ];
    assert_eq!(call.args, words(&args.concat()));
}

#[rstest]
#[case(&["applied"], "applied")]
#[case(&["stale", "1"], "the store's progress on q.state[1] is not what this writer left")]
#[case(&["fenced", "0"], "another writer claimed q.state[0]")]
#[case(&["fenced", "2"], "Redis: a script answered with fenced, which is none of its answers")]
#[case(&[], "Redis: a script answered with nothing, which is none of its answers")]
fn answers_to_a_batch(#[case] answer: &[&str], #[case] meaning: &str) {
    let answer = applied(&batch(), &words(answer));
    assert_eq!(answer.map_or_else(|error| error.to_string(), |()| "applied".to_owned()), meaning);
}

#[test]
fn another_installation_is_named() {
    let other = words(&["installation", "ins_2"]);
    let wrong = StoreError::WrongInstallation { found: "ins_2".to_owned(), wanted: installation(1) };
    assert_eq!(applied(&batch(), &other), Err(wrong.clone()));
    assert_eq!(claims(installation(1), &[at(0)], &other), Err(wrong));
}

#[test]
fn claims_are_in_the_order_of_the_partitions() {
    let answer = claims(installation(1), &[at(3), at(1)], &words(&["claimed", "40", "2", "0", "1"]));
    let claimed = vec![Claim { at: at(3), next: 40, epoch: 2 }, Claim { at: at(1), next: 0, epoch: 1 }];
    assert_eq!(answer, Ok(claimed));
    assert!(claims(installation(1), &[at(3)], &words(&["claimed", "40"])).is_err());
    assert!(claims(installation(1), &[at(3)], &words(&["claimed", "x", "1"])).is_err());
}
