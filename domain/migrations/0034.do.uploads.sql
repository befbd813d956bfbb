-- Pictures that people upload. What the platform removes of an object takes its row along, so that there is none without the other.
create table uploads (
  id         uuid        primary key references ebb.object (id) on delete cascade,
  owner      text        not null,
  name       text        not null,
  state      text        not null default 'pending' check (state in ('pending', 'stored')),
  -- A small one of it.
  thumbnail  uuid        references ebb.object (id) on delete set null,
  created_at timestamptz not null default now()
);
