import pg from 'pg'
import { CONNECTION_OPTIONS } from '../../data/postgres/connection.ts'
import { ConfigError } from '../../kernel/index.ts'
import { type Files, index, sentence, toCamel } from './templates.ts'

/** A table as a subscriber of its changes sees it. */
export interface TableShape {
  readonly name: string
  /** In the order of the table. */
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly isNullable: boolean
    readonly isKey: boolean
  }[]
  /** Whether Postgres writes the whole old row into its log, so that updates and deletes can be taken. */
  readonly hasOldRows: boolean
}

/** Reads what a table of the database looks like. Throws a ConfigError where there is none, or none with a primary key. */
export async function readTable(url: string, name: string): Promise<TableShape> {
  const client = new pg.Client({ connectionString: url, ...CONNECTION_OPTIONS })
  try {
    await client.connect()
    const { rows } = await client.query<TableShape['columns'][number] & { hasOldRows: boolean }>(
      `select attname as name, typname as type, not attnotnull as "isNullable", relreplident = 'f' as "hasOldRows",
         coalesce(attnum = any(indkey), false) as "isKey"
       from pg_class
       join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
       join pg_type on pg_type.oid = atttypid
       left join pg_index on indrelid = pg_class.oid and indisprimary
       where pg_class.oid = to_regclass($1) and relkind in ('r', 'p')
       order by attnum`,
      [name],
    )
    if (rows.length === 0)
      throw new ConfigError(`the running Ebb's database has no table ${name}; add it by a migration first`)
    if (!rows.some(({ isKey }) => isKey))
      throw new ConfigError(
        `${name} has no primary key, by which its rows are told apart; add one by a migration first`,
      )
    return { name, columns: rows, hasOldRows: rows.every(({ hasOldRows }) => hasOldRows) }
  } finally {
    await client.end().catch(() => {})
  }
}

/** The four files of a subscriber of a table's changes: of inserts alone, where the log has no old rows. */
export function changeFiles({ name, table }: { readonly name: string; readonly table: TableShape }): Files {
  const camel = toCamel(name)
  const row = table.columns.map(({ name, type, isNullable }) => {
    const { schema } = VALUES[type] ?? ANY
    return `      ${toCamel(name, '_')}: ${schema}${isNullable ? '.nullable()' : ''},\n`
  })
  const after = table.columns.map(({ name, type, isNullable }) => {
    const { sample } = VALUES[type] ?? ANY
    return `    ${toCamel(name, '_')}: ${isNullable ? 'null' : sample},\n`
  })
  const operations = table.hasOldRows
    ? ''
    : `    // For updates and deletes, \`alter table ${table.name} replica identity full\` in a migration comes first.\n    operations: ['insert'],\n`
  return {
    'contract.ts': `import { change, subscriber } from 'ebb/contract'
import * as z from 'zod'

export default subscriber({
  name: '${name}',
  summary: '${sentence(name)}.',
  on: change('${table.name}', {
    // What is left out here never leaves the database.
    row: z.object({
${row.join('')}    }),
${operations}  }),
})
`,
    'handler.ts': `import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

/** What it writes with sql commits together with the record that the change was handled: a redelivery changes nothing. */
export default implement(contract, { sql: postgres }, async ({ event, data }, { log }) => {
  log.info({ event: event.id, operation: data.operation }, 'change handled')
})
`,
    'index.ts': index(name),
    'handler.test.ts': `import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ${camel} from './handler.ts'

const fn = testFunction(${camel})

describe('${name}', () => {
  it('204 for a row that was inserted', async () => {
    const after = {
${after.map((line) => `  ${line}`).join('')}    }
    expect((await fn.change({ after })).status).toBe(204)
  })

  it('400 for what is no row', async () => {
    expect((await fn.change({ after: {} })).status).toBe(400)
  })
})
`,
  }
}

const TEXT = { schema: 'z.string()', sample: "'text'" }
const WHOLE = { schema: 'z.int()', sample: '1' }
const FLOAT = { schema: 'z.number()', sample: '1.5' }
const ANY = { schema: 'z.unknown()', sample: "'value'" }

/** The schemas of the values that sql and changes have of Postgres's types; a numeric is its digits. */
const VALUES: Readonly<Record<string, { readonly schema: string; readonly sample: string }>> = {
  ...{ text: TEXT, varchar: TEXT, bpchar: TEXT, citext: TEXT, numeric: { schema: 'z.string()', sample: "'1.50'" } },
  ...{ int2: WHOLE, int4: WHOLE, int8: WHOLE, float4: FLOAT, float8: FLOAT },
  bool: { schema: 'z.boolean()', sample: 'true' },
  uuid: { schema: 'z.uuid()', sample: "'0b5c8ab0-5a0a-4a43-8d8a-ea9a8d2b64a0'" },
  date: { schema: 'z.iso.date()', sample: "'2026-01-02'" },
  timestamptz: { schema: 'z.iso.datetime()', sample: "'2026-01-02T03:04:05Z'" },
}
