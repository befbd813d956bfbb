import type * as z from 'zod'
import { ContractError } from './contract-error.ts'
import { EVENT_TYPE, eventDataSchema, PLATFORM_TYPES } from './event.ts'
import type { Emits } from './event-shape.ts'
import type { Failures } from './failures.ts'
import { PLATFORM_CODES } from './problem.ts'
import { findUnsupported, type SchemaUse } from './schema/find-unsupported.ts'

/** Throws a ContractError with the sentence if `broken` is true. */
export type Refuse = (broken: boolean, sentence: string) => void

const NAME = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/
const FAILURE = /^[a-z][a-z0-9_]*$/

/** Creates the function by which the checks of one contract refuse it; `name` is what the contract gives as its name. */
export function createRefuse(name: unknown): Refuse {
  const known = typeof name === 'string' && NAME.test(name)
  return (broken, sentence) => {
    if (broken) throw new ContractError(known ? name : '?', sentence)
  }
}

/** Refuses a name that cannot be the name of a folder, an image and a service. */
export function checkName(name: unknown, refuse: Refuse) {
  const fits = typeof name === 'string' && NAME.test(name)
  refuse(!fits, `name "${String(name)}" must be its folder's name: 1 to 40 of a-z, 0-9 and -, beginning with a letter`)
}

/** Refuses unknown properties: one that is misspelt would otherwise be silently ignored. */
export function checkKeys(contract: object, known: readonly string[], refuse: Refuse) {
  for (const key of Object.keys(contract)) {
    refuse(!known.includes(key), `unknown property \`${key}\`; allowed: ${known.join(', ')}`)
  }
}

/** Refuses `failures` that are malformed, or that take a code of the platform's own. */
export function checkFailures(failures: Failures = {}, refuse: Refuse) {
  for (const [code, failure] of Object.entries(failures)) {
    const { status, description, data } = typeof failure === 'number' ? { status: failure } : failure
    refuse(!FAILURE.test(code), `failure "${code}" must be named in lower_snake`)
    refuse(PLATFORM_CODES.has(code), `failure "${code}" is the platform's own code; choose another name`)
    refuse(
      !(Number.isInteger(status) && status >= 400 && status <= 599),
      `failure "${code}" needs a status from 400 to 599`,
    )
    if (typeof failure !== 'number') checkKeys(failure, ['status', 'description', 'data'], refuse)
    refuse(description === '', `failure "${code}" has an empty description; say when that is so, or leave it out`)
    checkSchema(data, { use: 'output', part: `the data of failure "${code}"` }, refuse)
  }
}

/** Refuses `emits` whose type is malformed or differs from its event's, or whose data JSON cannot carry. */
export function checkEmits(emits: Emits = {}, refuse: Refuse) {
  for (const [type, emitted] of Object.entries(emits)) {
    refuse(
      !EVENT_TYPE.test(type),
      `emits "${type}" must be lower case and dotted, past tense last, such as user.created`,
    )
    refuse(
      type.startsWith(PLATFORM_TYPES),
      `emits "${type}" begins with ${PLATFORM_TYPES}, as the platform's do; choose another`,
    )
    const declared = 'kind' in emitted && emitted.kind === 'event' ? emitted.type : type
    refuse(declared !== type, `emits "${type}" holds the event "${declared}"; give both the same type`)
    checkSchema(eventDataSchema(emitted), { use: 'output', part: `emits "${type}"` }, refuse)
  }
}

/** Refuses a schema that cannot be validated or documented; `part` says in the message where it is. */
export function checkSchema(
  schema: z.ZodType | undefined,
  { use, part }: { readonly use: SchemaUse; readonly part: string },
  refuse: Refuse,
) {
  const issue = schema && findUnsupported(schema, use)
  refuse(issue !== undefined, `in ${part}, ${issue}`)
}
