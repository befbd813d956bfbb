import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'
import {
  describeDeployment,
  describeEndpoint,
  describeSubscriber,
  formOf,
  isReceiver,
  longestMs,
  Problem,
  parsePathTemplate,
} from '../contract/index.ts'
import type { Log, Secret } from '../kernel/index.ts'
import { compose } from './context.ts'
import { answerOperation } from './graphql/answer-operation.ts'
import type { Implementation } from './implement.ts'
import type { InFlight } from './isolate-errors.ts'
import type { IdentifyCaller } from './issuers/index.ts'
import { concurrency } from './middleware/concurrency.ts'
import { accessLog, correlation } from './middleware/correlation.ts'
import { deadline } from './middleware/deadline.ts'
import { authorise, identity, type VerifyIdentity } from './middleware/identity.ts'
import { probes } from './middleware/probes.ts'
import { problems } from './middleware/problems.ts'
import { MAX_CREDENTIALS_BYTES, receiveCredentials } from './middleware/receive-credentials.ts'
import { fromRelay, MAX_RECEIVED_BYTES, receiveEvent } from './middleware/receive-event.ts'
import { receiveForm } from './middleware/receive-form.ts'
import { receiveStream } from './middleware/receive-stream.ts'
import { streamReply } from './middleware/stream-reply.ts'
import { takeBody } from './middleware/take-body.ts'
import { takeDelegation } from './middleware/take-delegation.ts'
import { transact } from './middleware/transact.ts'
import { transactBatch } from './middleware/transact-batch.ts'
import { validate } from './middleware/validate.ts'
import type { OpenedResources } from './resources.ts'
import { type Connections, converse } from './websocket/converse.ts'

export interface AppOptions {
  readonly resources: OpenedResources
  readonly verify: VerifyIdentity
  /** Says who calls where no gateway is in front; default: `verify` does. */
  readonly identify?: IdentifyCaller | undefined
  readonly log: Log
  readonly secrets?: Readonly<Record<string, Secret>>
  readonly revision?: string
  /** Whether a 500 includes its cause; default: false. */
  readonly showErrors?: boolean
  /** The number of requests that run at a time, where no platform in front limits it; default: no limit. */
  readonly maxConcurrency?: number | undefined
  readonly isDraining?: () => boolean
  /** Whether operators may profile this process; default: nobody may. */
  readonly profiles?: boolean
  /** Aborts when this process begins to end, and with it streams of events; default: never. */
  readonly draining?: AbortSignal
  /** Counts each request from its headers to its response. */
  readonly inFlight?: InFlight
  /** Gets each WebSocket; default: nobody does. */
  readonly connections?: Connections
  /** Serves `/metrics`; default: there is no such path. */
  readonly scrape?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
}

/** So that events end by themselves before their request is ended. */
const STREAM_SLACK_MS = 2_000

/** A function as an Express app: the whole request path, top to bottom. */
export function createApp(fn: Implementation, options: AppOptions): Express {
  const { method, path, attributes, timeoutMs, maxMs, steps, run } = describeRoute(fn, options)
  const app = express().disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')

  app.use('/_', probes(options))
  if (options.scrape) app.get('/metrics', options.scrape)
  const pipeline = compose([
    correlation({ ...options, attributes }),
    accessLog(options),
    deadline({ ...options, timeoutMs, maxMs }),
    // On arrival, before any queue: an identity expires.
    identity({ ...options, isInternal: fn.contract.kind === 'endpoint' && fn.contract.access.internal === true }),
    ...[takeDelegation(fn.contract) ?? []].flat(),
    ...(options.maxConcurrency ? [concurrency(options.maxConcurrency)] : []),
    ...steps,
    run,
  ])
  app[method](path, pipeline)
  app.use(() => {
    throw new Problem('not_found', 404, 'There is nothing here.')
  })
  app.use(problems(options))
  return app
}

/** Where the kinds of functions differ: route, limits, the steps that read, validate and authorise, and what runs the handler. */
function describeRoute(fn: Implementation, options: AppOptions) {
  const { contract } = fn
  if (isReceiver(contract)) {
    const { timeoutMs } = describeSubscriber(contract)
    return {
      method: 'post' as const,
      path: '/',
      attributes: { route: '/', trigger: 'pubsub' } as const,
      ...{ timeoutMs, maxMs: undefined },
      steps: [fromRelay, takeBody({ maxBytes: MAX_RECEIVED_BYTES }), receiveEvent(contract)],
      run: 'batch' in contract && contract.batch ? transactBatch(fn, options) : transact(fn, options),
    }
  }
  if (contract.kind === 'authorizer') {
    return {
      method: 'post' as const,
      path: '/',
      attributes: { route: '/', trigger: 'http' } as const,
      ...{ timeoutMs: describeDeployment(contract).timeoutMs, maxMs: undefined },
      steps: [takeBody({ maxBytes: MAX_CREDENTIALS_BYTES }), receiveCredentials(contract)],
      run: transact(fn, options),
    }
  }
  const route = describeEndpoint(contract)
  const { bodyStream, replyStream } = route
  const form = formOf(contract)
  const check = [validate(contract), authorise(route)]
  return {
    // Express's methods are HTTP's in lower case.
    method: route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: parsePathTemplate(route.path).express,
    attributes: { route: route.path, trigger: 'http' } as const,
    timeoutMs: route.timeoutMs,
    maxMs: bodyStream || replyStream ? longestMs(route) + STREAM_SLACK_MS : undefined,
    steps: bodyStream
      ? [...check, receiveStream(contract, route, bodyStream), ...(form ? [receiveForm(form)] : [])]
      : [takeBody({ maxBytes: route.maxBodyBytes }), ...check],
    run: route.upgrade
      ? converse(fn, options)
      : replyStream
        ? streamReply(fn, contract, { ...options, replyStream })
        : contract.graphql
          ? answerOperation(fn, contract, options)
          : transact(fn, options),
  }
}
