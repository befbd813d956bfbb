import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Express } from 'express'
import express from 'express'
import { describeEndpoint, describeSubscriber, Problem, parsePathTemplate } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import { compose } from './context.ts'
import type { Contract, Implementation } from './implement.ts'
import type { InFlight } from './isolate-errors.ts'
import { concurrency } from './middleware/concurrency.ts'
import { accessLog, correlation } from './middleware/correlation.ts'
import { deadline } from './middleware/deadline.ts'
import { authorise, identity, type VerifyIdentity } from './middleware/identity.ts'
import { probes } from './middleware/probes.ts'
import { problems } from './middleware/problems.ts'
import { MAX_RECEIVED_BYTES, receiveEvent } from './middleware/receive-event.ts'
import { transact } from './middleware/transact.ts'
import { takeBody, validate } from './middleware/validate.ts'
import type { OpenedResources } from './resources.ts'

export interface AppOptions {
  readonly resources: OpenedResources
  readonly verify: VerifyIdentity
  readonly log: Log
  readonly secrets?: Readonly<Record<string, string>>
  readonly revision?: string
  /** Whether a 500 tells its cause. */
  readonly showErrors?: boolean
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
  const { method, path, facts: attributes, timeoutMs, maxBodyBytes, judge } = describeRoute(fn.contract)
  const app = express().disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')

  app.use('/_', probes(options))
  if (options.scrape) app.get('/metrics', options.scrape)
  const way = compose([
    correlation({ ...options, attributes }),
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
function describeRoute(contract: Contract) {
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
    path: parsePathTemplate(route.path).express,
    facts: { route: route.path, trigger: 'http' } as const,
    timeoutMs: route.timeoutMs,
    maxBodyBytes: route.maxBodyBytes,
    judge: [validate(contract), authorise(route)],
  }
}
