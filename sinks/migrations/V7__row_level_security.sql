-- A second wall under the reads. Every query of ours names mode and tenant; should one forget to, it is shown nothing of
-- others all the same. Whoever reads logs in as a role of its own and says for each transaction whose rows it is about:
--     set_config('quittance.mode', …, true), set_config('quittance.tenant', …, true)
-- Without that it is shown nothing. The tables' owner, as whom the Postgres sink writes, is not subject to it.
-- `quittance migrate` lets the reader select from the tables that are protected, and from no others.

create policy rows_of_the_tenant on payments for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on events for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on outcomes for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on operations for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on accounts for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on transfers for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on gateway_anomalies for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));
create policy rows_of_the_tenant on payment_methods for select
    using (tenant = current_setting('quittance.tenant', true) and mode = current_setting('quittance.mode', true));

-- How far the log was folded is nobody's.
create policy rows_of_nobody on progress for select using (true);

-- An account is of one tenant and mode, so its postings and hours are of who may see the account. A column of their own would be
-- written with every posting, and only to be compared.
create policy rows_of_the_tenant on postings for select
    using (exists (select from accounts where accounts.account_id = postings.account_id));
create policy rows_of_the_tenant on account_hours for select
    using (exists (select from accounts where accounts.account_id = account_hours.account_id));

alter table payments enable row level security;
alter table events enable row level security;
alter table outcomes enable row level security;
alter table operations enable row level security;
alter table accounts enable row level security;
alter table transfers enable row level security;
alter table gateway_anomalies enable row level security;
alter table payment_methods enable row level security;
alter table progress enable row level security;
alter table postings enable row level security;
alter table account_hours enable row level security;
