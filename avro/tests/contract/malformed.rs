//! Bytes that are not what they should be: an error each time, never a panic, a null in place of a value, or an
//! allocation of whatever size the bytes ask for.

use apache_avro::error::Details;
use proptest::{collection::vec, prelude::*};
use quittance_avro::{
    records::{CreatePayment, DeadLetter, TenantKey},
    schema,
    wire::{DecodeError, Decoder, LearnError},
};
use rstest::rstest;

use super::{
    TestResult,
    evolution::foreign_twin,
    samples::{Fill, HEADER_BYTES, ID, Sample, sample, samples},
};

fn decoder(sample: &Sample) -> Result<Decoder, Box<dyn std::error::Error>> {
    let mut decoder = Decoder::new();
    decoder.learn(ID, &schema::by_name(sample.record).ok_or("no schema")?.json)?;
    Ok(decoder)
}

#[rstest]
#[case::nothing(&[])]
#[case::short_header(&[0, 0, 0, 0])]
#[case::wrong_magic(&[1, 0, 0, 0, 1, 0])]
#[case::json(b"{\"amount\": 1250}")]
fn other_formats_are_told_apart(#[case] bytes: &[u8]) -> TestResult {
    let sample = sample::<CreatePayment>(Fill::Full);
    let decoder = decoder(sample)?;
    assert!(matches!((sample.decode)(&decoder, bytes), Err(DecodeError::NotWireFormat)));
    assert!(matches!(decoder.json(bytes), Err(DecodeError::NotWireFormat)));
    assert!(matches!(decoder.name_of(bytes), Err(DecodeError::NotWireFormat)));
    Ok(())
}

#[test]
fn an_unknown_schema_and_another_record_are_named() -> TestResult {
    let sample = sample::<CreatePayment>(Fill::Full);
    let decoder = decoder(sample)?;
    let unknown = [&[0, 0xff, 0xff, 0xff, 0xff], &sample.wire[HEADER_BYTES..]].concat();
    assert!(matches!((sample.decode)(&decoder, &unknown), Err(DecodeError::UnknownSchema(u32::MAX))));
    let Err(other) = decoder.decode::<TenantKey>(&sample.wire) else { return Err("decoded as a key".into()) };
    assert_eq!(other.to_string(), "holds quittance.payment.CreatePayment, expected quittance.runtime.TenantKey");
    Ok(())
}

#[test]
fn a_schema_that_cannot_be_used_is_not_learned() {
    let mut decoder = Decoder::new();
    assert!(matches!(decoder.learn(7, "{"), Err(LearnError::Unparsable { id: 7, .. })));
    assert!(matches!(decoder.learn(7, r#"{"type": "unheard-of"}"#), Err(LearnError::Unparsable { id: 7, .. })));
    assert!(matches!(decoder.learn(7, r#""string""#), Err(LearnError::NotARecord { id: 7 })));
    assert!(matches!(decoder.json(&[0, 0, 0, 0, 7, 0]), Err(DecodeError::UnknownSchema(7))));
}

/// A few bytes could nest deeper than any stack is.
#[rstest]
#[case::without_an_end(r#"{"type":"record","name":"N","fields":[{"name":"n","type":"N"}]}"#, true)]
#[case::in_a_union(r#"{"type":"record","name":"N","fields":[{"name":"n","type":["null","N"]}]}"#, true)]
#[case::in_a_list(r#"{"type":"record","name":"N","fields":[{"name":"n","type":{"type":"array","items":"N"}}]}"#, true)]
#[case::in_a_map(r#"{"type":"record","name":"N","fields":[{"name":"n","type":{"type":"map","values":"N"}}]}"#, true)]
#[case::further_in(
    r#"{"type":"record","name":"N","fields":[{"name":"n","type":
       {"type":"record","name":"M","fields":[{"name":"m","type":["null","N"]}]}}]}"#,
    true
)]
#[case::one_beside_the_other(
    r#"{"type":"record","name":"N","fields":[{"name":"m","type":{"type":"record","name":"M","fields":[]}},
       {"name":"n","type":"M"}]}"#,
    false
)]
fn a_schema_that_holds_itself_is_not_learned(#[case] json: &str, #[case] is_recursive: bool) {
    let learned = Decoder::new().learn(7, json);
    assert_eq!(matches!(learned, Err(LearnError::Recursive { id: 7 })), is_recursive, "{learned:?}");
    assert_eq!(learned.is_err(), is_recursive);
}

/// The generic reader of the Avro library takes the end of its input for a null in some places.
#[test]
fn a_record_that_was_cut_anywhere_is_refused() -> TestResult {
    for sample in samples() {
        for (decoder, bytes) in [(decoder(sample)?, sample.wire.clone()), foreign_twin(sample)?] {
            for end in 0..bytes.len() {
                let cut = &bytes[..end];
                assert!((sample.decode)(&decoder, cut).is_err(), "{} cut to {end} bytes", sample.label());
                assert!(decoder.json(cut).is_err(), "{} cut to {end} bytes, as JSON", sample.label());
            }
        }
    }
    Ok(())
}

#[test]
fn bytes_left_over_are_refused() -> TestResult {
    for sample in samples() {
        for (decoder, mut bytes) in [(decoder(sample)?, sample.wire.clone()), foreign_twin(sample)?] {
            bytes.extend([0, 0]);
            let decoded = (sample.decode)(&decoder, &bytes);
            assert!(matches!(decoded, Err(DecodeError::TrailingBytes { left: 2, .. })), "{}", sample.label());
            assert!(matches!(decoder.json(&bytes), Err(DecodeError::TrailingBytes { left: 2, .. })));
        }
    }
    Ok(())
}

/// A zigzag varint, as Avro writes integers.
fn varint(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while rest > 0x7f {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

#[rstest]
#[case((16 << 20) + 1, true)]
#[case(1 << 40, true)]
#[case(i64::MAX, true)]
#[case(16 << 20, false)]
#[case(-1, false)]
#[case(i64::MIN, false)]
fn a_length_without_the_bytes_is_refused(#[case] length: i64, #[case] beyond_limit: bool) -> TestResult {
    // The first field of a dead letter is a string.
    let sample = sample::<DeadLetter>(Fill::Minimal);
    for (decoder, bytes) in [(decoder(sample)?, sample.wire.clone()), foreign_twin(sample)?] {
        let bytes = [&bytes[..HEADER_BYTES], &varint(length), &bytes[HEADER_BYTES + 1..]].concat();
        let Err(DecodeError::Malformed { cause, .. }) = (sample.decode)(&decoder, &bytes) else {
            return Err("it was decoded".into());
        };
        let refused = matches!(cause.details(), Details::MemoryAllocation { maximum, .. } if *maximum == 16 << 20);
        assert_eq!(refused, beyond_limit, "{cause}");
    }
    Ok(())
}

#[rstest]
#[case(1 << 18)]
#[case(1 << 40)]
#[case(i64::MAX)]
#[case(i64::MIN)]
fn a_count_without_the_items_is_refused(#[case] count: i64) -> TestResult {
    // A minimal dead letter ends with the count of its headers, 0, and a time of seven bytes.
    let sample = sample::<DeadLetter>(Fill::Minimal);
    for (decoder, bytes) in [(decoder(sample)?, sample.wire.clone()), foreign_twin(sample)?] {
        let (before, time) = bytes.split_at(bytes.len() - varint(1_793_534_400_123).len());
        let bytes = [&before[..before.len() - 1], &varint(count), time].concat();
        assert!(matches!((sample.decode)(&decoder, &bytes), Err(DecodeError::Malformed { .. })));
        assert!(matches!(decoder.json(&bytes), Err(DecodeError::Malformed { .. })));
    }
    Ok(())
}

/// Both ways of decoding say the same of a datum.
fn decode_both_ways(sample: &Sample, datum: &[u8]) -> TestResult {
    let own = [&sample.wire[..HEADER_BYTES], datum].concat();
    let (foreign, twin) = foreign_twin(sample)?;
    let twin = [&twin[..HEADER_BYTES], datum].concat();
    let own = (sample.decode)(&decoder(sample)?, &own);
    let twin = (sample.decode)(&foreign, &twin);
    if own.as_ref().ok() != twin.as_ref().ok() {
        return Err(format!("the short way gives {own:?}, the long way {twin:?}").into());
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_bytes_never_panic(index in 0..30_usize, datum in vec(any::<u8>(), 0..400)) {
        let both = decode_both_ways(&samples()[index], &datum);
        prop_assert!(both.is_ok(), "{both:?}");
    }

    #[test]
    fn changed_bytes_never_panic(index in 0..30_usize, at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let sample = &samples()[index];
        let mut datum = sample.wire[HEADER_BYTES..].to_vec();
        *at.get_mut(&mut datum) = byte;
        let both = decode_both_ways(sample, &datum);
        prop_assert!(both.is_ok(), "{both:?}");
    }
}

/// A mangled record may have anything anywhere, and errors go to logs: they say what was expected, not what was found.
#[test]
fn errors_repeat_nothing_of_the_record() -> TestResult {
    let sample = sample::<CreatePayment>(Fill::Full);
    for (decoder, bytes) in [(decoder(sample)?, sample.wire.clone()), foreign_twin(sample)?] {
        for at in HEADER_BYTES..bytes.len() {
            for byte in (0..=u8::MAX).step_by(6) {
                let mut bytes = bytes.clone();
                bytes[at] = byte;
                let error = (sample.decode)(&decoder, &bytes).err().map(|error| error.to_string()).unwrap_or_default();
                let repeats = ["tok_", "jan", "4242", "acme"].iter().any(|content| error.contains(content));
                assert!(!repeats, "{error}");
            }
        }
    }
    Ok(())
}
