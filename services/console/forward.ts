import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { Problem } from 'ebb/contract'
import type { Response as ExpressResponse, Request, RequestHandler } from 'express'
import type { Gateways } from './gateways.ts'
import type { Joined } from './join.ts'

/** What a request to a gateway has besides its own headers; rejects with a Problem where nobody is logged in. */
type HeadersOf = (request: Request) => Promise<Readonly<Record<string, string>>>

/** What of a page's request a gateway gets, and what of its response the page gets. */
const SENT = ['accept', 'content-type', 'if-none-match', 'x-correlation-id']
const RETURNED = [
  ...[
    'content-type',
    'cache-control',
    'etag',
    'content-encoding',
    'content-security-policy',
    'location',
    'referrer-policy',
  ],
  ...['retry-after', 'vary', 'x-content-type-options', 'x-correlation-id'],
]

/** Passes a request on to one gateway: the one that `Ebb-Gateway` names, or any. */
export const forward =
  (gateways: Gateways, headersOf: HeadersOf): RequestHandler =>
  async (request, response) => {
    const { method, originalUrl: path } = request
    const own = await headersOf(request)
    const hasBody = method !== 'GET' && method !== 'DELETE'
    const sent = {
      ...{ method, headers: { ...pick(request, SENT), ...own }, signal: untilClosed(response) },
      ...(hasBody ? { body: Readable.toWeb(request) } : {}),
    }
    const name = request.get('ebb-gateway')
    const answer = name
      ? await gateways.send(await gateways.find(name, own), path, sent)
      : await gateways.ask(path, sent)
    await passOn(answer, response)
  }

/** Asks all gateways, and answers with what they say together. Those that do not answer are counted in a header. */
export const forwardJoined =
  (gateways: Gateways, headersOf: HeadersOf, join: Joined['join']): RequestHandler =>
  async (request, response) => {
    const name = request.get('ebb-gateway')
    if (name) return forward(gateways, headersOf)(request, response, () => {})
    const { originalUrl: path } = request
    const sent = { headers: { ...pick(request, SENT), ...(await headersOf(request)) }, signal: untilClosed(response) }
    const all = await gateways.list()
    const asked = await Promise.allSettled(all.map((origin) => gateways.send(origin, path, sent)))
    const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const [refused] = answers
    if (!refused) throw new Problem('bad_gateway', 502, 'No gateway answers.')
    // What one of them does not know, another one may.
    const told = answers.filter(({ status }) => status === 200)
    if (told.length === 0) return passOn(refused, response)
    const parts = await Promise.all(told.map((answer) => answer.json()))
    const query = new URL(path, 'http://console').searchParams
    response.set({ 'cache-control': 'no-store', 'ebb-gateways-missing': String(all.length - answers.length) })
    response.json(join(parts, query))
  }

/** Follows all gateways at once. It ends when one of them does, and the page begins anew, with those that are there then. */
export const forwardLive =
  (gateways: Gateways, headersOf: HeadersOf): RequestHandler =>
  async (request, response) => {
    const over = new AbortController()
    response.once('close', () => over.abort())
    const sent = { headers: await headersOf(request), signal: over.signal }
    const all = await gateways.list()
    const answers = await Promise.all(all.map((origin) => gateways.send(origin, request.originalUrl, sent)))
    const refused = answers.find(({ status }) => status !== 200)
    if (refused) {
      await passOn(refused, response)
      return over.abort()
    }
    response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.flushHeaders()
    await Promise.race(answers.map((answer) => passEvents(answer, response))).catch(() => {})
    over.abort()
    response.end()
  }

/** Passes whole events on, since those of other gateways go the same way. */
async function passEvents({ body }: Response, response: ExpressResponse): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  // Node's own stream of the web can be iterated.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const text = rest + decoder.decode(chunk, { stream: true })
    const end = text.lastIndexOf('\n\n') + 2
    if (end > 1) response.write(text.slice(0, end))
    rest = end > 1 ? text.slice(end) : text
  }
}

async function passOn(answer: Response, response: ExpressResponse): Promise<void> {
  response.status(answer.status)
  for (const name of RETURNED) {
    const value = answer.headers.get(name)
    // fetch has decoded the body.
    if (value !== null && name !== 'content-encoding') response.set(name, value)
  }
  if (!answer.body) return void response.end()
  await pipeline(Readable.fromWeb(answer.body as ReadableStream), response)
}

const pick = (request: Request, names: readonly string[]) =>
  Object.fromEntries(names.flatMap((name) => (request.get(name) ? [[name, request.get(name) ?? '']] : [])))

function untilClosed(response: ExpressResponse): AbortSignal {
  const closed = new AbortController()
  response.once('close', () => response.writableFinished || closed.abort())
  return closed.signal
}
