-- What gateways told that fits nothing we know, for an operator to look at: folded from the log by the Postgres sink.

create table gateway_anomalies (
    anomaly_id text primary key,
    mode text not null check (mode in ('live', 'test')),
    tenant text not null,
    gateway_account text not null,
    reason text not null,
    occurred_at timestamptz not null,
    data jsonb not null
);

create index gateway_anomalies_by_tenant on gateway_anomalies (tenant, mode, occurred_at, anomaly_id);

comment on table gateway_anomalies is 'Notices of gateways that fit nothing we know, from the anomalies topic. The same notice again is the same anomaly.';
comment on column gateway_anomalies.anomaly_id is 'ntc_…';
comment on column gateway_anomalies.mode is 'live or test.';
comment on column gateway_anomalies.tenant is 'Whose gateway account. Stands in every query.';
comment on column gateway_anomalies.gateway_account is 'Name of the gateway account.';
comment on column gateway_anomalies.reason is 'malformed, no_payment, unknown_payment or unknown_attempt.';
comment on column gateway_anomalies.occurred_at is 'When the notice came.';
comment on column gateway_anomalies.data is 'The record as JSON; its body is sealed.';
