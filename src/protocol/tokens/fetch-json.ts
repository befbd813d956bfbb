import { startTimeout } from '../../kernel/promises.ts'
import { readAtMost } from '../read-at-most.ts'

const TIMEOUT_MS = 5_000
/** Of a key set or a document about an issuer; those of large issuers have some 20 KB. */
const MAX_BYTES = 256 * 1024

export interface FetchedJson {
  readonly value: unknown
  /** By `Cache-Control`; undefined where it says nothing. */
  readonly maxAgeSeconds: number | undefined
}

/** An answer other than 200. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly status: number

  constructor(url: string, status: number) {
    super(`${url} answered ${status}`)
    this.status = status
  }
}

/** Fetches JSON of an issuer: no redirect is followed, and neither time nor size is without limit. */
export async function fetchJson(
  url: string,
  init: Pick<RequestInit, 'method' | 'headers' | 'body'> = {},
): Promise<FetchedJson> {
  const controller = new AbortController()
  const stop = startTimeout(TIMEOUT_MS, () =>
    controller.abort(new Error(`${url} did not answer within ${TIMEOUT_MS} ms`)),
  )
  try {
    return await fetchWithSignal(url, init, controller.signal)
  } finally {
    stop()
  }
}

async function fetchWithSignal(
  url: string,
  init: Pick<RequestInit, 'method' | 'headers' | 'body'>,
  signal: AbortSignal,
): Promise<FetchedJson> {
  const headers = { accept: 'application/json', ...init.headers }
  const response = await fetch(url, { ...init, headers, redirect: 'manual', signal })
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel()
    throw new StatusError(url, response.status)
  }
  const { bytes, isWhole, error } = await readAtMost(response.body, MAX_BYTES)
  if (!isWhole) throw new Error(`${url} answered more than ${MAX_BYTES} bytes, or broke off`, { cause: error })
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/.exec(response.headers.get('cache-control') ?? '')?.[1]
  return {
    value: JSON.parse(Buffer.from(bytes).toString('utf8')),
    maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge),
  }
}
