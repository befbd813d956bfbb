-- The plan of a tenant, by its name in domain/plans.ts. A key's own plan, or a token's, comes before it.
create table ebb.tenant_plan (
  tenant text        primary key,
  -- Null where it was taken away.
  plan   text,
  set_at timestamptz not null default now()
);

-- What is used of a quota in the running day or month, by whoever has it: a caller, or all of a tenant. One row each.
create table ebb.quota (
  holder    text   not null,
  per       text   not null check (per in ('day', 'month')),
  starts_on date   not null,
  used      bigint not null,
  primary key (holder, per)
) with (fillfactor = 50);

-- For invoices: the requests of each day (UTC), also where a plan has no quota. Never changed once its day is over.
create table ebb.usage (
  day      date   not null,
  -- '' where the caller has none; so is key_id where the caller had a token.
  tenant   text   not null,
  subject  text   not null,
  plan     text   not null,
  key_id   text   not null,
  requests bigint not null,
  refused  bigint not null,
  primary key (day, tenant, subject, plan, key_id)
) with (fillfactor = 50);

create index usage_subject on ebb.usage (subject, day);

-- The last batch that each gateway has counted, and what came of it: one whose answer was lost is not counted twice.
create table ebb.usage_batch (
  gateway uuid        primary key,
  number  bigint      not null,
  outcome jsonb       not null,
  at      timestamptz not null default now()
) with (fillfactor = 50);

-- Counts a batch of requests, and returns for each entry how many of those that ask for it are `granted` by its quota.
-- Entries are locked in one order, so that two gateways cannot wait for each other.
create function ebb.record_usage(of_gateway uuid, batch bigint, entries jsonb) returns jsonb
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  last    record;
  entry   record;
  period  date;
  before  bigint;
  granted bigint;
  result  jsonb := '[]';
begin
  select b.number, b.outcome into last from ebb.usage_batch as b where b.gateway = of_gateway for update;
  if not found then
    delete from ebb.usage_batch as b where b.at < now() - interval '1 day';
    -- Waits where the same batch is still being counted on a connection that its gateway has given up.
    insert into ebb.usage_batch (gateway, number, outcome) values (of_gateway, 0, '[]') on conflict (gateway) do nothing;
    select b.number, b.outcome into last from ebb.usage_batch as b where b.gateway = of_gateway for update;
  end if;
  if batch <= last.number then
    return last.outcome;
  end if;
  for entry in
    select * from jsonb_to_recordset(entries) as e (
      n int, holder text, per text, zone text, requests bigint, tenant text, subject text, plan text, key_id text,
      wanted bigint, counted bigint, refused bigint)
    order by holder, tenant, subject, plan, key_id
  loop
    granted := entry.wanted;
    if entry.per is not null then
      period := date_trunc(entry.per, now() at time zone entry.zone);
      insert into ebb.quota as q (holder, per, starts_on, used) values (entry.holder, entry.per, period, 0)
        on conflict (holder, per) do update set starts_on = excluded.starts_on, used = 0 where q.starts_on < excluded.starts_on;
      select q.used into before from ebb.quota as q where q.holder = entry.holder and q.per = entry.per for update;
      granted := least(entry.wanted, greatest(entry.requests - before - entry.counted, 0));
      update ebb.quota as q set used = greatest(before + granted + entry.counted, 0)
        where q.holder = entry.holder and q.per = entry.per;
      result := result || jsonb_build_object(
        'n', entry.n, 'granted', granted, 'used', greatest(before + granted + entry.counted, 0),
        'resetMs', ceil(extract(epoch from (period + ('1 ' || entry.per)::interval) at time zone entry.zone - now()) * 1000));
    end if;
    insert into ebb.usage as u (day, tenant, subject, plan, key_id, requests, refused)
      values ((now() at time zone 'UTC')::date, entry.tenant, entry.subject, entry.plan, entry.key_id,
              granted + entry.counted, entry.refused)
      on conflict (day, tenant, subject, plan, key_id)
      do update set requests = u.requests + excluded.requests, refused = u.refused + excluded.refused;
  end loop;
  update ebb.usage_batch as b set number = batch, outcome = result, at = now() where b.gateway = of_gateway;
  return result;
end $$;

revoke all on function ebb.record_usage from public;
