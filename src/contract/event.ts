import * as z from 'zod'
import type { Emitted, EventContract, EventShape } from './event-shape.ts'
import { findUnsupported } from './schema/find-unsupported.ts'

/**
 * Declares an event (CloudEvents 1.0). Throws a TypeError, one sentence that says what to write instead, for a type that is
 * not lower case and dotted, and for data that JSON cannot carry.
 * @example export const orderPlaced = event({ type: 'order.placed', data: z.object({ id: z.uuid() }) })
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export function event<const E extends EventShape>(shape: E): EventContract<E> {
  if (!EVENT_TYPE.test(shape.type)) {
    throw new TypeError(
      `event "${shape.type}": write its type in lower case and dotted, past tense last, such as user.created`,
    )
  }
  if (shape.type.startsWith(PLATFORM_TYPES))
    throw new TypeError(
      `event "${shape.type}": types that begin with ${PLATFORM_TYPES} are the platform's; choose another`,
    )
  const issue = findUnsupported(shape.data, 'both')
  if (issue) throw new TypeError(`event "${shape.type}": in data, ${issue}`)
  return Object.freeze({ ...shape, kind: 'event' as const })
}

/** What the type of an event looks like: lower case and dotted, such as `user.created`. */
export const EVENT_TYPE = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/

/** What the types of the platform's own events begin with: nobody else may declare them. */
export const PLATFORM_TYPES = 'ebb.'

/** The schema of an `emits` entry. */
export const eventDataSchema = (emitted: Emitted): z.ZodType => (emitted instanceof z.ZodType ? emitted : emitted.data)

/** The schema of an `emits` entry's data, as a type. */
export type EventDataSchema<E> = E extends z.ZodType
  ? E
  : E extends { readonly data: infer D extends z.ZodType }
    ? D
    : never
