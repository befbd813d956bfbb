-- An order may be cancelled. A wider rule than before: what is there fits it, and whoever knows two states goes on.
alter table orders drop constraint orders_state_check;
alter table orders add constraint orders_state_check check (state in ('placed', 'confirmed', 'cancelled')) not valid;
alter table orders validate constraint orders_state_check;

-- The orders of one owner, the newest first.
create index orders_by_owner on orders (owner, created_at, id);
