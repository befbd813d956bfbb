import type { RequestHandler } from 'express'
import type { ReceivedEvent } from '../contract/index.ts'
import type { Correlation, Identity, Log } from '../kernel/index.ts'
import type { Deadline } from './deadline.ts'

/** What is known of a request: each step of its way adds a part and finds those of the steps before it. */
export interface Exchange extends Record<string, unknown> {
  correlation: Correlation
  log: Log
  cold: boolean
  deadline: Deadline
  identity: Identity
  /** What the handler is called with. */
  input: unknown
  /** The event that a subscriber was sent, the traceparent of what sent it, and how many events led to it. */
  event?: ReceivedEvent & { readonly link: string | undefined; readonly hops: number }
}

/** What nothing is known of yet. All parts are there from the start, so that V8 finds each in one and the same place. */
export const newExchange = () => ({
  correlation: undefined,
  log: undefined,
  cold: false,
  deadline: undefined,
  identity: undefined,
  input: undefined,
  event: undefined,
})

type Handler = RequestHandler<Record<string, string>, unknown, Buffer | undefined, unknown, Exchange>
export type Request = Parameters<Handler>[0]
export type Response = Parameters<Handler>[1]

/**
 * One step of a request's way; its parts are in `response.locals`. Throws the Problem that ends the way; answers a
 * promise only where there is something to wait for.
 */
export type Step = (request: Request, response: Response) => void | Promise<void>

/** The one value of a header: Node joins those of one that is no list of its own. */
export function headerOf({ headers }: Request, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** A route's handler that takes each request through these steps, in one go as far as none of them waits. */
export const inTurn = (steps: readonly Step[]): Step =>
  steps.reduceRight<Step>(
    (rest, step) => (request, response) => {
      const waiting = step(request, response)
      return waiting ? waiting.then(() => rest(request, response)) : rest(request, response)
    },
    () => {},
  )
