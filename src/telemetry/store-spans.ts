import { tracingChannel } from 'node:diagnostics_channel'
import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { createBoundedMap, getOrCreate } from '../kernel/bounded-map.ts'

/** What `src/data` publishes about a statement; values are sent apart from the text and are never published. */
export interface Statement {
  readonly text: string
  readonly database: string
  readonly host: string
  readonly port: number
}

/** The diagnostics channel on which statements are published. */
export const POSTGRES_CHANNEL = 'ebb:postgres:statement'

/** What ioredis publishes about a command; it redacts values itself, except for the arguments of scripts. */
interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly database: number
  readonly serverAddress: string
  readonly serverPort: number | undefined
}

/** Creates spans of Postgres statements and Redis commands (database semantic conventions, stable). */
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
    // Only an error that the server reports has a severity.
    describeError: (error) => ('severity' in error ? serverError('PostgreSQL', codeOf(error)) : connectionError(error)),
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
    describeError: (error) =>
      error.name === 'ReplyError' ? serverError('Redis', error.message.split(' ', 1)[0]) : connectionError(error),
  })
}

const addressAttributes = (address: string, port: number | undefined): Attributes => ({
  'server.address': address,
  ...(port === undefined ? {} : { 'server.port': port }),
})

/** An error of the server. Its message may quote values; its code does not. */
const serverError = (system: string, code = 'unknown'): ErrorDescription => ({
  ...{ type: code, message: `${system} error ${code}` },
  attributes: { 'db.response.status_code': code },
})

/** There was no response, or an unreadable one: the error that quotes it has a name of its own, and its message stays out. */
function connectionError(error: Error): ErrorDescription {
  const type = codeOf(error) ?? error.name
  return { type, message: error.name === 'Error' ? error.message : type }
}

const codeOf = (error: Error) => ('code' in error && typeof error.code === 'string' ? error.code : undefined)

/** Of the arguments of a script, its keys stay and its values do not. */
function redactScriptArguments(command: string, args: readonly string[]): readonly string[] {
  if (!/^eval/i.test(command)) return args
  const publicCount = 2 + Number(args[1])
  return args.map((arg, i) => (i < publicCount ? arg : '?'))
}

const MAX_OPERATIONS = 1_000
const operations = /* @__PURE__ */ createBoundedMap<string, string>(MAX_OPERATIONS)

/** The first word of a statement; texts are few and long-lived. */
const operationOf = (text: string): string =>
  getOrCreate(operations, text, () => (/^\s*(\w+)/.exec(text)?.[1] ?? 'QUERY').toUpperCase())

/** What a span may say about an error: no value that was sent. */
interface ErrorDescription {
  /** A code, or the error's name. */
  readonly type: string
  readonly message: string
  readonly attributes?: Attributes
}

interface ChannelSpanOptions<Message> {
  readonly describe: (message: Message) => { readonly name: string; readonly attributes: Attributes }
  readonly describeError: (error: Error) => ErrorDescription
}

/** Creates a CLIENT span for each operation that a library publishes on a tracing channel while a span is active. */
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
      const { type, message: description, attributes } = describeError(error)
      span.setAttributes({ 'error.type': type, ...attributes })
      // Without its stack, which begins with its own message.
      span.recordException({ code: type, message: description })
      span.setStatus({ code: SpanStatusCode.ERROR, message: description })
    },
  })
}
