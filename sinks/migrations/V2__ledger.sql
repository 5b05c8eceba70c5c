-- The ledger as Postgres keeps it, and where a payment's operations are found: folded from the log by the Postgres sink.
-- Amounts are integers of minor units of the currency beside them (ISO 4217 exponent). One amount is below 2^53; their sums have no
-- such bound, so they are numeric, with 38 digits, which fit an i128.

create table operations (
    operation_id text primary key,
    payment_id text not null,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null
);

comment on table operations is 'Which payment an operation belongs to, from the state topic.';
comment on column operations.operation_id is 'aut_…, cap_…, voi_… or ref_…';
comment on column operations.payment_id is 'pay_…';
comment on column operations.mode is 'live or test.';
comment on column operations.tenant is 'Who owns the payment. Stands in every query.';

create table accounts (
    account_id text primary key,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    merchant_account text not null,
    currency text not null,
    purpose text not null,
    gateway_account text,
    debits numeric(38) not null check (debits >= 0),
    credits numeric(38) not null check (credits >= 0),
    latest_posted_at timestamptz not null
);

create index accounts_by_tenant on accounts (tenant, mode, account_id);

comment on table accounts is 'Accounts of the ledger with their balances, which are the sums of their postings.';
comment on column accounts.account_id is 'acc_…';
comment on column accounts.mode is 'live or test.';
comment on column accounts.tenant is 'Whose account. Stands in every query.';
comment on column accounts.merchant_account is 'The tenant''s merchant account.';
comment on column accounts.currency is 'ISO 4217 alphabetic code.';
comment on column accounts.purpose is 'gateway_receivable, merchant_payable or suspense.';
comment on column accounts.gateway_account is 'Name of the gateway account, of accounts that are kept for each.';
comment on column accounts.debits is 'Sum of all debits, minor units.';
comment on column accounts.credits is 'Sum of all credits, minor units.';
comment on column accounts.latest_posted_at is 'When the latest of its postings was posted.';

create table account_hours (
    account_id text not null,
    hour timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
    posted_debits numeric(38) not null check (posted_debits >= 0),
    posted_credits numeric(38) not null check (posted_credits >= 0),
    effective_debits numeric(38) not null check (effective_debits >= 0),
    effective_credits numeric(38) not null check (effective_credits >= 0),
    primary key (account_id, hour)
);

comment on table account_hours is 'What moved on each account in each hour, so that a balance at a time is the sum of the hours before it and of the postings of one hour.';
comment on column account_hours.account_id is 'acc_…';
comment on column account_hours.hour is 'When the hour begins, in UTC.';
comment on column account_hours.posted_debits is 'Sum of the debits that were posted in that hour, minor units.';
comment on column account_hours.posted_credits is 'Sum of the credits that were posted in that hour, minor units.';
comment on column account_hours.effective_debits is 'Sum of the debits that took effect in that hour, minor units.';
comment on column account_hours.effective_credits is 'Sum of the credits that took effect in that hour, minor units.';

create table transfers (
    transfer_id text primary key,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    payment_id text not null,
    operation_id text not null,
    kind text not null,
    reverses text,
    currency text not null,
    effective_at timestamptz not null,
    posted_at timestamptz not null
);

create index transfers_by_payment on transfers (payment_id);

comment on table transfers is 'Every transfer, from the transfers topic. Append-only.';
comment on column transfers.transfer_id is 'trf_…';
comment on column transfers.mode is 'live or test.';
comment on column transfers.tenant is 'Whose transfer. Stands in every query.';
comment on column transfers.payment_id is 'pay_…, the payment that it belongs to.';
comment on column transfers.operation_id is 'cap_… or ref_…, the operation that moved the money.';
comment on column transfers.kind is 'capture, refund, suspense or suspense_return.';
comment on column transfers.reverses is 'trf_…, the transfer that this one takes back.';
comment on column transfers.currency is 'ISO 4217 alphabetic code.';
comment on column transfers.effective_at is 'When the gateway did it, as far as is known.';
comment on column transfers.posted_at is 'When it was posted.';

create table postings (
    transfer_id text not null,
    number smallint not null,
    account_id text not null,
    side text not null check (side in ('debit', 'credit')),
    amount bigint not null check (amount > 0),
    effective_at timestamptz not null,
    posted_at timestamptz not null,
    primary key (transfer_id, number)
);

-- An account's postings, read backward: newest first. Transfer and number make the order total, so that a cursor can point between
-- two; all go the same way, so that the rows behind a cursor are one range. An account is of one tenant and mode, so are these.
create index postings_by_account on postings (account_id, posted_at, transfer_id, number);
-- The postings of one hour, for balances at a time within it.
create index postings_by_effective_at on postings (account_id, effective_at);

comment on table postings is 'The parts of every transfer. Append-only; within a transfer debits and credits are equal.';
comment on column postings.transfer_id is 'trf_…';
comment on column postings.number is 'Place within the transfer, from 0.';
comment on column postings.account_id is 'acc_…';
comment on column postings.side is 'debit or credit.';
comment on column postings.amount is 'Positive, minor units of the account''s currency.';
comment on column postings.effective_at is 'That of its transfer.';
comment on column postings.posted_at is 'That of its transfer.';

-- Whatever is inserted, by whomever: a transfer that does not balance does not get in.
create function refuse_unbalanced_transfers() returns trigger language plpgsql as $$
declare
    unbalanced text;
begin
    select transfer_id into unbalanced from inserted
        group by transfer_id
        having sum(case side when 'debit' then amount else -amount end) <> 0
        limit 1;
    if unbalanced is not null then
        raise exception 'the debits and credits of transfer % are not equal', unbalanced using errcode = 'check_violation';
    end if;
    return null;
end
$$;

create trigger postings_balance after insert on postings referencing new table as inserted
    for each statement execute function refuse_unbalanced_transfers();

create trigger transfers_are_append_only before update or delete or truncate on transfers
    for each statement execute function refuse_to_rewrite_history();

create trigger postings_are_append_only before update or delete or truncate on postings
    for each statement execute function refuse_to_rewrite_history();
