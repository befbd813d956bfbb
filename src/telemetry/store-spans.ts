import { tracingChannel } from 'node:diagnostics_channel'
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'

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
        ...addressAttributes(host, port),
      }
      return { name: `${operation} ${database}`, attributes }
    },
    // Only a fault that the server tells of is of some severity.
    describeError: (fault) => ('severity' in fault ? serverError('PostgreSQL', codeOf(fault)) : connectionError(fault)),
  })
  traceChannel<Command>('ioredis:command', tracer, {
    describe: ({ command, args, database, serverAddress, serverPort }) => {
      const attributes = {
        'db.system.name': 'redis',
        'db.namespace': String(database),
        'db.operation.name': command,
        'db.query.text': [command, ...redactScriptArguments(command, args)].join(' '),
        ...addressAttributes(serverAddress, serverPort),
      }
      return { name: command, attributes }
    },
    // The server's message begins with a code.
    describeError: (fault) =>
      fault.name === 'ReplyError' ? serverError('Redis', fault.message.split(' ', 1)[0]) : connectionError(fault),
  })
}

const addressAttributes = (address: string, port: number | undefined): Attributes => ({
  'server.address': address,
  ...(port === undefined ? {} : { 'server.port': port }),
})

/** The server said no. What it said may quote values; its code does not. */
const serverError = (system: string, code = 'unknown'): ErrorDescription => ({
  ...{ type: code, message: `${system} error ${code}` },
  attributes: { 'db.response.status_code': code },
})

/** There was no answer, or none that could be read: then the fault quotes it, and has a name of its own. */
function connectionError(fault: Error): ErrorDescription {
  const type = codeOf(fault) ?? fault.name
  return { type, message: fault.name === 'Error' ? fault.message : type }
}

const codeOf = (fault: Error) => ('code' in fault && typeof fault.code === 'string' ? fault.code : undefined)

/** Of what a script is given, its keys are told and its values are not. */
function redactScriptArguments(command: string, args: readonly string[]): readonly string[] {
  if (!/^eval/i.test(command)) return args
  const told = 2 + Number(args[1])
  return args.map((arg, i) => (i < told ? arg : '?'))
}

const operations = new Map<string, string>()
const MAX_OPERATIONS = 1_000

/** The first word of a statement; texts are few and long-lived. */
function operationOf(text: string): string {
  const known = operations.get(text)
  if (known) return known
  const operation = (/^\s*(\w+)/.exec(text)?.[1] ?? 'QUERY').toUpperCase()
  if (operations.size < MAX_OPERATIONS) operations.set(text, operation)
  return operation
}

/** What may be told of a fault, which is no value that was sent. */
interface ErrorDescription {
  /** A code, or the fault's name. */
  readonly type: string
  readonly message: string
  readonly attributes?: Attributes
}

interface ChannelSpanOptions<Message> {
  readonly describe: (message: Message) => { readonly name: string; readonly attributes: Attributes }
  readonly describeError: (fault: Error) => ErrorDescription
}

/** A CLIENT span for each operation that a library publishes on a tracing channel on behalf of something that is traced. */
function traceChannel<Message extends object>(
  channel: string,
  tracer: Tracer,
  { describe, describeError }: ChannelSpanOptions<Message>,
): void {
  const spans = new WeakMap<Message, Span>()
  const ignore = () => {}
  tracingChannel<Message, Message>(channel).subscribe({
    start: (message) => {
      if (!trace.getActiveSpan()) return
      const { name, attributes } = describe(message)
      spans.set(message, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }))
    },
    end: ignore,
    asyncStart: ignore,
    asyncEnd: (message) => spans.get(message)?.end(),
    error: (message) => {
      const { error } = message
      const span = spans.get(message)
      if (!span || !(error instanceof Error)) return
      const { type, message: said, attributes } = describeError(error)
      span.setAttributes({ 'error.type': type, ...attributes })
      // Without its stack, which begins with its own message.
      span.recordException({ code: type, message: said })
      span.setStatus({ code: SpanStatusCode.ERROR, message: said })
    },
  })
}
