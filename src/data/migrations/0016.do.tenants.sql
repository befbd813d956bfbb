-- A request's tenant is a setting of its transaction, `ebb.tenant`, and any statement can change a setting. So it comes with a
-- proof, which only the owner of this key can make: for this tenant, in this transaction.
create table ebb.tenant_key (key bytea not null);
create unique index tenant_key_single on ebb.tenant_key ((true));
insert into ebb.tenant_key
values (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- For the functions below alone: whoever may call it can be any tenant.
create function ebb.prove_tenant(tenant text) returns text
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
  proof text;
begin
  select encode(sha256(key || sha256(key || timestamptz_send(transaction_timestamp()) || convert_to($1, 'UTF8'))), 'hex')
  into proof
  from ebb.tenant_key;
  return proof;
end $$;

-- Makes a tenant the transaction's. The platform calls it in the message that begins the transaction. A handler's statement
-- comes in a later one, which has a later time: it can call this, but not in time.
create function ebb.enter_tenant(tenant text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if statement_timestamp() <> transaction_timestamp() then
    raise exception 'a statement cannot choose the tenant of its request, which is that of the caller'
      using errcode = 'EBB01';
  end if;
  perform set_config('ebb.tenant', $1, true), set_config('ebb.tenant_proof', ebb.prove_tenant($1), true);
end $$;

-- The tenant of the transaction; null where it has none.
create function ebb.current_tenant() returns text
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant text := current_setting('ebb.tenant', true);
begin
  -- A setting that another transaction of this connection has had is an empty text.
  if tenant is null or tenant = '' then
    return null;
  end if;
  if current_setting('ebb.tenant_proof', true) is distinct from ebb.prove_tenant(tenant) then
    raise exception 'a statement of this request has changed `ebb.tenant`, which is that of the caller'
      using errcode = 'EBB01';
  end if;
  return tenant;
end $$;

-- The same, and an error where there is none.
create function ebb.require_tenant() returns text
language plpgsql stable parallel safe security definer set search_path = pg_catalog, pg_temp as $$
declare
  tenant text := ebb.current_tenant();
begin
  if tenant is null then
    raise exception 'the caller has no tenant, and only a tenant writes to this table: say `tenancy: true` in the contract, which refuses such callers'
      using errcode = 'EBB01';
  end if;
  return tenant;
end $$;

-- The tenant of an event is that of the transaction that emits it: a function may insert no other.
alter table ebb.outbox add column tenant text default ebb.current_tenant();

-- Makes a table each tenant's own: for the team's migrations. Rows that it has already become those of `existing`.
create function ebb.make_tenant_table(target regclass, existing text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  kind "char" := (select relkind from pg_class where oid = target);
  key_columns text;
  has_unowned boolean;
  part regclass;
begin
  if kind not in ('r', 'p') then
    raise exception '% is not a table: a view of a tenant''s table is made with (security_invoker = true)', target;
  end if;
  execute format('alter table %s add column if not exists tenant text', target);
  if not (select attnotnull from pg_attribute where attrelid = target and attname = 'tenant') then
    execute format('select exists (select from %s where tenant is null)', target) into has_unowned;
    if has_unowned and existing is null then
      raise exception '% has rows: say whose they become, as in select ebb.make_tenant_table(%, ''acme'')', target, quote_literal(target::text);
    end if;
    execute format('update %s set tenant = $1 where tenant is null', target) using existing;
  end if;
  execute format('alter table %s alter column tenant set not null, alter column tenant set default ebb.require_tenant()', target);

  -- Found by tenant, and what a foreign key of another table of the tenant refers to.
  select string_agg(quote_ident(attname), ', ' order by place) into key_columns
  from pg_index cross join unnest(indkey::smallint[]) with ordinality as listed (number, place)
  join pg_attribute on attrelid = indrelid and attnum = number
  where indrelid = target and indisprimary;
  if key_columns is null then
    execute format('create index on %s (tenant)', target);
  elsif key_columns !~ '(^|, )tenant(,|$)' then
    execute format('alter table %s add unique (tenant, %s)', target, key_columns);
  end if;

  for part in
    with recursive parts as (
      select target as relid
      union
      select inhrelid::regclass from parts join pg_inherits on inhparent = relid
    )
    select relid from parts
  loop
    execute format('alter table %s enable row level security, force row level security', part);
    -- Restrictive: a policy that the team adds can only narrow what a tenant sees.
    execute format('drop policy if exists ebb_tenant_select on %s', part);
    execute format('drop policy if exists ebb_tenant_insert on %s', part);
    execute format('drop policy if exists ebb_tenant_update on %s', part);
    execute format('drop policy if exists ebb_tenant_delete on %s', part);
    execute format('create policy ebb_tenant_select on %s as restrictive for select using (tenant = (select ebb.current_tenant()))', part);
    execute format('create policy ebb_tenant_insert on %s as restrictive for insert with check (tenant = (select ebb.require_tenant()))', part);
    execute format('create policy ebb_tenant_update on %s as restrictive for update using (tenant = (select ebb.require_tenant()))', part);
    execute format('create policy ebb_tenant_delete on %s as restrictive for delete using (tenant = (select ebb.require_tenant()))', part);
    if not exists (select from pg_policy where polrelid = part and polpermissive) then
      execute format('create policy ebb_rows on %s using (true)', part);
    end if;
  end loop;
end $$;

-- What could show one tenant's rows to another, and what to write instead.
create function ebb.find_tenant_leaks() returns table (relation text, advice text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  with tables as (
    select class.oid, class.oid::regclass::text as name, attnum, relrowsecurity and relforcerowsecurity and exists (
      select from pg_policy where polrelid = class.oid and polname = 'ebb_tenant_select' and not polpermissive
    ) as guarded
    from pg_class as class join pg_attribute on attrelid = class.oid
    where relkind in ('r', 'p') and attname = 'tenant' and not attisdropped
      and relnamespace <> all (array['ebb', 'pg_catalog', 'information_schema']::regnamespace[])
  ),
  guarded as (select * from tables where guarded)
  select name, format('it has a column tenant and no policy that keeps tenants apart: select ebb.make_tenant_table(%L)', name)
  from tables where not guarded
  union all
  select child.name, format('its foreign key %s lets a row refer to another tenant''s: foreign key (tenant, …) references %s (tenant, …)', conname, parent.name)
  from pg_constraint join guarded as child on conrelid = child.oid join guarded as parent on confrelid = parent.oid
  where contype = 'f' and conparentid = 0 and not exists (
    select from unnest(conkey, confkey) as pair (here, there) where here = child.attnum and there = parent.attnum
  )
  union all
  select guarded.name, format('its unique index %s tells one tenant what another has: make it unique (tenant, …)', indexrelid::regclass)
  from pg_index join guarded on indrelid = guarded.oid
  where indisunique and guarded.attnum <> all (indkey::smallint[]) and not exists (
    select from pg_attribute as keyed
    where attrelid = indrelid and keyed.attnum = any (indkey::smallint[])
      and (atttypid = 'uuid'::regtype or attidentity <> '' or pg_get_serial_sequence(guarded.name, attname) is not null)
  )
  union all
  select distinct viewed.oid::regclass::text,
    case relkind
      when 'm' then format('a materialized view has the rows of all tenants of %s: select them from the table', guarded.name)
      else format('it shows the rows of %s with the rights of its owner: create view … with (security_invoker = true)', guarded.name)
    end
  from pg_depend join pg_rewrite as rule on classid = 'pg_rewrite'::regclass and objid = rule.oid
  join pg_class as viewed on viewed.oid = ev_class join guarded on refclassid = 'pg_class'::regclass and refobjid = guarded.oid
  where relkind = 'm' or (relkind = 'v' and not coalesce(reloptions, '{}') && array['security_invoker=true', 'security_invoker=on', 'security_invoker=1'])
  order by 1, 2
$$;

revoke all on function ebb.prove_tenant, ebb.enter_tenant, ebb.current_tenant, ebb.require_tenant, ebb.make_tenant_table,
  ebb.find_tenant_leaks from public;
