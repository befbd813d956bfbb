-- The addresses of customers that get events, what is sent to them, and how that goes.
create table ebb.webhook (
  id               uuid        primary key,
  -- Whose it is: the caller who made it. Two tenants may have the same subject.
  subject          text        not null,
  tenant           text,
  url              text        not null check (length(url) <= 2000),
  description      text,
  -- The types of events that it gets.
  events           text[]      not null,
  -- Sealed by EBB_WEBHOOK_KEY under the webhook's id; of the secret before it, until when both sign.
  secret           bytea       not null,
  previous_secret  bytea,
  previous_until   timestamptz,
  state            text        not null default 'active' check (state in ('active', 'paused', 'disabled', 'deleted')),
  -- Why it is disabled.
  disabled_for     text,
  -- How many messages it gets in a second, and how many at a time.
  per_second       integer     not null,
  concurrency      integer     not null,
  -- What is left of that rate, as of `tokens_at`.
  tokens           float8      not null,
  tokens_at        timestamptz not null default now(),
  -- Since when no attempt has succeeded, how many attempts in a row have failed, and until when none is made.
  failing_since    timestamptz,
  failures         integer     not null default 0,
  rest_until       timestamptz,
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now(),
  check ((previous_secret is null) = (previous_until is null))
);

create index webhook_of_owner on ebb.webhook (subject, tenant, created_at desc);
create index webhook_of_tenant on ebb.webhook (tenant) where state in ('active', 'paused');
create index webhook_deleted on ebb.webhook (id) where state = 'deleted';

-- What is sent, once for all webhooks that get it: retries go on for days, longer than an event need be kept.
create table ebb.webhook_message (
  -- Of the event.
  id             uuid        primary key,
  type           text        not null,
  body           text        not null,
  correlation_id text        not null,
  traceparent    text        not null,
  created_at     timestamptz not null default now()
);
create index webhook_message_age on ebb.webhook_message (created_at);

-- One message on its way to one webhook.
create table ebb.webhook_delivery (
  webhook_id     uuid        not null references ebb.webhook (id),
  message_id     uuid        not null references ebb.webhook_message (id) on delete cascade,
  state          text        not null default 'waiting' check (state in ('waiting', 'leased', 'done', 'dead')),
  -- Counts leases since the last time that somebody asked for it again, so that a killed relay's try counts as well.
  attempts       integer     not null default 0,
  available_at   timestamptz not null default now(),
  lease_token    uuid,
  locked_until   timestamptz,
  -- The last attempts, the oldest first: { at, durationMs, status?, error? }.
  history        jsonb       not null default '[]',
  created_at     timestamptz not null default now(),
  settled_at     timestamptz,
  primary key (webhook_id, message_id),
  check ((state = 'leased') = (lease_token is not null and locked_until is not null))
);

create index webhook_delivery_due on ebb.webhook_delivery (webhook_id, available_at) where state = 'waiting';
create index webhook_delivery_leased on ebb.webhook_delivery (locked_until) where state = 'leased';
create index webhook_delivery_newest on ebb.webhook_delivery (webhook_id, created_at desc, message_id desc);
create index webhook_delivery_of_message on ebb.webhook_delivery (message_id);
alter table ebb.webhook_delivery set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

-- Forgets messages of so many days ago, delivered or not, and what there is of deleted webhooks, at most so many of each; returns how many
-- those were. Whoever may delete rows may lock the whole table: a relay may do this alone.
create function ebb.forget_webhooks(keep_days integer, at_most integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  with old as materialized (
    select id from ebb.webhook_message as message
    where created_at < now() - keep_days * interval '1 day'
      and not exists (select from ebb.webhook_delivery where message_id = message.id and state = 'leased')
    order by created_at
    limit at_most
    for update skip locked
  ),
  forgotten as (delete from ebb.webhook_message using old where webhook_message.id = old.id returning true),
  theirs as materialized (
    select webhook_id, message_id from ebb.webhook_delivery
    where webhook_id in (select id from ebb.webhook where state = 'deleted')
    limit at_most
    for update skip locked
  ),
  dropped as (
    delete from ebb.webhook_delivery using theirs
    where webhook_delivery.webhook_id = theirs.webhook_id and webhook_delivery.message_id = theirs.message_id
    returning true
  ),
  gone as (
    delete from ebb.webhook
    where state = 'deleted' and not exists (select from ebb.webhook_delivery where webhook_id = webhook.id)
    returning true
  )
  select ((select count(*) from forgotten) + (select count(*) from dropped) + (select count(*) from gone))::integer;
end;

revoke all on function ebb.forget_webhooks from public;
