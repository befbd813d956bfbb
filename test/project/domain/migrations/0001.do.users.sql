create table users (
  id         uuid        primary key,
  owner      text        not null,
  email      text        not null unique,
  name       text        not null,
  created_at timestamptz not null default now()
);
