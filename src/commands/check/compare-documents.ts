/** The parts of an OpenAPI document that are compared. */
export interface ApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly 'x-proxies'?: readonly { readonly name: string; readonly path: string }[]
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> }
}

const MAX_LINES_PER_OPERATION = 5

/** Lists the differences between the deployed API and the local one, one line each: endpoints, versions, inputs and outputs. */
export function compareDocuments(there: ApiDocument, here: ApiDocument): readonly string[] {
  const [theirs, ours] = [operationsOf(there), operationsOf(here)]
  const compare = createComparison(there, here)
  return namesOf(theirs, ours).flatMap((name) => {
    if (!Object.hasOwn(theirs, name)) return [`${name} is not deployed`]
    if (!Object.hasOwn(ours, name)) return [`${name} is deployed, but not here`]
    const lines = [...compare(theirs[name], ours[name])].map((line) => `${name}: ${line}`)
    const more = lines.length - MAX_LINES_PER_OPERATION
    return more > 1 ? [...lines.slice(0, MAX_LINES_PER_OPERATION), `${name}: and ${more} more differences`] : lines
  })
}

/** The operations of a document by method and path, and its proxies. */
export const operationsOf = ({ paths = {}, 'x-proxies': proxies = [] }: ApiDocument): Parts =>
  Object.fromEntries([
    ...Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
    ),
    ...proxies.map((proxy) => [`the proxy ${proxy.name} at ${proxy.path}`, proxy] as const),
  ])

type Parts = Readonly<Record<string, unknown>>

/** Compares parts of two documents, independent of how each of them names its schemas. */
function createComparison(there: ApiDocument, here: ApiDocument) {
  const compared = new Set<string>()
  return function* compare(one: unknown, other: unknown, path: readonly string[] = []): Iterable<string> {
    const refs = JSON.stringify([Object(one).$ref, Object(other).$ref])
    if (refs !== '[null,null]') {
      if (compared.has(refs)) return
      compared.add(refs)
    }
    const [theirs, ours] = [keyed(resolve(one, there)), keyed(resolve(other, here))]
    if (typeof theirs === 'object' && typeof ours === 'object') {
      for (const name of namesOf(theirs, ours)) {
        if (!isProse(name, path)) yield* compare(theirs[name], ours[name], [...path, name])
      }
    } else if (theirs !== ours)
      yield `${path.join('.')} is ${describeValue(theirs)} there and ${describeValue(ours)} here`
  }
}

function resolve(part: unknown, document: ApiDocument): unknown {
  const ref: unknown = Object(part).$ref
  if (typeof ref !== 'string') return part
  const keys = ref.split('/').slice(1)
  return keys.reduce<unknown>((parent, key) => Object(parent)[key], document)
}

/** Prose that programs do not read; but the description of a response lists its problem codes. */
function isProse(name: string, path: readonly string[]): boolean {
  const last = path.at(-1) ?? ''
  if (last === 'properties' || last === 'parameters' || last === 'responses') return false
  if (name === 'description') return path.at(-2) !== 'responses'
  return ['summary', 'tags', 'example', 'examples'].includes(name)
}

/** An object, or a list of objects keyed by what identifies its items; anything else as JSON text, with lists sorted. */
function keyed(part: unknown): Parts | string | undefined {
  if (part === undefined) return undefined
  if (!Array.isArray(part)) return typeof part === 'object' && part !== null ? { ...part } : JSON.stringify(part)
  if (part.length === 0 || part.some((item) => typeof item !== 'object')) return JSON.stringify([...part].sort())
  return Object.fromEntries(part.map((item, i) => [item.name ? `${item.in} ${item.name}` : String(i), item]))
}

const namesOf = (one: Parts, other: Parts) => [...new Set([...Object.keys(one), ...Object.keys(other)])]

const MAX_TEXT_LENGTH = 60

function describeValue(part: Parts | string | undefined): string {
  const text = typeof part === 'object' ? JSON.stringify(part) : (part ?? 'absent')
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text
}
