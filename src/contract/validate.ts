import * as z from 'zod'
import type { ReceiverContract } from './any-contract.ts'
import { parseCookies } from './cookies.ts'
import type { EndpointContract } from './endpoint-shape.ts'
import { versionOf, versionsOf } from './event.ts'
import type { EventContract } from './event-shape.ts'
import type { ValidationIssue } from './problem.ts'
import { MAX_ISSUES } from './schema/bound-parse.ts'
import { decodeStrings, type Strings } from './schema/decode-strings.ts'
import { toInput } from './schema/strict-schema.ts'
import { toOutput } from './schema/strip-schema.ts'
import { jsonBodyOf } from './streams/body-kind.ts'

/** A request's parts before validation. `body` is parsed JSON, or undefined where none was sent. Cookies are among the headers. */
export interface RawInput {
  readonly params: Strings
  readonly query: Strings
  readonly headers: Strings
  readonly body: unknown
}

/** The same parts as a handler receives them. */
export interface ValidInput {
  readonly params: unknown
  readonly query: unknown
  readonly headers: unknown
  readonly cookies?: unknown
  readonly body: unknown
}

/** Plain data, since gateway and contracts bundle zod each for itself. */
export type ValidationResult =
  | { readonly ok: true; readonly input: ValidInput }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] }

/** Validates a request's parts against the schemas of one contract. A streamed body is none of them. */
export type Validate = (raw: RawInput) => ValidationResult

/** Compiles a contract's input schemas once. All issues are reported, each with its path, at most 50. */
export function createValidator(contract: EndpointContract): Validate {
  const { headers, cookies } = contract
  const json = jsonBodyOf(contract)
  const bodySchema = json && toInput(json)
  const strings = {
    params: compileStrings(contract.params, 'params'),
    query: compileStrings(contract.query ?? z.object({}), 'query'),
    // Headers that the contract does not name belong to the protocol, and are ignored.
    headers: compileStrings(headers, 'headers', { named: true }),
    // Those that it does not name are for other applications of the host.
    cookies: cookies && compileStrings(cookies, 'cookies', { named: true }),
  }
  return (raw) => {
    const issues: ValidationIssue[] = []
    const take = (part: string, parsed: Parsed) => {
      if ('issues' in parsed) issues.push(...parsed.issues.slice(0, MAX_ISSUES))
      return 'value' in parsed ? parsed.value : part
    }
    const input = {
      params: take('params', strings.params(raw.params)),
      query: take('query', strings.query(raw.query)),
      headers: take('headers', strings.headers(raw.headers)),
      ...(strings.cookies ? { cookies: take('cookies', strings.cookies(parseCookies(raw.headers.cookie))) } : {}),
      body: take('body', parse(bodySchema, raw.body, 'body')),
    }
    return issues.length === 0 ? { ok: true, input } : { ok: false, issues: issues.slice(0, MAX_ISSUES) }
  }
}

/** Validates the texts of a form, decoded as those of a query are; there may be none where it has no schema. */
export function createFieldsValidator(fields: z.ZodObject | undefined): (texts: Strings) => Parsed {
  const validate = compileStrings(fields ?? z.object({}), 'body')
  return (texts) => {
    const parsed = validate(texts)
    return fields || 'issues' in parsed ? parsed : { value: undefined }
  }
}

/** Compiles the schema of the lines of a streamed body; `part` is what the paths of issues begin with. */
export function createItemValidator(item: z.ZodType): (value: unknown, part: string) => Parsed {
  const schema = toInput(item)
  return (value, part) => {
    const parsed = parse(schema, value, part)
    return 'issues' in parsed ? { issues: parsed.issues.slice(0, MAX_ISSUES) } : parsed
  }
}

/** The decoded data of an event, or what is wrong with them. */
export type EventValidationResult =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] }

/**
 * Compiles a subscriber's schema once. Data of an older version become those of its own by the event's `upcast`s. Unknown keys are
 * stripped, so that a producer may add some; at most 50 issues are reported.
 */
export function createEventValidator({ on }: Pick<ReceiverContract, 'on'>): ValidateEvent {
  const versions = versionsOf(on)
  const schemas = new Map<EventContract, z.ZodType>([[on, toOutput(on.data)]])
  // Most events are of the version that is emitted now: the schemas of others are compiled when one of them comes.
  const schemaOf = (one: EventContract) => {
    const schema = schemas.get(one) ?? toOutput(one.data)
    schemas.set(one, schema)
    return schema
  }
  return (given, version = 1) => {
    const start = versions.findIndex((one) => versionOf(one) === version)
    if (start < 0) return { ok: false, issues: [{ path: 'type', message: cannotRead(versions, version) }] }
    let data = given
    for (const one of versions.slice(0, start + 1).reverse()) {
      const raised = versionOf(one) === version ? { value: data } : upcast(one, data)
      if ('issues' in raised) return { ok: false, issues: raised.issues }
      const parsed = safeParse(schemaOf(one), raised.value)
      if (!parsed.success) {
        const issues = parsed.error.issues.map(({ path, message }) => ({ path: pathOf('data', path), message }))
        return { ok: false, issues: issues.slice(0, MAX_ISSUES) }
      }
      data = parsed.data
    }
    return { ok: true, data }
  }
}

/** The data of the version before as those of this one, which are not checked yet. */
function upcast(to: EventContract, data: unknown): Parsed {
  const refuse = (why: string) => {
    return { issues: [{ path: 'data', message: `The \`upcast\` to version ${versionOf(to)} ${why}` }] }
  }
  try {
    const value = to.upcast?.data(data)
    if (!(value instanceof Promise)) return { value }
    value.catch(() => {})
    return refuse('is async')
  } catch (error) {
    return refuse(`throws ${error instanceof Error ? `a ${error.name}` : 'what is no Error'}`)
  }
}

/** Validates an event's data, which are of that version (default: 1), and returns them in the subscriber's own. */
export type ValidateEvent = (data: unknown, version?: number) => EventValidationResult

function cannotRead(versions: readonly EventContract[], version: number): string {
  const [own] = versions.map(versionOf)
  return `Of version ${version}, and version ${own} has no \`upcast\` from that`
}

/** A value, or what is wrong with it. */
export type Parsed = { readonly value: unknown } | { readonly issues: readonly ValidationIssue[] }

function compileStrings(schema: z.ZodObject | undefined, part: string, { named = false } = {}) {
  if (!schema) return () => ({ value: undefined })
  const strict = toInput(schema)
  const names = Object.keys(schema.shape)
  return (strings: Strings): Parsed => {
    const given = named
      ? Object.fromEntries(names.flatMap((name) => (strings[name] ? [[name, strings[name]]] : [])))
      : strings
    const decoded = decodeStrings(strict, given, part)
    const parsed = parse(strict, decoded.value, part)
    if (decoded.issues.length === 0) return parsed
    // The schema also reports as missing what could not be decoded.
    const reported = new Set(decoded.issues.map(({ path }) => path))
    const others = 'issues' in parsed ? parsed.issues.filter(({ path }) => !reported.has(path)) : []
    return { issues: [...decoded.issues, ...others] }
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, part: string): Parsed {
  if (!schema) return value === undefined ? { value } : { issues: [{ path: part, message: 'None is expected here' }] }
  if (value === undefined && part === 'body' && !safeParse(schema, undefined).success) {
    return { issues: [{ path: 'body', message: 'Missing' }] }
  }
  const parsed = safeParse(schema, value)
  return parsed.success
    ? { value: parsed.data }
    : { issues: parsed.error.issues.flatMap((issue) => toIssues(issue, part)) }
}

/** What a contract's own code throws outside of its checks, in a custom message for example, is an issue of the value, too. */
function safeParse(schema: z.ZodType, value: unknown): SafeParseResult {
  try {
    const { success, data, error } = schema.safeParse(value)
    // Messages are made when they are read.
    return success ? { success, data } : { success, error: { issues: error.issues } }
  } catch (error) {
    const message = `Cannot be validated: ${error instanceof Error ? error.name : 'no Error'} in the contract's own code`
    return { success: false, error: { issues: [{ code: 'custom', path: [], message, input: value }] } }
  }
}

type SafeParseResult =
  | { readonly success: true; readonly data: unknown; readonly error?: never }
  | { readonly success: false; readonly data?: never; readonly error: Pick<z.ZodError, 'issues'> }

function toIssues(issue: z.core.$ZodIssue, part: string): ValidationIssue[] {
  const path = pathOf(part, issue.path)
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.slice(0, MAX_ISSUES).map((key) => ({ path: pathOf(path, [key]), message: 'Unknown key' }))
}

/** How long one name in a path may be: names are the caller's, and one of a megabyte may be in the paths of fifty issues. */
const MAX_NAME_LENGTH = 200

function pathOf(part: string, path: readonly PropertyKey[]): string {
  const names = path
    .map(String)
    .map((name) => (name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}...` : name))
  return [part, ...names].join('.').toWellFormed()
}
