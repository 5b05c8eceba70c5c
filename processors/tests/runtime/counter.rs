//! A small processor: counters that add up what they are told, ring when they are told to, and go wrong on request.
//!
//! An input says what to do in words: `add 5`, `ring AT_MS WORD`, `large`, `panic`, `lacks SCHEMA`, `later`. A state is
//! `COUNT AT_MS WORD`, and so is what is written to the output. `WORD@CLOCK` rings by a test clock, and the state that
//! rings `tick@CLOCK` is that clock. `table VERSION` adds what the latest record of the shared table says, and is not to be decided
//! by an older version.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use quittance_avro::{registry::RegistryError, wire::EncodeError};
use quittance_log::{Headers, ReadError, Record};
use quittance_processors::runtime::{Class, Clock, Due, Output, Processed, Processor, Source, StateChange, Trigger};

/// The largest record, bytes.
pub(crate) const BYTES_MAX: usize = 1_000;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) sum: u64,
    rings: Option<(i64, String)>,
}

/// Of this schema is a record or a state that says `later`: it can be read unless the registry is down.
pub(crate) const LATER: u32 = 0;

/// What the registry knows: whether it answers, and that it has a schema.
pub(crate) type Registry = Rc<RefCell<BTreeMap<u32, Answer>>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Down,
    Unknown,
    Known,
}

pub(crate) struct Counter {
    inputs: [Source; 3],
    changelog: Arc<str>,
    tables: [Arc<str>; 1],
    /// What the table says.
    table: u64,
    registry: Registry,
    learned: Vec<u32>,
}

impl Counter {
    pub(crate) fn new(registry: Registry) -> Self {
        let source = |topic: &str, class| Source { topic: Arc::from(topic), class };
        Self {
            inputs: [
                source("results", Class::Results),
                source("commands", Class::Commands),
                source("bulk", Class::Bulk),
            ],
            changelog: Arc::from("changelog"),
            tables: [Arc::from("table")],
            table: 0,
            registry,
            learned: Vec::new(),
        }
    }

    /// Whether what is to be read `later` can be.
    fn is_up(&self) -> Result<(), ReadError> {
        let is_down = matches!(self.registry.borrow().get(&LATER), Some(Answer::Down));
        if is_down { Err(down()) } else { Ok(()) }
    }
}

impl Count {
    fn text(&self) -> String {
        let (at_ms, word) = self.rings.clone().unwrap_or_default();
        format!("{} {at_ms} {word}", self.sum)
    }
}

fn down() -> ReadError {
    let (url, detail) = ("http://registry".to_owned(), "it is down".to_owned());
    ReadError::Unavailable(RegistryError::Unavailable { url, detail })
}

fn output(topic: &str, key: &str, value: Vec<u8>) -> Output {
    Output { topic: Arc::from(topic), key: key.to_owned(), value, headers: Headers::default() }
}

impl Processor for Counter {
    type State = Count;
    type Input = (String, String);

    fn inputs(&self) -> &[Source] {
        &self.inputs
    }

    fn changelog(&self) -> &Arc<str> {
        &self.changelog
    }

    fn decode(&mut self, record: &Record) -> Result<(String, Self::Input), ReadError> {
        let text = |bytes: &Option<Vec<u8>>| String::from_utf8(bytes.clone().unwrap_or_default());
        let (Ok(key), Ok(says)) = (text(&record.key), text(&record.value)) else {
            return Err(ReadError::Invalid("value"));
        };
        if says == "later" {
            self.is_up()?;
        }
        let lacks = says.strip_prefix("lacks ").map(|schema| schema.parse::<u32>().expect("a number"));
        match lacks {
            Some(schema) if !self.learned.contains(&schema) => Err(ReadError::Lacking(schema)),
            _ => Ok((key.clone(), (key, says))),
        }
    }

    fn learn(&mut self, schema: u32) -> Result<(), ReadError> {
        let answer = self.registry.borrow().get(&schema).copied().unwrap_or(Answer::Unknown);
        match answer {
            Answer::Known => self.learned.push(schema),
            Answer::Unknown => return Err(ReadError::Unknown(RegistryError::UnknownId(schema))),
            Answer::Down => return Err(down()),
        }
        Ok(())
    }

    fn tables(&self) -> &[Arc<str>] {
        &self.tables
    }

    fn take_in(&mut self, record: &Record) -> Result<(), ReadError> {
        let text = String::from_utf8(record.value.clone().unwrap_or_default()).unwrap_or_default();
        assert_ne!(text, "panic", "it is told to");
        self.table = text.parse().map_err(|_| ReadError::Invalid("value"))?;
        Ok(())
    }

    fn awaits(&self, (_, says): &Self::Input) -> i64 {
        says.strip_prefix("table ").and_then(|version| version.parse().ok()).unwrap_or(0)
    }

    fn restore(&mut self, value: &[u8]) -> Result<Count, ReadError> {
        let text = String::from_utf8_lossy(value).into_owned();
        if text == "later" {
            self.is_up()?;
            return Ok(Count { sum: 7, rings: None });
        }
        let mut words = text.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<i64>().ok()).ok_or(ReadError::Invalid("state"));
        let (sum, at_ms) = (number()?, number()?);
        let word = words.next().unwrap_or_default().to_owned();
        Ok(Count { sum: sum.unsigned_abs(), rings: (at_ms > 0).then_some((at_ms, word)) })
    }

    fn keep(&self, state: &Count) -> Result<Vec<u8>, EncodeError> {
        Ok(state.text().into_bytes())
    }

    fn due(&self, state: &Count) -> Option<Due> {
        let (at_ms, word) = state.rings.as_ref()?;
        assert_ne!(word, "untellable", "it cannot tell when it is due");
        let clock = match word.split_once('@') {
            Some(("tick", _)) => return None,
            Some((_, name)) => Clock::Test(Arc::from(name)),
            None => Clock::Real,
        };
        Some(Due { clock, at_ms: *at_ms })
    }

    fn test_clock(&self, state: &Count) -> Option<(Arc<str>, i64)> {
        let (at_ms, word) = state.rings.as_ref()?;
        Some((Arc::from(word.strip_prefix("tick@")?), *at_ms))
    }

    fn is_of_owner(&self, _: &Count, _: &Self::Input) -> bool {
        true
    }

    fn of_stranger(&self, _: &Self::Input, _: &Headers, _: i64) -> Result<Processed<Count>, EncodeError> {
        Ok(Processed::nothing())
    }

    fn process(
        &self,
        state: Option<&Count>,
        trigger: &Trigger<'_, Self::Input>,
        _: i64,
    ) -> Result<Processed<Count>, EncodeError> {
        let mut count = state.cloned().unwrap_or_default();
        let (key, says) = match trigger {
            Trigger::Input((key, says), _) => (key.clone(), says.clone()),
            Trigger::Timer => (String::new(), count.rings.take().map(|(_, word)| word).unwrap_or_default()),
        };
        let mut bytes = 0;
        let mut words = says.split([' ', '@']);
        match words.next().unwrap_or_default() {
            "add" => count.sum += words.next().and_then(|word| word.parse().ok()).unwrap_or(1),
            "lacks" | "later" => count.sum += 1,
            "table" => count.sum += self.table,
            "ring" => {
                let at_ms = words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
                count.rings = Some((at_ms, says.rsplit(' ').next().unwrap_or_default().to_owned()));
            }
            "large" => bytes = BYTES_MAX,
            "nothing" => return Ok(Processed::nothing()),
            "forget" => return Ok(Processed { state: StateChange::Removed, ..Processed::nothing() }),
            "panic" => panic!("it is told to"),
            _ => return Ok(Processed::invalid("it says nothing that makes sense")),
        }
        let said = output("output", &key, count.text().into_bytes());
        let filler = output("output", "", vec![0; bytes]);
        let outputs = if bytes > 0 { vec![said, filler] } else { vec![said] };
        Ok(Processed { state: StateChange::Put(count), outputs, invalid: None })
    }
}
