create table users (
  id         uuid        primary key,
  owner      text        not null,
  email      text        not null,
  name       text        not null,
  created_at timestamptz not null default now()
);

create unique index users_email on users (lower(email));
