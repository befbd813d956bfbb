import type { RequestHandler } from 'express'
import type { ReceivedEvent } from '../contract/index.ts'
import type { Correlation, Log } from '../kernel/index.ts'
import type { Identity } from '../protocol/index.ts'
import type { Deadline } from './deadline.ts'

/** What is known of a request: each step adds a part and reads those of the steps before it. */
export interface RequestContext extends Record<string, unknown> {
  correlation: Correlation
  log: Log
  cold: boolean
  deadline: Deadline
  identity: Identity
  /** What calls of other functions are made with; undefined where the contract declares none. */
  delegation: { readonly tokens: string | undefined; readonly key: string | undefined } | undefined
  /** The handler's first argument. */
  input: unknown
  /** The event that a subscriber received, the traceparent of its sender, and how many events led to it. */
  event?: Received['event']
  /** The events of a batch: each is read when its turn comes, and throws a Problem where it cannot be taken. */
  batch?: readonly (() => Received)[]
}

/** An event that was read, and what the handler gets of it. */
export interface Received {
  readonly event: ReceivedEvent & {
    /** Its time as its sender has it, the same in each attempt; undefined where it has none. */
    readonly sentTime: string | undefined
    readonly link: string | undefined
    readonly hops: number
  }
  readonly input: unknown
}

/** An empty context. All properties exist from the start, so that every context has one and the same shape in V8. */
export const createRequestContext = () => ({
  correlation: undefined,
  log: undefined,
  cold: false,
  deadline: undefined,
  identity: undefined,
  delegation: undefined,
  input: undefined,
  event: undefined,
  batch: undefined,
})

type Handler = RequestHandler<Record<string, string>, unknown, Buffer | undefined, unknown, RequestContext>
export type Request = Parameters<Handler>[0]
export type Response = Parameters<Handler>[1]

/**
 * One step of the request path; the context is `response.locals`. A step throws the Problem that ends the request, and
 * returns a promise only where it has to wait.
 */
export type Step = (request: Request, response: Response) => void | Promise<void>

/** A header's value as one string; Node joins the lines of a repeated header, except for those that it keeps as a list. */
export function headerOf({ headers }: Request, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** Composes the steps into one that runs them in order, synchronously as long as none of them returns a promise. */
export const compose = (steps: readonly Step[]): Step =>
  steps.reduceRight<Step>(
    (rest, step) => (request, response) => {
      const pending = step(request, response)
      return pending ? pending.then(() => rest(request, response)) : rest(request, response)
    },
    () => {},
  )
