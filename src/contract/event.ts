import * as z from 'zod'
import { findUnsupported } from './schema/find-unsupported.ts'

export interface EventShape {
  /** Past tense, dotted, such as `user.created`: the CloudEvents `type`. */
  readonly type: string
  readonly data: z.ZodType
  readonly summary?: string
}

/** A fact that functions share: declared once under domain/, named by the `emits` and `on` of contracts. */
export type EventContract<E extends EventShape = EventShape> = E & { readonly kind: 'event' }

/**
 * Declares an event. Throws a TypeError in one sentence where the declaration contradicts itself.
 * @example export const orderPlaced = event({ type: 'order.placed', data: z.object({ id: z.uuid() }) })
 */
export function event<const E extends EventShape>(shape: E): EventContract<E> {
  if (!EVENT_TYPE.test(shape.type)) {
    throw new TypeError(
      `event "${shape.type}": write its type in lower case and dotted, past tense last, such as user.created`,
    )
  }
  const fault = findUnsupported(shape.data, 'both')
  if (fault) throw new TypeError(`event "${shape.type}": in data, ${fault}`)
  return Object.freeze({ ...shape, kind: 'event' as const })
}

export const EVENT_TYPE = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/

/** The value of an `emits` entry: the event's schema, or an `event()` of the same type. */
export type Emitted = z.ZodType | EventContract
export type Emits = Readonly<Record<string, Emitted>>

export type EventDataSchema<E> = E extends z.ZodType
  ? E
  : E extends { readonly data: infer D extends z.ZodType }
    ? D
    : never

/** The schema of an `emits` entry. */
export const eventDataSchema = (emitted: Emitted): z.ZodType => (emitted instanceof z.ZodType ? emitted : emitted.data)
