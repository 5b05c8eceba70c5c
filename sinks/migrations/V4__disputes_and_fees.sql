-- A gateway may tell of a payment by its own name for it alone, as of a dispute; and money moves for disputes and fees.

alter table operations add column gateway_account text;
alter table operations add column gateway_reference text;

-- Disputes come weeks after anything else was heard of a payment.
update operations set
    gateway_account = told #>> '{attempts,-1,gateway_account}',
    gateway_reference = told ->> 'gateway_reference'
from payments, jsonb_array_elements(payments.state -> 'operations') as told
where operations.payment_id = payments.payment_id and operations.operation_id = told ->> 'id';

create index operations_by_reference on operations (tenant, mode, gateway_account, gateway_reference)
    where gateway_reference is not null;

comment on column operations.operation_id is 'aut_…, cap_…, voi_…, ref_… or dsp_…';
comment on column operations.gateway_account is 'Name of the gateway account that it is at.';
comment on column operations.gateway_reference is 'What the gateway calls it, once it is known.';
comment on column accounts.purpose is 'gateway_receivable, merchant_payable, suspense or platform_fees.';
comment on column transfers.kind is 'capture, refund, suspense, suspense_return, dispute, fee or fee_return.';
