import { Pool } from 'undici'
import type { Answered } from './load.ts'
import type { Subject } from './subject.ts'

/** Asks over so many connections, each again as soon as it is answered. */
export async function loadWithUndici(
  origin: string,
  { request, expectStatus }: Subject,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Answered> {
  const { method, path, headers, body } = request()
  const pool = new Pool(origin, { connections, headersTimeout: 10_000, bodyTimeout: 10_000 })
  const ask = () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    pool.dispatch(
      { method, path, headers, ...(body ? { body } : {}) },
      {
        onRequestStart() {},
        onResponseStart(_controller, status) {
          if (status !== expectStatus) reject(new Error(`${origin}${path} answered ${status}`))
        },
        onResponseData() {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    )
    return promise
  }
  let requests = 0
  const startedAt = performance.now()
  const until = startedAt + seconds * 1_000
  const connection = async () => {
    while (performance.now() < until) {
      await ask()
      requests++
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, connection))
    return { requests, seconds: (performance.now() - startedAt) / 1_000 }
  } finally {
    await pool.destroy()
  }
}
