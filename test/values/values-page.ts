import type { Trial } from './try-values.ts'

/** The page of the docs on values, as what was tried came out. */
export function valuesPage(tried: readonly Trial[]): string {
  const columns = [...new Set(tried.map(({ column }) => column))]
  const [scalars, arrays] = [columns.filter((column) => !isArray(column)), columns.filter(isArray)]
  const of = (column: string) => tried.filter((each) => each.column === column)
  const shown = [...scalars, ...arrays.filter((column) => /^(int8|timestamptz|jsonb|text)\[\]$/.test(column))]
  return `${INTRO}
## What goes in

A string is Postgres' own text of any type but bytea, json and jsonb; what Postgres refuses is reported with the parameter's number, before
anything of the statement has run. \`null\` is NULL. The numbers say how many of the ${count(tried, 'in') / columns.length} values that were tried
came back equal and found their row, and how many were refused.

| Column | Takes | Kept | Refused |
| --- | --- | --- | --- |
${scalars.map((column) => `| ${code(column)} | ${cell(takenBy(of(column)))} | ${numbers(of(column))} |`).join('\n')}
| arrays of them | ${cell(takenBy(of('int4[]')).replace('a whole number from -2147483648 to 2147483647 or a string', 'what its type takes'))} | ${numbers(tried.filter(({ column }) => isArray(column)))} |

## What comes out

| Column | In SQL | In JavaScript |
| --- | --- | --- |
${shown
  .flatMap(of)
  .filter(({ way }) => way === 'out')
  .map(
    (each) =>
      `| ${code(each.column)} | ${code(each.value)} | ${each.is === 'kept' ? code(readAs(each.column, each.read)) : cell(`refused: ${'why' in each ? each.why : ''}`)} |`,
  )
  .join('\n')}

## What is refused

As it is for a column of this type:

| Value | Column | Sentence |
| --- | --- | --- |
${sentences(tried)
  .map(({ value, column, why }) => `| ${code(value)} | ${code(column)} | ${cell(why)} |`)
  .join('\n')}

## What was tried

${columns.length} columns, ${count(tried, 'in')} pairs of a column and a value going in and ${count(tried, 'out')} coming out, in each of the time zones UTC, America/New_York and
Asia/Kathmandu, on a direct connection and through PgBouncer in transaction mode (\`npm run test:full -- test/values\`). Changed: 0.
`
}

const INTRO = `# Values

What \`sql\` does with a value is one rule: it comes back equal and finds its row by \`=\`, or it is refused by a sentence that names the
parameter or the column and says what to write. \`test/values\` writes this page from what it tried, and fails where it differs.

- Before a statement runs for the first time in a process, the server is asked what it takes (one round trip). So a value is written
  as what its place takes: an array is an array for \`int4[]\`, and JSON for \`jsonb\`. Where the server cannot know, as in
  \`select \${1}\`, it says text: cast it, as in \`\${1}::int4\`.
- A value is read in one form, in whichever column, array or reply it is. Each column keeps its name in camelCase: \`unit_price\` is
  \`unitPrice\`, \`_hidden\` and \`line_1_2\` have nothing that could be one. Two columns of one name are refused.
- What a column itself rounds (\`numeric(10,2)\`, \`timestamp(3)\`), pads (\`char(9)\`) or limits (\`varchar(9)\`) is Postgres' own doing.
- Times are RFC 3339 in UTC with six digits (timestamptz) and ISO 8601 (date, timestamp, interval). What these have no form for, such as
  years before Christ or beyond 9999, and infinity, is Postgres' own text, which goes in again.
- NULL and the \`null\` of JSON both come out as \`null\`; \`sql.json(null)\` writes the latter.
`

const isArray = (column: string) => column.endsWith('[]') || column === 'tags'

const count = (tried: readonly Trial[], way: Trial['way']) => tried.filter((each) => each.way === way).length

function numbers(tried: readonly Trial[]): string {
  const given = tried.filter(({ way }) => way === 'in')
  const kept = given.filter(({ is }) => is === 'kept').length
  return `${kept} | ${given.length - kept}`
}

/** NaN, Infinity and -0 are numbers, for which JSON has no form. */
const readAs = (column: string, read: string) => (column.startsWith('float') ? read.replaceAll('"', '') : read)

/** As its refusals say it. */
function takenBy(tried: readonly Trial[]): string {
  const said = tried.map((each) => ('why' in each ? (/ takes (.*?)(?:; .*)?$/.exec(each.why)?.[1] ?? '') : ''))
  return said.find((takes) => takes !== '' && !takes.startsWith('what JSON')) ?? 'what JSON can carry'
}

/** The refusal of each kind of value, by one column that does not take it. */
const REFUSED: readonly (readonly [value: string, column: string])[] = [
  ...['undefined', 'Promise.resolve(1)', '() => 1', 'new Map([[1, 2]])', '1', '[1, 2]', '{}'].map(
    (value) => [value, 'text'] as const,
  ),
  ...['"a\\u0000b"', '"\\ud800"'].map((value) => [value, 'text'] as const),
  ...['1.5', '2147483648', 'NaN', '"text"', 'true'].map((value) => [value, 'int4'] as const),
  ...([
    ['9007199254740992', 'int8'],
    ['9223372036854775808n', 'int8'],
    ['0.3333333333333333', 'float4'],
  ] as const),
  ...([
    ["new Date('2026-01-02T03:04:05.678Z')", 'date'],
    ["new Date('x')", 'timestamptz'],
  ] as const),
  ...([
    ["Temporal.Instant.from('2026-01-02T03:04:05.123456789Z')", 'timestamptz'],
    ['"2026-02-30"', 'date'],
  ] as const),
  ...[
    '"5"',
    'NaN',
    '1n',
    '{ a: new Map() }',
    '{ a: [undefined] }',
    "{ a: new Date('x') }",
    'new Money()',
    'Buffer.from([0, 255, 92])',
  ].map((value) => [value, 'jsonb'] as const),
  ...([
    ['"text"', 'bytea'],
    ['new Float64Array([1.5])', 'bytea'],
    ['"sad"', 'int4range'],
    ['"text"', 'mood'],
    ['-1', 'quantity'],
  ] as const),
  ...['[true, false]', '[undefined]', '[[]]', '[[1], [2, 3]]'].map((value) => [value, 'int4[]'] as const),
  ...['[[1, 2], [3, 4]]', "['a', 'NULL', '']"].map((value) => [value, 'jsonb[]'] as const),
]

function sentences(tried: readonly Trial[]) {
  return REFUSED.map(([value, column]) => {
    const found = tried.find((each) => each.value === value && each.column === column && each.way === 'in')
    return { value, column, why: found && 'why' in found ? found.why : 'NOT REFUSED' }
  })
}

const cell = (text: string) => text.replaceAll(/[|\\]/g, '\\$&').replaceAll('\n', ' ')
const code = (text: string) => {
  const written = text
    .replaceAll(/[^ -~]/gu, (letter) => JSON.stringify(letter).slice(1, -1))
    .replaceAll(/[^ -~]/gu, escaped)
  return written === '' ? '(empty)' : `\`${written.replaceAll('|', '\\|')}\``
}

const escaped = (letter: string) => `\\u{${letter.codePointAt(0)?.toString(16)}}`
