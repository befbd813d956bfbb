// A lazy part of every function (`ebb:profile` in src/build/lazy-parts.ts): nothing of it is loaded before somebody asks for a profile. It
// shares nothing with the bundle, so that it answers by a status alone, which the gateway puts into words.
import type { RequestHandler } from 'express'
import type { Identity } from '../../protocol/identity/identity.ts'
import { isProfiler, readProfileRequest } from '../../protocol/profiles/profile.ts'
import { recordProfile } from './record-profile.ts'

interface ServeProfileOptions {
  readonly verify: (token: string) => Identity | Promise<Identity>
}

/**
 * Records a profile of this process for an operator, for whom the gateway vouches: 403 for anybody else, 409 while another one is recorded.
 */
export function serveProfile({ verify }: ServeProfileOptions): RequestHandler {
  return async function serveProfile(request, response) {
    const token = request.get('ebb-identity') ?? ''
    const identity = await Promise.resolve(token)
      .then(verify)
      .catch(() => undefined)
    if (!identity || !isProfiler(identity)) return void response.status(403).end()
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const asked = readProfileRequest(new URL(request.url, 'http://function').searchParams)
    const recorded = await recordProfile(asked, gone.signal)
    if (!recorded) return void response.status(409).end()
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    response.end(JSON.stringify(recorded))
  }
}
