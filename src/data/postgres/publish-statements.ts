import { tracingChannel } from 'node:diagnostics_channel'
import type pg from 'pg'
import { POSTGRES_CHANNEL, type Statement } from '../../telemetry/index.ts'

const channel = tracingChannel<Statement, Statement>(POSTGRES_CHANNEL)

/** Publishes each statement of a connection on a tracing channel, as ioredis does by itself and pg does not. */
export function publishStatements(client: pg.ClientBase): void {
  const query: (...given: unknown[]) => unknown = client.query.bind(client)
  const published = (...given: unknown[]): unknown => {
    const text = textOf(given[0])
    if (!channel.hasSubscribers || text === undefined) return query(...given)
    const statement = describeStatementOn(client, text)
    if (typeof given.at(-1) === 'function') return channel.traceCallback(query, -1, statement, undefined, ...given)
    return channel.tracePromise(query as (...given: unknown[]) => Promise<unknown>, statement, undefined, ...given)
  }
  // The same parameters and results, overloads and all.
  client.query = published as typeof client.query
}

/** Publishes a statement that the server refused before it ran. */
export function publishRefusedStatement(client: pg.ClientBase, text: string, fault: unknown): void {
  if (channel.hasSubscribers)
    channel.tracePromise(() => Promise.reject(fault), describeStatementOn(client, text)).catch(() => {})
}

function describeStatementOn(client: pg.ClientBase, text: string): Statement {
  // A pool's clients know where they are connected to.
  const { database, host, port } = client as pg.Client
  return { text, database: database ?? '', host, port }
}

/** A cursor or a stream has no text here, and runs as it is. */
function textOf(query: unknown): string | undefined {
  if (typeof query === 'string') return query
  const { text, submit } = Object(query) as { text?: unknown; submit?: unknown }
  return typeof text === 'string' && submit === undefined ? text : undefined
}
