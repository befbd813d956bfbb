import type * as z from 'zod'
import { type Emits, EVENT_TYPE, eventDataSchema } from './event.ts'
import { findUnsupported, type SchemaUse } from './schema/find-unsupported.ts'

/** A contract that contradicts itself, or asks for what nothing acts on: one sentence with file and remedy. */
export class ContractError extends Error {
  override readonly name = 'ContractFault'
  readonly functionName: string

  constructor(functionName: string, sentence: string) {
    super(`functions/${functionName}/contract.ts: ${sentence}`)
    this.functionName = functionName
  }
}

/** Refuses with one sentence where `broken` holds. */
export type Refuse = (broken: boolean, sentence: string) => void

const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/
const FAILURE = /^[a-z][a-z0-9_]*$/

/** The codes that the platform itself answers with: a contract may not take them. */
export const PLATFORM_CODES = new Set([
  ...['bad_request', 'invalid_request', 'unauthenticated', 'forbidden', 'not_found', 'method_not_allowed'],
  ...['request_timeout', 'payload_too_large', 'unsupported_media_type', 'expectation_failed', 'headers_too_large'],
  ...['in_progress', 'idempotency_mismatch', 'rate_limited', 'caller_gone'],
  ...['internal', 'bad_gateway', 'unavailable', 'deadline_exceeded', 'outcome_unknown'],
])

export function createRefuse(name: unknown): Refuse {
  const known = typeof name === 'string' && NAME.test(name)
  return (broken, sentence) => {
    if (broken) throw new ContractError(known ? name : '?', sentence)
  }
}

export function checkName(name: unknown, refuse: Refuse) {
  const fits = typeof name === 'string' && NAME.test(name)
  refuse(!fits, `name "${String(name)}" must be its folder's name: 1 to 40 of a-z, 0-9 and -, beginning with a letter`)
}

/** A misspelt part would otherwise be silently ignored. */
export function checkKeys(contract: object, known: readonly string[], refuse: Refuse) {
  for (const key of Object.keys(contract)) {
    refuse(!known.includes(key), `there is no part called \`${key}\`; the parts are ${known.join(', ')}`)
  }
}

/** What the design has and this version does not act on: refused, since a policy in silence is worse than none. */
export function checkNotYet(contract: object, parts: Readonly<Record<string, string>>, refuse: Refuse) {
  for (const [part, when] of Object.entries(parts)) {
    const given = (contract as Record<string, unknown>)[part] !== undefined
    refuse(given, `nothing acts on \`${part}\` yet (${when}); take it out for now`)
  }
}

export function checkFailures(failures: Readonly<Record<string, number>> = {}, refuse: Refuse) {
  for (const [code, status] of Object.entries(failures)) {
    refuse(!FAILURE.test(code), `failure "${code}" must be named in lower_snake`)
    refuse(PLATFORM_CODES.has(code), `failure "${code}" is the platform's own code; choose another name`)
    refuse(
      !(Number.isInteger(status) && status >= 400 && status <= 599),
      `failure "${code}" needs a status from 400 to 599`,
    )
  }
}

export function checkEmits(emits: Emits = {}, refuse: Refuse) {
  for (const [type, emitted] of Object.entries(emits)) {
    refuse(
      !EVENT_TYPE.test(type),
      `emits "${type}" must be lower case and dotted, past tense last, such as user.created`,
    )
    const declared = 'kind' in emitted && emitted.kind === 'event' ? emitted.type : type
    refuse(declared !== type, `emits "${type}" holds the event "${declared}"; give both the same type`)
    checkSchema(eventDataSchema(emitted), { use: 'given', part: `emits "${type}"` }, refuse)
  }
}

export function checkSchema(
  schema: z.ZodType | undefined,
  { use, part }: { readonly use: SchemaUse; readonly part: string },
  refuse: Refuse,
) {
  const fault = schema && findUnsupported(schema, use)
  refuse(fault !== undefined, `in ${part}, ${fault}`)
}
