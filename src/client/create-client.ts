import type { Client, ClientOptions } from './call.ts'
import { toCallData } from './call-data.ts'
import type { Callable, CallsOf } from './calls-of.ts'
import { createCalls } from './create-calls.ts'

/**
 * Creates a client of contracts, one method each, typed by them; it needs `fetch` and `crypto` and nothing else. A call never
 * throws because of the network or the server: see {@link Result}. Throws a TypeError for a `baseUrl` that is not a valid http or https address.
 * @example
 * const client = createClient({ getOrder: contract }, { baseUrl: 'https://api.example.com', key: 'ebb_…' })
 * const result = await client.getOrder({ params: { id: '7' } })
 * if (result.ok) console.log(result.data.quantity)
 * else if (result.error === 'order_not_found') console.log('There is no such order.')
 * else throw new Error(result.message)
 * @see docs/guide/17-typed-client.md
 */
export function createClient<const Contracts extends Readonly<Record<string, Callable>>>(
  contracts: Contracts,
  options: ClientOptions,
): Client<CallsOf<Contracts>> {
  const callables = Object.entries<Callable>(contracts).map(([name, contract]) => [name, toCallData(contract)])
  // What each contract sends and gets exists in its types only; at run time all calls are alike.
  return createCalls(Object.fromEntries(callables), options) as Client<CallsOf<Contracts>>
}
