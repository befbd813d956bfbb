import { Problem } from '../contract/index.ts'

/** The reason with which a signal aborts once its response has been sent. */
export const REQUEST_ENDED = new Error('the request is over; await in the handler everything that uses its context')

/**
 * How long a request may run: until its deadline, or until its caller hangs up. With a stream that is `timeoutMs` without
 * progress, and `maxMs` in all.
 */
export class Deadline {
  readonly timeoutMs: number
  readonly #timer: NodeJS.Timeout
  readonly #total: NodeJS.Timeout | undefined
  #controller: AbortController | undefined
  #reason: Error | undefined
  #reject: ((reason: Error) => void) | undefined
  #endsAt: number
  readonly #lastsUntil: number

  constructor(timeoutMs: number, { maxMs }: { readonly maxMs?: number | undefined } = {}) {
    this.timeoutMs = timeoutMs
    this.#endsAt = performance.now() + timeoutMs
    this.#lastsUntil = performance.now() + (maxMs ?? Number.POSITIVE_INFINITY)
    const endAfter = (ms: number) =>
      setTimeout(() => this.#end(new Problem('deadline_exceeded', 504, `There was no answer within ${ms} ms.`)), ms)
    this.#timer = endAfter(timeoutMs)
    if (maxMs !== undefined) this.#total = endAfter(maxMs)
  }

  /** Something of a stream was taken: from now on `timeoutMs` count anew. */
  progress(): void {
    if (this.#reason) return
    this.#timer.refresh()
    this.#endsAt = performance.now() + this.timeoutMs
  }

  /** How long the request may still run. */
  leftMs(): number {
    return Math.max(0, Math.min(this.#endsAt, this.#lastsUntil) - performance.now())
  }

  /** From now on only `maxMs` count: for events, which come when they come. */
  stopIdle(): void {
    clearTimeout(this.#timer)
    this.#endsAt = this.#lastsUntil
  }

  /**
   * Aborts at the deadline, with the Problem to answer with as its reason, or when the response has been sent. Created on
   * first use: most requests never need it.
   */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  /** Settles as `work` does, or rejects when the request ends: for work that nothing else stops. To be called once. */
  race<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject)
      this.#reject = reject
      if (this.#reason) reject(this.#reason)
    })
  }

  /** The response has been sent: aborts what the handler still has running, since nothing outlives its response. */
  finish(): void {
    this.#clear()
    this.#end(REQUEST_ENDED)
  }

  /** The caller hung up. */
  abandon(): void {
    this.#clear()
    this.#end(new Problem('caller_gone', 499, 'The caller hung up.'))
  }

  #clear() {
    clearTimeout(this.#timer)
    clearTimeout(this.#total)
  }

  #end(reason: Error) {
    this.#reason ??= reason
    this.#reject?.(this.#reason)
    this.#controller?.abort(this.#reason)
  }
}
