//! Who is to blame when the process dies.
//!
//! A panic in the rules is caught. What ends the whole process is not: a stack that overflows, an abort, memory that
//! runs out. The record or timer in hand then comes again after each start, and would end each of them. So it is noted
//! before the rules see it, in a place that outlives the process, and the note is taken back after. Whoever starts with
//! a note has died with that in hand, and the second time a record goes to the dead letters, and a timer is left alone.
//!
//! Only the first records and timers after a take-over are noted. What killed a process was not committed, so it comes
//! again among them, and nothing has to be noted when all is well.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use quittance_log::TopicPartition;

/// How often a process may die with the same record in hand before the record is taken for the cause.
const DEATHS_MAX: u32 = 2;

/// What the rules were looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InHand {
    /// The record at this offset of an input.
    Record(i64),
    /// The timer of the aggregate with this key, whose state is on a partition of the changelog. If it is due at another
    /// time, by the clock that it runs by, it is another timer: somebody else may have had it meanwhile.
    Timer {
        /// The aggregate's.
        key: String,
        /// Milliseconds since the epoch.
        due_ms: i64,
    },
}

/// What may have been the end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Where it stands.
    pub at: TopicPartition,
    /// What it is.
    pub in_hand: InHand,
    /// How often a process has died with it in hand, this one included should it die.
    pub deaths: u32,
}

/// A place that outlives the process, for a note.
pub trait Notepad {
    /// What was noted last.
    fn read(&mut self) -> io::Result<Vec<Suspect>>;

    /// Notes this instead. It has to outlive the process, not the machine.
    fn write(&mut self, suspects: &[Suspect]) -> io::Result<()>;
}

/// What is known of records that processes died of. Several may stand behind one another, each the end of a few starts.
pub(super) struct Suspects {
    notepad: Box<dyn Notepad>,
    known: Vec<Suspect>,
}

impl Suspects {
    /// Looks at what a predecessor noted.
    pub(super) fn read(mut notepad: Box<dyn Notepad>) -> io::Result<Self> {
        let known = notepad.read()?;
        for suspect in &known {
            let Suspect { at, in_hand, deaths } = suspect;
            tracing::warn!(%at, ?in_hand, deaths, "a process died with this in hand");
        }
        Ok(Self { notepad, known })
    }

    /// Whether something has ended too many processes.
    pub(super) fn is_condemned(&self, at: &TopicPartition, in_hand: &InHand) -> bool {
        self.known.iter().any(|suspect| suspect.is(at, in_hand) && suspect.deaths >= DEATHS_MAX)
    }

    /// The rules are about to see it.
    pub(super) fn take_in_hand(&mut self, at: &TopicPartition, in_hand: &InHand) -> io::Result<()> {
        let mut noted = self.known.clone();
        match noted.iter_mut().find(|suspect| suspect.is(at, in_hand)) {
            Some(suspect) => suspect.deaths += 1,
            None => noted.push(Suspect { at: at.clone(), in_hand: in_hand.clone(), deaths: 1 }),
        }
        self.notepad.write(&noted)
    }

    /// The rules have seen it.
    pub(super) fn put_down(&mut self) -> io::Result<()> {
        self.notepad.write(&self.known)
    }

    /// Everything up to an offset of a partition is done.
    pub(super) fn forget(&mut self, at: &TopicPartition, position: i64) -> io::Result<()> {
        self.retain(|suspect| match suspect.in_hand {
            InHand::Record(offset) => suspect.at != *at || offset >= position,
            InHand::Timer { .. } => true,
        })
    }

    /// The state of a timer is another now. A state has several things to wait for, so its timer may be the same still.
    pub(super) fn forget_timer(&mut self, at: &TopicPartition, key: &str, still_due_ms: Option<i64>) -> io::Result<()> {
        self.retain(|suspect| match &suspect.in_hand {
            InHand::Record(_) => true,
            InHand::Timer { key: of, due_ms } => suspect.at != *at || of != key || Some(*due_ms) == still_due_ms,
        })
    }

    /// A partition was restored: of its timers, only those count that are there still.
    pub(super) fn retain_timers(
        &mut self,
        at: &TopicPartition,
        is_there: impl Fn(&str, i64) -> bool,
    ) -> io::Result<()> {
        self.retain(|suspect| match &suspect.in_hand {
            InHand::Record(_) => true,
            InHand::Timer { key, due_ms } => suspect.at != *at || is_there(key, *due_ms),
        })
    }

    /// The process ends in order. The next may be one of a build that can stand the timers that this one left alone.
    pub(super) fn pardon_timers(&mut self) -> io::Result<()> {
        self.retain(|suspect| matches!(suspect.in_hand, InHand::Record(_)) || suspect.deaths < DEATHS_MAX)
    }

    /// Whether there is nothing to forget.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    fn retain(&mut self, is_kept: impl FnMut(&Suspect) -> bool) -> io::Result<()> {
        let before = self.known.len();
        self.known.retain(is_kept);
        if self.known.len() == before { Ok(()) } else { self.notepad.write(&self.known) }
    }
}

impl Suspect {
    fn is(&self, at: &TopicPartition, in_hand: &InHand) -> bool {
        self.at == *at && self.in_hand == *in_hand
    }
}

/// Keeps the note in a file.
#[derive(Debug)]
pub struct FileNotepad {
    path: PathBuf,
}

impl FileNotepad {
    /// A note in this file, which need not be there.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }
}

impl Notepad for FileNotepad {
    fn read(&mut self) -> io::Result<Vec<Suspect>> {
        match fs::read_to_string(&self.path) {
            // A line that was cut off when the machine went down says nothing.
            Ok(text) => Ok(text.lines().filter_map(parse).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, suspects: &[Suspect]) -> io::Result<()> {
        fs::write(&self.path, suspects.iter().map(line).collect::<String>())
    }
}

fn line(suspect: &Suspect) -> String {
    let Suspect { at, in_hand, deaths } = suspect;
    let in_hand = match in_hand {
        InHand::Record(offset) => format!("record {offset}"),
        // A key may hold anything.
        InHand::Timer { key, due_ms } => format!("timer {} {due_ms}", BASE64_STANDARD.encode(key)),
    };
    format!("{} {} {in_hand} {deaths}\n", at.topic, at.partition)
}

fn parse(line: &str) -> Option<Suspect> {
    let mut words = line.split(' ');
    let topic = Arc::from(words.next()?);
    let at = TopicPartition { topic, partition: words.next()?.parse().ok()? };
    let in_hand = match words.next()? {
        "record" => InHand::Record(words.next()?.parse().ok()?),
        "timer" => InHand::Timer {
            key: String::from_utf8(BASE64_STANDARD.decode(words.next()?).ok()?).ok()?,
            due_ms: words.next()?.parse().ok()?,
        },
        _ => return None,
    };
    Some(Suspect { at, in_hand, deaths: words.next()?.parse().ok()? })
}

/// Keeps no note, for who has no directory: a record that ends processes has to be found by hand then.
#[derive(Debug, Default)]
pub struct NoNotepad;

impl Notepad for NoNotepad {
    fn read(&mut self) -> io::Result<Vec<Suspect>> {
        Ok(Vec::new())
    }

    fn write(&mut self, _: &[Suspect]) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> TopicPartition {
        TopicPartition { topic: Arc::from("commands"), partition: 3 }
    }

    fn started(path: &Path) -> Suspects {
        Suspects::read(Box::new(FileNotepad::new(path))).expect("a note")
    }

    #[test]
    fn a_record_is_condemned_when_processes_died_of_it_twice() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        for deaths in 0..2 {
            let mut process = started(&path);
            assert!(!process.is_condemned(&at(), &InHand::Record(7)), "after {deaths}");
            // The one before it does no harm, and does not make the suspect forgotten.
            process.take_in_hand(&at(), &InHand::Record(6)).expect("noted");
            process.put_down().expect("noted");
            process.take_in_hand(&at(), &InHand::Record(7)).expect("noted");
        }
        let mut process = started(&path);
        assert!(process.is_condemned(&at(), &InHand::Record(7)) && !process.is_condemned(&at(), &InHand::Record(6)));
        process.forget(&at(), 7).expect("noted");
        assert!(process.is_condemned(&at(), &InHand::Record(7)), "it is not behind us yet");
        process.forget(&at(), 8).expect("noted");
        assert!(!started(&path).is_condemned(&at(), &InHand::Record(7)));
    }

    #[test]
    fn one_behind_another_is_found_as_well() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        for offset in [7, 7, 8, 8] {
            let mut process = started(&path);
            assert!(!process.is_condemned(&at(), &InHand::Record(offset)));
            process.take_in_hand(&at(), &InHand::Record(offset)).expect("noted");
        }
        let process = started(&path);
        assert!(process.is_condemned(&at(), &InHand::Record(7)) && process.is_condemned(&at(), &InHand::Record(8)));
    }

    #[test]
    fn a_kill_between_records_accuses_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        let mut process = started(&path);
        process.take_in_hand(&at(), &InHand::Record(6)).expect("noted");
        process.put_down().expect("noted");
        drop(process);
        assert!(started(&path).known.is_empty());
    }

    #[test]
    fn a_timer_is_found_as_well_and_forgotten_with_its_state() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        let timer_of = |due_ms| InHand::Timer { key: "a key\nwith anything".to_owned(), due_ms };
        let timer = timer_of(7);
        for _ in 0..2 {
            started(&path).take_in_hand(&at(), &timer).expect("noted");
        }
        let mut process = started(&path);
        assert!(process.is_condemned(&at(), &timer) && !process.is_condemned(&at(), &timer_of(8)));
        process.forget(&at(), i64::MAX).expect("noted");
        assert!(process.is_condemned(&at(), &timer), "records are another matter");
        process.forget_timer(&at(), "another", None).expect("noted");
        assert!(started(&path).is_condemned(&at(), &timer), "so are other timers of its partition");
        process.forget_timer(&at(), "a key\nwith anything", Some(7)).expect("noted");
        assert!(started(&path).is_condemned(&at(), &timer), "what changed was something else");
        process.forget_timer(&at(), "a key\nwith anything", Some(8)).expect("noted");
        assert!(started(&path).is_empty());
    }

    #[test]
    fn an_orderly_end_gives_timers_another_chance_and_forgets_nothing_else() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        let timer = |key: &str| InHand::Timer { key: key.to_owned(), due_ms: 7 };
        for in_hand in [timer("a"), timer("a"), timer("b"), InHand::Record(1), InHand::Record(1)] {
            started(&path).take_in_hand(&at(), &in_hand).expect("noted");
        }
        started(&path).pardon_timers().expect("noted");
        let left: Vec<_> = started(&path).known.into_iter().map(|suspect| (suspect.in_hand, suspect.deaths)).collect();
        assert_eq!(left, [(timer("b"), 1), (InHand::Record(1), 2)]);
    }

    #[test]
    fn a_note_that_cannot_be_read_is_not_taken_for_none() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(Suspects::read(Box::new(FileNotepad::new(dir.path()))).is_err());
    }
}
