//! Two samples of every record that is on a topic: a full one, in which every option is set and no list is empty, and
//! a minimal one, in which no option is set and every list is empty.

mod access;
mod configuration;
mod gateway;
mod history;
mod ledger;
mod parts;
mod payment;
mod payment_method;
mod request;
mod runtime;

use std::sync::LazyLock;

use apache_avro::types::Value as AvroValue;
use quittance_avro::{
    records::Record,
    wire::{DecodeError, Decoder, Encoder},
};
use serde_json::Value;

/// The schema id in [`Sample::wire`].
pub(crate) const ID: u32 = 1;

/// Bytes before the datum.
pub(crate) const HEADER_BYTES: usize = 5;

/// How much of a sample is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// Everything.
    Full,
    /// What must be.
    Minimal,
}

/// A record, without its type.
pub(crate) struct Sample {
    /// Full name of the record.
    pub(crate) record: &'static str,
    /// How much is filled in.
    pub(crate) fill: Fill,
    /// As serde writes it to JSON.
    pub(crate) json: Value,
    /// As serde sees it: names in the order of the struct, no schema involved.
    pub(crate) fields: AvroValue,
    /// In the wire format, by the schema of this build, under [`ID`].
    pub(crate) wire: Vec<u8>,
    /// Decodes by the Rust type; gives what was decoded as JSON.
    pub(crate) decode: fn(&Decoder, &[u8]) -> Result<Value, DecodeError>,
    /// Reads JSON by the Rust type; gives the complaint.
    pub(crate) parse: fn(Value) -> Result<(), String>,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    // The first decoder limits allocations for the whole process, so it comes before anything that is read.
    Decoder::new();
    [Fill::Full, Fill::Minimal].into_iter().flat_map(all).collect()
});

/// Every sample.
pub(crate) fn samples() -> &'static [Sample] {
    &SAMPLES
}

/// The sample of a record type.
pub(crate) fn sample<R: Record>(fill: Fill) -> &'static Sample {
    let mut samples = samples().iter();
    samples.find(|sample| sample.record == R::NAME && sample.fill == fill).expect("every record on a topic has samples")
}

fn all(fill: Fill) -> Vec<Sample> {
    vec![
        erase(fill, &payment::create_payment(fill)),
        erase(fill, &payment::created(fill)),
        erase(fill, &payment::authorized(fill)),
        erase(fill, &payment::captured(fill)),
        erase(fill, &payment::declined(fill)),
        erase(fill, &payment::failed(fill)),
        erase(fill, &payment::review_opened(fill)),
        erase(fill, &payment::state(fill)),
        erase(fill, &payment::changelog(fill)),
        erase(fill, &payment::refused_creation(fill)),
        erase(fill, &payment::stub(fill)),
        erase(fill, &payment::gateway_effect(fill)),
        erase(fill, &payment::gateway_result(fill)),
        erase(fill, &payment::outcome(fill)),
        erase(fill, &history::operation_requested(fill)),
        erase(fill, &history::operation_failed(fill)),
        erase(fill, &history::operation_corrected(fill)),
        erase(fill, &history::refunded(fill)),
        erase(fill, &history::voided(fill)),
        erase(fill, &history::action_required(fill)),
        erase(fill, &history::confirmed(fill)),
        erase(fill, &history::cancel_requested(fill)),
        erase(fill, &history::canceled(fill)),
        erase(fill, &history::expired(fill)),
        erase(fill, &history::held(fill)),
        erase(fill, &history::approved(fill)),
        erase(fill, &history::rejected(fill)),
        erase(fill, &history::review_resolved(fill)),
        erase(fill, &history::attempt_started(fill)),
        erase(fill, &history::unwanted_success(fill)),
        erase(fill, &history::updated(fill)),
        erase(fill, &history::dispute_opened(fill)),
        erase(fill, &history::dispute_closed(fill)),
        erase(fill, &request::capture_payment(fill)),
        erase(fill, &request::refund_payment(fill)),
        erase(fill, &request::cancel_payment(fill)),
        erase(fill, &request::confirm_payment(fill)),
        erase(fill, &request::approve_payment(fill)),
        erase(fill, &request::reject_payment(fill)),
        erase(fill, &request::resolve_review(fill)),
        erase(fill, &request::update_payment(fill)),
        erase(fill, &ledger::transfer(fill)),
        erase(fill, &configuration::gateway_account(fill)),
        erase(fill, &configuration::routing_rules(fill)),
        erase(fill, &configuration::payment_limits(fill)),
        erase(fill, &configuration::fee_rules(fill)),
        erase(fill, &access::api_key(fill)),
        erase(fill, &access::api_key_use(fill)),
        erase(fill, &gateway::health(fill)),
        erase(fill, &gateway::notice(fill)),
        erase(fill, &gateway::anomaly(fill)),
        erase(fill, &runtime::dead_letter(fill)),
        erase(fill, &runtime::tenant_key()),
        erase(fill, &runtime::installation()),
        erase(fill, &payment_method::create_payment_method(fill)),
        erase(fill, &payment_method::confirm_payment_method(fill)),
        erase(fill, &payment_method::remove_payment_method(fill)),
        erase(fill, &payment_method::set_up_effect(fill)),
        erase(fill, &payment_method::set_up_result(fill)),
        erase(fill, &payment_method::payment_method_created(fill)),
        erase(fill, &payment_method::payment_method_action_required(fill)),
        erase(fill, &payment_method::payment_method_confirmed(fill)),
        erase(fill, &payment_method::payment_method_set_up(fill)),
        erase(fill, &payment_method::payment_method_set_up_failed(fill)),
        erase(fill, &payment_method::payment_method_activated(fill)),
        erase(fill, &payment_method::payment_method_failed(fill)),
        erase(fill, &payment_method::payment_method_removed(fill)),
        erase(fill, &payment_method::payment_method_state(fill)),
        erase(fill, &payment_method::payment_method_changelog(fill)),
    ]
}

fn erase<R: Record>(fill: Fill, record: &R) -> Sample {
    Sample {
        record: R::NAME,
        fill,
        json: to_json(record),
        fields: apache_avro::to_value(record).expect("a record is plain data"),
        wire: Encoder::new(ID).encode(record).expect("a record fits its schema"),
        decode: |decoder, bytes| decoder.decode::<R>(bytes).map(|record| to_json(&record)),
        parse: |json| serde_json::from_value::<R>(json).map(drop).map_err(|error| error.to_string()),
    }
}

fn to_json<R: Record>(record: &R) -> Value {
    serde_json::to_value(record).expect("a record is plain data")
}

impl Sample {
    /// The record's name without its namespace, and how much is filled in.
    pub(crate) fn label(&self) -> String {
        let fill = match self.fill {
            Fill::Full => "full",
            Fill::Minimal => "minimal",
        };
        format!("{}.{fill}", self.short_name())
    }

    /// The record's name without its namespace.
    pub(crate) fn short_name(&self) -> &'static str {
        self.record.rsplit('.').next().unwrap_or(self.record)
    }
}

impl Fill {
    fn option<T>(self, value: T) -> Option<T> {
        (self == Self::Full).then_some(value)
    }

    fn text(self, text: &str) -> Option<String> {
        self.option(text.to_owned())
    }

    fn list<T>(self, item: T) -> Vec<T> {
        self.option(item).into_iter().collect()
    }
}
