//! Carries out one effect: the exchange, and the record that says what came of it.
//!
//! What a crash does, step by step, and why it is harmless:
//!
//! 1. *Before the request is written:* the effect's position is not committed, so the next owner carries it out.
//! 2. *After the request, before the result is on Kafka:* the next owner sends the same request under the same
//!    idempotency key, and the gateway gives the same answer without charging twice. It does so only until `not_after`,
//!    which is shorter than the gateway's memory of keys. If the next owner cannot reach the gateway, or comes too late,
//!    it knows nothing of what this one did: it says `unknown`, never that nothing was processed ([`Effect::in_doubt`]).
//! 3. *After the result is on Kafka, before the position is committed:* as 2; the result comes twice, under one id. The
//!    processor judges a result by where the attempt stands, so the second changes nothing.
//!
//! Within a process the exchange is never repeated: a result that Kafka does not take is offered again until it does.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    time::{Duration, Instant},
};

use futures::FutureExt;
use quittance_avro::{
    ids::{AttemptId, EffectId},
    records::{DeadLetter, GatewayHealth},
    time::Timestamp,
    wire::{EncodeError, Encoder},
    words::ResultOutcome,
};
use quittance_gateways::{Request, Verdict};
use quittance_log::{Headers, NewRecord, ProduceError, Producer};
use quittance_service::{backoff::Backoff, trace::TraceContext};
use quittance_tables::health_key;

use super::{
    GatewayFatal,
    accounts::{Account, Accounts},
    asked::{Asked, ResultEncoders},
    destination::destination,
    health::Circuits,
    http::Http,
    lanes::Ticket,
    metrics::GatewayMetrics,
};

/// How long Kafka may take to acknowledge a record before that is noticed.
pub(super) const PUBLISH_TIMEOUT: Duration = Duration::from_secs(10);

/// What is to be done about one record of the effects topic.
pub(super) enum Work {
    /// Carry it out.
    Effect(Box<Effect>),
    /// Bury it: it can never be read.
    Bury(Box<DeadLetter>),
}

/// An effect with what came along with it. It holds the payment method's token, so it has no `Debug`.
pub(super) struct Effect {
    /// Its id, as it stands in its envelope.
    pub(super) id: EffectId,
    /// What it says.
    pub(super) says: Asked,
    /// The headers that its result carries on.
    pub(super) headers: Headers,
    /// Whether it was on the topic before its partition came to this process, so that an earlier owner may have carried
    /// it out.
    pub(super) in_doubt: bool,
}

/// What a task tells the loop.
pub(super) enum Progress {
    /// The work came to its end.
    Ended(Ticket, Result<(), GatewayFatal>),
    /// Kafka does not take what came of it; the task tries on.
    Waiting(String),
}

/// What every task needs.
pub(super) struct Tools {
    pub(super) accounts: Accounts,
    pub(super) http: Http,
    pub(super) producer: Producer,
    pub(super) results: Arc<str>,
    pub(super) result_encoders: ResultEncoders,
    pub(super) dead_letters: Arc<str>,
    pub(super) dead_letter_encoder: Encoder<DeadLetter>,
    pub(super) metrics: GatewayMetrics,
    pub(super) circuits: Mutex<Circuits>,
    pub(super) healths: Arc<str>,
    pub(super) health_encoder: Encoder<GatewayHealth>,
    /// What this process calls itself.
    pub(super) observer: String,
}

impl Tools {
    /// Does the work and tells how it ended, whatever happens: a ticket that never comes back would hold up its
    /// partition for good.
    pub(super) async fn carry_out(self: Arc<Self>, ticket: Ticket, work: Work, progress: Sender<Progress>) {
        let work = async {
            match work {
                Work::Effect(effect) => self.effect(&effect, &progress).await,
                Work::Bury(letter) => self.bury(*letter, &progress).await,
            }
        };
        let ended = AssertUnwindSafe(work).catch_unwind().await.unwrap_or(Err(GatewayFatal::Panicked));
        // The loop is gone only when the process stops; then nobody waits for the ticket.
        let _ = progress.send(Progress::Ended(ticket, ended));
    }

    async fn effect(&self, effect: &Effect, progress: &Sender<Progress>) -> Result<(), GatewayFatal> {
        // A panic while the gateway is called leaves the outcome unknown, like a connection that breaks. The effect would
        // meet it again after every restart, so it must not end the process.
        let (verdict, as_of) = AssertUnwindSafe(self.try_once(effect))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| (Verdict::unknown("the gateway sink failed while it called"), Timestamp::now()));
        let record = NewRecord {
            topic: Arc::clone(&self.results),
            partition: None,
            key: effect.says.envelope().aggregate_id.clone().into_bytes(),
            value: Some(effect.says.result(effect.id, verdict, as_of, &self.result_encoders)?),
            headers: effect.headers.clone(),
        };
        self.publish(&record, progress).await.map_err(GatewayFatal::Unwritable)
    }

    /// What came of the effect, and the time as of which that holds.
    async fn try_once(&self, effect: &Effect) -> (Verdict, Timestamp) {
        let found = self.accounts.of(effect.says.envelope(), effect.says.gateway_account()).await;
        let asked_at = Timestamp::now();
        let account = match destination(&effect.says, found, asked_at) {
            Ok(account) => account,
            Err(unsent) => return (self.unsent(effect, unsent.verdict(&effect.says), unsent.reason()), asked_at),
        };
        let verdict = match effect.says.requests(account.adapter, &account.credentials) {
            Ok(requests) => self.call(&account, requests, effect).await,
            Err(verdict) => return (self.unsent(effect, *verdict, "inexpressible"), asked_at),
        };
        // The answer to a query is as old as the question: what the gateway processes after that is not in it. The processor
        // takes an absence as final from a certain time on, so it must not look younger than it is.
        let as_of = if effect.says.is_query() { asked_at } else { Timestamp::now() };
        (verdict, as_of)
    }

    /// Nothing was sent, for that reason.
    fn unsent(&self, effect: &Effect, verdict: Verdict, reason: &str) -> Verdict {
        let verdict = effect.weigh(verdict);
        self.metrics.not_sent.with_label_values(&[reason]).inc();
        let (attempt_id, account, kind) = effect.in_short();
        let (outcome, trace_id) = (verdict.outcome, effect.trace_id());
        tracing::warn!(%attempt_id, account, kind, %outcome, reason, trace_id, "not sent to the gateway");
        verdict
    }

    /// The exchanges: one of a try, and as many as a query takes.
    async fn call(&self, account: &Account, requests: Vec<Request>, effect: &Effect) -> Verdict {
        let began = Instant::now();
        let exchanges = self.http.exchanges(&account.base, requests).await;
        let took = began.elapsed();
        let verdict = effect.says.judge(account.adapter, &exchanges);
        self.tell_health(account, &effect.says, verdict.outcome);
        let verdict = effect.weigh(verdict);

        let ((attempt_id, account, kind), outcome) = (effect.in_short(), verdict.outcome);
        self.metrics.calls.with_label_values(&[account, outcome.as_str()]).inc();
        self.metrics.call_seconds.with_label_values(&[account]).observe(took.as_secs_f64());
        let trace_id = effect.trace_id();
        let exchange = exchanges.last().map(ToString::to_string).unwrap_or_default();
        match outcome {
            ResultOutcome::Approved
            | ResultOutcome::Created
            | ResultOutcome::ActionRequired
            | ResultOutcome::Pending
            | ResultOutcome::Declined
            | ResultOutcome::Reported
            | ResultOutcome::Absent => {
                tracing::debug!(%attempt_id, account, kind, %outcome, exchange, ?took, trace_id, "called the gateway");
            }
            ResultOutcome::Rejected | ResultOutcome::NotProcessed | ResultOutcome::Expired | ResultOutcome::Unknown => {
                tracing::warn!(%attempt_id, account, kind, %outcome, exchange, ?took, trace_id, "called the gateway in vain");
            }
        }
        verdict
    }

    async fn bury(&self, mut letter: DeadLetter, progress: &Sender<Progress>) -> Result<(), GatewayFatal> {
        self.metrics.not_sent.with_label_values(&["dead_letter"]).inc();
        match self.publish(&self.dead_letter(&letter)?, progress).await {
            Ok(()) => return Ok(()),
            Err(ProduceError::TooLarge { .. }) => {}
            Err(error) => return Err(GatewayFatal::Unwritable(error)),
        }
        // A record as large as its topic takes does not fit into a letter. Where it stands is said all the same.
        let bytes = letter.value.take().map_or(0, |value| value.0.len());
        letter.detail = format!("{}; its value of {bytes} bytes is too large for this topic", letter.detail);
        self.publish(&self.dead_letter(&letter)?, progress).await.map_err(GatewayFatal::Unwritable)
    }

    /// Tells whoever routes payments when an account goes down, or comes up again. It is told in passing: a word that gets lost
    /// costs payments some time, and no money.
    fn tell_health(&self, account: &Account, asked: &Asked, outcome: ResultOutcome) {
        let envelope = asked.envelope();
        let tenant = account.is_own.then(|| envelope.tenant.clone());
        let key = (envelope.mode, tenant, asked.gateway_account().to_owned());
        let mut circuits = self.circuits.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(health) = circuits.observe(key, outcome, &self.observer, Timestamp::now()) else { return };
        drop(circuits);
        let Ok(value) = self.health_encoder.encode(&health) else { return };
        let record = NewRecord {
            topic: Arc::clone(&self.healths),
            partition: None,
            key: health_key(&health).into_bytes(),
            value: Some(value),
            headers: Headers::default(),
        };
        let producer = self.producer.clone();
        tokio::spawn(async move {
            if let Err(error) = producer.produce(&record).await {
                tracing::warn!(%error, "what was seen of a gateway account could not be told");
            }
        });
    }

    fn dead_letter(&self, letter: &DeadLetter) -> Result<NewRecord, EncodeError> {
        Ok(NewRecord {
            topic: Arc::clone(&self.dead_letters),
            partition: None,
            key: letter.key.as_ref().map_or_else(Vec::new, |key| key.0.clone()),
            value: Some(self.dead_letter_encoder.encode(letter)?),
            headers: Headers::default(),
        })
    }

    /// Offers a record to Kafka until it is acknowledged. Fails only if it can never be.
    async fn publish(&self, record: &NewRecord, progress: &Sender<Progress>) -> Result<(), ProduceError> {
        let mut backoff = Backoff::default();
        loop {
            match self.producer.produce(record).await {
                Ok(_) => return Ok(()),
                Err(error @ (ProduceError::TooLarge { .. } | ProduceError::Dead { .. })) => return Err(error),
                Err(error @ ProduceError::Unacknowledged { .. }) => {
                    let _ = progress.send(Progress::Waiting(error.to_string()));
                    tokio::time::sleep(backoff.next_delay()).await;
                }
            }
        }
    }
}

impl Effect {
    /// What may be told, given what this process found. A query is no try: that an earlier one was made changes nothing.
    fn weigh(&self, verdict: Verdict) -> Verdict {
        if self.in_doubt && !self.says.is_query() { verdict.doubted() } else { verdict }
    }

    /// Attempt, gateway account and kind, for logs.
    fn in_short(&self) -> (AttemptId, &str, &'static str) {
        (self.says.attempt_id(), self.says.gateway_account(), self.says.kind())
    }

    /// Id of the trace that it belongs to; empty if there is none.
    fn trace_id(&self) -> String {
        let trace = self.headers.text("traceparent").and_then(TraceContext::parse);
        trace.map(|trace| trace.trace_id().to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use quittance_avro::words::{EffectKind, SetUpKind};
    use quittance_gateways::samples;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::a_try_of_our_own(false, ResultOutcome::NotProcessed)]
    #[case::a_try_that_may_have_been_made_before(true, ResultOutcome::Unknown)]
    fn only_who_knows_says_that_nothing_was_processed(#[case] in_doubt: bool, #[case] of_a_try: ResultOutcome) {
        let payments = EffectKind::ALL.iter().map(|kind| Asked::Payment(Box::new(samples::effect(*kind))));
        let set_ups = SetUpKind::ALL.iter().map(|kind| Asked::SetUp(Box::new(samples::set_up(*kind))));
        for says in payments.chain(set_ups) {
            let effect = Effect { id: samples::EFFECT_ID, says, headers: Headers::default(), in_doubt };
            let told = effect.weigh(Verdict::not_processed("nobody there"));
            let outcome = if effect.says.is_query() { ResultOutcome::NotProcessed } else { of_a_try };
            assert_eq!(told.outcome, outcome, "{}", effect.says.kind());
        }
    }

    #[test]
    fn the_trace_is_known_by_its_header() {
        let says = Asked::Payment(Box::new(samples::effect(EffectKind::Authorize)));
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = Headers::default().with("traceparent", header);
        let mut effect = Effect { id: samples::EFFECT_ID, says, headers, in_doubt: false };
        assert_eq!(effect.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        effect.headers = Headers::default();
        assert_eq!(effect.trace_id(), "");
    }
}
