import * as z from 'zod'
import { childrenOf, type Def, defOf } from './schema-def.ts'

/** The most faults that one answer names. */
export const MAX_ISSUES = 50

/**
 * Makes a schema whose arrays and records stop at their 50th fault. zod looks for all of them, and a megabyte may hold half
 * a million; what has a fault is refused anyway, whatever the rest is like.
 */
export function limitIssues<S extends z.ZodType>(make: () => S): S {
  const schema = withoutMemoizer(make)
  const inner = schema._zod
  const { parse, run } = inner
  const bounded = limitedParse(schema, parse)
  if (!bounded) return schema
  inner.parse = bounded
  // Without checks of its own a schema is run by its parse alone.
  if (run === parse) inner.run = bounded
  return schema
}

/** zod's memoizer is for values that contain themselves, which JSON has not, and would put a parse of its own back in place. */
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
type Parse = (payload: Payload, context: z.core.ParseContextInternal) => z.core.util.MaybeAsync<Payload>

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

/** What stands before `first` is parsed as ever, the rest one element after the other. */
const limitList =
  (parse: Parse, { first, element }: { first: number; element: z.core.$ZodType }): Parse =>
  (payload, context) => {
    const input = payload.value
    if (!Array.isArray(input) || input.length <= first) return parse(payload, context)
    // A copy has no room for more, as an array that grows has: 17 elements at the least.
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
    for (const [name, one] of Object.entries(input)) {
      const { value, issues } = requireSync(parse({ value: { [name]: one }, issues: [] }, context))
      Object.assign(output, value)
      payload.issues.push(...issues)
      if (payload.issues.length >= MAX_ISSUES) break
    }
    payload.value = output
    return payload
  }

function requireSync(result: z.core.util.MaybeAsync<Payload>): Payload {
  if (result instanceof Promise)
    throw new TypeError('a refinement answers a promise; what a contract asks must be known at once')
  return result
}

/**
 * Makes a union that may hold itself judge an object or array once in a run. It tries its options one after the other, and
 * so does each union inside of each of them: what is innermost would be judged as often as two to the power of its depth.
 */
export function parseOncePerRun(union: z.ZodType): void {
  const inner = union._zod as z.core.$ZodTypeInternals
  const { parse, run } = inner
  /** What became of each, for as long as there is the context of the run. */
  const runs = new WeakMap<object, Map<unknown, z.core.ParsePayload>>()
  const once: typeof parse = (payload, context) => {
    const { value } = payload
    if (typeof value !== 'object' || value === null) return parse(payload, context)
    const judged = runs.get(context) ?? new Map<unknown, z.core.ParsePayload>()
    runs.set(context, judged)
    const known = judged.get(value) ?? parse({ value, issues: [] }, context)
    if (known instanceof Promise) return known
    judged.set(value, known)
    // Whoever has asked puts its own names before the path of each.
    const issues = known.issues.map((issue) => ({ ...issue, path: [...(issue.path ?? [])] }))
    return Object.assign(payload, known, { issues: [...payload.issues, ...issues] })
  }
  inner.parse = once
  // Without checks of its own a schema is run by its parse alone.
  if (run === parse) inner.run = once
}

/** Whether a union tries more than one option on a value, and may come again inside of them. */
export const isRecursiveUnion = (union: z.ZodType, { options = [], discriminator }: Def): boolean =>
  discriminator === undefined && options.length > 1 && containsItself(union, new Set(), new Set())

function containsItself(schema: z.ZodType, around: ReadonlySet<z.ZodType>, cleared: Set<z.ZodType>): boolean {
  if (around.has(schema)) return true
  if (cleared.has(schema)) return false
  const inside = new Set(around).add(schema)
  const found = [...childrenOf(defOf(schema))].some(([, child]) => containsItself(child, inside, cleared))
  if (!found) cleared.add(schema)
  return found
}
