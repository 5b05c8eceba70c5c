//! Writing to Kafka what no client library writes: its protocol by hand (Produce, version 3; record batches, magic 2).

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, ensure};

const PRODUCE: i16 = 0;
const PATIENCE: Duration = Duration::from_secs(10);

/// A record whose one header has a name of any bytes.
pub struct RawRecord<'a> {
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// The header's name.
    pub header_name: &'a [u8],
    /// The header's value.
    pub header: &'a [u8],
}

/// Writes a record to a partition whose leader listens at `broker`.
pub fn produce_raw(broker: &str, topic: &str, partition: i32, record: &RawRecord<'_>) -> Result<()> {
    let batch = batch(record);
    let mut request = Vec::new();
    request.extend(PRODUCE.to_be_bytes());
    request.extend(3_i16.to_be_bytes());
    request.extend(7_i32.to_be_bytes()); // correlation id
    request.extend((-1_i16).to_be_bytes()); // no client id
    request.extend((-1_i16).to_be_bytes()); // no transactional id
    request.extend((-1_i16).to_be_bytes()); // acks of all
    request.extend(i32::try_from(PATIENCE.as_millis())?.to_be_bytes());
    request.extend(1_i32.to_be_bytes()); // topics
    request.extend(i16::try_from(topic.len())?.to_be_bytes());
    request.extend(topic.as_bytes());
    request.extend(1_i32.to_be_bytes()); // partitions
    request.extend(partition.to_be_bytes());
    request.extend(i32::try_from(batch.len())?.to_be_bytes());
    request.extend(batch);

    let mut broker = TcpStream::connect(broker)?;
    broker.set_read_timeout(Some(PATIENCE))?;
    broker.write_all(&i32::try_from(request.len())?.to_be_bytes())?;
    broker.write_all(&request)?;
    let mut length = [0; 4];
    broker.read_exact(&mut length)?;
    let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length))?];
    broker.read_exact(&mut answer)?;
    // Correlation id, topics, name, partitions, number; then the error.
    let at = 4 + 4 + 2 + topic.len() + 4 + 4;
    let error = answer.get(at..at + 2).context("an answer")?;
    ensure!(error == [0, 0], "the broker refused it with error {error:?}");
    Ok(())
}

fn batch(record: &RawRecord<'_>) -> Vec<u8> {
    let mut body = vec![0]; // attributes
    varint(&mut body, 0); // time
    varint(&mut body, 0); // offset
    bytes(&mut body, record.key);
    bytes(&mut body, record.value);
    varint(&mut body, 1); // headers
    bytes(&mut body, record.header_name);
    bytes(&mut body, record.header);

    let mut checked = Vec::new();
    checked.extend(0_i16.to_be_bytes()); // attributes
    checked.extend(0_i32.to_be_bytes()); // last offset
    checked.extend(1_i64.to_be_bytes()); // first time
    checked.extend(1_i64.to_be_bytes()); // last time
    checked.extend((-1_i64).to_be_bytes()); // no producer
    checked.extend((-1_i16).to_be_bytes());
    checked.extend((-1_i32).to_be_bytes());
    checked.extend(1_i32.to_be_bytes()); // records
    bytes(&mut checked, &body);

    let mut batch = Vec::new();
    batch.extend(0_i64.to_be_bytes()); // offset
    let length = i32::try_from(checked.len() + 9).expect("a small batch");
    batch.extend(length.to_be_bytes());
    batch.extend((-1_i32).to_be_bytes()); // leader's epoch
    batch.push(2);
    batch.extend(crc32c(&checked).to_be_bytes());
    batch.extend(checked);
    batch
}

fn bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    varint(to, i64::try_from(bytes.len()).expect("a few bytes"));
    to.extend(bytes);
}

/// Zigzag, seven bits a byte.
fn varint(to: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest > 0x7f {
        to.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    to.push(u8::try_from(rest).expect("seven bits"));
}

/// RFC 3720, appendix B.4.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
