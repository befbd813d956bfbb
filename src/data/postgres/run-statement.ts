import type pg from 'pg'
import { createBoundedMap } from '../../kernel/index.ts'
import { type Description, describeStatement } from '../values/describe-statement.ts'
import { nameColumns, type StatementResult, type UnreadResult } from '../values/read-rows.ts'
import { createTypeCatalog, type TypeCatalog } from '../values/type-catalog.ts'
import { ValueError, type ValueType, type WireValue } from '../values/value-type.ts'
import { describeParameter, type Statement, writeParameters } from '../values/write-parameters.ts'
import { errorCodeOf } from './database-error.ts'
import { publishRefusedStatement } from './publish-statements.ts'

export interface RunOptions {
  /** Default: the connection's own `query`. */
  readonly send?: (query: pg.QueryConfig) => Promise<pg.QueryResult>
  /** Called before the server is asked about the statement, which it is not told to run yet. */
  readonly beforeDescribing?: () => Promise<unknown>
}

/**
 * Runs one statement and returns its result. Its values are written as the types that the server expects at their places, so
 * that none is changed on its way; for this the server describes each statement once a process, before it first runs.
 */
export interface RunStatement {
  (client: pg.ClientBase, statement: Statement, options?: RunOptions): Promise<StatementResult>
  /** The types of a statement's parameters, which is not run. */
  parameterTypes(client: pg.ClientBase, text: string): Promise<readonly ValueType[]>
  /** What is sent for a statement whose rows are taken as they come. */
  prepare(client: pg.ClientBase, statement: Statement): Promise<PreparedRows>
}

/** A statement that is described, and its values written. */
export interface PreparedRows extends Description {
  readonly text: string
  readonly values: readonly (WireValue | null)[]
  readonly catalog: TypeCatalog
  /** The server's error with the parameter that it is about. */
  readonly named: (error: unknown) => unknown
}

const MAX_DESCRIPTIONS = 1_000
/** Syntax of a value, and types that do not fit: the errors of a description that is out of date. */
const MAY_BE_STALE = /^(22|42)/

/** Creates what runs the statements of one pool: it learns its database's own types once. */
export function createRunStatement(): RunStatement {
  const catalog = createTypeCatalog()
  const descriptions = createBoundedMap<string, Description>(MAX_DESCRIPTIONS)

  async function describe(client: pg.ClientBase, { text, isTools }: Statement): Promise<Description> {
    const description = await describeStatement(client, text).catch((error: unknown) => {
      publishRefusedStatement(client, text, error)
      throw error
    })
    if (!isTools) nameColumns(description.columns)
    await catalog.load(client, [...description.parameters, ...description.columns.map(typeOfColumn)])
    descriptions.set(text, description)
    return description
  }
  const types = ({ parameters }: Description) => parameters.map(catalog.get)

  const run = async (client: pg.ClientBase, statement: Statement, { send, beforeDescribing }: RunOptions = {}) => {
    const { text } = statement
    const known = descriptions.get(text)
    if (!known) await beforeDescribing?.()
    let description = known ?? (await describe(client, statement))
    let values: unknown[]
    try {
      values = writeParameters(statement, types(description))
    } catch (error) {
      // A migration may have changed a type since.
      if (!known) throw error
      description = await describe(client, statement)
      values = writeParameters(statement, types(description))
    }
    let result: pg.QueryResult
    try {
      const query = toExtendedQuery(text, values, description)
      result = await (send ? send(query) : client.query(query))
    } catch (error) {
      if (MAY_BE_STALE.test(errorCodeOf(error))) descriptions.delete(text)
      throw nameParameter(error, text, types(description))
    }
    await catalog.load(client, result.fields.map(typeOfColumn))
    // `rowMode` makes arrays of rows, which pg's types leave out.
    return { unread: result as unknown as UnreadResult, catalog }
  }
  return Object.assign(run, {
    // Not from memory: it is asked for seldom, and a migration may have changed a type since.
    parameterTypes: async (client: pg.ClientBase, text: string) => types(await describe(client, { text, values: [] })),
    prepare: async (client: pg.ClientBase, statement: Statement) => {
      const description = await describe(client, statement)
      const values = writeParameters(statement, types(description))
      const { text } = statement
      return {
        ...description,
        text,
        values,
        catalog,
        named: (error: unknown) => nameParameter(error, text, types(description)),
      }
    },
  })
}

const typeOfColumn = ({ dataTypeID }: { readonly dataTypeID: number }) => dataTypeID

const keepText = (text: string) => text

/** Uses the extended protocol, which refuses a text of several statements before anything of it runs. */
function toExtendedQuery(text: string, values: unknown[], { parameters }: Description): pg.QueryConfig {
  // pg reads two things from it: the types of the parameters, which the server compares with what it expects now, and how columns are read.
  const types = Object.assign([...parameters], { getTypeParser: () => keepText })
  // pg reads the last two, and its types leave them out.
  return { ...{ text, values, types }, ...({ queryMode: 'extended', rowMode: 'array' } as object) }
}

/** Names the parameter of an error: Postgres reads all of them before it runs anything, and says which it could not read. */
function nameParameter(error: unknown, text: string, types: readonly ValueType[]): unknown {
  // By shape: an error may come from another realm.
  const { where, message } = Object(error) as { readonly where?: unknown; readonly message?: unknown }
  const [, number] = /parameter \$(\d+)/.exec(String(where ?? '')) ?? []
  if (!number || !errorCodeOf(error).startsWith('22')) return error
  const type = types[Number(number) - 1]?.name
  // The message ends with the value, which may be a secret that must not be logged.
  const why = String(message).replace(/: ".*/s, '')
  return new ValueError(`${describeParameter(text, Number(number), type)} is not a valid text of that type: ${why}`, {
    cause: error,
  })
}
