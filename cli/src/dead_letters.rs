//! `quittance dead-letters`

mod letter;
mod replay;

use std::{
    io::{self, BufWriter, Write},
    str::FromStr,
};

use anyhow::{Context, bail};
use quittance_avro::topics::Part;
use quittance_log::{KafkaArgs, Reader, RegistryArgs, Schemas};
use tokio::runtime::Handle;

use self::letter::{Letter, LetterId};

/// Tools for records that were given up.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, one JSON object a line, without what is in them
    List(Box<List>),
    /// Show some of them in full, one JSON object a line; what is sealed stays sealed
    Show(Box<Show>),
    /// Write some of them back to where they were read, behind what stands there now
    ///
    /// First mend the cause: a record that fails again becomes another dead letter. To write one twice does no harm,
    /// since what was done is not done again. What a store gave up is not replayed: mend the store and rebuild it.
    Replay(Box<Replay>),
}

/// How to reach what is read.
#[derive(Debug, clap::Args)]
struct Source {
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// Options of `dead-letters list`.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    filter: Filter,
}

/// Which are meant.
#[derive(Debug, clap::Args)]
struct Filter {
    /// Only those of this part, such as processor-payments
    #[arg(long, env = "QUITTANCE_DEAD_LETTERS_PART", help_heading = "Dead letters", value_parser = part)]
    part: Option<Part>,
    /// Only those that were given up for this reason, such as undecodable
    #[arg(long, env = "QUITTANCE_DEAD_LETTERS_REASON", help_heading = "Dead letters")]
    reason: Option<String>,
}

/// Options of `dead-letters show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    #[command(flatten)]
    source: Source,
    /// Their ids, as `list` shows them
    #[arg(required = true)]
    ids: Vec<LetterId>,
}

/// Options of `dead-letters replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    filter: Filter,
    /// Their ids, as `list` shows them, or `all` for all that the other options leave
    #[arg(required = true)]
    which: Vec<Which>,
}

/// One, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    All,
    One(LetterId),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

impl DeadLetters {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        match self {
            Self::List(args) => {
                let List { source, filter } = *args;
                let letters = source.letters(filter.parts()).await?;
                print(letters.iter().filter(|letter| filter.takes(letter)).map(Letter::line))
            }
            Self::Show(args) => {
                let Show { source, ids } = *args;
                let letters = some(&source.letters(Part::ALL.to_vec()).await?, &ids)?;
                print(source.in_full(letters).await?.into_iter())
            }
            Self::Replay(args) => {
                let Replay { source, filter, which } = *args;
                let mut letters = source.letters(filter.parts()).await?;
                letters.retain(|letter| filter.takes(letter));
                if !which.contains(&Which::All) {
                    let one = |which: Which| match which {
                        Which::One(id) => Some(id),
                        Which::All => None,
                    };
                    letters = some(&letters, &which.into_iter().filter_map(one).collect::<Vec<_>>())?;
                }
                replay::replay(&source.kafka, &letters).await
            }
        }
    }
}

impl Filter {
    fn parts(&self) -> Vec<Part> {
        self.part.map_or(Part::ALL.to_vec(), |part| vec![part])
    }

    fn takes(&self, letter: &Letter) -> bool {
        self.reason.as_ref().is_none_or(|reason| *reason == letter.says.reason)
    }
}

fn part(text: &str) -> Result<Part, String> {
    let names = || Part::ALL.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ");
    let found = Part::ALL.iter().find(|part| part.name() == text);
    found.copied().ok_or_else(|| format!("must be one of {}", names()))
}

/// Those with these ids, in their order.
fn some(letters: &[Letter], ids: &[LetterId]) -> anyhow::Result<Vec<Letter>> {
    let mut found = Vec::new();
    for id in ids {
        match letters.iter().find(|letter| letter.id == *id) {
            Some(letter) => found.push(letter.clone()),
            None => bail!("there is no dead letter {id}; `quittance dead-letters list` shows those that are there"),
        }
    }
    Ok(found)
}

impl Source {
    fn schemas(&self) -> anyhow::Result<Schemas> {
        Ok(Schemas::new(self.registry.registry(&self.kafka.topic_prefix)?, Handle::current()))
    }

    async fn in_full(&self, letters: Vec<Letter>) -> anyhow::Result<Vec<serde_json::Value>> {
        let mut schemas = self.schemas()?;
        let in_full = move || letters.iter().map(|letter| letter.in_full(&mut schemas)).collect::<Result<_, _>>();
        tokio::task::spawn_blocking(in_full).await?.context("reading the record of a dead letter")
    }

    /// All dead letters of these parts that stand in the log now.
    async fn letters(&self, parts: Vec<Part>) -> anyhow::Result<Vec<Letter>> {
        let kafka = self.kafka.clone();
        let mut schemas = self.schemas()?;
        tokio::task::spawn_blocking(move || {
            let mut letters = Vec::new();
            for part in parts {
                let reader = Reader::new(&kafka, &part.dead_letters().name(&kafka.topic_prefix))?;
                let partitions: Vec<i32> = (0..reader.partitions()?).collect();
                let mut records = Vec::new();
                reader.read_all(&partitions, |record| records.push(record))?;
                for record in records {
                    match Letter::read(part, &record, &mut schemas) {
                        Ok(letter) => letters.push(letter),
                        Err(error) if error.is_transient() => return Err(error).context("reading a dead letter"),
                        // One that cannot be read is not to hide the others.
                        Err(error) => {
                            eprintln!("the dead letter at {}@{} cannot be read: {error}", record.at, record.offset)
                        }
                    }
                }
            }
            Ok(letters)
        })
        .await?
    }
}

fn print(lines: impl Iterator<Item = serde_json::Value>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in lines {
        match writeln!(out, "{line}") {
            // Whoever was reading has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    match out.flush() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        flushed => Ok(flushed?),
    }
}
