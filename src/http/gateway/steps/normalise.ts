import type { IncomingMessage } from 'node:http'
import { Problem } from '../../../contract/index.ts'
import { MAX_CALLER_HEADER_BYTES, MAX_CALLER_HEADER_FIELDS } from '../../header-limits.ts'
import { HOST_PATTERN } from '../client-info.ts'
import type { GatewayContext, Step } from '../context.ts'
import { byRunning } from '../explanation.ts'
import { keepEndToEnd } from '../headers.ts'
import { takePosition } from '../positions.ts'

/**
 * Refuses requests that two parsers could read differently (request smuggling) and that Node's parser accepts; splits the
 * target into path and query; removes the headers that must not be forwarded. A refusal closes the connection, since it is
 * not known where the next request would begin.
 */
export function normalise(): Step {
  const step: Step = function normalise(context) {
    const { request, headers } = context
    const { method, url = '' } = request
    if (!SERVED_VERSIONS.has(request.httpVersion)) {
      return closingProblem('bad_request', 400, 'A request is HTTP/1.1 or HTTP/1.0 here.')
    }
    if (method === 'TRACE') return methodNotServed(method)
    const expect = headers.expect
    if (expect && expect.join().toLowerCase() !== '100-continue') {
      return closingProblem('expectation_failed', 417, 'Expect can only be 100-continue.')
    }
    const excess = findExcess(request.rawHeaders)
    if (excess) return closingProblem('headers_too_large', 431, excess)
    const parts = parseTarget(url)
    const issue = findAmbiguity(request, headers) ?? (parts ? findUnsafeTarget(parts.target) : MALFORMED_TARGET)
    if (issue || !parts) return closingProblem('bad_request', 400, issue ?? MALFORMED_TARGET)
    const { authority, target } = parts
    // RFC 9112, 3.2.2: it replaces Host.
    if (authority !== undefined) headers.host = [authority]
    const mark = target.indexOf('?')
    context.path = mark < 0 ? target : target.slice(0, mark)
    context.query = mark < 0 ? '' : target.slice(mark)
    context.position = takePosition(headers)
    context.headers = keepEndToEnd(headers)
    return undefined
  }
  return byRunning(step, explainTarget)
}

const explainTarget = ({ path, headers }: GatewayContext) =>
  `No two parsers could read it differently: the path is ${path}, and ${Object.keys(headers).length} headers may be passed on.`

/** The response to CONNECT and TRACE, which no path allows. */
export const methodNotServed = (method: string) =>
  new Problem('method_not_allowed', 405, `${method} is not served here.`, {
    headers: { connection: 'close', allow: 'DELETE, GET, HEAD, PATCH, POST, PUT' },
  })

const closingProblem = (code: string, status: number, message: string) =>
  new Problem(code, status, message, { headers: { connection: 'close' } })

/** Node's parser also takes HTTP/0.9 and HTTP/2.0 in the place of a version, and reads on as in HTTP/1. */
const SERVED_VERSIONS = new Set(['1.1', '1.0'])

const MALFORMED_TARGET = 'The request target must be a path, or an http address.'
const SINGLE_VALUED = ['host', 'authorization', 'x-api-key', 'idempotency-key', 'content-type', 'x-correlation-id']

/** Whether the headers, with the gateway's own, would exceed a function's limit. */
function findExcess(rawHeaders: readonly string[]): string | undefined {
  if (rawHeaders.length / 2 > MAX_CALLER_HEADER_FIELDS)
    return `A request may have at most ${MAX_CALLER_HEADER_FIELDS} headers.`
  const bytes = rawHeaders.reduce((sum, text) => sum + text.length + 2, 0)
  return bytes > MAX_CALLER_HEADER_BYTES ? HEADERS_TOO_LARGE : undefined
}

/** The same sentence, whether Node's parser found it or `normalise`. */
export const HEADERS_TOO_LARGE = `The headers may have at most ${MAX_CALLER_HEADER_BYTES} bytes.`

function findAmbiguity({ method, httpVersion }: IncomingMessage, headers: Readonly<Record<string, string[]>>) {
  for (const name of SINGLE_VALUED) {
    if ((headers[name]?.length ?? 0) > 1) return `The header ${name} is given more than once.`
  }
  for (const name in headers) if (name.includes('_')) return 'A header name may not have an underscore.'
  const host = headers.host?.[0]
  if (host === undefined && httpVersion !== '1.0') return 'The Host header is missing.'
  if (host !== undefined && !HOST_PATTERN.test(host)) return 'The Host header is malformed.'
  const coding = headers['transfer-encoding']
  if (coding && httpVersion === '1.0') return 'HTTP/1.0 has no Transfer-Encoding.'
  if (coding && coding.join().toLowerCase() !== 'chunked') return 'Transfer-Encoding can only be chunked.'
  const hasBody = coding !== undefined || Number(headers['content-length']?.[0] ?? 0) > 0
  return hasBody && (method === 'GET' || method === 'HEAD') ? `A ${method} has no body.` : undefined
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i

/** Path and query, and the authority where the target is an absolute URL; undefined where it is neither. */
function parseTarget(url: string): { readonly authority?: string; readonly target: string } | undefined {
  if (url.startsWith('/')) return { target: url }
  const [, authority, rest = ''] = ABSOLUTE.exec(url) ?? []
  if (authority === undefined || !HOST_PATTERN.test(authority)) return undefined
  return { authority, target: rest.startsWith('/') ? rest : `/${rest}` }
}

const UNSAFE_CHARACTER = /[^\x21-\x7e]|[\\#]/
const UNSAFE_IN_PATH = /\/\/|%2f|%5c|%[01][0-9a-f]|%7f|\/(\.|%2e){1,2}(\/|$)/i

function findUnsafeTarget(target: string): string | undefined {
  if (UNSAFE_CHARACTER.test(target)) return 'The request target has a character that must be percent-encoded.'
  const [path = ''] = target.split('?', 1)
  if (UNSAFE_IN_PATH.test(path)) {
    return 'The path may not have empty or dot segments, encoded slashes or control characters.'
  }
  if (!target.includes('%')) return undefined
  try {
    decodeURIComponent(target)
    return undefined
  } catch {
    return 'The request target has a malformed percent escape.'
  }
}
