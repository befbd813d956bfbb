import fc from 'fast-check'
import { Pool } from 'undici'
import { anyMove, type Move } from './any-move.ts'
import type { MadeFor } from './echo.ts'

export interface LeakCaller {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly sub: string
  readonly tenant: string | null
  readonly scopes: readonly string[]
}

export interface LeakRoute {
  /** What comes before the id. */
  readonly prefix: string
  readonly name: string
  readonly shared: boolean
  /** Whether replies differ by accept-language. */
  readonly varies: boolean
  readonly anonymous: boolean
}

export interface LeakWorld {
  readonly urls: readonly string[]
  readonly callers: readonly LeakCaller[]
  readonly routes: readonly LeakRoute[]
  readonly purge: (purge: Readonly<Record<string, string>>) => Promise<void>
}

export interface LeakReport {
  readonly requests: number
  /** By what Cache-Status says: hit, collapsed, fwd. */
  readonly outcomes: ReadonlyMap<string, number>
  readonly statuses: ReadonlyMap<number, number>
  readonly leaks: readonly string[]
}

/** So many at a time, that they meet in the cache and on their way to the function. */
const AT_A_TIME = 50

/** Makes so many moves, and reports each answer that was made for somebody else, or for something else than was asked for. */
export async function runLeaks(
  { urls, callers, routes, purge }: LeakWorld,
  { requests, seed }: { readonly requests: number; readonly seed: number },
): Promise<LeakReport> {
  const pools = urls.map((url) => new Pool(url, { connections: AT_A_TIME }))
  const [outcomes, statuses] = [new Map<string, number>(), new Map<number, number>()]
  const leaks: string[] = []
  const lastTags = new Map<string, string>()
  let made = 0

  const move = async (move: Move): Promise<void> => {
    if (move.kind === 'purge') {
      const route = routes[move.route] as LeakRoute
      const { id, by } = move
      const value = { tag: `thing:${id}`, route: route.name, url: `${route.prefix}/${id}` }[by]
      return purge({ [by]: value })
    }
    const caller = callers[move.caller] as LeakCaller
    const pool = pools[move.gateway] as Pool
    made++
    if (move.kind === 'write') {
      const { body } = await pool.request({
        method: 'PUT',
        path: `/v1/get-shared-plain-open/${move.id}`,
        headers: caller.headers,
      })
      return body.dump()
    }
    const { method, id, query, language, headers, revalidates } = move.read
    const route = routes[move.read.route] as LeakRoute
    const path = `${route.prefix}/${id}${query}`
    const mine = `${caller.name} ${path}`
    const etag = revalidates === 'no' ? undefined : lastTags.get(revalidates === 'own' ? mine : `any ${path}`)
    const sent = {
      ...{ ...caller.headers, ...headers },
      ...(language === undefined ? {} : { 'accept-language': language }),
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
    }
    const response = await pool.request({ method, path, headers: sent })
    const text = await response.body.text()
    const answer = { status: response.statusCode, headers: response.headers, text }
    count(statuses, answer.status)
    count(outcomes, outcomeOf(String(answer.headers['cache-status'] ?? '')))
    const fault = findLeak({ caller, route, path, query, language, method }, answer)
    if (fault) leaks.push(`${mine} (${JSON.stringify(sent)}): ${fault}`)
    if (typeof answer.headers.etag === 'string') {
      lastTags.set(mine, answer.headers.etag)
      lastTags.set(`any ${path}`, answer.headers.etag)
    }
  }

  const sizes = { callers: callers.length, gateways: urls.length, routes: routes.length }
  const moves = fc.array(anyMove(sizes), { minLength: AT_A_TIME, maxLength: AT_A_TIME })
  const check = async (batch: readonly Move[]) => {
    await Promise.all(batch.map(move))
    if (leaks.length > 0) throw new Error('there is a leak')
  }
  try {
    // What is stored is not there any more when it shrinks.
    const options = { numRuns: Math.ceil(requests / AT_A_TIME / 0.98), seed, endOnFailure: true }
    await fc.assert(fc.asyncProperty(moves, check), options)
  } catch (error) {
    // The whole batch would be shown.
    if (leaks.length === 0) throw error
  } finally {
    await Promise.all(pools.map((pool) => pool.close()))
  }
  return { requests: made, outcomes, statuses, leaks }
}

interface Asked {
  readonly caller: LeakCaller
  readonly route: LeakRoute
  readonly path: string
  readonly query: string
  readonly language: string | undefined
  readonly method: string
}

interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** What an answer has that was not made for whom, or what, it answers; undefined where there is nothing. */
function findLeak({ caller, route, path, query, language, method }: Asked, answer: Answered): string | undefined {
  const { status, headers, text } = answer
  // What the platform says has nothing of any caller's; nor has a 304, whose tag the caller has sent.
  if (status >= 500 || status === 304 || (status === 401 && !route.anonymous)) return undefined
  if (status >= 400) return `${status} ${text}`
  const cookie = headers['set-cookie']
  if (cookie !== undefined && String(cookie) !== `session=${caller.sub}-${caller.tenant}`) return `the cookie ${cookie}`
  const inBody = status === 200 && method === 'GET' ? (JSON.parse(text) as { madeFor: MadeFor }).madeFor : undefined
  const inHeader =
    headers['x-made-for'] === undefined ? undefined : (JSON.parse(String(headers['x-made-for'])) as MadeFor)
  if (!inBody && !inHeader) return status === 206 ? undefined : `${status} without a word for whom`
  for (const made of [inBody, inHeader]) {
    if (!made) continue
    const isOf =
      made.tenant === caller.tenant &&
      (route.shared || (made.sub === caller.sub && made.scopes.join() === caller.scopes.join()))
    if (!isOf) return `made for ${JSON.stringify(made)}`
    if (made.path + (query === '?' ? query : made.query) !== path) return `made for the path ${made.path}${made.query}`
    if (route.varies && made.language !== (language ?? null)) return `made for the language ${made.language}`
  }
  return undefined
}

const count = <Key>(counts: Map<Key, number>, key: Key) => counts.set(key, (counts.get(key) ?? 0) + 1)

/** What a gateway says that it did: hit, collapsed, or why it asked the function. */
function outcomeOf(cacheStatus: string): string {
  if (cacheStatus.includes('; collapsed')) return 'collapsed'
  return /; ?(hit|fwd=[a-z-]+)/.exec(cacheStatus)?.[1] ?? 'none'
}
