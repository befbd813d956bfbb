-- What arrives together is one batch: its number is in each of its readings, which lie together, so that an index of their
-- blocks finds them and costs nothing to write.
create table reading_batches (
  id        uuid        primary key,
  number    bigint      not null unique generated always as identity,
  readings  bigint      not null default 0,
  stored_at timestamptz not null default now()
);

create table readings (
  batch       bigint           not null,
  sensor      text             not null,
  measured_at timestamptz(3)   not null,
  celsius     double precision not null check (celsius between -90 and 150),
  primary key (sensor, measured_at)
);
create index readings_by_batch on readings using brin (batch) with (pages_per_range = 32);

-- What the readings of an hour come to. A mean would not add up.
create table reading_hours (
  sensor        text             not null,
  hour          timestamptz      not null,
  readings      bigint           not null,
  total_celsius double precision not null,
  primary key (sensor, hour)
);
