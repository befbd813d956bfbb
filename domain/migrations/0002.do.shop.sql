-- Money as contracts show it.
create function to_money(amount bigint, currency text) returns jsonb
  language sql stable parallel safe
  return jsonb_build_object('amount', amount, 'currency', currency);

-- Times are whole milliseconds, as clients see them: a cursor must not lose a part of what the list is sorted by.
create table products (
  sku          text           primary key,
  name         text           not null,
  category     text           not null,
  price_amount bigint         not null check (price_amount >= 0),
  currency     text           not null check (currency ~ '^[A-Z]{3}$'),
  stock        integer        not null check (stock >= 0),
  created_at   timestamptz(3) not null default now()
);

-- One index for each way to sort, the sku last so that no two rows are equal; then one for each selective filter.
create index products_by_name on products (lower(name), sku);
create index products_by_price on products (price_amount, sku);
create index products_by_age on products (created_at, sku);
create index products_by_category on products (category, created_at, sku);
create index products_text on products using gin (to_tsvector('english', name || ' ' || category));

create table orders (
  id                uuid        primary key,
  owner             text        not null,
  sku               text        not null references products,
  quantity          integer     not null check (quantity > 0),
  email             text        not null,
  currency          text        not null,
  unit_price_amount bigint      not null check (unit_price_amount >= 0),
  total_amount      bigint      not null generated always as (unit_price_amount * quantity) stored,
  state             text        not null default 'placed' check (state in ('placed', 'confirmed')),
  created_at        timestamptz not null default now()
);
