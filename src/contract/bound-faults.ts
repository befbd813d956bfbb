import * as z from 'zod'

/** The most faults that one answer names. */
export const MAX_FAULTS = 50

/**
 * Makes a schema whose arrays and records stop at their 50th fault. zod looks for all of them, and a megabyte may hold half
 * a million; what has a fault is refused anyway, whatever the rest is like.
 */
export function boundFaults<S extends z.ZodType>(make: () => S): S {
  const schema = withoutMemoizer(make)
  const inner = schema._zod
  const { parse, run } = inner
  const bounded = boundedParse(schema, parse)
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
interface ManyDef {
  readonly type: string
  readonly element?: z.core.$ZodType
  readonly items?: readonly unknown[]
  readonly rest?: z.core.$ZodType | null
  readonly keyType?: z.core.$ZodType
}

function boundedParse(schema: z.ZodType, parse: Parse): Parse | undefined {
  const { type, element, items = [], rest, keyType } = schema.def as ManyDef
  if (type === 'array' && element) return parseList(parse, { first: 0, element })
  if (type === 'tuple' && rest) return parseList(parse, { first: items.length, element: rest })
  // A record that lists its keys has no more than those.
  return type === 'record' && !keyType?._zod.values ? parseRecord(parse) : undefined
}

/** What stands before `first` is parsed as ever, the rest one element after the other. */
const parseList =
  (parse: Parse, { first, element }: { first: number; element: z.core.$ZodType }): Parse =>
  (payload, context) => {
    const input = payload.value
    if (!Array.isArray(input) || input.length <= first) return parse(payload, context)
    // A copy has no room for more, as an array that grows has: 17 elements at the least.
    const output: unknown[] = input.slice()
    if (first > 0) {
      payload.value = input.slice(0, first)
      output.splice(0, first, ...Object(now(parse(payload, context)).value))
    }
    for (let i = first; i < input.length && payload.issues.length < MAX_FAULTS; i++) {
      const { value, issues } = now(element._zod.run({ value: input[i], issues: [] }, context))
      output[i] = value
      for (const issue of issues) payload.issues.push({ ...issue, path: [i, ...(issue.path ?? [])] })
    }
    payload.value = output
    return payload
  }

const parseRecord =
  (parse: Parse): Parse =>
  (payload, context) => {
    const input = payload.value
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return parse(payload, context)
    const output = {}
    for (const [name, one] of Object.entries(input)) {
      const { value, issues } = now(parse({ value: { [name]: one }, issues: [] }, context))
      Object.assign(output, value)
      payload.issues.push(...issues)
      if (payload.issues.length >= MAX_FAULTS) break
    }
    payload.value = output
    return payload
  }

function now(result: z.core.util.MaybeAsync<Payload>): Payload {
  if (result instanceof Promise)
    throw new TypeError('a refinement answers a promise; what a contract asks must be known at once')
  return result
}
