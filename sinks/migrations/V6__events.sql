-- Every event of every aggregate, with where it stands in the log: an order in which nothing that is written late is passed over.
-- The history has no such places, so it is folded from the log once more, by the writers that come after this.

drop table payment_history;

create table events (
    aggregate_id text not null,
    sequence bigint not null check (sequence > 0),
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    event_id text not null,
    type text not null,
    occurred_at timestamptz not null,
    stream text not null,
    partition int not null,
    position bigint not null,
    data jsonb not null,
    primary key (aggregate_id, sequence)
);

-- A tenant's feed.
create index events_by_tenant on events (tenant, mode, stream, partition, position);
-- What is new, whosever it is.
create index events_by_position on events (stream, partition, position);

comment on table events is 'Every event of every aggregate, from the events topics. Append-only.';
comment on column events.aggregate_id is 'pay_… or pm_…';
comment on column events.sequence is 'The aggregate''s gapless sequence, from 1.';
comment on column events.mode is 'live or test.';
comment on column events.tenant is 'Who owns the aggregate. Stands in every query.';
comment on column events.event_id is 'evt_…';
comment on column events.type is 'payment.created, payment_method.activated and so on, from the name of the record.';
comment on column events.occurred_at is 'When it happened.';
comment on column events.stream is 'Of which topic its place is one: payment or payment_method.';
comment on column events.partition is 'Number of its partition there.';
comment on column events.position is 'Its offset there.';
comment on column events.data is 'The whole record of the event as JSON.';

create trigger events_are_append_only before update or delete or truncate on events
    for each statement execute function refuse_to_rewrite_history();

-- Whoever still writes as before is fenced by the epoch.
update progress set next_offset = 0, epoch = epoch + 1 where topic like '%.payment.events.v1';

-- What row-level security would hide from a reader who wakes those who wait: whose aggregates have news, and nothing of it.
create function changed_since(streams text[], partitions int[], positions bigint[], rows_max int)
returns table (stream text, partition int, "position" bigint, mode text, tenant text, aggregate_id text)
language sql stable security definer as $$
    select news.stream, news.partition, news.position, news.mode, news.tenant, news.aggregate_id
    from unnest(streams, partitions, positions) as since (stream, partition, "position")
    cross join lateral (
        select * from events
        where events.stream = since.stream and events.partition = since.partition
            and events.position >= since.position
        order by events.position limit rows_max
    ) as news
$$;

-- The owner's rights are for the owner's tables, whatever else a caller may have under their names.
do $$
begin
    execute format('alter function changed_since set search_path = %I, pg_temp', current_schema());
end
$$;
