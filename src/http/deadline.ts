import { Problem } from '../contract/index.ts'

/** Why a signal aborts when its request has been answered. */
export const OVER = new Error('the request is over; await in the handler whatever uses its tools')

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
  hold<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      work.then(resolve, reject)
      this.#reject = reject
      if (this.#reason) reject(this.#reason)
    })
  }

  /** Ends what the handler still has under way: nothing of a request outlives its answer. */
  answered(): void {
    clearTimeout(this.#timer)
    this.#end(OVER)
  }

  callerGone(): void {
    clearTimeout(this.#timer)
    this.#end(new Problem('caller_gone', 499, 'The caller hung up.'))
  }

  #end(reason: Error) {
    this.#reason ??= reason
    this.#reject?.(this.#reason)
    this.#controller?.abort(this.#reason)
  }
}
