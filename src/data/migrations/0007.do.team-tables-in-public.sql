-- On a laptop the role that migrates was called like this schema, so that what the team made without a schema came to be
-- here. It goes to `public`, where it is on a cluster; its indexes, constraints and the sequences of its columns follow.
do $$
declare
  move text;
begin
  for move in
    with stray (class, object, name, kind) as (
      select 'pg_class'::regclass, oid, format('ebb.%I', relname),
             case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'type' else 'table' end
      from pg_class
      where relnamespace = 'ebb'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'c')
        and relname not in ('outbox', 'delivery', 'attempt', 'inbox', 'idempotency', 'api_key', 'audit', 'invocation',
                            'invocation_attempt', 'redrive', 'known_function', 'schema_version')
      union all
      select 'pg_proc'::regclass, oid, oid::regprocedure::text, case prokind when 'p' then 'procedure' else 'function' end
      from pg_proc
      where pronamespace = 'ebb'::regnamespace and prokind in ('f', 'p')
      union all
      select 'pg_type'::regclass, oid, format('ebb.%I', typname), 'type'
      from pg_type
      where typnamespace = 'ebb'::regnamespace and typtype in ('e', 'd')
    )
    select format('alter %s %s set schema public', kind, name)
    from stray
    -- The sequence of a column and what an extension has made go with them.
    where not exists (
      select from pg_depend
      where classid = class and objid = object and (deptype = 'e' or (kind = 'sequence' and refobjsubid > 0))
    )
    union all
    select format('alter extension %I set schema public', extname)
    from pg_extension
    where extnamespace = 'ebb'::regnamespace
  loop
    execute move;
  end loop;
end $$;
