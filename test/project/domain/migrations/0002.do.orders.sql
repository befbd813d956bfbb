create table products (
  sku   text    primary key,
  name  text    not null,
  cents integer not null,
  stock integer not null check (stock >= 0)
);

insert into products values
  ('LAMP-BRASS-01', 'Brass Lamp', 8900, 500),
  ('MUG-LAUNCH-50', 'Launch Mug', 2400, 50),
  ('VASE-KILN-07', 'Kiln Test Vase', 7400, 0);

create table orders (
  id         uuid        primary key,
  owner      text        not null,
  sku        text        not null references products,
  quantity   integer     not null,
  email      text        not null,
  cents      integer     not null,
  state      text        not null default 'placed',
  created_at timestamptz not null default now()
);
