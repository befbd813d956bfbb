-- The demo's shelves. The same rows in every database: nothing here is random, and no time is now.
with kinds (category, materials, nouns, price) as (
  values
    ('kitchen',  '{Enamel,Stoneware,Copper,Olive Wood,Cast Iron}'::text[],    '{Kettle,Teapot,Serving Bowl,Skillet,Spice Jar}'::text[],    2900),
    ('desk',     '{Walnut,Cork,Leather,Brass,Recycled Felt}',                 '{Pen Tray,Letter Holder,Desk Mat,Bookend,Card Box}',        1900),
    ('lighting', '{Brass,Paper,Opal Glass,Oak,Rattan}',                       '{Table Lamp,Pendant,Wall Light,Reading Lamp,Lantern}',      6900),
    ('garden',   '{Terracotta,Galvanised,Cedar,Slate,Ash}',                   '{Planter,Watering Can,Hand Trowel,Bird Feeder,Plant Label}', 1500),
    ('travel',   '{Waxed Canvas,Saddle Leather,Recycled Nylon,Linen,Wool}',   '{Weekender,Wash Bag,Passport Sleeve,Tote,Blanket Roll}',    4900),
    ('textiles', '{Linen,Merino,Organic Cotton,Alpaca,Hemp}',                 '{Throw,Cushion,Tea Towel,Apron,Table Runner}',              2400)
),
made as (
  select row_number() over (order by category, noun_no, material_no, edition) as n, *
  from kinds,
    unnest(materials) with ordinality as material_list (material, material_no),
    unnest(nouns) with ordinality as noun_list (noun, noun_no),
    generate_series(0, 1) as edition
),
named as (
  select *, (array['Little', 'Everyday', 'Folding', 'Nordic', 'Workshop', 'Classic', 'Tall', 'Harbour', 'Studio', 'Stackable'])
    [1 + (n / 2 + edition * 5) % 10] as adjective
  from made
)
insert into products (sku, name, category, price_amount, currency, stock, created_at)
select
  upper(left(category, 3) || '-' || replace(noun, ' ', '') || '-' || lpad(n::text, 3, '0')),
  concat_ws(' ', adjective, material, noun),
  category,
  -- From 60 % to 240 % of what the category usually costs, ending in 90, 50 or 00.
  price * (60 + n * 37 % 181) / 10000 * 100 + (array[90, 50, 0])[1 + n % 3],
  'EUR',
  case when n % 17 = 0 then 0 else (n * 7919) % 501 end,
  timestamptz '2026-02-02 09:00:00+00' + n * interval '7 hours 13 minutes'
from named;

insert into products (sku, name, category, price_amount, currency, stock, created_at)
values
  ('MUG-LAUNCH-50',   'Launch Mug, Numbered 1 to 50',     'kitchen',  2400,   'EUR', 50,  '2026-06-01 08:00+00'),
  ('TEA-BREW-01',     'First Flush Darjeeling, 100 g',    'kitchen',  1850,   'EUR', 240, '2026-06-02 08:00+00'),
  ('CLOCK-TIDE-01',   'Tide Clock, Ebb and Flood',        'desk',     12900,  'EUR', 18,  '2026-06-03 08:00+00'),
  ('VASE-KILN-07',    'Kiln Test Vase No. 7',             'garden',   7400,   'EUR', 0,   '2026-06-04 08:00+00'),
  ('CHAIR-LAST-01',   'Shaker Chair, Last of Its Series', 'desk',     48900,  'EUR', 1,   '2026-06-05 08:00+00'),
  ('LAMP-BRASS-01',   'Brass Desk Lamp',                  'lighting', 8900,   'EUR', 500, '2026-06-06 08:00+00');
