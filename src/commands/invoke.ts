import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import {
  describeEndpoint,
  type FunctionContract,
  hasTenancy,
  isReceiver,
  streamedBodyOf,
  usualReply,
} from '../contract/index.ts'
import { importFunction, readRoles } from '../deploy/import-sources.ts'
import { findFunctions } from '../deploy/index.ts'
import { eventRequest, functionRequest } from '../deploy/sample/sample-request.ts'
import { concreteType } from '../deploy/sample/sample-stream.ts'
import { paint } from '../dev/paint.ts'
import { readPeople } from '../dev/provider/read-people.ts'
import { scopesOf } from '../dev/provider/resource-server.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import { GATEWAY_IDENTITY, isTenant } from '../protocol/index.ts'
import { onInterrupt, printLine } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'
import { type InvocationResult, type InvokedRequest, invokeFunction } from './invoke-function.ts'

export const invokeCommand: readonly Form[] = [
  form({
    description:
      'Run one function once, without the gateway, on the database of the running Ebb, and print its reply and log. Its effects are real.',
    arguments: {
      name: { value: 'NAME', required: true, completes: 'function', description: 'An endpoint or a subscriber.' },
    },
    options: {
      data: {
        value: 'JSON',
        read: (text: string) => parseJson(text, '--data'),
        description: 'The input of an endpoint, or the data of an event. Default: a sample that its contract accepts.',
      },
      'body-file': {
        value: 'FILE',
        completes: 'path',
        description: 'A file that is sent as the streamed body of an endpoint; - sends standard input.',
      },
      type: {
        value: 'TYPE',
        description: 'The media type of --body-file. Default: the first one of the contract.',
      },
      event: {
        value: 'FILE',
        completes: 'path',
        description: 'A file with the whole event for a subscriber; - reads it from standard input.',
      },
      as: {
        value: 'ROLE|PERSON|SUBJECT',
        description:
          "Who calls an endpoint: a role of domain/roles.ts, a person of domain/people.ts, or any subject. Default: one with the endpoint's scopes.",
      },
      scopes: {
        value: 'SCOPE,…',
        repeated: true,
        description: 'Scopes that the caller has besides those of its role.',
      },
      tenant: {
        value: 'TENANT',
        read: readTenant,
        description: 'The tenant of the caller, or of the event. Default: `invoke` where the contract says `tenancy`.',
      },
      json: JSON_OPTION,
    },
    examples: [
      'invoke list-products',
      `invoke create-user --data '{"email":"ada@example.com","name":"Ada"}' --as merchant`,
    ],
    run: (project, { 'body-file': bodyFile, ...options }) => invokeAndPrint(project, { ...options, bodyFile }),
  }),
]

async function invokeAndPrint(project: string, options: InvokeArguments) {
  const { name, json } = options
  const names = await findFunctions(project)
  if (!names.includes(name)) throw new ConfigError(`there is no function ${name}; there are ${names.join(', ')}`)
  const contract = await importFunction(project, name)
  const request = await readRequest(contract, options)
  const caller = await readCaller(project, contract, options)
  const config = processConfig()
  const onReply = (chunk: Uint8Array) => void process.stdout.write(chunk)
  const isStream = !json && contract.kind === 'endpoint' && usualReply(contract).stream !== undefined
  const result = await invokeFunction(contract, request, {
    ...{ project, config, caller, signal: interruptSignal() },
    ...(isStream ? { onReply } : {}),
  })
  printLine(json ? formatJson(name, result) : formatText(result, shownHeaders(contract)))
  if (result.status >= 500) process.exitCode = 1
}

/** Aborts on Ctrl-C, so that the started function is stopped first. */
function interruptSignal(): AbortSignal {
  const interrupted = new AbortController()
  onInterrupt(() => interrupted.abort(new ConfigError('stopped before there was a response')))
  return interrupted.signal
}

interface InvokeArguments {
  /** The function. */
  readonly name: string
  readonly json: boolean
  /** A file, or - for stdin. */
  readonly event: string | undefined
  readonly data: unknown
  /** A file, or - for stdin. */
  readonly bodyFile: string | undefined
  readonly type: string | undefined
  /** A role of domain/roles.ts, or any other subject. */
  readonly as: string | undefined
  readonly scopes: readonly string[]
  readonly tenant: string | undefined
}

/** Makes the request: a subscriber takes --data or --event, any other function --data. */
async function readRequest(
  contract: FunctionContract,
  { event, data, bodyFile, type }: InvokeArguments,
): Promise<InvokedRequest> {
  if (bodyFile !== undefined) return fileRequest(contract, { data, bodyFile, type })
  if (event !== undefined && data !== undefined) throw new ConfigError('give --event or --data, not both')
  if (event === undefined) return functionRequest(contract, data)
  if (!isReceiver(contract)) throw new ConfigError(`${contract.name} is no subscriber; give it --data`)
  const read = event === '-' ? readAll(process.stdin) : readFile(event, 'utf8')
  return eventRequest(contract, parseJson(await read, '--event'))
}

interface FileOptions extends Pick<InvokeArguments, 'data' | 'type'> {
  readonly bodyFile: string
}

/** A request whose body is a file; what --data has goes into path and query. */
function fileRequest(contract: FunctionContract, { data, bodyFile, type }: FileOptions): InvokedRequest {
  const body = contract.kind === 'endpoint' ? streamedBodyOf(contract) : undefined
  if (body?.kind !== 'stream') throw new ConfigError(`${contract.name} takes no streamed body; leave --body-file out`)
  const request = functionRequest(contract, data)
  const file = bodyFile === '-' ? process.stdin : createReadStream(bodyFile)
  return {
    ...request,
    headers: { ...request.headers, 'content-type': type ?? concreteType(body.type) },
    // The same class: Node types its own apart from the standard's.
    body: Readable.toWeb(file) as ReadableStream<Uint8Array>,
  }
}

/** The caller. Default: one with the scopes of the contract; roles and people have their own scopes, and --scopes adds to them. */
async function readCaller(project: string, contract: FunctionContract, options: InvokeArguments) {
  const { as: subject, scopes, tenant: given } = options
  const withinTenant = (own?: string) => {
    const tenant = given ?? own ?? (hasTenancy(contract) ? 'invoke' : undefined)
    return tenant === undefined ? {} : { tenant }
  }
  const listed = scopes.flatMap((list) => list.split(',')).filter((scope) => scope !== '')
  if (contract.kind !== 'endpoint') {
    const caller = isReceiver(contract) ? { sub: 'relay', scopes: [], ...withinTenant() } : GATEWAY_IDENTITY
    if (subject === undefined && scopes.length === 0) return caller
    throw new ConfigError(`only the ${caller.sub} calls ${contract.name}: leave --as and --scopes out`)
  }
  if (subject === undefined)
    return { sub: 'invoke', scopes: scopes.length > 0 ? listed : (contract.access.scopes ?? []), ...withinTenant() }
  const roles = await readRoles(project)
  const people = await readPeople(project, roles)
  const person = Object.hasOwn(people, subject) ? people[subject] : undefined
  const granted = Object.hasOwn(roles, subject) ? roles[subject] : person && scopesOf({ roles, people }, subject)
  return {
    ...{ sub: subject, scopes: [...(granted ?? []), ...listed], ...withinTenant(person?.tenant) },
    ...(person ? { roles: person.roles } : {}),
  }
}

function readTenant(text: string): string {
  if (isTenant(text)) return text
  throw new ConfigError('--tenant must be 1 to 63 of letters, digits and . _ -, and begin with a letter or a digit')
}

function parseJson(json: string, option: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new ConfigError(`${option} is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** Formats the result as one JSON object. */
function formatJson(name: string, result: InvocationResult): string {
  const { body: _text, ...rest } = result
  return printable(JSON.stringify({ function: name, ...rest, reply: parseBody(result) }, undefined, 2))
}

/** The headers that a handler decides about. */
const shownHeaders = (contract: FunctionContract): readonly string[] => [
  ...['location', 'etag', 'set-cookie'],
  ...(contract.kind === 'endpoint' ? (describeEndpoint(contract).replyHeaders ?? []) : []),
]

/** Formats the result for people: status and times, the reply, and the function's log. */
function formatText(result: InvocationResult, shown: readonly string[]): string {
  const { status, headers, durationMs, coldStartMs, log } = result
  const colour = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
  const reply = parseBody(result)
  const dim = (text: string) => paint('dim', text)
  return [
    `${paint(colour, String(status))}  ${dim(`answered in ${durationMs} ms, after a cold start of ${coldStartMs} ms`)}`,
    ...shown.flatMap((name) => (headers[name] ? [printable(`${name}: ${headers[name]}`)] : [])),
    ...(reply === undefined ? [] : [printable(JSON.stringify(reply, undefined, 2))]),
    ...log.map((line) => dim(printable(line.level === 'text' ? String(line.msg) : JSON.stringify(line)))),
  ].join('\n')
}

/** The body as JSON if it is JSON, else as text; undefined if empty. */
function parseBody({ body }: InvocationResult): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body === '' ? undefined : body
  }
}
