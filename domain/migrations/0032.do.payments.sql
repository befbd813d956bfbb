-- What a payment provider says that it has taken, once for each payment, however often it says so.
create table payments (
  -- The provider's own.
  id       text        primary key,
  order_id uuid        not null references orders,
  amount   bigint      not null check (amount >= 0),
  currency text        not null check (currency ~ '^[A-Z]{3}$'),
  paid_at  timestamptz(3) not null default now()
);
create index payments_of_order on payments (order_id);
