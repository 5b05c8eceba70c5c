-- Payments as Postgres keeps them: folded from the log by the Postgres sink, and by nobody else.
-- No foreign keys: the tables are fed by different topics, in no order among them.
-- Amounts are integers of minor units of the currency beside them (ISO 4217 exponent), below 2^53.

create table payments (
    payment_id text primary key,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    merchant_account text not null,
    sequence bigint not null check (sequence > 0),
    status text not null,
    amount bigint not null,
    currency text not null,
    captured_amount bigint not null,
    refunded_amount bigint not null,
    gateway_account text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    state jsonb not null
);

-- A tenant's list, newest first; the id makes the order total, so that a cursor can point between two payments.
create index payments_by_tenant on payments (tenant, mode, created_at desc, payment_id);

comment on table payments is 'The latest public state of each payment, from the state topic.';
comment on column payments.payment_id is 'pay_…';
comment on column payments.mode is 'live or test; the two never see each other.';
comment on column payments.tenant is 'Who owns the payment. Stands in every query.';
comment on column payments.merchant_account is 'The tenant''s merchant account.';
comment on column payments.sequence is 'Sequence of the latest event; never goes back.';
comment on column payments.status is 'requires_action, on_hold, processing, requires_capture, succeeded, failed, canceled or expired.';
comment on column payments.amount is 'Amount asked for, minor units.';
comment on column payments.currency is 'ISO 4217 alphabetic code.';
comment on column payments.captured_amount is 'Amount captured so far, minor units.';
comment on column payments.refunded_amount is 'Amount refunded so far, minor units.';
comment on column payments.gateway_account is 'Name of the gateway account.';
comment on column payments.created_at is 'When the payment was created.';
comment on column payments.updated_at is 'When it last changed.';
comment on column payments.state is 'The whole record PaymentState as JSON: bytes in base64, times in milliseconds, personal data sealed.';

create table payment_history (
    payment_id text not null,
    sequence bigint not null check (sequence > 0),
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    event_id text not null,
    type text not null,
    occurred_at timestamptz not null,
    data jsonb not null,
    primary key (payment_id, sequence)
);

comment on table payment_history is 'Every event of every payment, from the events topic. Append-only.';
comment on column payment_history.payment_id is 'pay_…';
comment on column payment_history.sequence is 'The payment''s gapless sequence, from 1.';
comment on column payment_history.mode is 'live or test.';
comment on column payment_history.tenant is 'Who owns the payment. Stands in every query.';
comment on column payment_history.event_id is 'evt_…';
comment on column payment_history.type is 'payment.created, payment.authorized and so on, from the name of the record.';
comment on column payment_history.occurred_at is 'When it happened.';
comment on column payment_history.data is 'The whole record of the event as JSON.';

create function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception 'history is append-only; to rebuild it from the log, drop the schema and migrate again';
end
$$;

create trigger payment_history_is_append_only before update or delete or truncate on payment_history
    for each statement execute function refuse_to_rewrite_history();

create table outcomes (
    command_id text primary key,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    payment_id text not null,
    outcome jsonb not null,
    occurred_at timestamptz not null
);

comment on table outcomes is 'The latest outcome of each command, from the outcomes topic. A command that was refused may be applied when it is sent again.';
comment on column outcomes.command_id is 'cmd_…';
comment on column outcomes.mode is 'live or test.';
comment on column outcomes.tenant is 'Who sent the command. Stands in every query.';
comment on column outcomes.payment_id is 'pay_…, the payment that the command was for.';
comment on column outcomes.outcome is 'The whole record Outcome as JSON.';
comment on column outcomes.occurred_at is 'When it was decided.';

create table progress (
    topic text not null,
    partition int not null,
    installation_id text not null,
    next_offset bigint not null,
    epoch bigint not null,
    primary key (topic, partition)
);

comment on table progress is 'How far the log was folded. Moves in the transaction that writes the rows, after it was compared.';
comment on column progress.topic is 'Name on Kafka.';
comment on column progress.partition is 'Number of the partition.';
comment on column progress.installation_id is 'ins_…, the installation that the topics belong to.';
comment on column progress.next_offset is 'The first offset that is not folded yet.';
comment on column progress.epoch is 'Raised by each writer that claims the partition; one with a lower epoch writes nothing.';
