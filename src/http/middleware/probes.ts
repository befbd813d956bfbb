import express, { type RequestHandler, type Router } from 'express'
import { Problem } from '../../contract/index.ts'
import type { OpenedResources } from '../resources.ts'

const READY_TIMEOUT_MS = 2_000

interface ProbesOptions {
  readonly resources: OpenedResources
  readonly isDraining?: () => boolean
}

/** What whoever runs the process asks: whether it lives, which is answered by whatever can answer, and whether it is ready. */
export function probes(options: ProbesOptions): Router {
  return express
    .Router({ caseSensitive: true, strict: true })
    .get('/health', (_request, response) => void response.status(204).end())
    .get('/ready', ready(options))
}

/**
 * 204 as soon as everything that the function uses has once been there; 503 before that, and when this instance goes
 * away. A database that is lost later is no instance's fault: taken out of service, they could not even say so, and
 * callers would wait in vain for what is a 503 with Retry-After.
 */
function ready({ resources, isDraining = () => false }: ProbesOptions): RequestHandler {
  let wasReady = false
  return async function ready(_request, response) {
    if (isDraining()) throw new Problem('unavailable', 503, 'This instance is going away.', { retryAfterSeconds: 1 })
    if (!wasReady) await waitUntilReady(resources.ready())
    wasReady = true
    response.status(204).end()
  }
}

async function waitUntilReady(serves: Promise<void>) {
  const limit = AbortSignal.timeout(READY_TIMEOUT_MS)
  const late = new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(limit.reason)))
  await Promise.race([serves, late]).catch((cause: unknown) => {
    throw new Problem('unavailable', 503, 'Something that this function uses is not reachable.', {
      cause,
      retryAfterSeconds: 1,
    })
  })
}
