//! A real Kafka, as a bench. Each case has topics and groups of its own.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use clap::Parser;
use quittance_log::{
    Admin, Applied, GroupMetadata, Isolation, KafkaArgs, KafkaLog, Log, LogMetrics, NewRecord, OffsetCommit, Producer,
    TopicPartition, TopicPlan,
};
use quittance_service::metrics::Metrics;
use quittance_tests::Stack;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use uuid::Uuid;

use crate::bench::{Bench, WITHIN, at, record};

/// Opens what is asynchronous to a test that is not.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| tokio::runtime::Runtime::new().expect("a runtime"));
    runtime.block_on(future)
}

#[derive(Parser)]
struct Args {
    #[command(flatten)]
    kafka: KafkaArgs,
}

/// How to reach the broker of the stack that the tests were given.
pub(crate) fn args() -> KafkaArgs {
    let stack = Stack::given().expect("a stack");
    let brokers = stack.variable("QUITTANCE_KAFKA_BROKERS").expect("a broker");
    Args::parse_from(["", "--kafka-brokers", brokers]).kafka
}

pub(crate) struct KafkaBench {
    pub(crate) args: KafkaArgs,
    prefix: String,
    admin: Admin,
    producer: Producer,
    began: Instant,
}

impl KafkaBench {
    pub(crate) fn new() -> Self {
        let args = args();
        let (admin, producer) = block_on(async {
            (Admin::open(&args).expect("an admin client"), Producer::open(&args, WITHIN).expect("a producer"))
        });
        let prefix = format!("log-{}", Uuid::new_v4().simple());
        Self { args, prefix, admin, producer, began: Instant::now() }
    }

    fn plan(topic: &str, partitions: i32) -> TopicPlan {
        TopicPlan { name: topic.to_owned(), partitions, replication: 1, settings: Vec::new(), groups: Vec::new() }
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.args.kafka_brokers);
        config
    }
}

impl Bench for KafkaBench {
    type Log = KafkaLog;
    type Open = BaseProducer;

    fn topic(&self, partitions: i32, is_compacted: bool) -> Arc<str> {
        let name = self.name(&format!("topic-{}", Uuid::new_v4().simple()));
        let mut plan = Self::plan(&name, partitions);
        if is_compacted {
            let settings = [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0"), ("segment.ms", "50")];
            plan.settings = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
        }
        assert_eq!(block_on(self.admin.apply(&plan)).expect("a topic is made"), Applied::Created);
        Arc::from(name)
    }

    fn group(&self, topics: &[&Arc<str>]) -> String {
        let group = self.name("group");
        for topic in topics {
            let partitions = self.admin.partitions([&***topic]).expect("it is there");
            let plan = TopicPlan { groups: vec![group.clone()], ..Self::plan(topic, partitions[0]) };
            // A broker that has just come up knows no coordinators yet.
            self.until("positions are set", || self.admin.first_positions(&plan).ok().filter(Vec::is_empty));
        }
        group
    }

    fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    fn process(&self) -> KafkaLog {
        KafkaLog::new(self.args.clone(), LogMetrics::new(&Metrics::new("test")))
    }

    fn append(&self, record: &NewRecord) -> i64 {
        let (_, offset) = block_on(self.producer.produce(record)).expect("a record is written");
        offset
    }

    fn leave_open(
        &self,
        _: &KafkaLog,
        id: &str,
        records: &[NewRecord],
        positions: &[OffsetCommit],
        generation: &GroupMetadata,
        _: Duration,
    ) -> BaseProducer {
        let producer: BaseProducer = self
            .client()
            .set("transactional.id", id)
            .set("transaction.timeout.ms", "10000")
            .set("linger.ms", "0")
            .create()
            .expect("a producer");
        producer.init_transactions(WITHIN).expect("it takes over");
        producer.begin_transaction().expect("it begins");
        for record in records {
            let mut kafka_record = BaseRecord::<[u8], [u8]>::to(&record.topic).key(&record.key);
            kafka_record.payload = record.value.as_deref();
            kafka_record.partition = record.partition;
            producer.send(kafka_record).map_err(|(error, _)| error).expect("it sends");
        }
        producer.flush(WITHIN).expect("all arrives");
        let mut list = TopicPartitionList::new();
        for commit in positions {
            let mut element = list.add_partition(&commit.at.topic, commit.at.partition);
            element.set_offset(Offset::Offset(commit.offset)).expect("an offset");
            element.set_metadata(&commit.metadata);
        }
        producer.send_offsets_to_transaction(&list, generation, WITHIN).expect("positions are taken");
        producer
    }

    fn finish(&self, open: BaseProducer) {
        open.commit_transaction(WITHIN).expect("it commits");
    }

    fn delete_before(&self, at: &TopicPartition, offset: i64) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().expect("an admin client");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(offset)).expect("an offset");
        block_on(admin.delete_records(&list, &AdminOptions::new())).expect("records are deleted");
    }

    /// The cleaner comes by every 15 s and leaves the last segment alone; a segment is closed when it is older than the
    /// topic allows and something is appended.
    fn compact(&self, topic: &Arc<str>) {
        let (log, at) = (self.process(), at(topic, 0));
        self.until("the cleaner has come by", || {
            self.append(&record(&at, "filler"));
            let first = self.read(&log, &at).first().map(|record| record.offset);
            (first > Some(0)).then_some(())
        });
        assert!(log.end(&at, Isolation::Committed).expect("an end") > 0);
    }

    fn pause(&self) {
        std::thread::sleep(Duration::from_millis(20));
    }

    fn now_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}
