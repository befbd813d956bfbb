import { randomUUID } from 'node:crypto'
import { describeEndpoint, type EndpointContract, toOutput } from '../../contract/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { sampleRequest } from '../../deploy/sample/sample-request.ts'
import { createRouter } from '../../http/gateway/steps/route.ts'
import type { Check } from '../check.ts'
import {
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
  const { method, path, anonymous, readOnly } = describeEndpoint(contract)
  const check = (what: string, run: () => Promise<Violation>): Check => ({ name: `${method} ${path}: ${what}`, run })
  const refused = check(anonymous ? '4xx for a body that is none' : '401 without a key', async () =>
    checkRefusal(await send(refusableRequest(contract)), anonymous),
  )
  if (!readOnly) return [refused]
  const answered = (what: string, headers = {}) =>
    check(what, async () => checkReply(contract, await send(goodRequest(contract, headers))))
  if (anonymous) return [answered('an answer of its contract')]
  return [refused, ...(key === undefined ? [] : [answered('an answer of its contract', { 'x-api-key': key })])]
}

const sampleFor = (contract: EndpointContract) => sampleRequest(contract, createRandom(contract.name))

function goodRequest(contract: EndpointContract, given: Readonly<Record<string, string>>): ProbeRequest {
  const { target, headers, body } = sampleFor(contract)
  if (body === undefined) return { method: contract.method, target, headers: { ...headers, ...given } }
  return {
    method: contract.method,
    target,
    headers: { ...headers, ...given, 'content-type': 'application/json' },
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

function checkRefusal(answer: ProbeResponse, anonymous: boolean): Violation {
  const fault = checkProblem(answer, anonymous ? [400, 415] : [401])
  if (fault || anonymous) return fault
  return answer.headers.has('www-authenticate') ? undefined : 'its 401 has no WWW-Authenticate'
}

function checkReply(contract: EndpointContract, answer: ProbeResponse): Violation {
  const { reply } = contract
  const { status, text } = answer
  if (status === 401 || status >= 500) return `it answers ${status}: ${text.slice(0, 200)}`
  if (status >= 400) {
    const { error, details } = Object(parseJson(text))
    const fault = checkProblem(answer, [status])
    return fault ?? (error === 'invalid_request' ? `it refuses a good request: ${JSON.stringify(details)}` : undefined)
  }
  if (status !== reply.status) return `it answers ${status} instead of ${reply.status}`
  const schema = 'body' in reply ? reply.body : undefined
  const parsed = schema && toOutput(schema).safeParse(parseJson(text))
  const [issue] = parsed?.error?.issues ?? []
  return issue ? `its reply breaks the contract: ${issue.path.join('.')}: ${issue.message}` : checkHeaders(answer)
}

/** Both are safe (RFC 9110, 9.2.1) on any deployment. */
const SAFE_METHODS = ['GET', 'OPTIONS']

/** For each path, checks that a method it lacks gets a 405 that lists its methods. */
export function methodChecks(contracts: readonly EndpointContract[], send: Send): readonly Check[] {
  const find = createRouter(contracts.map(describeEndpoint))
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

const checkAllow = (answer: ProbeResponse, allow: string): Violation => {
  const told = answer.headers.get('allow')
  return checkProblem(answer, [405]) ?? (told === allow ? undefined : `it allows ${told} instead of ${allow}`)
}

const UNKNOWN_ORIGIN = 'https://ebb-check.invalid'

/** Checks what every Ebb does, independent of its contracts. */
export function platformChecks(send: Send, { origin }: { readonly origin: string | undefined }): readonly Check[] {
  const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
    send({ method: 'GET', target, headers })
  const check = (name: string, target: string, judge: (answer: ProbeResponse) => Violation, headers = {}): Check => ({
    ...{ name, run: async () => judge(await get(target, headers)) },
  })
  return [
    check('it is ready', '/_/ready', (answer) => checkReady(answer) ?? checkHeaders(answer)),
    check('404 for an unknown path', `/v1/ebb-check-${randomUUID()}`, (answer) => checkProblem(answer, [404])),
    check('404 for its metrics', '/metrics', (answer) => checkProblem(answer, [404])),
    check('its API reference loads nothing from elsewhere', '/docs', checkDocs),
    check('no strange page is let in, unless all are', '/openapi.json', checkUnknownOrigin, { origin: UNKNOWN_ORIGIN }),
    ...(origin ? [check(`pages of ${origin} may call`, '/openapi.json', checkOrigin(origin), { origin })] : []),
  ]
}

const checkReady = ({ status }: ProbeResponse): Violation => (status === 200 ? undefined : `it answers ${status}`)

function checkDocs(answer: ProbeResponse): Violation {
  const { status, headers } = answer
  // There is no reference page if swagger-ui is not installed.
  if (status === 404) return checkProblem(answer, [404])
  if (status !== 200) return `it answers ${status}`
  const isStrict = headers.get('content-security-policy')?.startsWith("default-src 'none'")
  if (!isStrict || headers.get('x-content-type-options') !== 'nosniff') return 'it has no strict policy'
  return checkHeaders(answer)
}

function checkUnknownOrigin(answer: ProbeResponse): Violation {
  const allowed = answer.headers.get('access-control-allow-origin')
  return allowed === null || allowed === '*' ? checkHeaders(answer) : `it lets ${allowed} in`
}

const checkOrigin =
  (origin: string) =>
  ({ headers }: ProbeResponse): Violation => {
    const allowed = headers.get('access-control-allow-origin')
    if (allowed !== origin && allowed !== '*') return `it lets ${allowed ?? 'nobody'} in`
    const exposed = headers.get('access-control-expose-headers') ?? ''
    return /x-correlation-id/i.test(exposed) ? undefined : 'it does not show them the X-Correlation-Id'
  }
