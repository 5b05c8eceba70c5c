//! Who is to blame when the process dies.
//!
//! A panic in the rules is caught. What ends the whole process is not: a stack that overflows, an abort, memory that
//! runs out. The record in hand then comes again after each start, and would end each of them. So the record is noted
//! before the rules see it, in a place that outlives the process, and the note is taken back after. Whoever starts with
//! a note has died with that record in hand, and the second time the record goes to the dead letters.
//!
//! Only the first records after a take-over are noted. What killed a process was not committed, so it comes again among
//! them, and nothing has to be noted when all is well.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use quittance_log::TopicPartition;

/// How often a process may die with the same record in hand before the record is taken for the cause.
const DEATHS_MAX: u32 = 2;

/// A record in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Where it stands.
    pub at: TopicPartition,
    /// At which offset.
    pub offset: i64,
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
            let Suspect { at, offset, deaths } = suspect;
            tracing::warn!(%at, offset, deaths, "a process died with this record in hand");
        }
        Ok(Self { notepad, known })
    }

    /// Whether a record has ended too many processes.
    pub(super) fn is_condemned(&self, at: &TopicPartition, offset: i64) -> bool {
        self.known.iter().any(|suspect| suspect.is(at, offset) && suspect.deaths >= DEATHS_MAX)
    }

    /// The rules are about to see a record.
    pub(super) fn take_in_hand(&mut self, at: &TopicPartition, offset: i64) -> io::Result<()> {
        let mut noted = self.known.clone();
        match noted.iter_mut().find(|suspect| suspect.is(at, offset)) {
            Some(suspect) => suspect.deaths += 1,
            None => noted.push(Suspect { at: at.clone(), offset, deaths: 1 }),
        }
        self.notepad.write(&noted)
    }

    /// The rules have seen it.
    pub(super) fn put_down(&mut self) -> io::Result<()> {
        self.notepad.write(&self.known)
    }

    /// Everything up to an offset of a partition is done.
    pub(super) fn forget(&mut self, at: &TopicPartition, position: i64) -> io::Result<()> {
        let before = self.known.len();
        self.known.retain(|suspect| suspect.at != *at || suspect.offset >= position);
        if self.known.len() == before { Ok(()) } else { self.notepad.write(&self.known) }
    }
}

impl Suspect {
    fn is(&self, at: &TopicPartition, offset: i64) -> bool {
        self.at == *at && self.offset == offset
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
        let line = |s: &Suspect| format!("{} {} {} {}\n", s.at.topic, s.at.partition, s.offset, s.deaths);
        fs::write(&self.path, suspects.iter().map(line).collect::<String>())
    }
}

fn parse(line: &str) -> Option<Suspect> {
    let mut words = line.split(' ');
    let topic = Arc::from(words.next()?);
    let at = TopicPartition { topic, partition: words.next()?.parse().ok()? };
    Some(Suspect { at, offset: words.next()?.parse().ok()?, deaths: words.next()?.parse().ok()? })
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
            assert!(!process.is_condemned(&at(), 7), "after {deaths}");
            // The one before it does no harm, and does not make the suspect forgotten.
            process.take_in_hand(&at(), 6).expect("noted");
            process.put_down().expect("noted");
            process.take_in_hand(&at(), 7).expect("noted");
        }
        let mut process = started(&path);
        assert!(process.is_condemned(&at(), 7) && !process.is_condemned(&at(), 6));
        process.forget(&at(), 7).expect("noted");
        assert!(process.is_condemned(&at(), 7), "it is not behind us yet");
        process.forget(&at(), 8).expect("noted");
        assert!(!started(&path).is_condemned(&at(), 7));
    }

    #[test]
    fn one_behind_another_is_found_as_well() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        for offset in [7, 7, 8, 8] {
            let mut process = started(&path);
            assert!(!process.is_condemned(&at(), offset));
            process.take_in_hand(&at(), offset).expect("noted");
        }
        let process = started(&path);
        assert!(process.is_condemned(&at(), 7) && process.is_condemned(&at(), 8));
    }

    #[test]
    fn a_kill_between_records_accuses_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("suspect");
        let mut process = started(&path);
        process.take_in_hand(&at(), 6).expect("noted");
        process.put_down().expect("noted");
        drop(process);
        assert!(started(&path).known.is_empty());
    }
}
