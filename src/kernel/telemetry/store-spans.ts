import type { Attributes, Tracer } from '@opentelemetry/api'
import { type Explained, traceChannel } from './channel-spans.ts'

/** What `src/data` publishes of a statement; values travel apart and are never told. */
export interface Statement {
  readonly text: string
  readonly database: string
  readonly host: string
  readonly port: number
}

export const POSTGRES_CHANNEL = 'ebb:postgres:statement'

/** What ioredis publishes of a command; it blanks out values itself, but for those that scripts are given. */
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
    // Only a fault that the server tells of is of some severity.
    explain: (fault) => ('severity' in fault ? refused('PostgreSQL', codeOf(fault)) : failed(fault)),
  })
  traceChannel<Command>('ioredis:command', tracer, {
    describe: ({ command, args, database, serverAddress, serverPort }) => {
      const attributes = {
        'db.system.name': 'redis',
        'db.namespace': String(database),
        'db.operation.name': command,
        'db.query.text': [command, ...blank(command, args)].join(' '),
        ...server(serverAddress, serverPort),
      }
      return { name: command, attributes }
    },
    // The server's message begins with a code.
    explain: (fault) =>
      fault.name === 'ReplyError' ? refused('Redis', fault.message.split(' ', 1)[0]) : failed(fault),
  })
}

const server = (address: string, port: number | undefined): Attributes => ({
  'server.address': address,
  ...(port === undefined ? {} : { 'server.port': port }),
})

/** The server said no. What it said may quote values; its code does not. */
const refused = (system: string, code = 'unknown'): Explained => ({
  ...{ type: code, message: `${system} error ${code}` },
  attributes: { 'db.response.status_code': code },
})

/** There was no answer, or none that could be read: then the fault quotes it, and has a name of its own. */
function failed(fault: Error): Explained {
  const type = codeOf(fault) ?? fault.name
  return { type, message: fault.name === 'Error' ? fault.message : type }
}

const codeOf = (fault: Error) => ('code' in fault && typeof fault.code === 'string' ? fault.code : undefined)

/** Of what a script is given, its keys are told and its values are not. */
function blank(command: string, args: readonly string[]): readonly string[] {
  if (!/^eval/i.test(command)) return args
  const told = 2 + Number(args[1])
  return args.map((arg, i) => (i < told ? arg : '?'))
}

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
