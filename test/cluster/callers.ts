import { randomUUID } from 'node:crypto'
import type { Context } from './context.ts'

export interface Caller {
  readonly subject: string
  /** A request through the gateway; never throws for a status. */
  readonly call: (method: string, path: string, init?: CallOptions) => Promise<Response>
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as it is, in its place. */
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly limitMs?: number
}

const SCOPES = ['conformance:write', 'conformance:read', 'conformance:hold']

/** A caller with an API key, made through the admin port. */
export async function newCaller(context: Context, subject = `e2e.${randomUUID()}`): Promise<Caller> {
  const { token } = await callAdmin<{ token: string }>(context, '/v1/keys', { subject, scopes: SCOPES })
  return callerWith(await context.gateway(), token, subject)
}

/** A caller with an API key or an access token. */
export function callerWith(gateway: string, token: string, subject: string): Caller {
  return {
    subject,
    call: (method, path, { body, text = body === undefined ? undefined : JSON.stringify(body), ...init } = {}) =>
      fetch(new URL(path, gateway), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...init.headers,
        },
        ...(text === undefined ? {} : { body: text }),
        signal: AbortSignal.timeout(init.limitMs ?? 60_000),
      }),
  }
}

/** A call to the admin port; once more where its port-forward broke. */
export async function callAdmin<Answer>(context: Context, path: string, body?: unknown): Promise<Answer> {
  const { kubectl, options } = context
  const key = await kubectl.secret(`${options.release}-gateway`, 'admin-key')
  const url = new URL(path, await context.admin())
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const once = () =>
    fetch(url, {
      headers,
      signal: AbortSignal.timeout(20_000),
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    })
  const response = await atMost(40, once)
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  // The admin API of this checkout.
  return (await response.json()) as Answer
}

async function atMost(times: number, once: () => Promise<Response>): Promise<Response> {
  try {
    return await once()
  } catch (error) {
    if (times <= 1) throw error
    await new Promise((resolve) => setTimeout(resolve, 500))
    return atMost(times - 1, once)
  }
}

/** The name of a batch that nothing was written into. */
export const newBatch = (): string => `E2E-${randomUUID().toUpperCase()}`

/** Writes an entry into a batch. */
export const writeEntry = (caller: Caller, batch: string, options: CallOptions = {}) =>
  caller.call('POST', '/v1/conformance/entries', {
    body: { batch, quantity: 1, email: 'e2e@example.com' },
    ...options,
    headers: { 'idempotency-key': randomUUID(), ...options.headers },
  })
