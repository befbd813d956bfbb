import type { Attributes, Tracer } from '@opentelemetry/api'
import { traceChannel } from './channel-spans.ts'

/** What `src/data` publishes of a statement; values travel apart and are never told. */
export interface Statement {
  readonly text: string
  readonly database: string
  readonly host: string
  readonly port: number
}

export const POSTGRES_CHANNEL = 'ebb:postgres:statement'

/** What ioredis publishes of a command; it blanks out values itself. */
interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly database: number
  readonly serverAddress: string
  readonly serverPort: number | undefined
}

/** Spans of Postgres statements and Redis commands (database semantic conventions, stable). */
export function traceStores(tracer: Tracer): void {
  traceChannel<Statement>(POSTGRES_CHANNEL, tracer, {
    describe: ({ text, database, host, port }) => {
      const operation = operationOf(text)
      const attributes = {
        'db.system.name': 'postgresql',
        'db.namespace': database,
        'db.operation.name': operation,
        'db.query.text': text,
        ...server(host, port),
      }
      return { name: `${operation} ${database}`, attributes }
    },
    explain: (fault) =>
      isPostgresFault(fault) ? { 'db.response.status_code': fault.code, 'error.type': fault.code } : {},
  })
  traceChannel<Command>('ioredis:command', tracer, {
    describe: ({ command, args, database, serverAddress, serverPort }) => {
      const attributes = {
        'db.system.name': 'redis',
        'db.namespace': String(database),
        'db.operation.name': command,
        'db.query.text': [command, ...args].join(' '),
        ...server(serverAddress, serverPort),
      }
      return { name: command, attributes }
    },
  })
}

const server = (address: string, port: number | undefined): Attributes => ({
  'server.address': address,
  ...(port === undefined ? {} : { 'server.port': port }),
})

const isPostgresFault = (fault: Error): fault is Error & { code: string } =>
  'code' in fault && typeof fault.code === 'string'

const operations = new Map<string, string>()
const MOST_OPERATIONS = 1_000

/** The first word of a statement; texts are few and long-lived. */
function operationOf(text: string): string {
  const known = operations.get(text)
  if (known) return known
  const operation = (/^\s*(\w+)/.exec(text)?.[1] ?? 'QUERY').toUpperCase()
  if (operations.size < MOST_OPERATIONS) operations.set(text, operation)
  return operation
}
