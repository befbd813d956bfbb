-- The webhooks that were taken, each once: that there is one row for an id is what makes a repeated delivery have no second effect.
create table ebb.received_webhook (
  -- The function that gets it.
  receiver    text        not null,
  -- The id that its provider gave it.
  id          text        not null,
  -- Of its body, where the id is not signed: who has recorded a webhook could send it again under another one.
  digest      bytea,
  -- The event that was emitted with this row, of which the receiver is the only subscriber.
  event_id    uuid        not null default gen_random_uuid(),
  received_at timestamptz not null default now(),
  primary key (receiver, id),
  unique (receiver, digest)
);
create index received_webhook_at on ebb.received_webhook (received_at);

-- Forgets webhooks that came so many days ago, and returns how many those were: whoever may delete rows may lock the whole table.
create function ebb.forget_received(keep_days double precision, at_most integer) returns integer
language sql security definer set search_path = pg_catalog, pg_temp
begin atomic
  with old as materialized (
    select receiver, id from ebb.received_webhook
    where received_at < now() - keep_days * interval '1 day'
    order by received_at
    limit at_most
    for update skip locked
  ),
  deleted as (
    delete from ebb.received_webhook using old where received_webhook.receiver = old.receiver and received_webhook.id = old.id returning true
  )
  select count(*)::integer from deleted;
end;

revoke all on function ebb.forget_received from public;
