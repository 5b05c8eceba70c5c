//! Creating topics and holding them against what they should be.

use std::time::{Duration, Instant};

use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::Metadata,
};

use super::{
    config::{CALL_TIMEOUT, KafkaArgs},
    context::Plain,
    error,
};
use crate::LogError;

/// What a topic should be.
#[derive(Debug, Clone)]
pub struct TopicPlan {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication: i32,
    /// Topic settings by name.
    pub settings: Vec<(&'static str, String)>,
    /// Groups that consume it.
    pub groups: Vec<String>,
}

/// What was found or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// It was not there and was created.
    Created,
    /// It is as planned.
    Same,
    /// It differs and was left alone; each line says in what.
    Differs(Vec<String>),
}

/// Creates topics and compares them with a plan; never changes one.
pub struct Admin {
    args: KafkaArgs,
    client: AdminClient<Plain>,
}

impl Admin {
    /// Connects.
    pub fn open(args: &KafkaArgs) -> Result<Self, LogError> {
        let client = args.client().create_with_context(Plain::default()).map_err(error::settings("an admin client"))?;
        Ok(Self { args: args.clone(), client })
    }

    /// How many partitions each of these topics has. Blocks.
    pub fn partitions<'a>(&self, topics: impl IntoIterator<Item = &'a str>) -> Result<Vec<i32>, LogError> {
        let metadata = self.client.inner().fetch_metadata(None, CALL_TIMEOUT);
        let metadata = metadata.map_err(error::unavailable("asking for topics"))?;
        topics.into_iter().map(|topic| partitions_of(&metadata, topic)).collect()
    }

    /// Creates the topic if it is not there, and compares it with the plan if it is.
    pub async fn apply(&self, plan: &TopicPlan) -> Result<Applied, LogError> {
        let what = format!("creating {}", plan.name);
        let mut topic = NewTopic::new(&plan.name, plan.partitions, TopicReplication::Fixed(plan.replication));
        for (name, value) in &plan.settings {
            topic = topic.set(name, value);
        }
        let created = self.client.create_topics([&topic], &options()).await.map_err(error::unavailable(&what))?;
        match created.into_iter().next() {
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => self.compare(plan).await,
            Some(Err((_, code))) => Err(LogError::Client { what, cause: KafkaError::AdminOp(code).into() }),
            Some(Ok(_)) | None => {
                self.wait_until_served(plan).await?;
                Ok(Applied::Created)
            }
        }
    }

    /// A topic that was just created takes a moment until every partition has a leader that says so.
    async fn wait_until_served(&self, plan: &TopicPlan) -> Result<(), LogError> {
        let deadline = Instant::now() + CALL_TIMEOUT;
        let consumer: BaseConsumer<Plain> = self
            .args
            .client()
            .create_with_context(Plain::default())
            .map_err(error::settings(format!("waiting for {}", plan.name)))?;
        for partition in 0..plan.partitions {
            while let Err(cause) = consumer.fetch_watermarks(&plan.name, partition, CALL_TIMEOUT) {
                if Instant::now() > deadline {
                    let what = format!("waiting for partition {partition} of {}", plan.name);
                    return Err(LogError::Unavailable { what, cause: cause.into() });
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    /// Gives each group that has no position on the topic its first one: the beginning, as long as the topic still
    /// has its beginning. Says which groups were left without, with the reason.
    pub fn first_positions(&self, plan: &TopicPlan) -> Result<Vec<String>, LogError> {
        let mut problems = Vec::new();
        for group in &plan.groups {
            problems.extend(self.first_position(plan, group)?);
        }
        Ok(problems)
    }

    fn first_position(&self, plan: &TopicPlan, group: &str) -> Result<Option<String>, LogError> {
        let what = format!("setting the first position of {group} on {}", plan.name);
        let client = |cause: KafkaError| LogError::Client { what: what.clone(), cause: cause.into() };
        let consumer: BaseConsumer<Plain> =
            self.args.consumer(group).create_with_context(Plain::default()).map_err(error::settings(&what))?;
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(&plan.name, 0, plan.partitions - 1);
        let committed = consumer.committed_offsets(asked, CALL_TIMEOUT).map_err(error::unavailable(&what))?;
        let mut missing = TopicPartitionList::new();
        for element in committed.elements() {
            if element.offset() != Offset::Invalid {
                continue;
            }
            let partition = element.partition();
            let bounds = consumer.fetch_watermarks(&plan.name, partition, CALL_TIMEOUT);
            let (first, _) = bounds.map_err(error::unavailable(&what))?;
            if first > 0 {
                return Ok(Some(format!(
                    "group {group} has no position on partition {partition}, which no longer has its beginning"
                )));
            }
            missing.add_partition_offset(&plan.name, partition, Offset::Offset(0)).map_err(client)?;
        }
        if missing.count() > 0 {
            consumer.commit(&missing, CommitMode::Sync).map_err(error::unavailable(&what))?;
        }
        Ok(None)
    }

    async fn compare(&self, plan: &TopicPlan) -> Result<Applied, LogError> {
        let what = format!("comparing {}", plan.name);
        let metadata = self.client.inner().fetch_metadata(Some(&plan.name), CALL_TIMEOUT);
        let metadata = metadata.map_err(error::unavailable(&what))?;
        let mut differences = Vec::new();
        if let Some(found) = metadata.topics().first() {
            let partitions = found.partitions();
            differs(&mut differences, "partitions", &partitions.len(), &plan.partitions.to_string());
            if let Some(partition) = partitions.first() {
                differs(&mut differences, "replication", &partition.replicas().len(), &plan.replication.to_string());
            }
        }
        let resource = [ResourceSpecifier::Topic(&plan.name)];
        let described = self.client.describe_configs(&resource, &options()).await;
        let described = described.map_err(error::unavailable(&what))?;
        let config = described.into_iter().next().and_then(Result::ok);
        for (name, planned) in &plan.settings {
            let found = config.as_ref().and_then(|config| config.get(name)).and_then(|entry| entry.value.as_deref());
            differs(&mut differences, name, &found.unwrap_or("nothing"), planned);
        }
        Ok(if differences.is_empty() { Applied::Same } else { Applied::Differs(differences) })
    }
}

/// How many partitions a topic has, by what the brokers told.
pub(super) fn partitions_of(metadata: &Metadata, topic: &str) -> Result<i32, LogError> {
    match metadata.topics().iter().find(|found| found.name() == topic) {
        Some(found) if found.error().is_none() => Ok(i32::try_from(found.partitions().len()).unwrap_or(i32::MAX)),
        _ => Err(LogError::NoTopic { topic: topic.to_owned() }),
    }
}

fn differs(differences: &mut Vec<String>, name: &str, found: &dyn std::fmt::Display, planned: &str) {
    let found = found.to_string();
    if found != planned {
        differences.push(format!("{name} is {found}, should be {planned}"));
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)))
}
