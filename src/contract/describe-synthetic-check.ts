import type { AnyContract } from './any-contract.ts'
import { ContractError } from './contract-error.ts'
import type { EndpointContract, Method } from './endpoint-shape.ts'
import { parsePathTemplate } from './path-template.ts'
import { usualReply } from './reply.ts'

/** A check with the request that it sends, as plain data. */
export interface DescribedCheck {
  readonly everySeconds: number
  /** The title of the example. */
  readonly from: string
  /** Path and query. */
  readonly target: string
  /** JSON; undefined where there is none. */
  readonly body?: string
  /** What it is to be answered with. */
  readonly status: number
  /** What takes back what it has written; undefined where it only reads. */
  readonly undo?: Undo
}

/** The endpoint that takes back what a check has written, and what of its path is known before the reply. */
export interface Undo {
  readonly name: string
  readonly method: Method
  readonly path: string
  readonly params: Readonly<Record<string, unknown>>
}

/** Describes the check of an endpoint; undefined where it has none. Throws a ContractError where nothing could undo it. */
export function describeSyntheticCheck(
  contract: EndpointContract,
  contracts: readonly AnyContract[],
): DescribedCheck | undefined {
  const { check, examples = {}, path } = contract
  const example = check && examples[check.from]
  if (!check || !example) return undefined
  const { params = {}, query = {}, body, status = usualReply(contract).status } = example
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])),
  )
  const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(params[name])))
  return {
    ...{ everySeconds: check.everySeconds, from: check.from, status },
    target: search.size > 0 ? `${target}?${search}` : target,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(check.undo === undefined ? {} : { undo: describeUndo(contract, check.undo, { params, contracts }) }),
  }
}

function describeUndo(
  contract: EndpointContract,
  undo: string,
  { params, contracts }: { readonly params: Undo['params']; readonly contracts: readonly AnyContract[] },
): Undo {
  const refuse = (why: string): never => {
    throw new ContractError(contract.name, `its check.undo "${undo}" ${why}`)
  }
  const found = contracts.find(({ name }) => name === undo)
  if (found?.kind !== 'endpoint' || found.access.internal) return refuse('is no endpoint that callers have')
  const { method, path, query, body, headers, emits } = found
  if (method === 'GET' || found.reads) refuse('only reads; name one that takes back what was written')
  if (found.access.dpop || found.access.authorizer) refuse('takes no API key, and a check has nothing else')
  if (found.conditional === true) refuse('asks for a version, which a check does not know')
  if (emits) refuse('emits events, which nothing takes back')
  const isNeeded = Object.entries({ query, body, headers }).find(
    ([, schema]) => schema !== undefined && !('safeParse' in schema && schema.safeParse({}).success),
  )
  if (isNeeded) refuse(`needs a ${isNeeded[0]}, which a check does not know`)
  // Of a z.object; any other body has no properties.
  const replied = Object.keys(Object(usualReply(contract).body).shape ?? {})
  const missing = parsePathTemplate(path).names.find((name) => !replied.includes(name) && !Object.hasOwn(params, name))
  if (missing) refuse(`has {${missing}} in its path, which neither the reply nor the example has`)
  return { name: undo, method, path, params }
}
