create table notes (
  id         uuid        primary key,
  owner      text        not null,
  title      text        not null unique,
  created_at timestamptz not null default now()
);
