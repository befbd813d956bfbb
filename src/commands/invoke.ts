import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import { parseArgs, styleText } from 'node:util'
import type { AnyContract } from '../contract/index.ts'
import { importContract, readRoles } from '../deploy/import-sources.ts'
import { findFunctions } from '../deploy/index.ts'
import { endpointRequest, eventRequest, type FunctionRequest } from '../deploy/sample/sample-request.ts'
import { printable } from '../dev/report.ts'
import { ConfigError, processConfig } from '../kernel/index.ts'
import { type Command, usageError } from './command.ts'
import { type InvocationResult, invokeFunction } from './invoke-function.ts'

const text = { type: 'string' } as const
const OPTIONS = {
  ...{ event: text, data: text, as: text },
  scopes: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const

export const invokeCommand: Command = {
  usage: [
    'invoke ENDPOINT [--data JSON] [--as ROLE|SUBJECT] [--scopes SCOPE,…] [--json]',
    'invoke SUBSCRIBER [--event FILE|- | --data JSON] [--json]',
  ],
  description:
    'run one function once, without the gateway, on the database of the Ebb that runs here; its effects are real',
  run: async (root, args) => {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [name] = positionals
    if (!name || positionals.length > 1) throw usageError(invokeCommand)
    const names = await findFunctions(root)
    if (!names.includes(name)) throw new ConfigError(`there is no function ${name}; there are ${names.join(', ')}`)
    const contract = await importContract(root, name)
    const request = await readRequest(contract, values)
    const caller = await readCaller(root, contract, values)
    const config = processConfig()
    const invoked = await invokeFunction(contract, request, { root, config, caller, signal: interruption() })
    process.stdout.write(`${values.json ? formatJson(name, invoked) : formatText(invoked)}\n`)
    if (invoked.status >= 500) process.exitCode = 1
  },
}

/** Aborts on Ctrl-C, so that the started function is stopped first. */
function interruption(): AbortSignal {
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stopped.abort(new ConfigError('stopped before there was an answer')))
  }
  return stopped.signal
}

/** The options that describe a request. */
export interface InvokeArguments {
  /** A file, or - for stdin. */
  readonly event?: string | undefined
  readonly data?: string | undefined
  /** A role of domain/roles.ts, or any other subject. */
  readonly as?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

/** Makes the request: an endpoint takes --data, a subscriber --data or --event. */
export async function readRequest(contract: AnyContract, { event, data }: InvokeArguments): Promise<FunctionRequest> {
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

/** The caller. Default: one with the scopes that the contract asks for; a role has its own scopes, and --scopes adds to them. */
export async function readCaller(root: string, contract: AnyContract, { as: who, scopes }: InvokeArguments) {
  const listed = scopes?.flatMap((some) => some.split(',')).filter((scope) => scope !== '')
  if (contract.kind === 'subscriber') {
    if (who !== undefined || listed) throw new ConfigError('events come from the relay: leave --as and --scopes out')
    return { sub: 'relay', scopes: [] }
  }
  if (who === undefined) return { sub: 'invoke', scopes: listed ?? contract.access.scopes ?? [] }
  const roles = await readRoles(root)
  const granted = Object.hasOwn(roles, who) ? roles[who] : undefined
  return { sub: who, scopes: [...(granted ?? []), ...(listed ?? [])] }
}

function parseJson(json: string, option: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new ConfigError(`${option} is no JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}

/** Formats the result as one JSON object. */
export function formatJson(name: string, invoked: InvocationResult): string {
  const { body: _text, ...rest } = invoked
  return printable(JSON.stringify({ function: name, ...rest, reply: replyOf(invoked) }, undefined, 2))
}

/** Formats the result for people: status and times, the reply, and the function's log. */
export function formatText(invoked: InvocationResult): string {
  const { status, headers, durationMs, coldStartMs, log } = invoked
  const colour = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
  const reply = replyOf(invoked)
  const dim = (line: string) => styleText('dim', line)
  return [
    `${styleText(colour, String(status))}  ${dim(`answered in ${durationMs} ms, after a cold start of ${coldStartMs} ms`)}`,
    ...(headers.location ? [printable(`location: ${headers.location}`)] : []),
    ...(reply === undefined ? [] : [printable(JSON.stringify(reply, undefined, 2))]),
    ...log.map((said) => dim(printable(said.level === 'text' ? String(said.msg) : JSON.stringify(said)))),
  ].join('\n')
}

/** The body as JSON if it is JSON, else as text; undefined if empty. */
function replyOf({ body }: InvocationResult): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body === '' ? undefined : body
  }
}
