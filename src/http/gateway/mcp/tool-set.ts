import type { ContractSet, Route, ToolDescription } from '../../../contract/index.ts'
import type { Caller } from '../credentials.ts'
import { createRouter, type Router } from '../router.ts'
import { hasRights } from '../steps/authenticate.ts'
import { asObject } from './json-rpc.ts'

/** One tool, with what is written of it once for all who list it. */
export interface ToolEntry {
  readonly tool: ToolDescription
  readonly route: Route
  /** As JSON; the revisions with a handshake know results that are objects only. */
  readonly json: { readonly stateless: string; readonly withHandshake: string }
  /** Whether its result has a schema in those. */
  readonly structured: { readonly stateless: boolean; readonly withHandshake: boolean }
}

/** The tools of one set of contracts. */
export interface ToolSet {
  /** By name. */
  readonly entries: readonly ToolEntry[]
  readonly byName: ReadonlyMap<string, ToolEntry>
  /** Whether any of them can be called without a key. */
  readonly anonymous: boolean
  /** What any caller may need, to ask an issuer for. */
  readonly scopes: readonly string[]
  readonly findRoute: Router['find']
  readonly server: { readonly name: string; readonly title: string; readonly version: string }
  /** What the API is about; undefined where domain/api.ts does not say. */
  readonly instructions: string | undefined
}

const sets = new WeakMap<ContractSet, ToolSet>()

/** The tools of a set of contracts, made once. */
export function toolSetOf(contracts: ContractSet): ToolSet {
  const known = sets.get(contracts)
  if (known) return known
  const made = createToolSet(contracts)
  sets.set(contracts, made)
  return made
}

function createToolSet({ routes, tools = [], openapi }: ContractSet): ToolSet {
  const entries = tools.flatMap((tool) => {
    const route = routes.find(({ name }) => name === tool.name)
    return route ? [createEntry(tool, route)] : []
  })
  const { title, version, description } = asObject(asObject(openapi)?.info) ?? {}
  return {
    entries,
    byName: new Map(entries.map((entry) => [entry.tool.name, entry])),
    anonymous: entries.some(({ route }) => route.anonymous),
    scopes: [...new Set(entries.flatMap(({ route }) => route.scopes))].sort(),
    findRoute: createRouter(routes).find,
    server: { name: 'ebb', title: String(title ?? 'API'), version: String(version ?? '0') },
    instructions: typeof description === 'string' ? description : undefined,
  }
}

function createEntry(tool: ToolDescription, route: Route): ToolEntry {
  const { outputSchema, ...withoutOutput } = tool
  const isObject = outputSchema?.type === 'object'
  return {
    ...{ tool, route },
    json: { stateless: JSON.stringify(tool), withHandshake: JSON.stringify(isObject ? tool : withoutOutput) },
    structured: { stateless: outputSchema !== undefined, withHandshake: isObject },
  }
}

/** Whether a caller may call a tool; whom an owner or a policy lets in, its handler knows. */
export const mayCall = (
  { route }: ToolEntry,
  caller: Caller,
  { anonymous }: { readonly anonymous: boolean },
): boolean => route.anonymous || (!anonymous && hasRights(route, caller))
