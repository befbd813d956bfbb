import { readFile } from 'node:fs/promises'
import { text as readAll } from 'node:stream/consumers'
import type { AnyContract } from '../../contract/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { readRoles } from '../roles.ts'
import { endpointRequest, eventRequest, type FunctionRequest } from './to-request.ts'

/** What the command line says about a request. */
export interface InvokeWords {
  /** A file, or - for stdin. */
  readonly event?: string | undefined
  readonly data?: string | undefined
  /** A role of domain/roles.ts, or anybody else's name. */
  readonly as?: string | undefined
  readonly scopes?: readonly string[] | undefined
}

/** The request that is meant: an endpoint takes --data, a subscriber either. */
export async function readRequest(contract: AnyContract, { event, data }: InvokeWords): Promise<FunctionRequest> {
  if (event !== undefined && data !== undefined) throw new ConfigFault('give --event or --data, not both')
  const given = data === undefined ? undefined : parseJson(data, '--data')
  if (contract.kind === 'endpoint') {
    if (event !== undefined) throw new ConfigFault(`${contract.name} is an endpoint; give it --data`)
    return endpointRequest(contract, given)
  }
  if (event === undefined) return eventRequest(contract, given)
  const read = event === '-' ? readAll(process.stdin) : readFile(event, 'utf8')
  return eventRequest(contract, parseJson(await read, '--event'))
}

/** Who is meant to call: somebody who may, unless told; a role has its scopes, and --scopes are added to them. */
export async function readCaller(root: string, contract: AnyContract, { as: who, scopes }: InvokeWords) {
  const listed = scopes?.flatMap((some) => some.split(',')).filter((scope) => scope !== '')
  if (contract.kind === 'subscriber') {
    if (who !== undefined || listed) throw new ConfigFault('events come from the relay: leave --as and --scopes out')
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
    throw new ConfigFault(`${option} is no JSON: ${cause instanceof Error ? cause.message : cause}`, { cause })
  }
}
