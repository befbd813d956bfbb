import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer, json } from 'node:stream/consumers'

/** Between the head of a streamed response and its body. */
const SEPARATOR = Buffer.alloc(8)
const TIME = '30/Nov/2026:15:00:00 +0000'

/**
 * The event, in version 2.0, that a function URL makes of a request; undefined where the body does not come whole: then it
 * invokes nothing.
 */
export async function readEvent(request: IncomingMessage): Promise<object | undefined> {
  const body = await buffer(request).catch(() => undefined)
  if (!body) return undefined
  const { pathname, search } = new URL(request.url ?? '/', 'http://localhost')
  const { cookie, ...headers } = request.headers
  const names = { accountId: 'anonymous', apiId: 'front', domainName: 'localhost', domainPrefix: 'front' }
  const http = { method: request.method, path: pathname, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'any' }
  return {
    ...{ version: '2.0', routeKey: '$default', rawPath: pathname, rawQueryString: search.slice(1), headers },
    ...(cookie ? { cookies: cookie.split('; ') } : {}),
    requestContext: {
      ...{ ...names, http, requestId: randomUUID(), routeKey: '$default', stage: '$default' },
      ...{ time: TIME, timeEpoch: Date.now() },
    },
    ...(body.length > 0 ? { body: body.toString('base64') } : {}),
    isBase64Encoded: body.length > 0,
  }
}

interface Result {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
  readonly body?: string
  readonly isBase64Encoded?: boolean
}

const writeHead = (response: ServerResponse, { statusCode, headers, cookies }: Result) =>
  response.writeHead(statusCode, { ...headers, ...(cookies ? { 'set-cookie': [...cookies] } : {}) })

/** Answers the caller with what a function has posted as the result of its invocation. */
export async function answerResult(response: ServerResponse, posted: IncomingMessage): Promise<void> {
  if (posted.headers['lambda-runtime-function-response-mode'] === 'streaming') return stream(response, posted)
  const result = (await json(posted)) as Result
  writeHead(response, result).end(Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'))
}

/** The head until eight zero bytes, then the body as it comes; one that is cut is cut for the caller, too. */
async function stream(response: ServerResponse, posted: IncomingMessage): Promise<void> {
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of posted) {
    if (!head) {
      response.write(chunk)
      continue
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf(SEPARATOR)
    if (end < 0) continue
    writeHead(response, JSON.parse(head.subarray(0, end).toString())).write(head.subarray(end + SEPARATOR.length))
    head = undefined
  }
  if (posted.trailers['lambda-runtime-function-error-type']) response.destroy()
  else response.end()
}

/** Answers the caller of an invocation that has failed. */
export async function answerError(response: ServerResponse, posted: IncomingMessage): Promise<void> {
  await buffer(posted)
  response.writeHead(502).end('{"Message":"Internal Server Error"}')
}
