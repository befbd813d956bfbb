import { randomUUID } from 'node:crypto'
import {
  describeEndpoint,
  type EndpointContract,
  type Route,
  repliesOf,
  replyOf,
  toOutput,
} from '../../contract/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { sampleRequest } from '../../deploy/sample/sample-request.ts'
import type { Router } from '../../http/gateway/router.ts'
import {
  type Check,
  checkHeaders,
  checkProblem,
  type ProbeRequest,
  type ProbeResponse,
  parseJson,
  type Send,
  type Violation,
} from './probe.ts'

interface EndpointChecksOptions {
  readonly send: Send
  /** An API key, for endpoints that need one. */
  readonly key: string | undefined
}

/**
 * Checks how an endpoint responds to a caller without a key and, if it only reads, to one with a key. A request that could
 * write is only ever sent without a key and with a body that no endpoint accepts.
 */
export function endpointChecks(contract: EndpointContract, { send, key }: EndpointChecksOptions): readonly Check[] {
  const { method, path, anonymous, authorizer, readOnly, replyStream } = describeEndpoint(contract)
  const check = (what: string, run: () => Promise<Violation>): Check => ({ name: `${method} ${path}: ${what}`, run })
  const refused = check(anonymous ? '4xx for a body that is not JSON' : '401 without a key', async () =>
    checkRefusal(await send(refusableRequest(contract)), anonymous),
  )
  // A stream may go on for as long as it is read.
  if (!readOnly || authorizer !== undefined || replyStream) return [refused]
  const replies = (what: string, headers = {}) =>
    check(what, async () => checkReply(contract, await send(goodRequest(contract, headers))))
  if (anonymous) return [replies('a response of its contract')]
  return [refused, ...(key === undefined ? [] : [replies('a response of its contract', { 'x-api-key': key })])]
}

const sampleFor = (contract: EndpointContract) => sampleRequest(contract, createRandom(contract.name))

function goodRequest(contract: EndpointContract, given: Readonly<Record<string, string>>): ProbeRequest {
  const { target, headers, body, contentType } = sampleFor(contract)
  if (body === undefined) return { method: contract.method, target, headers: { ...headers, ...given } }
  return {
    method: contract.method,
    target,
    headers: { ...headers, ...given, 'content-type': contentType },
    body,
  }
}

/** Even if authentication wrongly let it through, its body is not JSON and so reaches no function. */
function refusableRequest(contract: EndpointContract): ProbeRequest {
  const { method } = contract
  const { target } = sampleFor(contract)
  if (method === 'GET') return { method, target }
  return { method, target, headers: { 'content-type': 'text/plain' }, body: 'ebb check' }
}

function checkRefusal(response: ProbeResponse, anonymous: boolean): Violation {
  const violation = checkProblem(response, anonymous ? [400, 415] : [401])
  if (violation || anonymous) return violation
  return response.headers.has('www-authenticate') ? undefined : 'its 401 has no WWW-Authenticate'
}

function checkReply(contract: EndpointContract, response: ProbeResponse): Violation {
  const { status, text } = response
  if (status === 401 || status >= 500) return `it answers ${status}: ${text.slice(0, 200)}`
  if (status >= 400) {
    const { error, details } = Object(parseJson(text))
    const violation = checkProblem(response, [status])
    return (
      violation ?? (error === 'invalid_request' ? `it refuses a valid request: ${JSON.stringify(details)}` : undefined)
    )
  }
  const reply = replyOf(contract, status)
  const declared = repliesOf(contract).map((one) => one.status)
  if (!reply) return `it answers ${status} instead of ${declared.join(' or ')}`
  const parsed = reply.body && toOutput(reply.body).safeParse(parseJson(text))
  const [issue] = parsed?.error?.issues ?? []
  return issue ? `its reply breaks the contract: ${issue.path.join('.')}: ${issue.message}` : checkHeaders(response)
}

/** Both are safe (RFC 9110, 9.2.1) on any deployment. */
const SAFE_METHODS = ['GET', 'OPTIONS']

/** For each path, checks that a method it lacks gets a 405 that lists its methods. */
export function methodChecks(
  contracts: readonly EndpointContract[],
  { send, find }: { readonly send: Send; readonly find: Router['find'] },
): readonly Check[] {
  const byPath = new Map(contracts.map((contract) => [contract.path, contract]))
  return [...byPath.values()].flatMap((contract) => {
    const [target = ''] = sampleRequest(contract, createRandom(contract.name)).target.split('?', 1)
    for (const method of SAFE_METHODS) {
      const found = find(method, target)
      if ('route' in found) continue
      const allow = found.allow.join(', ')
      const run = async () => checkAllow(await send({ method, target }), allow)
      return [{ name: `${method} ${contract.path}: 405, since it takes ${allow}`, run }]
    }
    return []
  })
}

/** Checks that nobody without a key gets past a proxy. Nothing is sent that its service could get by right. */
export function proxyChecks(
  proxies: readonly Route[],
  { send, find }: { readonly send: Send; readonly find: Router['find'] },
): readonly Check[] {
  return proxies.flatMap((proxy) => {
    const target = proxy.path.replaceAll(/\{\w+\}|\*$/g, 'ebb-check')
    const found = find('GET', target)
    if (proxy.anonymous || !('route' in found) || found.route.name !== proxy.name) return []
    const run = async () => checkRefusal(await send({ method: 'GET', target }), false)
    return [{ name: `GET ${proxy.path}: 401 without a key`, run }]
  })
}

const checkAllow = (response: ProbeResponse, allow: string): Violation => {
  const actual = response.headers.get('allow')
  return checkProblem(response, [405]) ?? (actual === allow ? undefined : `it allows ${actual} instead of ${allow}`)
}

const UNKNOWN_ORIGIN = 'https://ebb-check.invalid'

/** Checks what every Ebb does, independent of its contracts. */
export function platformChecks(
  send: Send,
  { origin, find }: { readonly origin: string | undefined; readonly find: Router['find'] },
): readonly Check[] {
  const unknown = `/v1/ebb-check-${randomUUID()}`
  const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
    send({ method: 'GET', target, headers })
  const check = (
    name: string,
    target: string,
    inspect: (response: ProbeResponse) => Violation,
    headers = {},
  ): Check => ({
    ...{ name, run: async () => inspect(await get(target, headers)) },
  })
  return [
    check('it is ready', '/_/ready', (response) => checkReady(response) ?? checkHeaders(response)),
    // With a proxy of all paths there is none.
    ...('route' in find('GET', unknown)
      ? []
      : [check('404 for an unknown path', unknown, (response) => checkProblem(response, [404]))]),
    check('404 for its metrics', '/metrics', (response) => checkProblem(response, [404])),
    check('its API reference loads nothing from other origins', '/docs', checkDocs),
    check('CORS refuses an unknown origin, unless it allows all', '/openapi.json', checkUnknownOrigin, {
      origin: UNKNOWN_ORIGIN,
    }),
    ...(origin ? [check(`CORS allows ${origin}`, '/openapi.json', checkOrigin(origin), { origin })] : []),
  ]
}

const checkReady = ({ status }: ProbeResponse): Violation => (status === 200 ? undefined : `it answers ${status}`)

function checkDocs(response: ProbeResponse): Violation {
  const { status, headers } = response
  // There is no reference page if swagger-ui is not installed.
  if (status === 404) return checkProblem(response, [404])
  if (status !== 200) return `it answers ${status}`
  const isStrict = headers.get('content-security-policy')?.startsWith("default-src 'none'")
  if (!isStrict || headers.get('x-content-type-options') !== 'nosniff')
    return 'it has no strict Content-Security-Policy'
  return checkHeaders(response)
}

function checkUnknownOrigin(response: ProbeResponse): Violation {
  const allowed = response.headers.get('access-control-allow-origin')
  return allowed === null || allowed === '*' ? checkHeaders(response) : `it allows ${allowed}`
}

const checkOrigin =
  (origin: string) =>
  ({ headers }: ProbeResponse): Violation => {
    const allowed = headers.get('access-control-allow-origin')
    if (allowed !== origin && allowed !== '*') return `it allows ${allowed ?? 'no origin'}`
    const exposed = headers.get('access-control-expose-headers') ?? ''
    return /x-correlation-id/i.test(exposed) ? undefined : 'it does not expose the X-Correlation-Id'
  }
