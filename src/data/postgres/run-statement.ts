import type pg from 'pg'
import { type Description, describeStatement } from '../values/describe-statement.ts'
import { nameColumns, type Row, readRows, type UnreadResult } from '../values/read-rows.ts'
import { createTypeCatalog } from '../values/type-catalog.ts'
import { ValueError, type ValueType } from '../values/value-type.ts'
import { describeParameter, type Statement, writeParameters } from '../values/write-parameters.ts'
import { publishRefusedStatement } from './publish-statements.ts'

/** Sends what was made of a statement. */
export type SendQuery = (client: pg.ClientBase, query: pg.QueryConfig) => Promise<pg.QueryResult>

/**
 * Runs one statement and reads its rows. Its values go in as what the server takes at their places, so that none is
 * changed on its way; for this a statement is described once in a process, before it runs for the first time.
 */
export type RunStatement = (client: pg.ClientBase, statement: Statement, send?: SendQuery) => Promise<Row[]>

const MAX_DESCRIPTIONS = 1_000
/** Syntax of a value, and types that do not fit: what comes of a description that is no longer true. */
const MAY_BE_STALE = /^(22|42)/

/** For one pool: its database's own types are met once. */
export function createRunStatement(): RunStatement {
  const catalog = createTypeCatalog()
  const descriptions = new Map<string, Description>()

  async function describe(client: pg.ClientBase, text: string): Promise<Description> {
    const description = await describeStatement(client, text).catch((fault: unknown) => {
      publishRefusedStatement(client, text, fault)
      throw fault
    })
    nameColumns(description.columns)
    await catalog.load(client, [...description.parameters, ...description.columns.map(typeOfColumn)])
    if (descriptions.size >= MAX_DESCRIPTIONS) descriptions.clear()
    descriptions.set(text, description)
    return description
  }
  const types = ({ parameters }: Description) => parameters.map(catalog.get)

  return async (client, statement, send = (to, query) => to.query(query)) => {
    const { text } = statement
    const known = descriptions.get(text)
    let description = known ?? (await describe(client, text))
    let values: unknown[]
    try {
      values = writeParameters(statement, types(description))
    } catch (fault) {
      // A migration may have changed a type since.
      if (!known) throw fault
      description = await describe(client, text)
      values = writeParameters(statement, types(description))
    }
    let result: pg.QueryResult
    try {
      result = await send(client, toExtendedQuery(text, values, description))
    } catch (fault) {
      if (MAY_BE_STALE.test(codeOf(fault))) descriptions.delete(text)
      throw nameParameter(fault, text, types(description))
    }
    await catalog.load(client, result.fields.map(typeOfColumn))
    // `rowMode` makes lists of rows, which pg's types leave out.
    return readRows(result as unknown as UnreadResult, catalog)
  }
}

const typeOfColumn = ({ dataTypeID }: { readonly dataTypeID: number }) => dataTypeID

const keepText = (text: string) => text

/** By the extended protocol, which refuses a text of several statements before anything of it runs. */
function toExtendedQuery(text: string, values: unknown[], { parameters }: Description): pg.QueryConfig {
  // pg reads both from it: what the parameters are, which the server holds against what it takes by now, and how columns are read.
  const types = Object.assign([...parameters], { getTypeParser: () => keepText })
  // pg reads the last two, and its types leave them out.
  return { ...{ text, values, types }, ...({ queryMode: 'extended', rowMode: 'array' } as object) }
}

/** Postgres reads parameters before it runs anything, and says which of them it could not read. */
function nameParameter(fault: unknown, text: string, types: readonly ValueType[]): unknown {
  // By shape: a fault may come from another realm.
  const { where, message } = Object(fault) as { readonly where?: unknown; readonly message?: unknown }
  const [, number] = /parameter \$(\d+)/.exec(String(where ?? '')) ?? []
  if (!number || !codeOf(fault).startsWith('22')) return fault
  const type = types[Number(number) - 1]?.name
  // The message ends with the value, which may be one that no log may have.
  const why = String(message).replace(/: ".*/s, '')
  return new ValueError(`${describeParameter(text, Number(number), type)} is no text of that type: ${why}`, {
    cause: fault,
  })
}

const codeOf = (fault: unknown) => String((Object(fault) as { code?: unknown }).code ?? '')
