import * as z from 'zod'
import { childrenOf, type Def, defOf } from './schema-def.ts'

/** The most issues that one response names. */
export const MAX_ISSUES = 50

/**
 * Creates a schema whose arrays and records stop at their 50th issue. zod looks for all of them, and a megabyte may hold half
 * a million; what has an issue is refused anyway, whatever the rest is like.
 */
export function limitIssues<S extends z.ZodType>(make: () => S): S {
  const schema = withoutMemoizer(make)
  const limited = limitedParse(schema, schema._zod.parse)
  if (limited) replaceParse(schema, limited)
  return schema
}

/** Gives a schema another parse. Without checks of its own it is run by its parse alone. */
export function replaceParse({ _zod: inner }: z.ZodType, parse: Parse): void {
  if (inner.run === inner.parse) inner.run = parse
  inner.parse = parse
}

/** zod's memoizer is for values that contain themselves, which JSON has not, and would put its own parse back in place. */
function withoutMemoizer<S>(make: () => S): S {
  const { memoizer } = z.config()
  try {
    z.config({ memoizer: { attach: () => {}, guard: () => {}, alloc: (_schema, _payload, empty) => empty } })
    return make()
  } finally {
    z.config({ memoizer })
  }
}

type Payload = z.core.ParsePayload
/** The function inside a zod schema that parses a value and adds issues to the payload. */
export type Parse = (payload: Payload, context: z.core.ParseContextInternal) => z.core.util.MaybeAsync<Payload>

/** The part of the def of an array, a tuple or a record that is read here; zod types each more narrowly. */
interface CollectionDef {
  readonly type: string
  readonly element?: z.core.$ZodType
  readonly items?: readonly unknown[]
  readonly rest?: z.core.$ZodType | null
  readonly keyType?: z.core.$ZodType
}

function limitedParse(schema: z.ZodType, parse: Parse): Parse | undefined {
  const { type, element, items = [], rest, keyType } = schema.def as CollectionDef
  if (type === 'array' && element) return limitList(parse, { first: 0, element })
  if (type === 'tuple' && rest) return limitList(parse, { first: items.length, element: rest })
  // A record that lists its keys has no more than those.
  return type === 'record' && !keyType?._zod.values ? limitRecord(parse) : undefined
}

/** What stands before `first` is parsed as usual, the rest one element after the other. */
const limitList =
  (parse: Parse, { first, element }: { first: number; element: z.core.$ZodType }): Parse =>
  (payload, context) => {
    const input = payload.value
    if (!Array.isArray(input) || input.length <= first) return parse(payload, context)
    // A copy takes no more memory than its elements; an array that grows has room for at least 17.
    const output: unknown[] = input.slice()
    if (first > 0) {
      payload.value = input.slice(0, first)
      output.splice(0, first, ...Object(requireSync(parse(payload, context)).value))
    }
    for (let i = first; i < input.length && payload.issues.length < MAX_ISSUES; i++) {
      const { value, issues } = requireSync(element._zod.run({ value: input[i], issues: [] }, context))
      output[i] = value
      for (const issue of issues) payload.issues.push({ ...issue, path: [i, ...(issue.path ?? [])] })
    }
    payload.value = output
    return payload
  }

const limitRecord =
  (parse: Parse): Parse =>
  (payload, context) => {
    const input = payload.value
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return parse(payload, context)
    const output = {}
    for (const [name, member] of Object.entries(input)) {
      const { value, issues } = requireSync(parse({ value: { [name]: member }, issues: [] }, context))
      Object.assign(output, value)
      payload.issues.push(...issues)
      if (payload.issues.length >= MAX_ISSUES) break
    }
    payload.value = output
    return payload
  }

function requireSync(result: z.core.util.MaybeAsync<Payload>): Payload {
  if (result instanceof Promise)
    throw new TypeError('a refinement returns a promise; a contract is checked without waiting')
  return result
}

/**
 * Makes a union that may contain itself parse each object or array once in a run. It tries its options one after the other,
 * and so does each union inside of each of them: the innermost would be parsed two to the power of its depth times.
 */
export function parseOncePerRun(union: z.ZodType): void {
  const { parse } = union._zod
  /** The result for each value, for as long as the context of the run exists. */
  const runs = new WeakMap<object, Map<unknown, Payload>>()
  replaceParse(union, (payload, context) => {
    const { value } = payload
    if (typeof value !== 'object' || value === null) return parse(payload, context)
    const results = runs.get(context) ?? new Map<unknown, Payload>()
    runs.set(context, results)
    const known = results.get(value) ?? parse({ value, issues: [] }, context)
    if (known instanceof Promise) return known
    results.set(value, known)
    // A copy, since each schema around puts its own names before the path.
    const issues = known.issues.map((issue) => ({ ...issue, path: [...(issue.path ?? [])] }))
    return Object.assign(payload, known, { issues: [...payload.issues, ...issues] })
  })
}

/** Whether a union tries more than one option on a value, and may occur inside of them. */
export const isRecursiveUnion = (union: z.ZodType, { options = [], discriminator }: Def): boolean =>
  discriminator === undefined && options.length > 1 && containsItself(union, new Set(), new Set())

function containsItself(schema: z.ZodType, parents: ReadonlySet<z.ZodType>, cleared: Set<z.ZodType>): boolean {
  if (parents.has(schema)) return true
  if (cleared.has(schema)) return false
  const inside = new Set(parents).add(schema)
  const found = [...childrenOf(defOf(schema))].some(([, child]) => containsItself(child, inside, cleared))
  if (!found) cleared.add(schema)
  return found
}
