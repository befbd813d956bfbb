import { describeEndpoint, type EndpointContract, toOutput } from '../../contract/index.ts'
import { createRandom } from '../sample/random.ts'
import { sampleRequest } from '../sample/sample-request.ts'
import type { Check } from './check-deployed.ts'
import { type Fault, headersFault, type Probed, type ProbeRequest, parse, problemFault, type Send } from './probe.ts'

export interface EndpointChecksOptions {
  readonly send: Send
  /** An API key, for what only callers see. */
  readonly key: string | undefined
}

/**
 * What an endpoint does for who has no key and, where it only reads, for who may call it. What would write is only ever
 * sent without a key and with a body that no endpoint takes.
 */
export function endpointChecks(contract: EndpointContract, { send, key }: EndpointChecksOptions): readonly Check[] {
  const { method, path, anonymous, readOnly } = describeEndpoint(contract)
  const check = (what: string, run: () => Promise<Fault>): Check => ({ name: `${method} ${path}: ${what}`, run })
  const refused = check(anonymous ? '4xx for a body that is none' : '401 without a key', async () =>
    refusalFault(await send(toBeRefused(contract)), anonymous),
  )
  if (!readOnly) return [refused]
  const answered = (what: string, headers = {}) =>
    check(what, async () => replyFault(contract, await send(toBeAnswered(contract, headers))))
  if (anonymous) return [answered('an answer of its contract')]
  return [refused, ...(key === undefined ? [] : [answered('an answer of its contract', { 'x-api-key': key })])]
}

const requestTo = (contract: EndpointContract) => sampleRequest(contract, createRandom(contract.name))

function toBeAnswered(contract: EndpointContract, given: Readonly<Record<string, string>>): ProbeRequest {
  const { target, headers, body } = requestTo(contract)
  if (body === undefined) return { method: contract.method, target, headers: { ...headers, ...given } }
  return {
    method: contract.method,
    target,
    headers: { ...headers, ...given, 'content-type': 'application/json' },
    body,
  }
}

/** Should it pass where it should not, it is still no JSON: it reaches no function. */
function toBeRefused(contract: EndpointContract): ProbeRequest {
  const { method } = contract
  const { target } = requestTo(contract)
  if (method === 'GET') return { method, target }
  return { method, target, headers: { 'content-type': 'text/plain' }, body: 'ebb check' }
}

function refusalFault(answer: Probed, anonymous: boolean): Fault {
  const fault = problemFault(answer, anonymous ? [400, 415] : [401])
  if (fault || anonymous) return fault
  return answer.headers.has('www-authenticate') ? undefined : 'its 401 has no WWW-Authenticate'
}

function replyFault(contract: EndpointContract, answer: Probed): Fault {
  const { reply } = contract
  const { status, text } = answer
  if (status === 401 || status >= 500) return `it answers ${status}: ${text.slice(0, 200)}`
  if (status >= 400) {
    const { error, details } = Object(parse(text))
    const fault = problemFault(answer, [status])
    return fault ?? (error === 'invalid_request' ? `it refuses a good request: ${JSON.stringify(details)}` : undefined)
  }
  if (status !== reply.status) return `it answers ${status} instead of ${reply.status}`
  const schema = 'body' in reply ? reply.body : undefined
  const parsed = schema && toOutput(schema).safeParse(parse(text))
  const [issue] = parsed?.error?.issues ?? []
  return issue ? `its reply breaks the contract: ${issue.path.join('.')}: ${issue.message}` : headersFault(answer)
}
