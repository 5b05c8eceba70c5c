//! What clients ask for: the same in every run of a seed, whatever goes wrong.

use quittance_avro::{
    ids::{CommandId, PaymentId, derive},
    money::MinorUnits,
    records::{
        Actor, Bytes, CancelPayment, CapturePayment, ConfirmPayment, CreatePayment, Envelope, FeeRule, FeeRules,
        Fingerprint, GatewayToken, PaymentMethod, RefundPayment, RoutingRules,
    },
    time::Timestamp,
    topics::Topic,
    wire::Encoder,
    words::{ActorKind, CaptureMethod, Initiator, Mode},
};
use quittance_log::{Headers, NewRecord};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::{
    plan::{Plan, START_MS},
    topics,
};

/// Key of the tenant's routing rules.
pub(crate) const RULES_KEY: &str = "rou_1";
/// Header of a command that the rules cannot stand.
pub(crate) const TRICK: &str = "trick";

/// A record that is written at a time.
pub(crate) struct Wish {
    pub(crate) at_ms: i64,
    pub(crate) record: NewRecord,
    pub(crate) kind: Kind,
    /// For how long the transaction stays open that it is written in, if it is.
    pub(crate) held_ms: Option<i64>,
}

/// What is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An outcome for this command.
    Command(CommandId),
    /// An outcome that tells a stranger that there is no such payment.
    Stranger(CommandId),
    /// A dead letter, for this reason.
    Poison(&'static str),
    /// Nothing: the transaction that it was written in is aborted.
    Aborted,
    /// Payments that are asked for from then on are routed by it.
    Configured,
}

/// Whether nobody does anything about a payment but create it, at a gateway that says yes or no to it.
pub(crate) fn is_plain(payment: &str) -> bool {
    number_of(payment).is_multiple_of(3)
}

fn number_of(payment: &str) -> u32 {
    payment.bytes().map(u32::from).sum()
}

/// What the gateway does with a payment.
fn token(payment: &str) -> &'static str {
    const PLAIN: [&str; 4] = ["tok_approve", "tok_decline", "tok_approve", "tok_decline_hard"];
    const WILD: [&str; 12] = [
        "tok_approve",
        "tok_action",
        "tok_approve",
        "tok_partial",
        "tok_pending",
        "tok_slow",
        "tok_short",
        "tok_refund_pending",
        "tok_refund_fails",
        "tok_capture_fails",
        "tok_action_short",
        "tok_flaky",
    ];
    let number = number_of(payment) as usize / 3;
    if is_plain(payment) { PLAIN[number % PLAIN.len()] } else { WILD[number % WILD.len()] }
}

/// All that clients write.
pub(crate) fn wishes(plan: &Plan) -> Vec<Wish> {
    let mut rng = SmallRng::seed_from_u64(plan.seed ^ 0x00c1_1e47);
    let rng = &mut rng;
    // Apart, so that poison changes nothing about the rest.
    let mut bane = SmallRng::seed_from_u64(plan.seed ^ 0x0bad_f00d);
    let mut whim = SmallRng::seed_from_u64(plan.seed ^ 0x0aba_0aba);
    let encoder = Encoder::<CreatePayment>::of_this_build();
    let span_ms = i64::try_from(plan.trouble.as_millis()).unwrap_or(i64::MAX) * 3 / 4;
    let mut wishes = configured(plan.seed, span_ms);
    let configured_at: Vec<i64> = wishes.iter().map(|wish| wish.at_ms).collect();
    for number in 0..plan.payments {
        let at_ms = START_MS + rng.random_range(0..span_ms);
        // Who asks knows the rules that were written before.
        let known = configured_at.iter().filter(|written_at| **written_at < at_ms).count();
        let command = CreatePayment {
            configuration_version: i64::try_from(known).unwrap_or(i64::MAX),
            ..command(plan.seed, number, 0, rng.random_ratio(1, 3))
        };
        let mut first = wish(&encoder, &command, at_ms);
        if rng.random_ratio(1, 6) {
            first.held_ms = Some(rng.random_range(0..4_000));
        }
        wishes.push(first);
        while rng.random_ratio(1, 4) {
            // Sent again, since its sender did not hear of it.
            wishes.push(wish(&encoder, &command, at_ms + rng.random_range(0..5_000)));
        }
        if rng.random_ratio(1, 6) {
            // The same payment, asked for with another body: somebody reuses its key.
            let other = CreatePayment { fingerprint: fingerprint(9), ..command.clone() };
            wishes.push(wish(&encoder, &other, at_ms + 6_000));
        }
        if rng.random_ratio(1, 6) {
            let mut stranger = command.clone();
            stranger.envelope.tenant = "rival".parse().expect("a tenant's name");
            stranger.envelope.id = CommandId::new(derive(&["stranger", &command.envelope.id])).to_string();
            let mut wish = wish(&encoder, &stranger, at_ms + 6_000);
            wish.kind = Kind::Stranger(stranger.envelope.id.parse().expect("a command's id"));
            wishes.push(wish);
        }
        if !is_plain(&command.envelope.aggregate_id) {
            wishes.extend(follow_ups(&command, at_ms, &mut whim));
        }
        if whim.random_ratio(1, 8) {
            let mut wish = wish(&encoder, &self::command(plan.seed, number, 2, false), at_ms);
            (wish.kind, wish.held_ms) = (Kind::Aborted, Some(whim.random_range(0..4_000)));
            wishes.push(wish);
        }
        if bane.random_ratio(plan.faults.poison, 100) {
            wishes.push(poison(&encoder, plan.seed, number, at_ms, &mut bane));
        }
    }
    wishes
}

/// What the tenant configures, which changes a few times: routing rules, and what its merchants pay.
fn configured(seed: u64, span_ms: i64) -> Vec<Wish> {
    let mut rng = SmallRng::seed_from_u64(seed ^ 0x0c0f_f1c0);
    let mut times: Vec<i64> = (0..rng.random_range(0..=5)).map(|_| START_MS + rng.random_range(0..span_ms)).collect();
    times.sort_unstable();
    let (rules, fees) = (Encoder::<RoutingRules>::of_this_build(), Encoder::<FeeRules>::of_this_build());
    let of_command = command(seed, 0, 0, false);
    let wish = |at_ms: i64| {
        let envelope = |id: &str| Envelope {
            id: format!("cfg_{at_ms}"),
            aggregate_id: id.to_owned(),
            ..of_command.envelope.clone()
        };
        let (key, value) = if rng.random() {
            let fee = FeeRule {
                currency: of_command.currency,
                rate_ppm: rng.random_range(0..50_000),
                fixed_amount: MinorUnits::payable(rng.random_range(0..40)).unwrap_or_default(),
                returned: rng.random(),
            };
            ("fee_1", fees.encode(&FeeRules { envelope: envelope("fee_1"), rules: vec![fee] }))
        } else {
            (RULES_KEY, rules.encode(&RoutingRules { envelope: envelope(RULES_KEY), rules: Vec::new() }))
        };
        let record = NewRecord {
            topic: topics::name(Topic::Configuration),
            partition: Some(0),
            key: key.as_bytes().to_vec(),
            value: Some(value.expect("it fits its schema")),
            headers: Headers::default(),
        };
        Wish { at_ms, record, kind: Kind::Configured, held_ms: None }
    };
    times.into_iter().map(wish).collect()
}

/// What is asked of a payment that is there: a few captures and refunds, and now and then a cancel or a confirm.
fn follow_ups(command: &CreatePayment, at_ms: i64, rng: &mut SmallRng) -> Vec<Wish> {
    let encoders = Encoders::default();
    let mut wishes = Vec::new();
    for number in 0..rng.random_range(0..=5) {
        let id = CommandId::new(derive(&["follow-up", &command.envelope.id, &i32::to_string(&number)]));
        let envelope = Envelope { id: id.to_string(), ..command.envelope.clone() };
        let amount = rng.random_ratio(1, 2).then(|| MinorUnits::payable(rng.random_range(1..=900)).expect("in bounds"));
        let fingerprint = fingerprint(3);
        let value = match rng.random_range(0..10) {
            0..4 => {
                let is_final = rng.random_ratio(1, 2);
                encoders.capture.encode(&CapturePayment { envelope, fingerprint, amount, is_final, reason: None })
            }
            4..8 => encoders.refund.encode(&RefundPayment { envelope, fingerprint, amount, reason: None }),
            8 => encoders.cancel.encode(&CancelPayment { envelope, fingerprint, reason: None }),
            _ => encoders.confirm.encode(&ConfirmPayment { envelope, fingerprint }),
        };
        let record = NewRecord {
            topic: topics::name(Topic::PaymentCommands),
            partition: None,
            key: command.envelope.aggregate_id.clone().into_bytes(),
            value: Some(value.expect("a command fits its schema")),
            headers: Headers::default(),
        };
        let at_ms = at_ms + rng.random_range(0..15_000);
        wishes.push(Wish { at_ms, record, kind: Kind::Command(id), held_ms: None });
    }
    wishes
}

/// Encoders of what is asked of a payment that is there.
struct Encoders {
    capture: Encoder<CapturePayment>,
    refund: Encoder<RefundPayment>,
    cancel: Encoder<CancelPayment>,
    confirm: Encoder<ConfirmPayment>,
}

impl Default for Encoders {
    fn default() -> Self {
        Self {
            capture: Encoder::of_this_build(),
            refund: Encoder::of_this_build(),
            cancel: Encoder::of_this_build(),
            confirm: Encoder::of_this_build(),
        }
    }
}

fn poison(encoder: &Encoder<CreatePayment>, seed: u64, number: usize, at_ms: i64, rng: &mut SmallRng) -> Wish {
    let command = command(seed, number, 1, false);
    let mut wish = wish(encoder, &command, at_ms + rng.random_range(0..3_000));
    let is_result = rng.random_ratio(1, 2);
    let mut trick = |trick: &str| wish.record.headers = Headers::default().with(TRICK, trick);
    let reason = match rng.random_range(0..9) {
        0 => {
            wish.record.value = Some(vec![0, 0, 0, 0, 99, 1, 2, 3]);
            "undecodable"
        }
        1 => {
            wish.record.value = Some(b"not what it should be".to_vec());
            if is_result {
                wish.record.topic = topics::name(Topic::PaymentResults);
            }
            "undecodable"
        }
        2 => {
            wish.record.key = b"somebody else's".to_vec();
            "invalid"
        }
        3 => {
            trick("panic");
            "panicked"
        }
        4 => {
            trick("panic when read");
            "panicked"
        }
        5 => {
            trick("panic when due");
            "panicked"
        }
        6 => {
            trick("large");
            "output_too_large"
        }
        7 => {
            trick("die when read");
            "process_died"
        }
        _ => {
            trick("die");
            "process_died"
        }
    };
    wish.kind = Kind::Poison(reason);
    wish
}

fn wish(encoder: &Encoder<CreatePayment>, command: &CreatePayment, at_ms: i64) -> Wish {
    Wish {
        at_ms,
        record: NewRecord {
            topic: topics::name(Topic::PaymentCommands),
            partition: None,
            key: command.envelope.aggregate_id.clone().into_bytes(),
            value: Some(encoder.encode(command).expect("a command fits its schema")),
            headers: Headers::default(),
        },
        kind: Kind::Command(command.envelope.id.parse().expect("a command's id")),
        held_ms: None,
    }
}

fn fingerprint(byte: u8) -> Fingerprint {
    Fingerprint { version: 1, digest: Bytes(vec![byte; 32]) }
}

fn command(seed: u64, number: usize, series: usize, is_manual: bool) -> CreatePayment {
    let parts = [&*seed.to_string(), &*number.to_string(), &*series.to_string()];
    let payment = PaymentId::new(derive(&["payment", parts[0], parts[1], parts[2]]));
    let command = CommandId::new(derive(&["command", parts[0], parts[1], parts[2]]));
    let token =
        GatewayToken { gateway_account: "simulator".to_owned(), token: self::token(&payment.to_string()).to_owned() };
    CreatePayment {
        envelope: Envelope {
            id: command.to_string(),
            mode: Mode::Test,
            tenant: "acme".parse().expect("a tenant's name"),
            merchant_account: "berlin".to_owned(),
            aggregate_id: payment.to_string(),
            sequence: None,
            occurred_at: Timestamp::from_ms(START_MS),
            actor: Actor { kind: ActorKind::User, subject: "till-7".to_owned(), credential_id: None, sealed: None },
            cause: None,
            api_version: "2026-11-01".to_owned(),
        },
        fingerprint: fingerprint(7),
        amount: MinorUnits::payable(1_000 + i64::try_from(number).unwrap_or(0)).expect("an amount in bounds"),
        currency: "EUR".parse().expect("a currency in use"),
        capture: if is_manual { CaptureMethod::Manual } else { CaptureMethod::Automatic },
        payment_method: PaymentMethod::of_tokens("card".to_owned(), vec![token]),
        gateway_account: "simulator".to_owned(),
        initiator: Initiator::Customer,
        stored_credential: None,
        sealed: None,
        return_url: None,
        hold: false,
        declines_retried_max: 0,
        payment_method_id: None,
        network_transaction_id: None,
        routing_metadata: Vec::new(),
        configuration_version: 0,
        search_tokens: None,
    }
}
