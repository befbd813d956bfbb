-- What is in the object store, or may be: a row is committed before anything is written there, and goes when nothing is left of it.
create table ebb.object (
  -- It is the object's key there as well, so that what was never finished is found again.
  id         uuid        primary key,
  state      text        not null default 'pending' check (state in ('pending', 'stored', 'deleting')),
  type       text        not null check (length(type) between 3 and 255),
  -- What the upload is to have; null until it is stored, where nobody knows before.
  bytes      bigint      check (bytes >= 0),
  sha256     text        check (sha256 ~ '^[0-9a-f]{64}$'),
  -- How large its parts are, where it comes in parts.
  part_bytes bigint      check (part_bytes > 0),
  tenant     text        default ebb.current_tenant(),
  created_at timestamptz not null default now(),
  -- What is pending then is removed, and no signed URL for its upload is good any longer.
  expires_at timestamptz not null,
  stored_at  timestamptz,
  -- Nobody gets it before something has looked at it.
  held       boolean     not null default false,
  -- When it was removed from the store for the first time; an upload that began in time may still have ended after that.
  removed_at timestamptz
);

create index object_expiring on ebb.object (expires_at) where state = 'pending';
create index object_deleting on ebb.object (expires_at) where state = 'deleting';

-- What the parts of an upload are to have: not every store says it of those that have arrived.
create table ebb.object_part (
  object_id uuid    not null references ebb.object (id) on delete cascade,
  number    integer not null check (number between 1 and 10000),
  sha256    text    not null check (sha256 ~ '^[0-9a-f]{64}$'),
  primary key (object_id, number)
);
