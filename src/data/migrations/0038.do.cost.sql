-- How the time of processes was used, and what calls have led to it: sums by hour, and for some days by minute. Functions, gateways and
-- relays add to them every few seconds and at their end, never with a request, so that the rows grow with time and not with traffic.

-- The seconds of processes, by what they reserve. What `-infinity` has is all of before and now, for counters that never go back.
create table ebb.instance_hour (
  hour             timestamptz      not null,
  kind             text             not null check (kind in ('function', 'gateway', 'relay')),
  name             text             not null,
  cpu_milli        integer          not null,
  memory_mib       integer          not null,
  -- How many have begun.
  instances        integer          not null default 0,
  -- From the start of the process until it is ready; with at least one request in flight; with none. Of a gateway or relay all is busy.
  starting_seconds double precision not null default 0,
  busy_seconds     double precision not null default 0,
  idle_seconds     double precision not null default 0,
  -- That its processes have computed, and that their connections to the database were in use.
  cpu_seconds      double precision not null default 0,
  database_seconds double precision not null default 0,
  primary key (hour, kind, name, cpu_milli, memory_mib)
);

-- Requests and calls, by whose they are: `''` is nobody's, and the tenant `*` stands for those beyond the first few hundred of an hour.
create table ebb.call_hour (
  hour         timestamptz      not null,
  -- Of a function, or of a proxy.
  route        text             not null,
  by           text             not null check (by in ('gateway', 'relay')),
  plan         text             not null,
  tenant       text             not null,
  requests     bigint           not null default 0,
  -- Those of them that came to the function, and those that it had to start for.
  calls        bigint           not null default 0,
  cold_starts  bigint           not null default 0,
  -- How long the others waited for its response.
  warm_seconds double precision not null default 0,
  bytes        bigint           not null default 0,
  primary key (hour, route, by, plan, tenant)
);

-- The course of calls in a minute that had any, as one gateway or relay has seen it, for what-ifs.
create table ebb.call_minute (
  minute   timestamptz not null,
  function text        not null,
  recorder uuid        not null,
  -- By second: how many calls began, and the most that were in flight.
  began    smallint[]  not null,
  peaks    smallint[]  not null,
  -- How many calls took how long, by the logarithm of their milliseconds: those of a running instance, and those that waited for a start.
  warm     jsonb       not null,
  cold     jsonb       not null,
  -- Which resources were asked for, for those of a share of all: pairs of the second and a hash. Null where none can be cached.
  asked    integer[],
  share    real        not null default 1,
  primary key (minute, function, recorder)
);

/* Adds what a process of a function has used since it last did this. */
create function ebb.record_instance(function text, reserved_cpu_milli integer, reserved_memory_mib integer, used jsonb) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into ebb.instance_hour as known
    (hour, kind, name, cpu_milli, memory_mib, instances, starting_seconds, busy_seconds, idle_seconds, cpu_seconds, database_seconds)
  select hours.hour, 'function', $1, $2, $3, uses.instances, uses.starting, uses.busy, uses.idle, uses.cpu, uses.database
  from jsonb_to_record(used) as uses (instances integer, starting float8, busy float8, idle float8, cpu float8, database float8),
       unnest(array['-infinity', date_trunc('hour', now(), 'UTC')]) with ordinality as hours (hour, n)
  order by n
  on conflict (hour, kind, name, cpu_milli, memory_mib) do update set
    instances = known.instances + excluded.instances,
    starting_seconds = known.starting_seconds + excluded.starting_seconds,
    busy_seconds = known.busy_seconds + excluded.busy_seconds,
    idle_seconds = known.idle_seconds + excluded.idle_seconds,
    cpu_seconds = known.cpu_seconds + excluded.cpu_seconds,
    database_seconds = known.database_seconds + excluded.database_seconds
$$;

revoke all on function ebb.record_instance from public;
