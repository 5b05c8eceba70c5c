-- Lists of payments: by what they are filtered, and by what their sealed text is found.

-- Both columns go the same way, so that the payments behind a cursor are one range.
drop index payments_by_tenant;
create index payments_by_tenant on payments (tenant, mode, created_at, payment_id);
create index payments_by_status on payments (tenant, mode, status, created_at, payment_id);
create index payments_by_amount on payments (tenant, mode, amount);

-- A column of payments would be an array, and arrays are searched by operators that row-level security does not let an index
-- serve, since they are not leakproof. Equality of bytes is.
create table payment_search (
    payment_id text not null,
    token bytea not null,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    primary key (payment_id, token)
);

create index payment_search_by_token on payment_search (tenant, mode, token, payment_id);

comment on table payment_search is 'By which tokens the sealed text of each payment is found, from the state topic.';
comment on column payment_search.payment_id is 'pay_…';
comment on column payment_search.token is 'An HMAC of its reference, or of a pair of its metadata, under a key of the tenant.';
comment on column payment_search.mode is 'live or test.';
comment on column payment_search.tenant is 'Who owns the payment. Stands in every query.';

create policy rows_of_the_tenant on payment_search for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
alter table payment_search enable row level security;
