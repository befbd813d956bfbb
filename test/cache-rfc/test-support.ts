import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { contractSet, type ProxyShape, proxy } from '../../src/contract/index.ts'
import { createMemoryStore } from '../../src/http/gateway/cache/memory-store.ts'
import { listenForTest, testGateway } from '../../src/http/gateway/test-support.ts'

/** What the origin answers a request with. A header that is undefined is left out: `date`, which is there otherwise. */
export interface Scripted {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: string
  /** Takes the answer in its own hands. */
  readonly by?: (request: IncomingMessage, response: ServerResponse) => void
}

/** What a client got. */
export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string
}

/** Of the origin's clock and the gateway's. */
const BEGIN = Date.UTC(2026, 5, 1, 12)

export const httpDate = (time: number): string => new Date(time).toUTCString()

const KEYS: Readonly<Record<string, { readonly sub: string; readonly tenant?: string }>> = {
  ann: { sub: 'ann' },
  bob: { sub: 'bob' },
  acme: { sub: 'ann', tenant: 'acme' },
  globex: { sub: 'ann', tenant: 'globex' },
}

/** A gateway before a service whose answers a test writes, with a clock that a test moves. */
export async function cachingGateway(contract: Partial<ProxyShape> = {}) {
  let time = BEGIN
  let script: readonly Scripted[] = []
  let path = '/s/0'
  let count = 0
  const seen: { readonly method: string; readonly url: string; readonly headers: IncomingMessage['headers'] }[] = []
  const origin = createServer((request, response) => {
    seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
    const { by, status = 200, headers = {}, body } = script[Math.min(seen.length, script.length) - 1] ?? {}
    request.resume()
    if (by) return by(request, response)
    response.sendDate = false
    const fields = { date: httpDate(time), ...headers }
    for (const [name, value] of Object.entries(fields)) if (value !== undefined) response.setHeader(name, value)
    response.writeHead(status).end(status === 304 || status === 204 ? undefined : (body ?? `answer ${seen.length}`))
  })
  const port = await listenForTest(origin)
  const shape = {
    ...{ name: 'service', summary: 'A service.', path: '/s/*', access: { anonymous: true } },
    ...{ cache: 'origin-and-callers', upstream: { url: `http://127.0.0.1:${port}` }, ...contract },
  } as const
  const set = contractSet({ service: proxy(shape as never) }, {})
  const store = createMemoryStore({ maxBytes: 16 * 1024 * 1024, now: () => time })
  const gateway = await testGateway({
    dependencies: {
      contracts: () => set,
      cache: { store, now: () => time },
      authenticate: {
        key: async (key) => {
          const caller = KEYS[key]
          return caller && { caller: { scopes: [], ...caller }, credential: { kind: 'key', id: key } }
        },
      },
    },
  })
  const get = ({ method = 'GET', headers = {}, body, path: asked = path }: Asked = {}) =>
    new Promise<Got>((resolve, reject) => {
      const sent = httpRequest(`${gateway.url}${asked}`, { method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk)).on('error', reject)
        response.on('end', () => {
          const fields = Object.entries(response.headers).map(([name, value]) => [name, value?.toString()])
          const body = Buffer.concat(chunks).toString()
          resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(fields), body })
        })
      })
      sent.on('error', reject).end(body)
    })
  return {
    ...{ gateway, store, seen, get },
    /** Begins anew, with a resource of which nothing is stored, and what the origin answers: each request the next, then the last. */
    script: (...answers: readonly Scripted[]) => {
      script = answers
      seen.length = 0
      path = `/s/${++count}`
    },
    /** What the origin answers from now on, of the same resource. */
    rescript: (...answers: readonly Scripted[]) => {
      script = answers
      seen.length = 0
    },
    path: () => path,
    pass: (seconds: number) => {
      time += seconds * 1_000
    },
    now: () => time,
    date: (seconds: number) => httpDate(time + seconds * 1_000),
  }
}

export type CachingGateway = Awaited<ReturnType<typeof cachingGateway>>

/** Two requests for what the origin answers so: how often it was asked, and what the second client got. */
export interface Twice {
  readonly answer: Scripted
  /** Between the two. */
  readonly seconds?: number
  readonly first?: Asked
  readonly second?: Asked
}

export async function askTwice(gateway: CachingGateway, { answer, seconds = 1, first, second }: Twice) {
  gateway.script(answer)
  const before = await gateway.get(first)
  gateway.pass(seconds)
  const after = await gateway.get(second)
  return { asked: gateway.seen.length, before, after }
}

/** A response that says for how long it is fresh. */
export const fresh = (headers: Scripted['headers'] = {}, rest: Omit<Scripted, 'headers'> = {}): Scripted => ({
  ...rest,
  headers: { 'cache-control': 'max-age=60', ...headers },
})
