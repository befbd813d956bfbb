-- Nothing here is unique but the ids: what is doubled must be seen, not refused.
create table entries (
  id   uuid primary key,
  name text not null
);
create table recorded (entry text not null, event uuid not null);
create table told (entry text not null, event uuid not null);
