import { type ProbeResponse, parseJson } from '../check/probe.ts'

/** Those that Ebb sets, and that mean the same wherever it runs. */
const SAME_VALUE = [
  ...['content-type', 'cache-control', 'vary', 'ratelimit-policy', 'deprecation', 'sunset'],
  ...['x-content-type-options', 'content-language', 'allow', 'preference-applied'],
]
/** Those whose values are of one answer alone. */
const SAME_PRESENCE = ['etag', 'location', 'ratelimit', 'retry-after', 'x-correlation-id']
const MAX_SENTENCES = 3

/** What two Ebbs answer to the same request, which may be something that only one of them has. */
export interface Compared {
  /** Each difference in one sentence. */
  readonly differences: readonly string[]
  /** What was asked for is there on one side only: that says nothing about how they work. */
  readonly isOnOneSide: boolean
}

/** Compares the answers of the Ebb that runs here and of another one: status, headers, and of JSON the types of its parts. */
export function compareAnswers(here: ProbeResponse, there: ProbeResponse): Compared {
  if (here.status !== there.status) {
    const isOnOneSide =
      [here.status, there.status].some((status) => status === 404) && isServed(here) && isServed(there)
    return { isOnOneSide, differences: isOnOneSide ? [] : [`it answers ${told(here)} here and ${told(there)} there`] }
  }
  const [ours, theirs] = [codeOf(here), codeOf(there)]
  if (ours !== theirs)
    return { isOnOneSide: false, differences: [`its ${here.status} is ${ours} here and ${theirs} there`] }
  return {
    isOnOneSide: false,
    differences: [...compareHeaders(here.headers, there.headers), ...compareBodies(here, there)],
  }
}

/** Whether a function, or the gateway in its place, said what it had to say: neither refused nor failed. */
const isServed = ({ status }: ProbeResponse) => status < 500 && ![401, 403, 429].includes(status)

const codeOf = ({ status, text }: ProbeResponse): unknown => (status >= 400 ? Object(parseJson(text)).error : undefined)

const told = (answer: ProbeResponse) => [answer.status, codeOf(answer)].filter((part) => part !== undefined).join(' ')

function compareHeaders(here: Headers, there: Headers): readonly string[] {
  const value = (headers: Headers, name: string) => {
    const text = headers.get(name)
    return name === 'vary' ? text?.toLowerCase().split(/, */).sort().join(', ') : text
  }
  const say = (text: string | null | undefined) =>
    text === null || text === undefined ? 'not there' : JSON.stringify(text)
  const values = SAME_VALUE.filter((name) => (value(here, name) ?? null) !== (value(there, name) ?? null)).map(
    (name) => `its ${name} is ${say(value(here, name))} here and ${say(value(there, name))} there`,
  )
  const presence = SAME_PRESENCE.filter((name) => here.has(name) !== there.has(name)).map(
    (name) => `it has ${name} ${here.has(name) ? 'here' : 'there'} alone`,
  )
  return [...values, ...presence]
}

/** The data are others on each side; of which type each part is, is not. */
function compareBodies(here: ProbeResponse, there: ProbeResponse): readonly string[] {
  const [ours, theirs] = [here, there].map(({ text }) => typesIn(parseJson(text)))
  const differing = [...(ours ?? [])].flatMap(([path, types]) => {
    const others = theirs?.get(path)
    if (!others || [...types].some((type) => others.has(type))) return []
    return [`its ${path || 'body'} is ${[...types].join(' or ')} here and ${[...others].join(' or ')} there`]
  })
  return differing.slice(0, MAX_SENTENCES)
}

/** The types of all parts of a JSON value, by their paths; the elements of an array are one part. `null` is of any type. */
function typesIn(
  value: unknown,
  path = '',
  found = new Map<string, Set<string>>(),
): ReadonlyMap<string, ReadonlySet<string>> {
  if (value === null || value === undefined) return found
  const type = Array.isArray(value) ? 'array' : typeof value
  found.set(path, (found.get(path) ?? new Set()).add(type))
  if (Array.isArray(value)) for (const element of value) typesIn(element, `${path}[]`, found)
  else if (typeof value === 'object')
    for (const [name, part] of Object.entries(value)) typesIn(part, path ? `${path}.${name}` : name, found)
  return found
}
