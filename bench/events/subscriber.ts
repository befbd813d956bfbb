/**
 * A subscriber that does nothing but note when which event came: the start of its work. One whose name begins with `slow`
 * answers after 30 s, `failing` always with 500: those are not noted.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerParent } from './child.ts'
import { nowMs } from './queue-module.ts'

/** `take` answers with all that came since the last one, `count` with how many those are. */
export type SubscriberQuestion = { readonly do: 'count' } | { readonly do: 'take' }

export interface SubscriberAnswer {
  readonly count: number
  /** Number and time of each event, for each of the subscribers that it was for. */
  readonly arrivals: readonly (readonly [n: number, atMs: number])[]
  /** How many came to a subscriber more than once. */
  readonly again: number
}

let arrivals: [n: number, atMs: number][] = []
let keys = new Set<string>()
let again = 0

const SLOW_MS = 30_000

const server = createServer((request, response) => {
  const at = nowMs()
  if (request.url?.startsWith('/slow')) return setTimeout(() => response.writeHead(204).end(), SLOW_MS)
  if (request.url?.startsWith('/failing')) return response.writeHead(500).end()
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    const { n } = JSON.parse(body) as { readonly n: number }
    const key = `${n} ${request.url}`
    if (keys.has(key)) again++
    else arrivals.push([n, at])
    keys.add(key)
    response.writeHead(204).end()
  })
})
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => {
  // It listens on a port.
  const { port } = server.address() as AddressInfo
  answerParent<SubscriberQuestion>(port, ({ do: what }): SubscriberAnswer => {
    if (what === 'count') return { count: arrivals.length, arrivals: [], again }
    const taken = { count: arrivals.length, arrivals, again }
    arrivals = []
    keys = new Set()
    again = 0
    return taken
  })
})
