import { createClient } from 'ebb/client'
import createUser from '../project/functions/create-user/contract.ts'
import getUser from '../project/functions/get-user/contract.ts'
import type { Ready } from '../support/ebb.ts'

/** How a caller keeps the position of its last write. */
export type Keeper = 'client' | 'browser' | 'nobody'

interface CheckOptions {
  readonly checks: number
  readonly callers: number
  readonly keepers: readonly Keeper[]
  readonly onProgress?: (done: number, stale: number) => void
}

/** What came of it: each check is a write, and a read of what was written as soon as its response is there. */
export interface Checked {
  readonly checks: number
  readonly stale: number
  /** Anything but the row or its absence. */
  readonly failed: readonly string[]
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Callers write and read side by side, each after the other. */
export async function checkOwnWrites(
  { url, keys }: Pick<Ready, 'url' | 'keys'>,
  { checks, callers, keepers, onProgress = () => {} }: CheckOptions,
): Promise<Checked> {
  const key = keys.merchant ?? ''
  let [begun, done, stale] = [0, 0, 0]
  const failed: string[] = []
  const readMs: number[] = []
  const run = crypto.randomUUID()
  const call = async (i: number) => {
    const caller = createCaller(keepers[i % keepers.length] ?? 'client', { url, key })
    while (begun < checks) {
      const email = `${run}-${begun++}@example.com`
      const written = await caller.write(email)
      if (written.id === undefined) failed.push(`write ${written.status}`)
      else {
        const at = performance.now()
        const { status, email: found } = await caller.read(written.id)
        readMs.push(performance.now() - at)
        if (status === 404) stale++
        else if (status !== 200 || found !== email) failed.push(`read ${status}`)
      }
      onProgress(++done, stale)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, i) => call(i)))
  readMs.sort((a, b) => a - b)
  const quantile = (q: number) => Math.round((readMs[Math.floor(q * (readMs.length - 1))] ?? 0) * 10) / 10
  return { checks: done, stale, failed, p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
}

interface Written {
  readonly status: number | undefined
  readonly id?: string | undefined
}

interface Caller {
  readonly write: (email: string) => Promise<Written>
  readonly read: (id: string) => Promise<{ readonly status: number | undefined; readonly email?: string | undefined }>
}

const createCaller = (keeper: Keeper, options: { readonly url: string; readonly key: string }): Caller =>
  keeper === 'client' ? createTyped(options) : createPlain({ ...options, keepsCookies: keeper === 'browser' })

function createTyped({ url, key }: { readonly url: string; readonly key: string }): Caller {
  const client = createClient({ createUser, getUser }, { baseUrl: url, key, retries: 0 })
  return {
    write: async (email) => {
      const result = await client.createUser({ body: { email, name: 'Ada' } })
      return { status: result.status, id: result.ok ? result.data.id : undefined }
    },
    read: async (id) => {
      const result = await client.getUser({ params: { id } })
      return { status: result.status, email: result.ok ? result.data.email : undefined }
    },
  }
}

/** As a browser: it names its origin, and brings back the cookies that it was given. */
function createPlain({ url, key, keepsCookies }: { url: string; key: string; keepsCookies: boolean }): Caller {
  let cookie: string | undefined
  const send = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        ...{ 'x-api-key': key, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
        ...(keepsCookies ? { origin: 'http://localhost:3000' } : {}),
        ...(cookie === undefined ? {} : { cookie }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const [given] = response.headers.getSetCookie()
    if (keepsCookies && given !== undefined) cookie = given.split(';', 1)[0]
    const { id, email } = Object(await response.json()) as { readonly id?: string; readonly email?: string }
    return { status: response.status, id, email }
  }
  return {
    write: (email) => send('POST', '/v1/users', { email, name: 'Ada' }),
    read: (id) => send('GET', `/v1/users/${id}`),
  }
}
