import type { EndpointData } from './contracts-data.ts'
import { pascal, renderTypes } from './render-types.ts'

/** The name of an endpoint's method: `place-order` is `placeOrder`. */
export const methodOf = ({ route }: EndpointData): string => {
  const name = pascal(route.name)
  return name.slice(0, 1).toLowerCase() + name.slice(1)
}

/**
 * Renders the `index.d.ts` of a packed client: `callTypes`, which are plain and import nothing, then a type for each part
 * of each endpoint, and the client over them. It needs neither zod nor the contracts.
 */
export function clientTypes(endpoints: readonly EndpointData[], { callTypes }: { callTypes: string }): string {
  if (/^\s*(import|export .* from)\b/m.test(callTypes)) throw new Error('the types of a call must import nothing')
  const calls = endpoints.map((endpoint) => `${doc(endpoint)}  readonly ${methodOf(endpoint)}: ${callType(endpoint)}\n`)
  return [
    callTypes.trim(),
    ...endpoints.flatMap(partTypes),
    `/** What callers send to each endpoint and get from it. */\nexport type Calls = {\n${calls.join('')}}`,
    `/** Makes a client of all endpoints. Throws a TypeError for a \`baseUrl\` that is none. */
export declare function createClient(options: ClientOptions): Client<Calls>\n`,
  ].join('\n\n')
}

const PARTS = { params: 'input', query: 'input', headers: 'input', body: 'input', data: 'output' } as const
const partNames = Object.keys(PARTS) as readonly (keyof typeof PARTS)[]

const typeName = ({ route }: EndpointData, part: string) => pascal(route.name) + pascal(part)

function partTypes(endpoint: EndpointData): readonly string[] {
  return partNames.flatMap((part) => {
    const schema = endpoint[part]
    return schema ? [renderTypes(typeName(endpoint, part), schema, { io: PARTS[part] }).trim()] : []
  })
}

function callType(endpoint: EndpointData): string {
  const { route, status, failures } = endpoint
  const parts = partNames.flatMap((part) =>
    endpoint[part] ? [`    readonly ${part}: ${typeName(endpoint, part)}\n`] : [],
  )
  const codes = Object.entries(failures).map(([code, failure]) => `readonly ${code}: ${failure}`)
  return [
    '{\n',
    ...parts,
    ...(endpoint.data ? [] : ['    readonly data: undefined\n']),
    ...(route.idempotent ? ['    readonly idempotent: true\n'] : []),
    `    readonly status: ${status}\n`,
    `    readonly failures: ${codes.length > 0 ? `{ ${codes.join('; ')} }` : 'Record<never, never>'}\n`,
    '  }',
  ].join('')
}

const doc = ({ route: { summary, method, path } }: EndpointData) =>
  `  /** ${summary.replaceAll('*/', '*\\/')} ${method} ${path} */\n`
