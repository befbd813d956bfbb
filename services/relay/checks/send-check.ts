import { randomUUID } from 'node:crypto'
import type { Config, Log } from 'ebb/kernel'
import { liveSetting } from 'ebb/kernel'
import { CHECK_CORRELATION } from 'ebb/protocol'
import { Agent } from 'undici'
import type { DescribedCheck } from '../../../src/contract/describe-synthetic-check.ts'
import type { Method } from '../../../src/contract/endpoint-shape.ts'
import { attempt } from '../../../src/data/http-client/attempt.ts'

/** More than a reply that names what was written has to say. */
const MAX_BYTES = 4 * 1024 * 1024

/** A request as a caller would send it. */
export interface CheckRequest {
  readonly method: Method
  /** Path and query. */
  readonly target: string
  readonly body?: string | undefined
  readonly idempotencyKey?: string | undefined
  readonly timeoutMs: number
}

/** What was answered. */
export interface CheckAnswer {
  /** Undefined where nothing was; then `error` says why. */
  readonly status?: number
  readonly error?: string
  /** The body, where it is JSON. */
  readonly json?: unknown
  readonly durationMs: number
  readonly correlationId: string
}

/** Sends a request to the gateway's public address. Resolves to whatever comes of it; rejects where the signal aborts. */
export type SendCheck = (request: CheckRequest, signal: AbortSignal) => Promise<CheckAnswer>

/** Opens the way to EBB_CHECKS_URL, by which checks come as callers do. Redirects are not followed. */
export function openCheckSender(base: string, config: Config, log: Log) {
  const key = liveSetting(config, 'EBB_CHECKS_KEY', log)
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const prefix = new URL(base).pathname.replace(/\/$/, '')
  const send: SendCheck = async ({ method, target, body, idempotencyKey, timeoutMs }, signal) => {
    const startedAt = performance.now()
    const correlationId = `${CHECK_CORRELATION}${randomUUID()}`
    const apiKey = key.current()
    const headers = {
      ...{ 'x-correlation-id': correlationId, 'user-agent': 'ebb-check', 'accept-encoding': 'identity' },
      ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    }
    const request = { method, url: new URL(prefix + target, base), headers, body: body ?? null }
    const sent = await attempt(agent, request, { timeoutMs, maxBytes: MAX_BYTES, signal })
    const measured = { durationMs: Math.round(performance.now() - startedAt), correlationId }
    if (sent.code === 'aborted') throw sent.cause
    if (sent.code !== 'response') return { ...measured, error: describe(sent.code, timeoutMs) }
    return { ...measured, status: sent.response.status, json: parse(sent.response.bytes) }
  }
  return { send, close: () => agent.destroy() }
}

const describe = (code: string, timeoutMs: number) =>
  code === 'timeout'
    ? `it did not answer within ${timeoutMs} ms`
    : code === 'too_large'
      ? 'its reply is too large'
      : 'it cannot be reached'

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

/** What is wrong with an answer, in one sentence; null where it is as the example says. */
export function findFault(
  { status, error, json }: CheckAnswer,
  expected: Pick<DescribedCheck, 'status'>,
): string | null {
  if (status === undefined) return error ?? 'it did not answer'
  if (status === expected.status) return null
  const { error: code } = Object(json) as { readonly error?: unknown }
  const named = typeof code === 'string' && /^[a-z][a-z0-9_]{0,60}$/.test(code) ? ` (${code})` : ''
  return `it answered ${status}${named} in place of ${expected.status}`
}
