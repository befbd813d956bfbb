import { type GatewayContext, routeOf } from './context.ts'

/** How a caller would have its request answered (RFC 7240). */
export interface Preferences {
  /** `respond-async`, where the endpoint offers that. */
  readonly async: boolean
  /** `wait`, at most `MAX_WAIT_SECONDS`; undefined where it is not given, or no number. */
  readonly waitSeconds: number | undefined
}

/** The longest that a gateway waits for a call: shorter than proxies in front of it wait for a response. */
export const MAX_WAIT_SECONDS = 30

const QUOTED_STRING = /"(?:[^"\\]|\\.)*"/g

/** Reads the header Prefer: of preferences that are given twice, the first one counts. */
export function preferencesOf(context: GatewayContext): Preferences {
  const prefer = context.headers.prefer?.join() ?? ''
  if (prefer === '') return NONE
  const given = new Map<string, string>()
  for (const preference of prefer.replaceAll(QUOTED_STRING, '').split(',')) {
    const [name = '', value = ''] = (preference.split(';', 1)[0] ?? '').split('=').map((part) => part.trim())
    if (!given.has(name.toLowerCase())) given.set(name.toLowerCase(), value)
  }
  const wait = given.get('wait') ?? ''
  return {
    async: given.has('respond-async') && routeOf(context).async,
    waitSeconds: /^\d+$/.test(wait) ? Math.min(Number(wait), MAX_WAIT_SECONDS) : undefined,
  }
}

const NONE: Preferences = { async: false, waitSeconds: undefined }

/** Whether the caller of an `async` endpoint sends `Prefer: respond-async`. */
export const prefersAsync = (context: GatewayContext): boolean => preferencesOf(context).async
