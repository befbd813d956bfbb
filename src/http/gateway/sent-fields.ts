/** Of a list, so many items are looked at. */
const MAX_ITEMS = 20

/** Finds which of some fields a request has: the names come from contracts, and never from callers. */
export type FindSent = (query: Readonly<Record<string, unknown>>, body: unknown) => readonly string[]

interface Node {
  /** The field that ends here. */
  readonly field?: string
  readonly children: ReadonlyMap<string, Node>
}

/** Prepares the search for fields such as `query.limit` and `body.items[].note`. */
export function createFindSent(fields: readonly string[]): FindSent {
  const root = toNode(fields.map((field) => ({ field, rest: field.replaceAll('[]', '.[]').split('.') })))
  const [query, body] = ['query', 'body'].map((part) => root.children.get(part))
  return (sentQuery, sentBody) => {
    const sent = new Set<string>()
    if (query) collect(query, sentQuery, sent)
    if (body) collect(body, sentBody, sent)
    return [...sent]
  }
}

interface Path {
  readonly field: string
  readonly rest: readonly string[]
}

function toNode(paths: readonly Path[]): Node {
  const end = paths.find(({ rest }) => rest.length === 0)
  const longer = paths.filter(({ rest }) => rest.length > 0)
  const names = new Set(longer.map(({ rest: [name = ''] }) => name))
  const childOf = (name: string) =>
    toNode(longer.filter(({ rest }) => rest[0] === name).map(({ field, rest }) => ({ field, rest: rest.slice(1) })))
  return {
    ...(end ? { field: end.field } : {}),
    children: new Map([...names].map((name) => [name, childOf(name)] as const)),
  }
}

function collect({ field, children }: Node, value: unknown, sent: Set<string>) {
  if (value === undefined) return
  if (field !== undefined) sent.add(field)
  if (children.size === 0 || typeof value !== 'object' || value === null) return
  for (const [name, child] of children) {
    if (name !== '[]') {
      if (Object.hasOwn(value, name)) collect(child, (value as Readonly<Record<string, unknown>>)[name], sent)
    } else if (Array.isArray(value)) for (const item of value.slice(0, MAX_ITEMS)) collect(child, item, sent)
  }
}
