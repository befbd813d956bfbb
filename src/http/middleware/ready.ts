import type { RequestHandler } from 'express'
import { Problem } from '../../contract/index.ts'
import type { OpenedResources } from '../resources.ts'

const LIMIT_MS = 2_000

/** 204 when everything that the function uses can serve, else 503. Liveness asks nobody: see `/_/health`. */
export function ready({
  resources,
  isDraining = () => false,
}: {
  resources: OpenedResources
  isDraining?: () => boolean
}): RequestHandler {
  return async function ready(_request, response) {
    if (isDraining()) throw new Problem('unavailable', 503, 'This instance is going away.', { retryAfterSeconds: 1 })
    const limit = AbortSignal.timeout(LIMIT_MS)
    const late = new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(limit.reason)))
    await Promise.race([resources.ready(), late]).catch((cause: unknown) => {
      throw new Problem('unavailable', 503, 'Something that this function uses is not reachable.', {
        cause,
        retryAfterSeconds: 1,
      })
    })
    response.status(204).end()
  }
}
