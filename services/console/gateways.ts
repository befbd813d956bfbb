import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { ReadableStream } from 'node:stream/web'
import { Problem } from 'ebb/contract'
import { listGateways } from '../../src/protocol/admin/settings.ts'

/** Pods come and go. */
const KEEP_MS = 5_000
/** For the headers of a response; a page waits for it. */
const TIMEOUT_MS = 20_000

export interface GatewayRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: ReadableStream
  readonly signal?: AbortSignal
}

export type Gateways = ReturnType<typeof findGateways>

/** The admin ports of all gateways: the addresses that a name stands for, such as that of a headless Service. */
export function findGateways(addresses: readonly string[]) {
  let last: { readonly at: number; readonly found: Promise<readonly string[]> } | undefined

  async function resolve(address: string): Promise<readonly string[]> {
    const url = new URL(address)
    const found = await lookup(url.hostname.replace(/^\[|\]$/g, ''), { all: true }).catch((cause) => {
      throw new Problem('unavailable', 503, `No gateway is known by the name ${url.hostname}.`, { cause })
    })
    return found.map(({ address: one }) => {
      const each = new URL(url)
      each.hostname = isIP(one) === 6 ? `[${one}]` : one
      return each.origin
    })
  }

  const resolveAll = async () => [...new Set((await Promise.all(addresses.map(resolve))).flat())].sort()

  const list = (): Promise<readonly string[]> => {
    if (last && Date.now() - last.at < KEEP_MS) return last.found
    const found = resolveAll().catch((error) => {
      last = undefined
      throw error
    })
    last = { at: Date.now(), found }
    return found
  }

  async function send(origin: string, path: string, { signal, ...request }: GatewayRequest = {}): Promise<Response> {
    const limit = new AbortController()
    const timer = setTimeout(() => limit.abort(), TIMEOUT_MS)
    try {
      const signals = AbortSignal.any([limit.signal, ...(signal ? [signal] : [])])
      // The type of Node's fetch knows `duplex`, which a body that is a stream needs.
      return await fetch(origin + path, {
        redirect: 'manual',
        ...request,
        duplex: 'half',
        signal: signals,
      } as RequestInit)
    } catch (cause) {
      if (signal?.aborted) throw cause
      throw new Problem('bad_gateway', 502, 'A gateway does not answer.', { cause })
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    list,
    send,

    /** Asks one of them; the next one where it does not answer and nothing was sent but the question. */
    async ask(path: string, request: GatewayRequest = {}): Promise<Response> {
      const all = await list()
      const begin = Math.floor(Math.random() * all.length)
      const inTurn = [...all.slice(begin), ...all.slice(0, begin)]
      const may = (request.method ?? 'GET') === 'GET' ? inTurn : inTurn.slice(0, 1)
      for (const [nth, origin] of may.entries()) {
        try {
          return await send(origin, path, request)
        } catch (error) {
          if (nth === may.length - 1) throw error
        }
      }
      throw new Problem('unavailable', 503, 'No gateway is there.')
    },

    /** The address of the gateway of this name. Throws a Problem 404 where there is none. */
    async find(name: string, headers: Readonly<Record<string, string>>): Promise<string> {
      for (const origin of await list()) {
        const response = await send(origin, listGateways.path, { headers })
        const { gateways } = listGateways.reply.body.parse(await response.json())
        if (gateways.some((gateway) => gateway.name === name)) return origin
      }
      throw new Problem('not_found', 404, `There is no gateway ${name} any more.`)
    },
  }
}
