import type { ReplyOf } from '../api/operations.ts'
import { useData } from '../api/use-data.ts'
import { Json } from '../parts/code.tsx'
import { Loaded } from '../parts/loaded.tsx'
import { Section } from '../parts/page.tsx'
import { bodyOf, type Operation } from './operation.ts'
import { TryIt } from './try-it.tsx'

type Openapi = ReplyOf<'openapi.read'>
type Route = ReplyOf<'routes.list'>['routes'][number]

/** What the API's document says of an endpoint: a request to try, examples, schemas. */
export function Documented({ route }: { readonly route: Route }) {
  const document = useData('openapi.read', {})
  return (
    <Loaded data={document} rows={8}>
      {(openapi) => {
        const operation = findOperation(openapi, route)
        return (
          <>
            <TryIt key={route.name} route={route} operation={operation ?? NOT_DOCUMENTED} />
            {operation ? <Schemas of={operation} openapi={openapi} /> : null}
          </>
        )
      }}
    </Loaded>
  )
}

const NOT_DOCUMENTED: Operation = {}

function Schemas({ of: operation, openapi }: { readonly of: Operation; readonly openapi: Openapi }) {
  return (
    <Section title="Examples and schema">
      <Examples of={operation} />
      <details>
        <summary>Request</summary>
        <Json
          value={{ parameters: operation.parameters ?? [], body: resolve(bodyOf(operation)?.schema, openapi) }}
          label="Schema of the request"
        />
      </details>
      {Object.entries(operation.responses ?? {})
        .filter(([status]) => status.startsWith('2'))
        .map(([status, { content, description }]) => (
          <details key={status}>
            <summary>
              {status} {description}
            </summary>
            <Json
              value={resolve(Object.values(content ?? {})[0]?.schema ?? null, openapi)}
              label={`Schema of ${status}`}
            />
          </details>
        ))}
    </Section>
  )
}

function findOperation({ paths = {} }: Openapi, { path, method }: Route): Operation | undefined {
  // The gateway has rendered the document from the contracts; what is missing in it is undefined here.
  const found = paths[path] as Readonly<Record<string, Operation>> | undefined
  return found?.[method.toLowerCase()]
}

function Examples({ of }: { readonly of: Operation }) {
  const examples = Object.entries(bodyOf(of)?.examples ?? {})
  if (examples.length === 0) return <p class="soft">Its contract has no example of a body.</p>
  return (
    <>
      {examples.map(([name, { value }]) => (
        <details key={name}>
          <summary>Example “{name}”</summary>
          <Json value={value} label={`Example ${name}`} />
        </details>
      ))}
    </>
  )
}

const MAX_DEPTH = 12

/** A schema with what it refers to in its place, as deep as somebody reads. */
function resolve(schema: unknown, openapi: Openapi, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return schema
  if (Array.isArray(schema)) return schema.map((item) => resolve(item, openapi, depth + 1))
  const { $ref } = schema as { readonly $ref?: unknown }
  if (typeof $ref === 'string') {
    const target = $ref
      .split('/')
      .slice(1)
      .reduce<unknown>((found, part) => Object(found)[part], openapi)
    return resolve(target, openapi, depth + 1)
  }
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, resolve(value, openapi, depth + 1)]))
}
