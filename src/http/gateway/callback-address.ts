import type { ValidationIssue } from '../../contract/index.ts'
import type { GatewayContext } from './context.ts'

/** What callers may name as the address that is told of the end of a call. */
export interface CallbackRules {
  /** `address:port` that may be called although they are not public, and by plain HTTP. */
  readonly also: readonly string[]
}

const HEADER = 'ebb-callback'
const MAX_LENGTH = 2_000

/** The header Ebb-Callback; undefined where there is none, or the request is a tool call within another. */
export function callbackOf({ request, ending }: GatewayContext): string | undefined {
  const given = ending ? undefined : request.headers[HEADER]
  return given === undefined ? undefined : String(given)
}

/** What is wrong with a request's Ebb-Callback; whether its host is one of the public internet, only the relay can tell. */
export function findCallbackIssue(
  text: string,
  { rules, isAsync }: { readonly rules: CallbackRules | undefined; readonly isAsync: boolean },
): ValidationIssue | undefined {
  const refuse = (message: string) => ({ path: `headers.${HEADER}`, message })
  if (!isAsync) return refuse('Only for an endpoint with asynchronous calls, with Prefer: respond-async')
  if (!rules) return refuse('This API makes no callbacks')
  const url = text.length <= MAX_LENGTH ? URL.parse(text) : null
  if (!url || url.username || url.password || url.hash)
    return refuse(`Must be a URL of at most ${MAX_LENGTH} characters, without credentials and fragment`)
  const isPublic = url.protocol === 'https:' && url.port === ''
  const isAllowed = /^https?:$/.test(url.protocol) && rules.also.includes(url.host)
  return isPublic || isAllowed ? undefined : refuse('Must be an https address at port 443')
}
