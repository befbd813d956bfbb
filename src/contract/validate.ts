import * as z from 'zod'
import type { EndpointContract, EndpointShape } from './endpoint.ts'
import type { ValidationIssue } from './problem.ts'
import { MAX_ISSUES } from './schema/bound-parse.ts'
import { decodeStrings, type Strings } from './schema/decode-strings.ts'
import { toInput, toOutput } from './schema/strict-schema.ts'
import type { SubscriberContract } from './subscriber.ts'

/** A request's parts before they are believed. `body` is parsed JSON, or undefined where none was sent. */
export interface RawInput {
  readonly params: Strings
  readonly query: Strings
  readonly headers: Strings
  readonly body: unknown
}

export interface ValidInput {
  readonly params: unknown
  readonly query: unknown
  readonly headers: unknown
  readonly body: unknown
}

/** Recognised by its shape, since gateway and function carry zod each for itself. */
export type ValidationResult =
  | { readonly ok: true; readonly input: ValidInput }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] }

export type Validate = (raw: RawInput) => ValidationResult

/** Compiles a contract's input schemas once. Every fault is reported, each with its path, at most 50. */
export function createValidator(contract: EndpointContract<EndpointShape>): Validate {
  const { body, headers } = contract
  const bodySchema = body instanceof z.ZodType ? toInput(body) : undefined
  const strings = {
    params: compileStrings(contract.params, 'params'),
    query: compileStrings(contract.query ?? z.object({}), 'query'),
    // Headers that the contract does not name belong to the protocol, and are nobody's fault.
    headers: compileStrings(headers, 'headers', { named: true }),
  }
  return (raw) => {
    const faults: ValidationIssue[] = []
    const take = (part: string, parsed: Parsed) => {
      if ('faults' in parsed) faults.push(...parsed.faults.slice(0, MAX_ISSUES))
      return 'value' in parsed ? parsed.value : part
    }
    const input = {
      params: take('params', strings.params(raw.params)),
      query: take('query', strings.query(raw.query)),
      headers: take('headers', strings.headers(raw.headers)),
      body: take('body', parse(bodySchema, raw.body, 'body')),
    }
    return faults.length === 0 ? { ok: true, input } : { ok: false, issues: faults.slice(0, MAX_ISSUES) }
  }
}

export type EventValidationResult =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] }

/** Compiles a subscriber's schema once. What a producer has added is stripped; every fault is reported, at most 50. */
export function createEventValidator({ on }: Pick<SubscriberContract, 'on'>): (data: unknown) => EventValidationResult {
  const schema = toOutput(on.data)
  return (given) => {
    const { success, data, error } = safeParse(schema, given)
    if (success) return { ok: true, data }
    const faults = error.issues.map(({ path, message }) => ({ path: pathOf('data', path), message }))
    return { ok: false, issues: faults.slice(0, MAX_ISSUES) }
  }
}

type Parsed = { readonly value: unknown } | { readonly faults: readonly ValidationIssue[] }

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
    if (decoded.faults.length === 0) return parsed
    // The schema misses those that could not be decoded, which is no fault of its own.
    const told = new Set(decoded.faults.map(({ path }) => path))
    const others = 'faults' in parsed ? parsed.faults.filter(({ path }) => !told.has(path)) : []
    return { faults: [...decoded.faults, ...others] }
  }
}

function parse(schema: z.ZodType | undefined, value: unknown, part: string): Parsed {
  if (!schema) return value === undefined ? { value } : { faults: [{ path: part, message: 'None is expected here' }] }
  if (value === undefined && part === 'body' && !safeParse(schema, undefined).success) {
    return { faults: [{ path: 'body', message: 'Missing' }] }
  }
  const parsed = safeParse(schema, value)
  return parsed.success
    ? { value: parsed.data }
    : { faults: parsed.error.issues.flatMap((issue) => toIssues(issue, part)) }
}

/** What a contract's own code does wrong outside of its checks, in a text of its own for one, is a fault of the value, too. */
function safeParse(schema: z.ZodType, value: unknown): SafeParseResult {
  try {
    const { success, data, error } = schema.safeParse(value)
    // The texts of faults are made when they are read.
    return success ? { success, data } : { success, error: { issues: error.issues } }
  } catch (fault) {
    const message = `Cannot be judged: ${fault instanceof Error ? fault.name : 'no Error'} in the contract's own code`
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

/** Of one name in a path: names are the caller's, and one of a megabyte may be in the paths of fifty faults. */
const MAX_NAME_LENGTH = 200

function pathOf(part: string, path: readonly PropertyKey[]): string {
  const names = path
    .map(String)
    .map((name) => (name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH)}...` : name))
  return [part, ...names].join('.').toWellFormed()
}
