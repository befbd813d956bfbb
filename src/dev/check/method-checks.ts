import { describeEndpoint, type EndpointContract } from '../../contract/index.ts'
import { createRouter } from '../../http/gateway/router.ts'
import { createRandom } from '../sample/random.ts'
import { sampleRequest } from '../sample/sample-request.ts'
import type { Check } from './check-deployed.ts'
import { type Fault, type Probed, problemFault, type Send } from './probe.ts'

/** Both are safe (RFC 9110, 9.2.1), whatever is deployed. */
const SAFE = ['GET', 'OPTIONS']

/** Wants a 405 that names the methods of each path, for a method that it does not have. */
export function methodChecks(contracts: readonly EndpointContract[], send: Send): readonly Check[] {
  const find = createRouter(contracts.map(describeEndpoint))
  const byPath = new Map(contracts.map((contract) => [contract.path, contract]))
  return [...byPath.values()].flatMap((contract) => {
    const [target = ''] = sampleRequest(contract, createRandom(contract.name)).target.split('?', 1)
    for (const method of SAFE) {
      const found = find(method, target)
      if ('route' in found) continue
      const allow = found.allow.join(', ')
      const run = async () => allowFault(await send({ method, target }), allow)
      return [{ name: `${method} ${contract.path}: 405, since it takes ${allow}`, run }]
    }
    return []
  })
}

const allowFault = (answer: Probed, allow: string): Fault => {
  const told = answer.headers.get('allow')
  return problemFault(answer, [405]) ?? (told === allow ? undefined : `it allows ${told} instead of ${allow}`)
}
