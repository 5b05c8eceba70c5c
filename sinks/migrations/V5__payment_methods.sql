-- Saved payment methods: folded from the log by the Postgres sink.

create table payment_methods (
    payment_method_id text primary key,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    sequence bigint not null check (sequence > 0),
    status text not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    state jsonb not null
);

comment on table payment_methods is 'The latest public state of each saved payment method, from its state topic.';
comment on column payment_methods.payment_method_id is 'pm_…';
comment on column payment_methods.mode is 'live or test.';
comment on column payment_methods.tenant is 'Who owns the method. Stands in every query.';
comment on column payment_methods.sequence is 'Sequence of the latest event; never goes back.';
comment on column payment_methods.status is 'pending, requires_action, active, failed or removed.';
comment on column payment_methods.created_at is 'When it was created.';
comment on column payment_methods.updated_at is 'When it last changed.';
comment on column payment_methods.state is 'The whole record PaymentMethodState as JSON: times in milliseconds.';

-- A column of its own, which never changes: an index on what is in the state would have to be written at every change of a payment.
alter table payments add column payment_method_id text;

comment on column payments.payment_method_id is 'pm_…, the saved payment method that it was made with.';

-- The payments with a method, the oldest first: the first that was approved has the id that later ones go back to.
create index payments_by_method on payments (payment_method_id, created_at) where payment_method_id is not null;

comment on column outcomes.payment_id is 'pay_… or pm_…, what the command was for.';
