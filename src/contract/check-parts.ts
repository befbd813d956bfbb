import type * as z from 'zod'
import { EVENT_TYPE, eventDataSchema } from './event.ts'
import { PLATFORM_CODES } from './problem.ts'
import { findUnsupported, type SchemaUse } from './schema/find-unsupported.ts'
import type { Emits } from './shapes.ts'

/**
 * A contract that contradicts itself, or has a part that does not exist: its message is one sentence with file and remedy.
 * `endpoint()`, `subscriber()` and `implement()` throw it when they load, so that nothing of it is deployed.
 * @example
 * try {
 *   await import(`${process.cwd()}/functions/place-order/contract.ts`)
 * } catch (error) {
 *   if (error instanceof ContractError) console.error(error.functionName, error.message)
 * }
 * @see docs/contracts.md
 */
export class ContractError extends Error {
  override readonly name = 'ContractError'
  /** The function's name; `?` where the contract has none that could be one. */
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

/** A part that is misspelt, or that nothing acts on, would otherwise be silently ignored. */
export function checkKeys(contract: object, known: readonly string[], refuse: Refuse) {
  for (const key of Object.keys(contract)) {
    refuse(!known.includes(key), `there is no part called \`${key}\`; the parts are ${known.join(', ')}`)
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
    checkSchema(eventDataSchema(emitted), { use: 'output', part: `emits "${type}"` }, refuse)
  }
}

export function checkSchema(
  schema: z.ZodType | undefined,
  { use, part }: { readonly use: SchemaUse; readonly part: string },
  refuse: Refuse,
) {
  const issue = schema && findUnsupported(schema, use)
  refuse(issue !== undefined, `in ${part}, ${issue}`)
}
