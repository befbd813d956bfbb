/** A column of the table of values: its type, and values of it as Postgres writes them. */
export interface ColumnType {
  readonly sql: string
  /** What a value of the type may be, in the words of SQL: the limits, and what no other type has. */
  readonly literals: readonly string[]
  /** Where the type has no `=`: one that has, with the same values. */
  readonly comparedAs?: string
}

/** What a column of the team's own is made of. */
export const OWN_TYPES = `
create type mood as enum ('sad', 'so so', 'NULL');
create domain quantity as int4 check (value > 0);
create domain email as text;
create domain tags as text[];
create type pair as (x int4, label text);
create type span as range (subtype = numeric);`

const scalars: readonly ColumnType[] = [
  { sql: 'bool', literals: ['true', 'false'] },
  { sql: 'int2', literals: ['-32768', '0', '32767'] },
  { sql: 'int4', literals: ['-2147483648', '0', '2147483647'] },
  { sql: 'int8', literals: ['-9223372036854775808', '-9007199254740991', '0', '9007199254740991', '9007199254740992'] },
  { sql: 'oid', literals: ['0', '4294967295'] },
  {
    sql: 'numeric',
    literals: ['0', '-1.50', '12345678901234567890.123456789', '1e-20', 'NaN', 'Infinity', '-Infinity'],
  },
  { sql: 'float4', literals: ['0', '-0', '0.1', '3.4028235e+38', '1e-45', 'NaN', 'Infinity', '-Infinity'] },
  { sql: 'float8', literals: ['0', '-0', '0.1', '1.7976931348623157e308', '5e-324', 'NaN', 'Infinity', '-Infinity'] },
  { sql: 'text', literals: ['', ' text ', 'NULL', 'null', '{}', 'a "b" \\ c,d', '\u{1f600}\n'] },
  { sql: 'varchar', literals: ['', 'text'] },
  { sql: 'char(40)', literals: ['', 'a', 'abc  '] },
  { sql: 'uuid', literals: ['00000000-0000-0000-0000-000000000000', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'] },
  {
    sql: 'date',
    literals: ['2026-01-02', '0001-01-01', '9999-12-31', '0044-03-15 BC', '12026-01-02', 'infinity', '-infinity'],
  },
  { sql: 'time', literals: ['00:00:00', '04:05:06.789012', '23:59:60', '24:00:00'] },
  { sql: 'timetz', literals: ['00:00:00+00', '04:05:06.789012+05:45', '24:00:00-12'] },
  {
    sql: 'timestamp',
    literals: [
      '2026-01-02 03:04:05',
      '2026-01-02 03:04:05.123456',
      '0044-03-15 01:02:03 BC',
      '12026-01-02 03:04:05.5',
      'infinity',
      '-infinity',
    ],
  },
  {
    sql: 'timestamptz',
    literals: [
      ...[
        '2026-01-02 03:04:05+00',
        '2026-01-02 03:04:05.123456+05:45',
        '2026-12-31 23:59:60+00',
        '0044-03-15 01:02:03+00 BC',
      ],
      ...[
        '0001-01-01 00:00:00+00',
        '9999-12-31 23:59:59.999999+00',
        '12026-01-02 03:04:05.5+00',
        'infinity',
        '-infinity',
      ],
    ],
  },
  {
    sql: 'interval',
    literals: [
      '0',
      '1 year 2 mons 3 days 04:05:06.789',
      '-1 year +2 mons -3 days -04:05:06',
      '-0.000001 s',
      '100 hours',
      'infinity',
      '-infinity',
    ],
  },
  {
    sql: 'json',
    literals: ['null', '5', '"text"', '[]', '{"a": [1, null]}', '12345678901234567890', '1e400', '0.10', '1.50e2'],
    comparedAs: 'jsonb',
  },
  {
    sql: 'jsonb',
    literals: [
      'null',
      '5',
      '"text"',
      '[]',
      '{"a": [1, null]}',
      '{"n": 12345678901234567890}',
      '[0.12345678901234567890]',
      '{"a": "1e5 12345678901234567890"}',
    ],
  },
  { sql: 'bytea', literals: ['', '\\x00ff5c22'] },
  { sql: 'inet', literals: ['10.0.0.1', '10.0.0.1/8', '::1'] },
  { sql: 'cidr', literals: ['10.0.0.0/8', '2001:db8::/32'] },
  { sql: 'macaddr', literals: ['08:00:2b:01:02:03'] },
  { sql: 'point', literals: ['(1.5,-2)'], comparedAs: 'text' },
  { sql: 'int4range', literals: ['empty', '[1,5)', '(,)'] },
  { sql: 'int8range', literals: ['[9007199254740993,)'] },
  { sql: 'numrange', literals: ['(1.50,2.5]'] },
  { sql: 'daterange', literals: ['[2026-01-02,2026-02-03)', '[2026-01-02,infinity)'] },
  { sql: 'tsrange', literals: ['["2026-01-02 03:04:05.123456","2026-01-03 00:00:00")'] },
  { sql: 'tstzrange', literals: ['["2026-01-02 03:04:05.123456+00",)'] },
  { sql: 'int4multirange', literals: ['{}', '{[1,5),[7,9)}'] },
  { sql: 'tstzmultirange', literals: ['{["2026-01-02 03:04:05.123456+00",)}'] },
  { sql: 'mood', literals: ['sad', 'so so', 'NULL'] },
  { sql: 'quantity', literals: ['1', '2147483647'] },
  { sql: 'email', literals: ['ada@example.com'] },
  { sql: 'pair', literals: ['(1,"a, b")', '(,)'], comparedAs: 'text' },
  { sql: 'span', literals: ['[1.50,2)'] },
]

/** Arrays of each of them, of one dimension and of two, with NULL and without anything. */
const arrays: readonly ColumnType[] = scalars.map(({ sql, literals, comparedAs }) => {
  const delimited = literals.map((literal) => `"${literal.replaceAll(/["\\]/g, '\\$&')}"`)
  const pair = [delimited[0], delimited.at(-1)].join()
  return {
    sql: `${sql}[]`,
    literals: ['{}', `{${delimited.join()},NULL}`, `{{${pair}},{${pair}}}`, `{{{${pair}}}}`, `[0:1]={${pair}}`],
    ...(comparedAs ? { comparedAs: `${comparedAs}[]` } : {}),
  }
})

export const columns: readonly ColumnType[] = [...scalars, ...arrays, { sql: 'tags', literals: ['{a,NULL}', '{}'] }]
