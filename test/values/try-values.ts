import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import { postgres, type Sql } from '../../src/data/index.ts'
import { transact } from '../../src/data/postgres/transaction.ts'
import { createLog, parseConfig } from '../../src/kernel/index.ts'
import { type ColumnType, columns } from './columns.ts'
import { type TestValue, testValues } from './test-values.ts'

/** What became of a pair: it came back equal, was refused by a sentence, or was changed, which nothing may be. */
export type Outcome =
  | { readonly is: 'kept'; readonly read: string }
  | { readonly is: 'refused' | 'refused when read' | 'changed'; readonly why: string }

export type Trial = { readonly column: string; readonly value: string; readonly way: 'in' | 'out' } & Outcome

const TIMEOUT_MS = 600_000

/** Every column with every value, in and out, as a function's handler would: each in a transaction that is rolled back. */
async function tryAll(databaseUrl: string, oracleUrl: string): Promise<Trial[]> {
  const log = createLog({ level: 'silent' })
  const opened = postgres.open(parseConfig({ DATABASE_URL: databaseUrl, EBB_POOL_MAX: '2' }), log)
  const oracle = await openOracle(oracleUrl)
  const inTransaction = async (work: (sql: Sql) => Promise<Outcome>): Promise<Outcome> => {
    let outcome: Outcome | undefined
    const options = { readOnly: false, repeatable: false, signal: new AbortController().signal, timeoutMs: TIMEOUT_MS }
    await transact(opened, options, async (sql) => {
      outcome = await work(sql)
      throw new RollBack()
    }).catch((error: unknown) => {
      if (error instanceof RollBack) return
      outcome ??= refusal(error)
    })
    return outcome ?? { is: 'changed', why: 'nothing came of it' }
  }
  const tried: Trial[] = []
  for (const column of columns) {
    for (const value of testValues) {
      const pair = { column: column.sql, value: value.label, way: 'in' } as const
      tried.push({ ...pair, ...(await inTransaction((sql) => tryWrite(sql, column, value, oracle))) })
    }
    for (const literal of column.literals) {
      const pair = { column: column.sql, value: literal, way: 'out' } as const
      tried.push({ ...pair, ...(await inTransaction((sql) => tryRead(sql, column, literal, oracle))) })
    }
  }
  await Promise.all([postgres.close?.(opened), oracle.end()])
  return tried
}

class RollBack extends Error {}

async function tryWrite(
  sql: Sql,
  { sql: type, comparedAs }: ColumnType,
  value: TestValue,
  oracle: pg.Client,
): Promise<Outcome> {
  const [table, cast] = [sql.identifier(`in_${type}`), comparable(sql, comparedAs)]
  const isJson = /^jsonb?$/.test(type)
  const made = value.make()
  const [stored] = await sql<{ text: string | null }>`insert into ${table} values (${made}) returning v::text as text`
  if (made === null)
    return stored?.text === null ? { is: 'kept', read: 'null' } : { is: 'changed', why: `${stored?.text}` }
  const meant = literalFor(type, value)
  if (meant === undefined) return { is: 'changed', why: `${stored?.text} of a value that has no such form` }
  if (stored?.text == null || !(await isEqual(oracle, type, comparedAs, [stored.text, meant])))
    return { is: 'changed', why: `${stored?.text}` }
  const found = await sql`select from ${table} where v${cast} = ${made}`
  if (found.length !== 1) return { is: 'changed', why: 'its row is not found' }
  const outcome = await readBack(sql, type, comparedAs)
  if (outcome.is === 'kept' && !looksLike(made, JSON.parse(outcome.read), isJson))
    return { is: 'changed', why: `it is read as ${outcome.read}` }
  return outcome
}

/** What the value is to Postgres in a column of this type. */
function literalFor(type: string, { json, literal }: TestValue): string | undefined {
  if (!type.startsWith('json')) return literal
  if (!type.endsWith('[]')) return json
  const items: unknown = JSON.parse(json ?? 'null')
  if (!Array.isArray(items)) return literal
  const quoted = (item: unknown) => JSON.stringify(JSON.stringify(item))
  return `{${items.map((item) => (item === null ? 'NULL' : quoted(item))).join()}}`
}

/** Reads it, and finds its row by what was read. */
async function readBack(sql: Sql, type: string, comparedAs: string | undefined): Promise<Outcome> {
  const [table, cast] = [sql.identifier(`in_${type}`), comparable(sql, comparedAs)]
  let row: { readonly v: unknown } | undefined
  try {
    row = await sql.one<{ v: unknown }>`select v from ${table}`
  } catch (error) {
    return refusalWhenRead(error)
  }
  const again = /^jsonb?$/.test(type) && typeof row?.v === 'string' ? sql.json(row.v) : row?.v
  // NULL equals nothing, and JSON's null comes out as it does.
  if (again !== null) {
    try {
      const found = await sql`select from ${table} where v${cast} = ${again}`
      if (found.length !== 1) return { is: 'changed', why: `its row is not found by ${show(row?.v)}` }
    } catch (error) {
      return refusal(error)
    }
  }
  return { is: 'kept', read: show(row?.v) }
}

async function tryRead(
  sql: Sql,
  { sql: type, comparedAs }: ColumnType,
  literal: string,
  oracle: pg.Client,
): Promise<Outcome> {
  // Text of no type of ours, cast by Postgres.
  await sql`insert into ${sql.identifier(`in_${type}`)} select ${literal}::text::${sql.fragment([type] as unknown as TemplateStringsArray)}`
  const outcome = await readBack(sql, type, comparedAs)
  if (outcome.is !== 'kept') return outcome
  const said = await writtenBy(oracle, type, literal)
  return isWritten(JSON.parse(outcome.read), said, type)
    ? outcome
    : { is: 'changed', why: `${outcome.read} for ${JSON.stringify(said)}` }
}

const comparable = (sql: Sql, comparedAs: string | undefined) =>
  sql.fragment([comparedAs ? `::text::${comparedAs}` : ''] as unknown as TemplateStringsArray)

/** A driver that reads and writes nothing but Postgres' own text. */
async function openOracle(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, types: { getTypeParser: () => (text: string) => text } })
  await client.connect()
  await client.query("set timezone to 'UTC'; set intervalstyle to iso_8601")
  return client
}

async function isEqual(
  oracle: pg.Client,
  type: string,
  comparedAs: string | undefined,
  pair: readonly string[],
): Promise<boolean> {
  const cast = comparedAs ? `::${type}::text::${comparedAs}` : `::${type}`
  const { rows } = await oracle.query(`select $1::text${cast} = $2::text${cast} as equal`, [...pair])
  return rows[0].equal === 't'
}

async function writtenBy(oracle: pg.Client, type: string, literal: string): Promise<string> {
  const { rows } = await oracle.query(`select format('%s', $1::text::${type}) as written`, [literal])
  return rows[0].written
}

/** Whether what was read is what Postgres writes, for all that JavaScript has another form for. */
function isWritten(read: unknown, written: string, type: string): boolean {
  if (/^jsonb?$/.test(type)) return isDeepStrictEqual(read, JSON.parse(written))
  if (type === 'bool') return read === (written === 't')
  if (type === 'bytea') return isDeepStrictEqual(read, Buffer.from(written.slice(2), 'hex').toJSON())
  if (/^(int|float|oid|quantity)\d*$/.test(type))
    return typeof read === 'number'
      ? Object.is(read, Number(written))
      : read === written && /^(NaN|-?Infinity|-0)$/.test(written)
  if (type === 'timestamp') return read === written.replace(/^(\d{4}-\d\d-\d\d) ([^B]*)$/, '$1T$2')
  if (type === 'timestamptz') {
    const [, day, time, fraction = ''] = /^(\d{4}-\d\d-\d\d) ([\d:]+)(?:\.(\d+))?\+00$/.exec(written) ?? []
    return read === (day ? `${day}T${time}.${fraction.padEnd(6, '0')}Z` : written)
  }
  // An array is read by its elements, which are the scalars that were looked at, and finds its row.
  return Array.isArray(read) || read === written
}

/** Whether the value that was read would be taken for the one that was given, without knowing of types. */
function looksLike(made: unknown, read: unknown, isJson: boolean): boolean {
  if (Array.isArray(made) && Array.isArray(read))
    return made.length === read.length && made.every((each, i) => looksLike(each, read[i], isJson))
  if (typeof made === 'number') return Number(read) === made || (Number.isNaN(made) && read === 'NaN')
  if (typeof made === 'bigint') return typeof read === 'number' ? BigInt(read) === made : read === String(made)
  if (typeof made === 'boolean' || made === null) return read === made
  if (isJson) return isDeepStrictEqual(read, JSON.parse(JSON.stringify(made)))
  return true
}

/** What was read, so that it survives JSON: what has no form there is said by name. */
const show = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member === 'number' && !Number.isFinite(member)) return String(member)
    return Object.is(member, -0) ? '-0' : member
  })

/** A refusal names the parameter, and says what to write; whatever else is thrown is none. */
function refusal(error: unknown): Outcome {
  const why = error instanceof Error ? error.message : String(error)
  const isRefusal = /^parameter \$1 \((.*, )?near `.*\$1`\) is /.test(why) || /^value for domain/.test(why)
  return { is: isRefusal ? 'refused' : 'changed', why }
}

function refusalWhenRead(error: unknown): Outcome {
  const why = error instanceof Error ? error.message : String(error)
  return { is: /^the column v /.test(why) ? 'refused when read' : 'changed', why }
}

const [databaseUrl = '', oracleUrl = ''] = process.argv.slice(2)
process.stdout.write(JSON.stringify(await tryAll(databaseUrl, oracleUrl)))
