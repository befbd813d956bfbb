import express, { type RequestHandler, type Router } from 'express'
import { Problem } from '../../contract/index.ts'
import type { OpenedResources } from '../resources.ts'
import type { VerifyIdentity } from './identity.ts'

const READY_TIMEOUT_MS = 2_000

interface ProbesOptions {
  readonly resources: OpenedResources
  readonly isDraining?: () => boolean
  readonly verify: VerifyIdentity
  /** Whether operators may profile it; default: nobody may. */
  readonly profiles?: boolean
}

/** Liveness (`/health`), which any process that can answer passes, readiness (`/ready`), and profiles. */
export function probes(options: ProbesOptions): Router {
  const router = express
    .Router({ caseSensitive: true, strict: true })
    .get('/health', (_request, response) => void response.status(204).end())
    .get('/ready', ready(options))
  if (options.profiles) router.post('/profile', profile(options))
  return router
}

const profile =
  (options: ProbesOptions): RequestHandler =>
  async (...request) =>
    (await import('../profiles/serve-profile.ts')).serveProfile(options)(...request)

/**
 * 204 once everything that the function uses has been reachable; 503 before that, and while this instance drains. A
 * database that is lost later does not make instances unready: taken out of service, they could not even report it, and
 * callers would wait in vain for what is a 503 with Retry-After.
 */
function ready({ resources, isDraining = () => false }: ProbesOptions): RequestHandler {
  let wasReady = false
  return async function ready(_request, response) {
    if (isDraining()) throw new Problem('unavailable', 503, 'This instance is shutting down.', { retryAfterSeconds: 1 })
    if (!wasReady) await waitUntilReady(resources.ready())
    wasReady = true
    response.status(204).end()
  }
}

async function waitUntilReady(ready: Promise<void>) {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS)
  const timeout = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  await Promise.race([ready, timeout]).catch((cause: unknown) => {
    throw new Problem('unavailable', 503, 'Something that this function uses is not reachable.', {
      cause,
      retryAfterSeconds: 1,
    })
  })
}
