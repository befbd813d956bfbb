import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'
import { describeEndpoint, describeSubscriber, Problem, toPattern } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import { MAX_RECEIVED_BYTES } from './event-faults.ts'
import { inTurn } from './exchange.ts'
import type { Contract, Implementation } from './implement.ts'
import type { InFlight } from './in-flight.ts'
import { accessLog } from './middleware/access-log.ts'
import { authorise } from './middleware/authorise.ts'
import { concurrency } from './middleware/concurrency.ts'
import { correlation } from './middleware/correlation.ts'
import { deadline } from './middleware/deadline.ts'
import { identity, type VerifyIdentity } from './middleware/identity.ts'
import { problems } from './middleware/problems.ts'
import { receiveEvent } from './middleware/receive-event.ts'
import { takeBody } from './middleware/take-body.ts'
import { transact } from './middleware/transact.ts'
import { validate } from './middleware/validate.ts'
import { probes } from './probes.ts'
import type { OpenedResources } from './resources.ts'

export interface AppOptions {
  readonly resources: OpenedResources
  readonly verify: VerifyIdentity
  readonly log: Log
  readonly secrets?: Readonly<Record<string, string>>
  readonly revision?: string
  /** Whether a 500 tells its cause. */
  readonly showFaults?: boolean
  /** The requests that run at a time, where no platform in front sees to that. */
  readonly maxConcurrency?: number | undefined
  readonly isDraining?: () => boolean
  /** Is told of each request. */
  readonly inFlight?: InFlight
  /** Answers a scrape of the function's metrics, where it is asked to. */
  readonly scrape?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
}

/** A function as an Express app. This is a request's whole way, top to bottom. */
export function createApp(fn: Implementation, options: AppOptions): Express {
  const { method, path, facts, timeoutMs, maxBodyBytes, judge } = wayOf(fn.contract)
  const app = express().disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')

  app.use('/_', probes(options))
  if (options.scrape) app.get('/metrics', options.scrape)
  const way = inTurn([
    correlation({ ...options, facts }),
    accessLog(options),
    deadline({ ...options, timeoutMs }),
    // On arrival, before anything makes the request wait: an identity is good for so long only.
    identity(options),
    ...(options.maxConcurrency ? [concurrency(options.maxConcurrency)] : []),
    takeBody({ maxBytes: maxBodyBytes }),
    ...judge,
    transact(fn, options),
  ])
  app[method](path, way)
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing here.')
  })
  app.use(problems(options))
  return app
}

/** The steps in which endpoints and subscribers differ: who may call, and what a good request is. */
function wayOf(contract: Contract) {
  if (contract.kind === 'subscriber') {
    const { timeoutMs } = describeSubscriber(contract)
    const facts = { route: '/', trigger: 'pubsub' } as const
    return {
      method: 'post' as const,
      path: '/',
      facts,
      timeoutMs,
      maxBodyBytes: MAX_RECEIVED_BYTES,
      judge: [receiveEvent(contract)],
    }
  }
  const route = describeEndpoint(contract)
  return {
    // Express names its methods as HTTP does, in lower case.
    method: route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: toPattern(route.path).express,
    facts: { route: route.path, trigger: 'http' } as const,
    timeoutMs: route.timeoutMs,
    maxBodyBytes: route.maxBodyBytes,
    judge: [validate(contract), authorise(route)],
  }
}
