import * as z from 'zod'
import { checkWebhook } from './check-webhook.ts'
import type { Emitted, EventContract, EventShape, Upcast } from './event-shape.ts'
import { findUnsupported } from './schema/find-unsupported.ts'

/**
 * Declares an event (CloudEvents 1.0). Throws a TypeError, one sentence that says what to write instead, for a type that is
 * not lower case and dotted, for data that JSON cannot carry, for an `upcast` that is from no older version, and for a `webhook`
 * that does not say whose event it is.
 * @example export const orderPlaced = event({ type: 'order.placed', data: z.object({ id: z.uuid() }) })
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export function event<const Type extends string, Data extends z.ZodType, From extends EventContract = EventContract>(
  // With parts of their own, the data that `upcast` gets and returns are known where it is written.
  shape: Omit<EventShape, 'type' | 'data' | 'upcast'> & {
    readonly type: Type
    readonly data: Data
    readonly upcast?: Upcast<From, z.input<Data>>
  },
): EventContract<EventShape & { readonly type: Type; readonly data: Data }> {
  const refuse = (broken: boolean, sentence: string) => {
    if (broken) throw new TypeError(`event "${shape.type}": ${sentence}`)
  }
  refuse(!EVENT_TYPE.test(shape.type), 'write its type in lower case and dotted, past tense last, such as user.created')
  if (shape.type.startsWith(PLATFORM_TYPES))
    throw new TypeError(
      `event "${shape.type}": types that begin with ${PLATFORM_TYPES} are the platform's; choose another`,
    )
  const issue = findUnsupported(shape.data, 'both')
  refuse(issue !== undefined, `in data, ${issue}`)
  checkVersion(shape, refuse)
  checkWebhook(shape, refuse)
  return Object.freeze({ ...shape, kind: 'event' as const })
}

function checkVersion({ type, version = 1, upcast }: EventShape, refuse: (broken: boolean, sentence: string) => void) {
  refuse(!Number.isInteger(version) || version < 1, '`version` must be a whole number of at least 1')
  refuse(
    version > 1 && /\.v\d+$/.test(type),
    `give it the type without ".v" and a number, which \`version: ${version}\` adds where it is sent`,
  )
  if (!upcast) return
  const { from } = upcast
  refuse(from?.kind !== 'event' || from.type !== type, '`upcast.from` must be an older version of the same event()')
  refuse(
    versionOf(from) >= version,
    `\`upcast.from\` is version ${versionOf(from)}, and this is version ${version}; give it a higher one`,
  )
}

/** What the type of an event looks like: lower case and dotted, such as `user.created`. */
export const EVENT_TYPE = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/

/** What the types of the platform's own events begin with: nobody else may declare them. */
export const PLATFORM_TYPES = 'ebb.'

/** The schema of an `emits` entry. */
export const eventDataSchema = (emitted: Emitted): z.ZodType => (emitted instanceof z.ZodType ? emitted : emitted.data)

/** The version of an event's data, or of those of an `emits` entry. */
export const versionOf = (emitted: Emitted): number => (emitted instanceof z.ZodType ? 1 : (emitted.version ?? 1))

/** An event with the older versions that can become it, the newest first. */
export const versionsOf = (newest: EventContract): readonly EventContract[] => [
  newest,
  ...(newest.upcast ? versionsOf(newest.upcast.from) : []),
]

/** The CloudEvents `type` of a version: of the first one the event's own, of version 2 `user.created.v2`. */
export const versionedType = (type: string, version: number): string => (version === 1 ? type : `${type}.v${version}`)

/** Which version of an event a CloudEvents `type` names; undefined where it names another event. */
export function parseVersionedType(type: string, received: string): number | undefined {
  if (received === type) return 1
  const version = received.startsWith(`${type}.v`) ? received.slice(type.length + 2) : ''
  return /^[1-9]\d{0,8}$/.test(version) && version !== '1' ? Number(version) : undefined
}

/** The schema of an `emits` entry's data, as a type. */
export type EventDataSchema<E> = E extends z.ZodType
  ? E
  : E extends { readonly data: infer D extends z.ZodType }
    ? D
    : never
