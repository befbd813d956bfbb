/** What a function says where it refuses an identity: a verdict on whoever signed it, never on caller or event. */
export interface Refusal {
  readonly status: number
  /** Such as ERR_JWT_EXPIRED. */
  readonly reason: string | undefined
  /** The function's clock, as an HTTP-date. */
  readonly date: string | undefined
}

const SCHEME = 'Ebb-Identity'
const REPEAT_AFTER_MS = 60_000

/** The headers of such an answer (RFC 9110, 11.6.1). */
export const refusalHeaders = (reason?: string) => ({
  'www-authenticate': reason ? `${SCHEME} error="${reason}"` : SCHEME,
})

/** Undefined for any other answer: a contract may have failures of status 401 and 403 of its own. */
export function readRefusal(
  status: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Refusal | undefined {
  if (status !== 401 && status !== 403) return undefined
  const challenge = headers['www-authenticate']?.toString()
  if (!challenge?.startsWith(SCHEME)) return undefined
  return { status, reason: /error="(\w+)"/.exec(challenge)?.[1], date: headers.date?.toString() }
}

interface RefusalLog {
  readonly error: (fields: object, text: string) => void
}

/** Logs refusals, at most one a minute and function. */
export function createRefusalLog(log: RefusalLog, { now = Date.now } = {}) {
  const loggedAt = new Map<string, number>()
  return (name: string, refusal: Refusal): void => {
    const at = now()
    if (at - (loggedAt.get(name) ?? Number.NEGATIVE_INFINITY) < REPEAT_AFTER_MS) return
    loggedAt.set(name, at)
    const { date: functionDate, ...rest } = refusal
    log.error(
      { function: name, ...rest, functionDate, ourDate: new Date(at).toUTCString() },
      'a function refuses our Ebb-Identity: compare the clocks, and EBB_IDENTITY_KEY here with EBB_IDENTITY_JWKS there',
    )
  }
}
