//! Three processors share the work, and for as long as `QUITTANCE_CHAOS_SECONDS` says one of them, or the broker, is
//! killed, stopped in its tracks, ended in order or started, every few seconds. Every input is applied exactly once.

mod load;
mod misfortune;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use quittance_avro::topics::Topic;
use quittance_log::Reader;
use quittance_tests::{Installation, Options, Part, Process, eventually, fold};

use self::{load::Load, misfortune::Misfortunes};

const PROCESSORS: usize = 3;
const SHORT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn whatever_befalls_three_processors_every_input_is_applied_once() -> Result<()> {
    let lasts = match std::env::var("QUITTANCE_CHAOS_SECONDS") {
        Ok(seconds) => Duration::from_secs(seconds.parse().context("QUITTANCE_CHAOS_SECONDS")?),
        Err(_) => SHORT,
    };
    let variables = vec![
        ("QUITTANCE_SESSION_TIMEOUT_MS", "6000".to_owned()),
        ("QUITTANCE_TRY_LOST_MS", "5000".to_owned()),
        ("QUITTANCE_RETRY_MAX_MS", "1000".to_owned()),
    ];
    let mut installation = Installation::prepare("chaos", Options { variables })?;
    for part in [Part::Simulator, Part::Gateway] {
        installation.process(part).start()?;
    }
    let mut processors: Vec<Process> = Vec::new();
    for slot in 0..PROCESSORS {
        let mut processor = installation.another(Part::Processor, &slot.to_string())?;
        processor.start()?;
        processors.push(processor);
    }
    for processor in &processors {
        processor.ready(Duration::from_secs(60)).await?;
    }
    let load = Load::start(&installation).await?;
    let mut misfortunes = Misfortunes::new(&mut processors, &installation.stack, &load);
    misfortunes.befall(lasts).await?;
    let (told, mut died) = (misfortunes.told(), misfortunes.died());
    load.stop().await?;
    all_is_applied_once(&installation).await?;
    died.extend(misfortune::revived(&mut processors)?);
    print!("{told}");
    for (slot, status) in died {
        println!("processor {slot} was ended by librdkafka ({status}) and was started again");
    }
    Ok(())
}

/// As seen by a reader of what is committed: an outcome for each command record, sequences without gaps, states that are
/// what their events come to, and nothing left open.
async fn all_is_applied_once(installation: &Installation) -> Result<()> {
    eventually("every payment is settled", Duration::from_secs(180), || async {
        let folded = fold(installation).await?;
        let open = folded.states.values().filter(|state| state["status"] == "processing").count();
        ensure!(open == 0, "{open} payments are processing");
        let (asked, told) =
            (count(installation, Topic::PaymentCommands).await?, count(installation, Topic::PaymentOutcomes).await?);
        let differs = asked.iter().find(|(command, times)| told.get(*command) != Some(times));
        ensure!(
            differs.is_none(),
            "{differs:?} is asked for so often, and told {:?}",
            differs.map(|(id, _)| told.get(id))
        );
        ensure!(told.len() == asked.len() && folded.states.len() == asked.len(), "{} commands", asked.len());
        folded.check()
    })
    .await
}

/// How often each command stands in a topic.
async fn count(installation: &Installation, topic: Topic) -> Result<BTreeMap<String, usize>> {
    let kafka = installation.kafka()?;
    tokio::task::spawn_blocking(move || {
        let reader = Reader::new(&kafka, &topic.name(&kafka.topic_prefix))?;
        let partitions: Vec<i32> = (0..reader.partitions()?).collect();
        let mut times = BTreeMap::new();
        reader.read_all(&partitions, |record| {
            let command = record.headers.text("command-id").unwrap_or_default().to_owned();
            *times.entry(command).or_default() += 1;
        })?;
        Ok(times)
    })
    .await?
}
