import type { Call } from './to-call.ts'

export type HttpFaultCode = 'timeout' | 'network' | 'breaker_open' | 'too_large' | 'bad_answer' | 'aborted'

const SAYS: Readonly<Record<HttpFaultCode, string>> = {
  timeout: 'there was no whole answer in time',
  network: 'the connection could not be made, or broke',
  breaker_open: 'the origin keeps failing, and is left alone for a while',
  too_large: 'the answer is larger than allowed',
  bad_answer: 'the answer is not what was expected',
  aborted: 'the request that it was for is over',
}

interface HttpFaultOptions extends ErrorOptions {
  /** How often it was sent. */
  readonly attempts: number
}

/** A call without a usable answer. Switch on `code`; `url` is without its query. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault'
  readonly code: HttpFaultCode
  readonly url: string
  readonly attempts: number

  constructor(
    code: HttpFaultCode,
    { method, url }: Pick<Call, 'method' | 'url'>,
    { attempts, cause }: HttpFaultOptions,
  ) {
    const shown = url.origin + url.pathname
    super(`${method} ${shown}: ${SAYS[code]} (attempts: ${attempts})`, { cause })
    this.code = code
    this.url = shown
    this.attempts = attempts
  }
}
