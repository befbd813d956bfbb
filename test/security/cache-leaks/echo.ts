import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** For whom and what a response was made, as its function has seen it. */
export interface MadeFor {
  readonly sub: string
  readonly tenant: string | null
  readonly scopes: readonly string[]
  readonly path: string
  readonly query: string
  readonly language: string | null
}

/**
 * A function that says in each response for whom it has made it: in the body, in a header, in a tag and, now and then, in a
 * cookie or in what nobody may keep.
 */
export function createEcho() {
  let count = 0
  const delays = [0, 0, 0, 1, 5]

  return function echo(request: IncomingMessage, response: ServerResponse) {
    count++
    const { pathname, search } = new URL(request.url ?? '', 'http://function')
    const path = pathname.replace(/^\/[^/]+/, '')
    const id = Number(path.split('/').at(-1))
    const { sub, tenant = null, scopes } = claimsOf(String(request.headers['ebb-identity']))
    const language = request.headers['accept-language'] ?? null
    const made: MadeFor = { sub, tenant, scopes, path, query: search, language }
    const body = JSON.stringify({ madeFor: made, filler: 'x'.repeat((count % 7) * 300) })
    const headers = {
      ...{
        'content-type': 'application/json',
        'ebb-revision': 'echo',
        'x-made-for': JSON.stringify(made),
        'cache-tag': `thing:${id},all`,
      },
      ...(count % 2 ? { etag: `"${createHash('sha256').update(body).digest('base64url')}"` } : {}),
      ...(count % 11 === 0 ? { 'set-cookie': `session=${sub}-${tenant}` } : {}),
      ...(count % 13 === 0 ? { 'cache-control': 'no-store' } : {}),
      ...(count % 17 === 0 ? { vary: 'accept-encoding' } : {}),
    }
    const send = () => void response.writeHead(count % 19 === 0 ? 500 : 200, headers).end(body)
    setTimeout(send, delays[count % delays.length])
  }
}

/** Whether the signature holds is not its concern. */
function claimsOf(identity: string): { sub: string; tenant?: string; scopes: string[] } {
  const [, payload = ''] = identity.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString())
}
