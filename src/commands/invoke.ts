import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { parseArgs, styleText } from 'node:util'
import type { AnyContract } from '../contract/index.ts'
import { importContract, readRoles } from '../deploy/import-sources.ts'
import { findFunctions } from '../deploy/index.ts'
import { endpointRequest, eventRequest, type FunctionRequest } from '../deploy/sample/sample-request.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import { type Command, flag, onInterrupt, printLine, text, usageError } from './command.ts'
import { type InvocationResult, invokeFunction } from './invoke-function.ts'

const OPTIONS = {
  ...{ event: text, data: text, as: text },
  scopes: { ...text, multiple: true },
  json: flag,
} as const

export const invokeCommand: Command = {
  usage: [
    'invoke ENDPOINT [--data JSON] [--as ROLE|SUBJECT] [--scopes SCOPE,…] [--json]',
    'invoke SUBSCRIBER [--event FILE|- | --data JSON] [--json]',
  ],
  description: 'run one function once, without the gateway, on the database of the running Ebb; its effects are real',
  run: async (project, args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [name] = positionals
    if (!name || positionals.length > 1) throw usageError(invokeCommand)
    const names = await findFunctions(project)
    if (!names.includes(name)) throw new ConfigError(`there is no function ${name}; there are ${names.join(', ')}`)
    const contract = await importContract(project, name)
    const request = await readRequest(contract, values)
    const caller = await readCaller(project, contract, values)
    const config = processConfig()
    const result = await invokeFunction(contract, request, { project, config, caller, signal: interruptSignal() })
    printLine(values.json ? formatJson(name, result) : formatText(result))
    if (result.status >= 500) process.exitCode = 1
  },
}

/** Aborts on Ctrl-C, so that the started function is stopped first. */
function interruptSignal(): AbortSignal {
  const interrupted = new AbortController()
  onInterrupt(() => interrupted.abort(new ConfigError('stopped before there was a response')))
  return interrupted.signal
}

/** The options that describe a request. */
interface InvokeArguments {
  /** A file, or - for stdin. */
  readonly event?: string | undefined
  readonly data?: string | undefined
  /** A role of domain/roles.ts, or any other subject. */
  readonly as?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

/** Makes the request: an endpoint takes --data, a subscriber --data or --event. */
async function readRequest(contract: AnyContract, { event, data }: InvokeArguments): Promise<FunctionRequest> {
  if (event !== undefined && data !== undefined) throw new ConfigError('give --event or --data, not both')
  const given = data === undefined ? undefined : parseJson(data, '--data')
  if (contract.kind === 'endpoint') {
    if (event !== undefined) throw new ConfigError(`${contract.name} is an endpoint; give it --data`)
    return endpointRequest(contract, given)
  }
  if (event === undefined) return eventRequest(contract, given)
  const read = event === '-' ? readAll(process.stdin) : readFile(event, 'utf8')
  return eventRequest(contract, parseJson(await read, '--event'))
}

/** The caller. Default: one with the scopes of the contract; a role has its own scopes, and --scopes adds to them. */
async function readCaller(project: string, contract: AnyContract, { as: subject, scopes }: InvokeArguments) {
  const listed = scopes?.flatMap((list) => list.split(',')).filter((scope) => scope !== '')
  if (contract.kind === 'subscriber') {
    if (subject !== undefined || listed)
      throw new ConfigError('events come from the relay: leave --as and --scopes out')
    return { sub: 'relay', scopes: [] }
  }
  if (subject === undefined) return { sub: 'invoke', scopes: listed ?? contract.access.scopes ?? [] }
  const roles = await readRoles(project)
  const granted = Object.hasOwn(roles, subject) ? roles[subject] : undefined
  return { sub: subject, scopes: [...(granted ?? []), ...(listed ?? [])] }
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

/** Formats the result for people: status and times, the reply, and the function's log. */
function formatText(result: InvocationResult): string {
  const { status, headers, durationMs, coldStartMs, log } = result
  const colour = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
  const reply = parseBody(result)
  const dim = (text: string) => styleText('dim', text)
  return [
    `${styleText(colour, String(status))}  ${dim(`answered in ${durationMs} ms, after a cold start of ${coldStartMs} ms`)}`,
    ...(headers.location ? [printable(`location: ${headers.location}`)] : []),
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
