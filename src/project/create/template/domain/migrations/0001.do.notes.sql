create table notes (
  id         uuid        primary key,
  owner      text        not null,
  text       text        not null,
  words      integer,
  created_at timestamptz not null default now(),
  unique (owner, text)
);
