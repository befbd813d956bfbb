import { tracingChannel } from 'node:diagnostics_channel'
import type pg from 'pg'
import { POSTGRES_CHANNEL, type Statement } from '../../telemetry/index.ts'
import { hideTenant } from './begin-as.ts'

const channel = tracingChannel<Statement, Statement>(POSTGRES_CHANNEL)

/** Publishes each statement of a connection on a tracing channel; ioredis does so by itself, pg does not. */
export function publishStatements(client: pg.ClientBase): void {
  const query: (...args: unknown[]) => unknown = client.query.bind(client)
  const published = (...args: unknown[]): unknown => {
    const text = textOf(args[0])
    if (!channel.hasSubscribers || text === undefined) return query(...args)
    const statement = describeStatementOn(client, text)
    if (typeof args.at(-1) === 'function') return channel.traceCallback(query, -1, statement, undefined, ...args)
    return channel.tracePromise(query as (...args: unknown[]) => Promise<unknown>, statement, undefined, ...args)
  }
  // The same parameters and results, overloads and all.
  client.query = published as typeof client.query
}

/** Publishes a statement that is not sent by `query` with its text. */
export const publishStatement = <Result>(
  client: pg.ClientBase,
  text: string,
  run: () => Promise<Result>,
): Promise<Result> => (channel.hasSubscribers ? channel.tracePromise(run, describeStatementOn(client, text)) : run())

/** Publishes a statement that the server refused before it ran. */
export function publishRefusedStatement(client: pg.ClientBase, text: string, error: unknown): void {
  if (channel.hasSubscribers) publishStatement(client, text, () => Promise.reject(error)).catch(() => {})
}

function describeStatementOn(client: pg.ClientBase, text: string): Statement {
  // A pool's clients know where they are connected to.
  const { database, host, port } = client as pg.Client
  return { text, database: database ?? '', host, port }
}

/** The text of a query; undefined for a cursor or a stream, which run as they are. */
function textOf(query: unknown): string | undefined {
  if (typeof query === 'string') return hideTenant(query)
  const { text, submit } = Object(query) as { text?: unknown; submit?: unknown }
  return typeof text === 'string' && submit === undefined ? text : undefined
}
