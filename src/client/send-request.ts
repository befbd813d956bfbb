import type { ClientRequest, Middleware, SendRequest } from './call.ts'

interface SenderOptions {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly token: ((refused?: string) => string | undefined | Promise<string | undefined>) | undefined
  readonly middleware: readonly Middleware[]
}

/** How one request is sent. */
interface SendOptions {
  readonly signal: AbortSignal
  /** Whether its body can be sent only once. */
  readonly isOnce: boolean
}

/**
 * Creates what sends one request: with the token of that moment, and through all middleware, of which the first is the outermost. Where
 * the token is refused (401), nothing has been done yet, and a new one is asked for, once.
 */
export function createSender({ fetch, token, middleware }: SenderOptions) {
  const send = middleware.reduceRight<SendRequest>(
    (next, one) => (request) => one(request, next),
    ({ url, init }) => fetch(url, init),
  )
  const sendWith = ({ init, ...request }: ClientRequest, bearer: string | undefined) => {
    const headers = bearer === undefined ? init.headers : { ...init.headers, authorization: `Bearer ${bearer}` }
    return send({ ...request, init: { ...init, headers } })
  }
  const sendWithToken = async (request: ClientRequest, isOnce: boolean): Promise<Response> => {
    const first = await token?.()
    const response = await sendWith(request, first)
    if (response.status !== 401 || first === undefined || isOnce) return response
    const second = await token?.(first)
    if (second === undefined || second === first) return response
    await response.body?.cancel()
    return sendWith(request, second)
  }
  return (request: ClientRequest, { signal, isOnce }: SendOptions): Promise<Response> =>
    untilAborted(() => sendWithToken({ ...request, init: { ...request.init, signal } }, isOnce), signal)
}

/** What is waited for, but no longer than until the call is over: neither tokens nor middleware know of its end. */
async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason)
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
