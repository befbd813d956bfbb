import express, { type Express } from 'express'
import { describeEndpoint, describeSubscriber, Problem, toPattern } from '../contract/index.ts'
import type { Log } from '../kernel/index.ts'
import type { Step } from './exchange.ts'
import type { Contract, Implementation } from './implement.ts'
import { accessLog } from './middleware/access-log.ts'
import { authorise } from './middleware/authorise.ts'
import { correlation } from './middleware/correlation.ts'
import { deadline } from './middleware/deadline.ts'
import { identity, type VerifyIdentity } from './middleware/identity.ts'
import { problems } from './middleware/problems.ts'
import { ready } from './middleware/ready.ts'
import { receiveEvent } from './middleware/receive-event.ts'
import { transact } from './middleware/transact.ts'
import { validate } from './middleware/validate.ts'
import type { OpenedResources } from './resources.ts'

export interface AppOptions {
  readonly resources: OpenedResources
  readonly verify: VerifyIdentity
  readonly log: Log
  readonly secrets?: Readonly<Record<string, string>>
  readonly revision?: string
  readonly isDraining?: () => boolean
}

/** A function as an Express app. This is a request's whole way, top to bottom. */
export function createApp(fn: Implementation, options: AppOptions): Express {
  const { method, path, timeoutMs, maxBodyBytes, judge } = wayOf(fn.contract)
  const app = express().disable('x-powered-by').disable('etag').set('query parser', false)
  app.enable('case sensitive routing').enable('strict routing')

  app.get('/_/health', (_request, response) => void response.sendStatus(204))
  app.get('/_/ready', ready(options))
  app[method](
    path,
    correlation(options),
    accessLog(),
    deadline({ timeoutMs }),
    identity(options),
    express.raw({ type: () => true, limit: maxBodyBytes, inflate: false }) as unknown as Step,
    ...judge,
    transact(fn, options),
  )
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
    return { method: 'post' as const, path: '/', timeoutMs, maxBodyBytes: EVENT_BYTES, judge: [receiveEvent(contract)] }
  }
  const route = describeEndpoint(contract)
  return {
    // Express names its methods as HTTP does, in lower case.
    method: route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete',
    path: toPattern(route.path).express,
    timeoutMs: route.timeoutMs,
    maxBodyBytes: route.maxBodyBytes,
    judge: [validate(contract), authorise(route)],
  }
}

const EVENT_BYTES = 16 * 1024 * 1024
