create table visits (
  id         uuid        primary key,
  page       text        not null,
  mark       text        not null,
  created_at timestamptz not null default now()
);

-- What the subscriber has noted: one row a visit, or it was delivered twice.
create table visit_notes (
  number bigint generated always as identity primary key,
  visit  uuid   not null
);

-- While it is closed, some visits cannot be noted.
create table visit_gate (open boolean not null);
insert into visit_gate values (false);
