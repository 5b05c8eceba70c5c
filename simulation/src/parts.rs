//! What processes are made of, and what is counted of them.

use std::collections::BTreeMap;

use quittance_avro::wire::{Decoder, Encoder};
use quittance_log::LogError;
use quittance_processors::{
    payment::Encoders,
    runtime::{Fatal, RuntimeMetrics},
};
use quittance_service::metrics::{Metrics, prometheus::IntCounterVec};

use crate::moment::Moment;

/// What befell a process that got a second one in its slot.
pub(crate) const TWIN: &str = "twin";

/// What processes are made of, made once.
#[derive(Clone)]
pub(crate) struct Parts {
    decoder: Decoder,
    pub(crate) encoders: Encoders,
    pub(crate) dead_letters: Encoder<quittance_avro::records::DeadLetter>,
    pub(crate) metrics: RuntimeMetrics,
    /// Processes by what ended them, but for those that were killed.
    ends: IntCounterVec,
    /// What befell processes, and before what.
    misfortunes: IntCounterVec,
}

impl Parts {
    pub(crate) fn new() -> Self {
        let metrics = Metrics::new("simulation");
        Self {
            decoder: Decoder::of_this_build(),
            encoders: Encoders::of_this_build(),
            dead_letters: Encoder::of_this_build(),
            metrics: RuntimeMetrics::new(&metrics),
            ends: metrics.counter("process_ends_total", "Processes by what ended them", &["cause"]),
            misfortunes: metrics.counter("misfortunes_total", "What befell processes", &["what"]),
        }
    }

    /// A process has come to its end. Gives whether that is one of those to which processes come.
    pub(crate) fn ended(&self, how: &Result<(), Fatal>) -> bool {
        let cause = match how {
            Ok(()) => "in order",
            Err(Fatal::Log(LogError::Fenced { .. })) => "fenced",
            Err(Fatal::Store(_)) => "store",
            Err(
                Fatal::Log(_)
                | Fatal::State { .. }
                | Fatal::Table { .. }
                | Fatal::Encode(_)
                | Fatal::Notepad(_)
                | Fatal::NotCopartitioned(_),
            ) => return false,
        };
        self.ends.with_label_values(&[cause]).inc();
        true
    }

    /// Something befell a process.
    pub(crate) fn befell(&self, what: &str) {
        self.misfortunes.with_label_values(&[what]).inc();
    }

    pub(crate) fn reached(&self) -> BTreeMap<String, u64> {
        let metrics = &self.metrics;
        let counters = [
            ("window", &metrics.windows, &["committed", "aborted", "lost", "unknown_applied", "unknown_replayed"][..]),
            ("process ended", &self.ends, &["in order", "fenced", "store"]),
            ("input", &metrics.inputs, &["processed", "timer", "timer_failed", "dead_letter"][..]),
            (
                "dead letter",
                &metrics.dead_letters,
                &["undecodable", "invalid", "panicked", "output_too_large", "process_died"][..],
            ),
        ];
        let count = |(what, counter, labels): (&str, &IntCounterVec, &[&str])| -> Vec<(String, u64)> {
            labels.iter().map(|label| (format!("{what} {label}"), counter.with_label_values(&[label]).get())).collect()
        };
        let befell = |what: String| {
            let count = self.misfortunes.with_label_values(&[&what]).get();
            (what, count)
        };
        let moments = Moment::ALL.into_iter().flat_map(|moment| [moment.crash(), moment.pause()]);
        let misfortunes = moments.chain([TWIN.to_owned()]).map(befell);
        counters.into_iter().flat_map(count).chain(misfortunes).collect()
    }

    pub(crate) fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}
