import { Problem } from '../contract/index.ts'

/** The time that a request has: until its deadline, or until its caller hangs up. */
export class Deadline {
  readonly timeoutMs: number
  readonly #timer: NodeJS.Timeout
  #controller: AbortController | undefined
  #reason: Problem | undefined
  #reject: ((reason: Problem) => void) | undefined

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
    const late = () => this.#end(new Problem('deadline_exceeded', 504, `There was no answer within ${timeoutMs} ms.`))
    this.#timer = setTimeout(late, timeoutMs)
  }

  /** Aborts at the end, with the Problem to answer as its reason. Made for who asks: most requests are over before that. */
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

  answered(): void {
    clearTimeout(this.#timer)
  }

  callerGone(): void {
    clearTimeout(this.#timer)
    this.#end(new Problem('caller_gone', 499, 'The caller hung up.'))
  }

  #end(reason: Problem) {
    this.#reason ??= reason
    this.#reject?.(this.#reason)
    this.#controller?.abort(this.#reason)
  }
}
