import { describeEndpoint, type EndpointContract } from '../../contract/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { sampleRequest } from '../../deploy/sample/sample-request.ts'
import type { SeenRequest } from '../../protocol/admin/requests.ts'
import type { ProbeRequest } from '../check/probe.ts'

/** Of one route, and in all: who has asked for more has asked the same. */
const MAX_OF_A_ROUTE = 20
const MAX_REQUESTS = 300
/** As long as a path is kept. */
const MAX_PATH = 300

/** A request that changes nothing, and the route that it is for. */
export interface SafeRequest extends ProbeRequest {
  /** As reports name it. */
  readonly name: string
}

/**
 * The reads to send: of each endpoint that only reads what its contract would have (its examples, or made-up values), and what was
 * lately asked of it here, each path once. `hasKey` says whether those that need a caller can be asked.
 */
export function safeRequests(
  contracts: readonly EndpointContract[],
  seen: readonly SeenRequest[],
  { hasKey }: { readonly hasKey: boolean },
): readonly SafeRequest[] {
  const readable = contracts.filter((contract) => {
    const { readOnly, authorizer, replyStream, upgrade, internal, anonymous } = describeEndpoint(contract)
    return readOnly && !authorizer && !replyStream && !upgrade && !internal && (anonymous || hasKey)
  })
  const requests = readable.flatMap((contract) => [ofContract(contract), ...ofTraffic(contract, seen)])
  return requests.slice(0, MAX_REQUESTS)
}

function ofContract(contract: EndpointContract): SafeRequest {
  const { target, headers, body, contentType } = sampleRequest(contract, createRandom(contract.name))
  const { method, path } = contract
  const name = `${method} ${path}, as its contract says`
  if (body === undefined) return { name, method, target, headers }
  return { name, method, target, headers: { ...headers, 'content-type': contentType }, body }
}

function ofTraffic({ name, method }: EndpointContract, seen: readonly SeenRequest[]): readonly SafeRequest[] {
  if (method !== 'GET') return []
  const own = seen.filter((one) => one.function === name && one.method === 'GET' && one.status < 500)
  const paths = [...new Set(own.map(({ path }) => path))].filter((path) => path.length < MAX_PATH)
  return paths.slice(0, MAX_OF_A_ROUTE).map((path) => ({ name: `GET ${path}`, method, target: path }))
}
