create table things (
  id    uuid primary key default gen_random_uuid(),
  sku   text unique,
  name  text not null,
  noted boolean not null default false
);
insert into things (sku, name) values ('LAMP-BRASS-01', 'A lamp of brass');
