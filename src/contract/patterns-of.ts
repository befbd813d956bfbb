import * as z from 'zod'
import { type AnyContract, isReceiver } from './any-contract.ts'
import { eventDataSchema, versionOf, versionsOf } from './event.ts'
import { repliesOf } from './reply.ts'
import { childrenOf, defOf } from './schema/schema-def.ts'
import { formOf } from './streams/body-kind.ts'

/** A regular expression that is run on texts from outside. */
export interface ContractPattern {
  readonly function: string
  /** Where it is, such as `body.name`. */
  readonly path: string
  readonly pattern: RegExp
  /** The `.max()` that a text has passed before the pattern sees it. */
  readonly maxLength: number | undefined
}

/** All patterns of contracts, but for those of zod's own formats, which zod keeps safe. */
export const patternsOf = (contracts: readonly AnyContract[]): readonly ContractPattern[] =>
  contracts.flatMap((contract) =>
    Object.entries(schemasOf(contract)).flatMap(([part, schema]) =>
      schema instanceof z.ZodType
        ? [...walk(schema, part, new Set())].map((found) => ({ function: contract.name, ...found }))
        : [],
    ),
  )

function schemasOf(contract: AnyContract): Readonly<Record<string, unknown>> {
  if (contract.kind === 'authorizer' || contract.kind === 'proxy') return {}
  const emits = Object.entries(contract.emits ?? {}).map(([type, emitted]) => [
    `emits ${type}`,
    eventDataSchema(emitted),
  ])
  if (isReceiver(contract)) {
    const read = versionsOf(contract.on).map((one, i) => [
      i === 0 ? 'on.data' : `on version ${versionOf(one)}`,
      one.data,
    ])
    return Object.fromEntries([...read, ...emits])
  }
  const { params, query, headers, cookies, body } = contract
  const replies = repliesOf(contract).flatMap((reply, i) => {
    const part = i === 0 ? 'reply' : `reply ${reply.status}`
    const values = Object.entries(reply.cookies ?? {}).map(([name, { value }]) => [`${part}.cookies.${name}`, value])
    const schemas = { body: reply.body, headers: reply.headers, 'stream.item': reply.stream?.item }
    return [...Object.entries(schemas).map(([name, schema]) => [`${part}.${name}`, schema]), ...values]
  })
  return {
    params,
    query,
    headers,
    cookies,
    body,
    'body.fields': formOf({ body })?.fields,
    ...Object.fromEntries([...replies, ...emits]),
  }
}

type Found = Omit<ContractPattern, 'function'>

function* walk(schema: z.ZodType, path: string, seen: Set<z.ZodType>): Iterable<Found> {
  if (seen.has(schema)) return
  seen.add(schema)
  yield* ownPatterns(schema, path)
  for (const [name, child] of childrenOf(defOf(schema))) yield* walk(child, name ? `${path}.${name}` : path, seen)
}

/** The part of a string's own def, and of its checks' defs, that has its patterns. */
interface TextDef {
  readonly check?: string
  readonly format?: string
  readonly maximum?: number
  readonly pattern?: unknown
  readonly hostname?: unknown
  readonly protocol?: unknown
  readonly checks?: readonly { readonly _zod: { readonly def: TextDef } }[]
}

function* ownPatterns(schema: z.ZodType, path: string): Iterable<Found> {
  // zod types each def more narrowly; those of texts have these parts.
  const def = schema.def as TextDef
  let maxLength: number | undefined
  for (const part of [def, ...(def.checks ?? []).map(({ _zod }) => _zod.def)]) {
    if (part.check === 'max_length') maxLength = Math.min(part.maximum ?? Infinity, maxLength ?? Infinity)
    const given = part.format === 'regex' || part.format === 'email' ? [part.pattern] : [part.hostname, part.protocol]
    for (const pattern of given) {
      if (pattern instanceof RegExp && !ZOD_PATTERNS.has(pattern)) yield { path, pattern, maxLength }
    }
  }
}

const ZOD_PATTERNS: ReadonlySet<unknown> = new Set(Object.values(z.regexes))
