import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'
import {
  describeDeployment,
  describeEndpoint,
  describeSubscriber,
  Problem,
  parsePathTemplate,
} from '../contract/index.ts'
import type { Log, Secret } from '../kernel/index.ts'
import { compose } from './context.ts'
import type { Contract, Implementation } from './implement.ts'
import type { InFlight } from './isolate-errors.ts'
import { concurrency } from './middleware/concurrency.ts'
import { accessLog, correlation } from './middleware/correlation.ts'
import { deadline } from './middleware/deadline.ts'
import { authorise, identity, type VerifyIdentity } from './middleware/identity.ts'
import { probes } from './middleware/probes.ts'
import { problems } from './middleware/problems.ts'
import { MAX_CREDENTIALS_BYTES, receiveCredentials } from './middleware/receive-credentials.ts'
import { MAX_RECEIVED_BYTES, receiveEvent } from './middleware/receive-event.ts'
import { takeBody } from './middleware/take-body.ts'
import { transact } from './middleware/transact.ts'
import { validate } from './middleware/validate.ts'
import type { OpenedResources } from './resources.ts'

export interface AppOptions {
  readonly resources: OpenedResources
  readonly verify: VerifyIdentity
  readonly log: Log
  readonly secrets?: Readonly<Record<string, Secret>>
  readonly revision?: string
  /** Whether a 500 includes its cause; default: false. */
  readonly showErrors?: boolean
  /** The number of requests that run at a time, where no platform in front limits it; default: no limit. */
  readonly maxConcurrency?: number | undefined
  readonly isDraining?: () => boolean
  /** Counts each request from its headers to its response. */
  readonly inFlight?: InFlight
  /** Serves `/metrics`; default: there is no such path. */
  readonly scrape?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
}

/** A function as an Express app: the whole request path, top to bottom. */
export function createApp(fn: Implementation, options: AppOptions): Express {
  const { method, path, attributes, timeoutMs, maxBodyBytes, steps } = describeRoute(fn.contract)
  const app = express().disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')

  app.use('/_', probes(options))
  if (options.scrape) app.get('/metrics', options.scrape)
  const pipeline = compose([
    correlation({ ...options, attributes }),
    accessLog(options),
    deadline({ ...options, timeoutMs }),
    // On arrival, before any queue: an identity expires.
    identity(options),
    ...(options.maxConcurrency ? [concurrency(options.maxConcurrency)] : []),
    takeBody({ maxBytes: maxBodyBytes }),
    ...steps,
    transact(fn, options),
  ])
  app[method](path, pipeline)
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing here.')
  })
  app.use(problems(options))
  return app
}

/** Where the kinds of functions differ: route, limits, and the steps that validate and authorise. */
function describeRoute(contract: Contract) {
  if (contract.kind === 'subscriber') {
    const { timeoutMs } = describeSubscriber(contract)
    return {
      method: 'post' as const,
      path: '/',
      attributes: { route: '/', trigger: 'pubsub' } as const,
      timeoutMs,
      maxBodyBytes: MAX_RECEIVED_BYTES,
      steps: [receiveEvent(contract)],
    }
  }
  if (contract.kind === 'authorizer') {
    return {
      method: 'post' as const,
      path: '/',
      attributes: { route: '/', trigger: 'http' } as const,
      timeoutMs: describeDeployment(contract).timeoutMs,
      maxBodyBytes: MAX_CREDENTIALS_BYTES,
      steps: [receiveCredentials(contract)],
    }
  }
  const route = describeEndpoint(contract)
  return {
    // Express's methods are HTTP's in lower case.
    method: route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: parsePathTemplate(route.path).express,
    attributes: { route: route.path, trigger: 'http' } as const,
    timeoutMs: route.timeoutMs,
    maxBodyBytes: route.maxBodyBytes,
    steps: [validate(contract), authorise(route)],
  }
}
