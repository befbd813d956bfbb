import { Problem } from '../contract/index.ts'

/** The reason with which a signal aborts once its response has been sent. */
export const REQUEST_ENDED = new Error('the request is over; await in the handler everything that uses its context')

/** How long a request may run: until its deadline, or until its caller hangs up. */
export class Deadline {
  readonly timeoutMs: number
  readonly #timer: NodeJS.Timeout
  #controller: AbortController | undefined
  #reason: Error | undefined
  #reject: ((reason: Error) => void) | undefined

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    const onTimeout = () =>
      this.#end(new Problem('deadline_exceeded', 504, `There was no answer within ${timeoutMs} ms.`))
    this.#timer = setTimeout(onTimeout, timeoutMs)
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
    clearTimeout(this.#timer)
    this.#end(REQUEST_ENDED)
  }

  /** The caller hung up. */
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
