import type { RequestHandler } from 'express'
import { Problem, type ReceivedEvent } from '../contract/index.ts'
import type { Correlation, Log } from '../kernel/index.ts'
import type { Identity } from '../protocol/index.ts'

/** What is known of a request: each step of its way adds a part and finds those of the steps before it. */
export interface RequestContext extends Record<string, unknown> {
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
export const createRequestContext = () => ({
  correlation: undefined,
  log: undefined,
  cold: false,
  deadline: undefined,
  identity: undefined,
  input: undefined,
  event: undefined,
})

type Handler = RequestHandler<Record<string, string>, unknown, Buffer | undefined, unknown, RequestContext>
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
export const compose = (steps: readonly Step[]): Step =>
  steps.reduceRight<Step>(
    (rest, step) => (request, response) => {
      const waiting = step(request, response)
      return waiting ? waiting.then(() => rest(request, response)) : rest(request, response)
    },
    () => {},
  )

/** Why a signal aborts when its request has been answered. */
export const REQUEST_ENDED = new Error('the request is over; await in the handler whatever uses its tools')

/** The time that a request has: until its deadline, or until its caller hangs up. */
export class Deadline {
  readonly timeoutMs: number
  readonly #timer: NodeJS.Timeout
  #controller: AbortController | undefined
  #reason: Error | undefined
  #reject: ((reason: Error) => void) | undefined

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    const late = () => this.#end(new Problem('deadline_exceeded', 504, `There was no answer within ${timeoutMs} ms.`))
    this.#timer = setTimeout(late, timeoutMs)
  }

  /**
   * Aborts at the deadline, with the Problem to answer as its reason, or when the answer has gone. It is made when it is
   * asked for: most requests are over before that.
   */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Settles as the work does, or rejects at the end: for what nothing else stops. Once a request. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject)
      this.#reject = reject
      if (this.#reason) reject(this.#reason)
    })
  }

  /** Ends what the handler still has under way: nothing of a request outlives its answer. */
  finish(): void {
    clearTimeout(this.#timer)
    this.#end(REQUEST_ENDED)
  }

  abandon(): void {
    clearTimeout(this.#timer)
    this.#end(new Problem('caller_gone', 499, 'The caller hung up.'))
  }

  #end(reason: Error) {
    this.#reason ??= reason
    this.#reject?.(this.#reason)
    this.#controller?.abort(this.#reason)
  }
}
