-- Checks that relays make of endpoints (`check` of a contract): when each began last, what came of it, and what is still to be taken back.
create table ebb.synthetic_check (
  -- Of the endpoint.
  name          text        primary key,
  -- When the last run began; null where one is due at once.
  began_at      timestamptz,
  -- While a relay is at it; a token whose time is over is of a relay that was stopped.
  lease_token   uuid,
  locked_until  timestamptz,
  -- The Idempotency-Key of a run that writes, until it is known that nothing of it is left.
  key           uuid,
  -- The path of the request that takes back what it has written; null where nothing is known to be left.
  undo          text,
  -- How many runs in a row have failed, and since when.
  failures      integer     not null default 0,
  failing_since timestamptz,
  -- The last 30 runs, the newest first.
  runs          jsonb       not null default '[]',
  -- When a relay last had it in its contracts.
  seen_at       timestamptz not null default now()
);

-- By whom endpoints are called, and with which of their optional fields: what a team asks before it removes something. Counted by gateways, of
-- which one that is killed loses some seconds.
create table ebb.contract_usage (
  -- Of UTC.
  day       date        not null,
  endpoint  text        not null,
  version   text        not null,
  kind      text        not null check (kind in ('key', 'client', 'authorizer', 'anonymous', 'others')),
  caller    text        not null,
  -- '' where there is none.
  key_id    text        not null,
  tenant    text        not null,
  plan      text        not null,
  requests  bigint      not null,
  last_at   timestamptz not null,
  -- How many of them had each field; by the names of the contract.
  fields    jsonb       not null default '{}',
  primary key (endpoint, day, version, kind, caller, key_id, tenant, plan)
);

create index contract_usage_of_day on ebb.contract_usage (day);

-- Adds counts. An endpoint has 100 callers a day at most: those beyond are counted together.
create function ebb.record_contract_usage(counts jsonb) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  one record;
  today date := (now() at time zone 'UTC')::date;
begin
  for one in
    select * from jsonb_to_recordset(counts) as given (
      endpoint text, version text, kind text, caller text, key_id text, tenant text, plan text, requests bigint, fields jsonb
    )
    -- In one order, so that no two gateways wait for each other.
    order by endpoint, version, kind, caller, key_id, tenant, plan
  loop
    if not exists (
      select from ebb.contract_usage as known
      where known.day = today and known.endpoint = one.endpoint and known.version = one.version and known.kind = one.kind
        and known.caller = one.caller and known.key_id = one.key_id and known.tenant = one.tenant and known.plan = one.plan
    ) and (
      select count(*) from ebb.contract_usage as known where known.day = today and known.endpoint = one.endpoint and known.kind <> 'others'
    ) >= 100 then
      one.version := '';
      one.kind := 'others';
      one.caller := '(others)';
      one.key_id := '';
      one.tenant := '';
      one.plan := '';
    end if;
    insert into ebb.contract_usage as known (day, endpoint, version, kind, caller, key_id, tenant, plan, requests, last_at, fields)
    values (today, one.endpoint, one.version, one.kind, one.caller, one.key_id, one.tenant, one.plan, one.requests, now(), one.fields)
    on conflict (endpoint, day, version, kind, caller, key_id, tenant, plan) do update
    set requests = known.requests + excluded.requests, last_at = now(),
        fields = (
          select coalesce(jsonb_object_agg(name, times), '{}')
          from (
            select key as name, sum(value::bigint) as times
            from (select * from jsonb_each_text(known.fields) union all select * from jsonb_each_text(excluded.fields)) as both_counts
            group by key
          ) as summed
        );
  end loop;
  delete from ebb.contract_usage where day < today - 90;
end $$;

revoke all on function ebb.record_contract_usage from public;
