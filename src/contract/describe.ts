import * as z from 'zod'
import { SCALE, TIMEOUT_MS } from './deployment.ts'
import type { EndpointContract, Method } from './endpoint.ts'
import type { SubscriberContract } from './subscriber.ts'
import type { WarmWindow } from './warm-windows.ts'

/** A contract as plain data with its defaults resolved: what gateway, relay, runner and renderers read. */
export interface Route {
  readonly kind: 'endpoint'
  readonly name: string
  readonly summary: string
  readonly method: Method
  readonly path: string
  readonly scopes: readonly string[]
  readonly owner: boolean
  readonly anonymous: boolean
  readonly idempotent: boolean
  readonly async: boolean
  readonly readOnly: boolean
  readonly hasBody: boolean
  readonly maxBodyBytes: number
  /** The request headers that the contract names, in lower case. */
  readonly headers: readonly string[]
  readonly limit?: Limit
  /** The first example's body, for people to begin with. */
  readonly exampleBody?: unknown
  readonly timeoutMs: number
  readonly scale: Scale
  readonly secrets: readonly string[]
  readonly emits: readonly string[]
}

export interface Subscription {
  readonly kind: 'subscriber'
  readonly name: string
  readonly summary: string
  readonly on: string
  readonly retry: { readonly attempts: number; readonly minDelayMs: number; readonly maxDelayMs: number }
  readonly timeoutMs: number
  readonly scale: Scale
  readonly secrets: readonly string[]
  readonly emits: readonly string[]
}

/** `requests` in `perSeconds` on average, `burst` at once; each whole and at least 1. */
export interface Limit {
  readonly requests: number
  readonly perSeconds: number
  readonly burst: number
}

export interface Scale {
  readonly max: number
  readonly concurrency: number
  readonly warm?: readonly WarmWindow[]
}

export type AnyContract = EndpointContract | SubscriberContract

const MAX_BODY_BYTES = 1024 * 1024

export function describeEndpoint(contract: EndpointContract): Route {
  const { access, body, headers, limit, examples = {} } = contract
  const exampleBody = Object.values(examples).find((example) => example.body !== undefined)?.body
  return {
    ...describeCommon(contract),
    kind: 'endpoint',
    method: contract.method,
    path: contract.path,
    scopes: access.scopes ?? [],
    owner: access.owner ?? false,
    anonymous: access.anonymous ?? false,
    idempotent: contract.idempotent ?? false,
    async: contract.async ?? false,
    readOnly: contract.method === 'GET' || (contract.reads ?? false),
    hasBody: body instanceof z.ZodType,
    maxBodyBytes: MAX_BODY_BYTES,
    headers: Object.keys(headers?.shape ?? {}),
    ...(limit ? { limit: { ...limit, burst: limit.burst ?? limit.requests } } : {}),
    ...(exampleBody === undefined ? {} : { exampleBody }),
  }
}

export function describeSubscriber(contract: SubscriberContract): Subscription {
  const { attempts = 10, minDelayMs = 1_000, maxDelayMs = Math.max(300_000, minDelayMs) } = contract.retry ?? {}
  return {
    ...describeCommon(contract),
    kind: 'subscriber',
    on: contract.on.type,
    retry: { attempts, minDelayMs, maxDelayMs },
  }
}

function describeCommon({ name, summary, timeoutMs = TIMEOUT_MS, scale, secrets = [], emits = {} }: AnyContract) {
  const { max = SCALE.max, concurrency = SCALE.concurrency, warm } = scale ?? {}
  const scaling = { max, concurrency, ...(warm ? { warm } : {}) }
  return { name, summary, timeoutMs, scale: scaling, secrets, emits: Object.keys(emits) }
}
